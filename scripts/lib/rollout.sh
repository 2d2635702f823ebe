# shellcheck shell=bash
# Replacing replicas one by one, for scripts/deploy and scripts/rotate-secrets. Sourced after topology.sh. Every function here returns
# 1 on failure and says why; what is done about it is the caller's. (`set -e` does not hold in functions that are tested.)

# How long a replica may take until it is healthy, in seconds.
READY_SECONDS=${READY_SECONDS:-120}

# smoke_tenant: whose tools the smoke test lists: SMOKE_TENANT of .env, else the tenant of the first key.
smoke_tenant () {
  local tenant
  tenant=$(env_value SMOKE_TENANT)
  [ -n "$tenant" ] || tenant=$(sed -nE 's/.*\{.*tenant: "?([A-Za-z0-9_.@-]+)"?.*/\1/p' "$(instance_dir)/gateway/keys.yaml" 2> /dev/null | head -n 1)
  printf '%s' "$tenant"
}

# smoke SERVICE WHAT [ARGUMENT]: lib/smoke.mjs in the container of a gateway.
smoke () {
  local service=$1 said
  shift
  if [ "$DRY_RUN" = 1 ]; then
    printf '+ smoke test in %s: %s\n' "$service" "$*"
    return
  fi
  if ! said=$(exec_in "$service" node --input-type=module - "$@" < "$ROOT/scripts/lib/smoke.mjs" 2>&1); then
    warn "$service: $said"
    return 1
  fi
  info "      $service: $said"
}

# prove REPLICA: healthy, and a client gets from it what it should.
prove () {
  local service
  service=$(service_of "$1")
  wait_healthy "$service" "$READY_SECONDS" && smoke "$service" gateway "$(smoke_tenant)"
}

# install_packages COLOUR VERSION: server packages into the volume, exactly as the lock says, before any replica needs them.
install_packages () { compose_as "$1" "$2" run --rm --no-deps packages; }

# others NAME NAME...: all but the first.
others () {
  local without=$1 name rest=()
  shift
  for name in "$@"; do [ "$name" = "$without" ] || rest+=("$name"); done
  printf '%s' "${rest[*]}"
}

# replace_replica REPLICA COLOUR VERSION [OPTION...]: takes it out of nginx, has Compose replace it (SIGTERM: the gateway drains and
# hands its users over), proves it, puts it back. OPTION goes to `docker compose up`.
replace_replica () {
  local name=$1 colour=$2 version=$3 all rest
  shift 3
  read -r -a all <<< "$(serving)"
  read -r -a rest <<< "$(others "$name" "${all[@]}")"
  # The only one stays in nginx: requests wait or are refused there, as they would be anyway.
  [ "${#rest[@]}" -eq 0 ] || route_to "${rest[@]}" || return 1
  compose_as "$colour" "$version" up -d --no-deps --no-build "$@" "$(service_of "$name")" || return 1
  prove "$name" || return 1
  route_to "${all[@]}"
}

# note_deployment COLOUR VERSION HOW: a line of instance/history: time, colour, version, how.
note_deployment () {
  local file
  file=$(instance_dir)/history
  if [ "$DRY_RUN" = 1 ]; then
    printf '+ note in %s: %s\n' "$file" "$*"
    return
  fi
  printf '%s %s %s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$@" >> "$file"
}
