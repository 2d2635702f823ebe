# shellcheck shell=bash
# What every script of this folder starts from: where things are, progress lines, --dry-run, files written whole or not at all.
# Sourced, never run. Sets ROOT, ENV_FILE and DRY_RUN; wants bash 4.4.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# The environment file of the stack; another one lets several stacks run beside each other.
ENV_FILE=${DRAWBRIDGE_ENV_FILE:-$ROOT/.env}
# 1 = say what would be done, change nothing.
DRY_RUN=${DRY_RUN:-0}
# How many steps there are, and which one it is.
STEPS=${STEPS:-0}
STEP=0

# Nobody who listens any more is no reason to end (who does not ignore SIGPIPE ends by it).
info () { printf '%s\n' "$*" || true; }

warn () { printf 'warning: %s\n' "$*" >&2 || true; }

# die MESSAGE [EXIT CODE]: the last line, on stderr.
die () {
  printf '%s: %s\n' "${0##*/}" "$1" >&2 || true
  exit "${2:-1}"
}

# usage_error MESSAGE: the command line was not understood; exit code 2, as for `drawbridge`.
usage_error () { die "$1 (see --help)" 2; }

# begin_steps N: the next `step` is the first of N.
begin_steps () {
  STEPS=$1
  STEP=0
}

# step WHAT: a progress line, "[2/5] what".
step () {
  STEP=$((STEP + 1))
  info "[$STEP/$STEPS] $*"
}

# run COMMAND...: runs it, or prints it under --dry-run. Never give it a secret: it prints all of it.
run () {
  if [ "$DRY_RUN" = 1 ]; then
    printf '+'
    printf ' %q' "$@"
    printf '\n'
  else
    "$@"
  fi
}

# need PROGRAM...: ends with 1 and the names of those that are not here.
need () {
  local program absent=()
  for program in "$@"; do
    command -v "$program" > /dev/null || absent+=("$program")
  done
  [ "${#absent[@]}" -eq 0 ] || die "not found: ${absent[*]}"
}

# write_file MODE FILE: stdin becomes the file, in one rename: who reads sees the one before or this one.
write_file () {
  local mode=$1 file=$2 new
  if [ "$DRY_RUN" = 1 ]; then
    cat > /dev/null
    printf '+ write %q (mode %s)\n' "$file" "$mode"
    return
  fi
  new=$(mktemp "$file.XXXXXX") || return 1
  if cat > "$new" && chmod "$mode" "$new" && mv -f "$new" "$file"; then return; fi
  rm -f "$new"
  return 1
}

# env_value NAME [DEFAULT]: from the environment, else from ENV_FILE, else the default; as Docker Compose looks for it; plain and double-quoted
# values only.
env_value () {
  local name=$1 line
  if [ -n "${!name:-}" ]; then
    printf '%s' "${!name}"
    return
  fi
  line=$(grep -E "^$name=" "$ENV_FILE" 2> /dev/null | tail -n 1) || true
  line=${line#*=}
  line=${line#\"}
  line=${line%\"}
  printf '%s' "${line:-${2:-}}"
}

# version_of COLOUR: what .env says.
version_of () { env_value "${1^^}_VERSION" dev; }

# set_env_value NAME VALUE: in ENV_FILE, in place if it is there, else at the end; everything else stays as it is.
set_env_value () {
  local name=$1 value=$2
  {
    NAME=$name VALUE=$value awk '
      index($0, ENVIRON["NAME"] "=") == 1 { if (!done) print ENVIRON["NAME"] "=" ENVIRON["VALUE"]; done = 1; next }
      { print }
      END { if (!done) print ENVIRON["NAME"] "=" ENVIRON["VALUE"] }' "$ENV_FILE"
  } | write_file 600 "$ENV_FILE"
}

# host_of URL: its host alone, an IPv6 address without brackets.
host_of () {
  local host=${1#*://}
  host=${host%%/*}
  case $host in
    \[*) host=${host#\[}; host=${host%%\]*} ;;
    *) host=${host%%:*} ;;
  esac
  printf '%s' "$host"
}

# is_address HOST: an IP address, not a name.
is_address () { [[ $1 =~ ^[0-9.]+$|: ]]; }

# instance_dir: the operator's folder, absolute. A relative one is meant from the checkout, as in docker-compose.yml.
instance_dir () {
  local folder
  folder=$(env_value INSTANCE_DIR ./instance)
  case $folder in
    /*) printf '%s' "$folder" ;;
    *) printf '%s' "$ROOT/${folder#./}" ;;
  esac
}
