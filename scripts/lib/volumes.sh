# shellcheck shell=bash
# Copies of the stack's volumes, by a container of the gateway's image without network and with no more rights than reading (or
# putting back) other users' files takes. Sourced after compose.sh.

# Volumes that a backup holds. Not: packages (made from the lock) and Redis' (a snapshot instead, while it runs).
# shellcheck disable=SC2034 # The scripts use it.
KEPT_VOLUMES=(user-data state-b1 state-b2 state-g1 state-g2 grafana-data alertmanager-data)

# volume_name VOLUME: as Docker knows it.
volume_name () { printf '%s_%s' "$(project_name)" "$1"; }

has_volume () { docker volume inspect "$(volume_name "$1")" > /dev/null 2>&1; }

# in_volume VOLUME IMAGE MODE CAPABILITIES COMMAND...: the volume is /volume. MODE is ro or rw, CAPABILITIES are separated by commas.
in_volume () {
  local volume=$1 image=$2 mode=$3 capability add=()
  for capability in ${4//,/ }; do add+=(--cap-add "$capability"); done
  shift 4
  docker run --rm -i --network none --read-only --cap-drop ALL "${add[@]}" --security-opt no-new-privileges --user 0:0 \
    --volume "$(volume_name "$volume"):/volume:$mode" --entrypoint "$1" "$image" "${@:2}"
}

# save_volume VOLUME IMAGE: a compressed tar to stdout. Files that change meanwhile are in it as they were read.
save_volume () {
  local code=0
  in_volume "$1" "$2" ro DAC_READ_SEARCH tar -C /volume --numeric-owner --warning=no-file-changed --warning=no-file-ignored -czf - . || code=$?
  # 1 = a file changed while it was read.
  [ "$code" -le 1 ]
}

# make_volume VOLUME: as Compose would make it.
make_volume () {
  has_volume "$1" || docker volume create --label "com.docker.compose.project=$(project_name)" --label "com.docker.compose.volume=$1" "$(volume_name "$1")" > /dev/null
}

# load_volume VOLUME IMAGE: stdin, a compressed tar, becomes all that is in the volume.
load_volume () {
  make_volume "$1" || return 1
  in_volume "$1" "$2" rw CHOWN,DAC_OVERRIDE,FOWNER sh -c 'find /volume -mindepth 1 -delete && exec tar -C /volume --numeric-owner --same-owner --same-permissions -xzf -'
}

# load_redis IMAGE: stdin, a snapshot, becomes all that Redis has. With its append-only file on, Redis reads nothing else: so the
# snapshot is put in as the base of one. When Redis streams a snapshot it ends it with a mark of 40 hex digits, which redis-cli can
# take off a file and not off its stdout; a snapshot itself ends with a byte 0xff and a checksum, so the two are never confused.
load_redis () {
  make_volume redis-data || return 1
  # shellcheck disable=SC2016 # The variables are the container's.
  in_volume redis-data "$1" rw CHOWN,DAC_OVERRIDE,FOWNER sh -c '
    set -e
    find /volume -mindepth 1 -delete
    mkdir -m 700 /volume/appendonlydir
    base=/volume/appendonlydir/appendonly.aof.1.base.rdb
    cat > "$base"
    if tail -c 40 "$base" | LC_ALL=C grep -aqE "^[0-9a-f]{40}\$"; then truncate -s -40 "$base"; fi
    echo "file appendonly.aof.1.base.rdb seq 1 type b" > /volume/appendonlydir/appendonly.aof.manifest
    chmod 600 /volume/appendonlydir/*
    chown -R 999:999 /volume'
}
