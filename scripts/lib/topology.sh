# shellcheck shell=bash
# Which replicas serve, and who has to know: nginx (where requests go), Prometheus (whom to ask), instance/topology (everybody else).
# Sourced after common.sh, compose.sh, targets.sh and upstreams.sh. Replicas are b1 b2 (blue) and g1 g2 (green).

# subnet: the first three numbers of the stack's addresses.
subnet () { env_value SUBNET 172.30.240; }

# serving: the names of the replicas that serve, `b1 b2`.
serving () { cat "$(instance_dir)/topology"; }

# routed: the names of the replicas that nginx sends requests to.
routed () { sed -nE 's/^upstream drawbridge_([bg][12]) .*/\1/p' "$(instance_dir)/nginx/upstreams.conf" 2> /dev/null | paste -sd ' ' -; }

# strangers_to COLOUR: the replicas that serve, or get requests, and are not of this colour. A switch from one colour to the other that
# was killed in the middle leaves some: nginx and instance/topology are written before .env, which says the colour.
strangers_to () {
  local name own
  own=$(replicas_of "$1") || return 1
  for name in $(serving) $(routed); do [[ " $own " == *" $name "* ]] || printf '%s\n' "$name"; done | sort -u | paste -sd ' ' -
}

# replicas_of COLOUR
replicas_of () { case $1 in blue) printf 'b1 b2' ;; green) printf 'g1 g2' ;; *) die "no such colour: $1" ;; esac; }

# other_colour COLOUR
other_colour () { case $1 in blue) printf green ;; *) printf blue ;; esac; }

# service_of REPLICA: b1 -> gateway-blue-1
service_of () {
  case $1 in
    b?) printf 'gateway-blue-%s' "${1#b}" ;;
    g?) printf 'gateway-green-%s' "${1#g}" ;;
    *) die "no such replica: $1" ;;
  esac
}

# services_of REPLICA...: one a line.
services_of () { local name; for name in "$@"; do service_of "$name"; printf '\n'; done; }

# route_to REPLICA...: nginx sends requests to these from now on. A file that nginx does not take is undone, and nginx goes on as
# it was (FR32). While nginx is not running, the file is all there is to it.
route_to () {
  local file before text
  file=$(instance_dir)/nginx/upstreams.conf
  text=$(render_upstreams "$(subnet)" "$@") || return 1
  if [ "$DRY_RUN" = 1 ]; then
    printf '+ nginx: requests go to %s\n' "$*"
    write_file 444 "$file" < /dev/null
    run docker compose exec -T nginx nginx -t
    run docker compose exec -T nginx nginx -s reload
    return
  fi
  before=$(cat "$file" 2> /dev/null) || true
  printf '%s\n' "$text" | write_file 444 "$file" || return 1
  is_running nginx || return 0
  if exec_in nginx nginx -t -q > /dev/null && exec_in nginx nginx -s reload > /dev/null 2>&1; then return; fi
  printf '%s\n' "$before" | write_file 444 "$file"
  warn 'nginx does not take the new list of replicas; the one before is back'
  return 1
}

# set_topology REPLICA...: these serve: nginx, Prometheus and the file say so. Nothing is changed if nginx does not take it.
set_topology () {
  local folder targets
  folder=$(instance_dir)
  targets=$(render_targets "$(subnet)" "$@") || return 1
  route_to "$@" || return 1
  # Watched are those that serve, also while one of them is being replaced: Prometheus reads the file by itself.
  printf '%s\n' "$targets" | write_file 444 "$folder/prometheus/gateways.json" || return 1
  printf '%s\n' "$*" | write_file 444 "$folder/topology"
}
