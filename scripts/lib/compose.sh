# shellcheck shell=bash
# The stack's containers as the scripts see them. Sourced after common.sh; goes to ROOT, where Compose finds its files.
# What asks (container_of, health_of, …) needs Docker and is not called under --dry-run; what changes goes through `run`.

# Where the script was called from: what a relative path on its command line is meant from.
FROM=$PWD
ENV_FILE=$(realpath -m "$ENV_FILE")
cd "$ROOT" || exit 1

# absolute PATH
absolute () { case $1 in /*) printf '%s' "$1" ;; *) printf '%s/%s' "$FROM" "$1" ;; esac; }

# The first part of the names of containers, volumes and networks.
project_name () { env_value COMPOSE_PROJECT_NAME drawbridge; }

# What `docker build` and `docker pull` call the gateway; versions are its tags. With a registry's name in it, versions are pulled.
image_name () { env_value DRAWBRIDGE_IMAGE drawbridge; }

# compose ARGUMENTS...: Docker Compose with both colours in sight, so that a service can be named whichever serves.
compose () { run docker compose --env-file "$ENV_FILE" --profile blue --profile green "$@"; }

# compose_as COLOUR VERSION ARGUMENTS...: the same, as if .env said that the colour is of this version.
compose_as () {
  local variable=${1^^}_VERSION version=$2
  shift 2
  run env "$variable=$version" "PACKAGES_VERSION=$version" docker compose --env-file "$ENV_FILE" --profile blue --profile green "$@"
}

# container_of SERVICE: id of its container, running or not; empty if there is none.
container_of () {
  docker ps -aq --filter "label=com.docker.compose.project=$(project_name)" --filter "label=com.docker.compose.service=$1" \
    --filter label=com.docker.compose.oneoff=False | head -n 1
}

# is_running SERVICE
is_running () {
  local id
  command -v docker > /dev/null || return 1
  id=$(container_of "$1")
  [ -n "$id" ] && [ "$(docker inspect -f '{{.State.Running}}' "$id")" = true ]
}

# has_image VERSION: is it on this machine?
has_image () { docker image inspect "$(image_name):$1" > /dev/null 2>&1; }

# exec_in SERVICE COMMAND...: in its running container, with this stdin.
exec_in () {
  local id
  id=$(container_of "$1")
  [ -n "$id" ] || return 1
  shift
  docker exec -i "$id" "$@"
}

# redis_as_backup ARGUMENTS... < FILE: redis-cli as the user `backup`, with the password in FILE: it goes in by stdin.
redis_as_backup () {
  # shellcheck disable=SC2016 # The variables are the container's.
  exec_in redis sh -c 'read -r REDISCLI_AUTH || :; export REDISCLI_AUTH; exec redis-cli --user backup --no-auth-warning "$@"' redis-cli "$@"
}

# wait_healthy SERVICE SECONDS: 0 when its health check passes; 1 when it ends, restarts again and again, or time is up.
wait_healthy () {
  local service=$1 seconds=$2 id state health restarts until_s
  if [ "$DRY_RUN" = 1 ]; then
    printf '+ wait until %s is healthy, at most %s s\n' "$service" "$seconds"
    return
  fi
  until_s=$((SECONDS + seconds))
  while [ "$SECONDS" -lt "$until_s" ]; do
    id=$(container_of "$service")
    if [ -n "$id" ]; then
      IFS='|' read -r state health restarts < <(docker inspect -f '{{.State.Status}}|{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}|{{.RestartCount}}' "$id")
      case $state/$health in
        running/healthy | running/none) return 0 ;;
        */unhealthy | exited/* | dead/*) break ;;
      esac
      [ "${restarts:-0}" -lt 3 ] || break
    fi
    sleep 1
  done
  warn "$service is not healthy (${state:-absent}, ${health:-unknown}); the end of its log:"
  [ -z "${id:-}" ] || docker logs --tail 15 "$id" 2>&1 | cut -c 1-400 >&2
  return 1
}

# hold_lock INSTANCE: one script at a time changes a stack; ends with 5 when another one is at work.
hold_lock () {
  [ "$DRY_RUN" = 1 ] && return
  local file=$1/lock
  exec {LOCK_FD}> "$file"
  flock -n "$LOCK_FD" || die "another script is changing this stack (it holds $file)" 5
}
