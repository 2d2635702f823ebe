# shellcheck shell=bash
# What nginx is told about this instance: instance/nginx/upstreams.conf and site.conf. Sourced after common.sh and targets.sh.

# replica_address SUBNET NAME: where nginx finds a replica.
replica_address () {
  local number
  number=$(replica_number "$2") || return
  printf '%s.1%s:8080' "$1" "$number"
}

# render_upstream NAME: one upstream of nginx; its `server` lines come on stdin.
render_upstream () {
  printf 'upstream %s {\n' "$1"
  sed 's/^/  /'
  # Shorter than the 75 s of a gateway, so that it is never the gateway that lets go of a connection just as it is used (FR33).
  printf '  keepalive 128;\n  keepalive_timeout 60s;\n}\n'
}

# render_servers SUBNET FIRST NAME...: the replicas; all but FIRST, if one is named, stand by. A refused connection costs nothing and the next replica gets the request, but a replica left out for
# it would still be left out when it is back: with max_fails nginx answers 502 itself in the midst of a rolling restart.
render_servers () {
  local subnet=$1 own=$2 name address
  shift 2
  for name in "$@"; do
    address=$(replica_address "$subnet" "$name") || return
    if [ -z "$own" ] || [ "$name" = "$own" ]; then printf 'server %s max_fails=0;\n' "$address"; else printf 'server %s max_fails=0 backup;\n' "$address"; fi
  done
}

# render_upstreams SUBNET NAME...: upstreams.conf for the replicas that serve, of b1 b2 g1 g2. All serve everybody; one with the replica first for
# the sessions whose ids begin with its name. Ids of replicas that do not serve (any more) go to whoever does: a gateway hands over what
# is another's, and answers for what is gone.
render_upstreams () {
  local subnet=$1 name tags=''
  shift
  [ $# -gt 0 ] || die 'no replica serves: at least one of b1 b2 g1 g2 is needed'
  for name in "$@"; do replica_number "$name" > /dev/null || return; done
  cat << 'END'
# The replicas that serve. Written by scripts/init, scripts/deploy and scripts/rollback (scripts/lib/upstreams.sh): changes are lost.

# Requests of one credential go to one replica, whichever: its servers run there.
END
  # shellcheck disable=SC2016
  { printf 'hash $http_authorization$http_x_api_key consistent;\n'; render_servers "$subnet" '' "$@"; } | render_upstream drawbridge
  for name in "$@"; do
    render_servers "$subnet" "$name" "$@" | render_upstream "drawbridge_$name"
    tags+="  ~^$name- drawbridge_$name;"$'\n'
  done
  cat << END

# A session id begins with the name of the replica that it was opened at. It is a hint: a replica hands over what is another's.
map \$http_mcp_session_id \$drawbridge_session {
  default drawbridge;
$tags}
# HTTP+SSE clients name their session in the query.
map \$arg_session_id \$drawbridge {
  default \$drawbridge_session;
$tags}

# Who may ask for nginx' own figures: the network \`watch\`.
geo \$drawbridge_watch {
  default 0;
  127.0.0.1 1;
  $subnet.64/27 1;
}
END
}

# render_site PUBLIC_URL [SUBNET]: site.conf, made once; the operator's from then on.
render_site () {
  local authority=${1#https://} subnet=${2:-$(env_value SUBNET 172.30.240)} host name
  authority=${authority%%/*}
  [[ $authority =~ ^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$ ]] || die "PUBLIC_URL has to be https://HOST[:PORT], not '$1'"
  host=${BASH_REMATCH[1],,}
  authority=${authority,,}
  cat << END
# This site: under which names it is reached, and who may see Grafana. Made once by scripts/init, yours from then on. After a change:
# docker compose exec nginx nginx -t && docker compose exec nginx nginx -s reload    (docs/operations/nginx.md)

# Host names on the left, and what gateways are told on the right: the host of PUBLIC_URL, with its port. Other names get 421.
map \$host \$drawbridge_authority {
  default "";
  $host $authority;
END
  for name in localhost 127.0.0.1; do
    [ "$name" = "$host" ] || printf '  %s %s;\n' "$name" "$authority"
  done
  cat << END
  # The blackbox exporter, inside; it is shown /ready and nothing else (gateway.conf).
  nginx $authority;
}

# Addresses that may see Grafana at /grafana/, behind its own login. The second is this machine itself, as Docker shows it: over
# an SSH tunnel you come from there. Where Docker shows every client like that (rootless, or IPv6 without ip6tables), remove it.
geo \$drawbridge_grafana {
  default 0;
  127.0.0.1 1;
  $subnet.161 1;
}
END
}
