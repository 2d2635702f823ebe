# shellcheck shell=bash
# Which gateways Prometheus watches: instance/prometheus/gateways.json, followed by Prometheus itself. Sourced after common.sh.

# replica_number NAME: the number at the end of all addresses of a replica (docker-compose.yml): .1N front, .4N state, .7N watch.
replica_number () {
  case $1 in
    b1) printf 1 ;;
    b2) printf 2 ;;
    g1) printf 3 ;;
    g2) printf 4 ;;
    *) die "no such replica: $1 (b1, b2, g1, g2)" ;;
  esac
}

# render_targets SUBNET NAME...: one entry for each replica that serves.
render_targets () {
  local subnet=$1 name number comma=''
  shift
  printf '[\n'
  for name in "$@"; do
    number=$(replica_number "$name")
    printf '%s  { "targets": ["%s.7%s:8081"], "labels": { "replica": "%s" } }' "$comma" "$subnet" "$number" "$name"
    comma=$',\n'
  done
  printf '\n]\n'
}
