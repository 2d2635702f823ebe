# shellcheck shell=bash
# Random secrets, and what is made of them: Redis' users, the gateways' URL, the exporter's passwords, API keys. Sourced after common.sh.
# Nothing here prints a secret to the terminal or puts one on a command line: commands are seen by everybody in `ps`.

# random_hex BYTES: that many random bytes as hex digits.
random_hex () { od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'; }

# sha256_text: the digest of stdin, 64 hex digits.
sha256_text () { sha256sum | cut -d ' ' -f 1; }

# make_secret FILE BYTES: a new random secret, unless the file is there and not empty.
make_secret () {
  [ ! -s "$1" ] || return 0
  random_hex "$2" | write_file 444 "$1"
}

# The commands that a gateway needs, and no others: docs/redis.md, "A user of its own".
GATEWAY_COMMANDS='+ping +info +select +client|setname +get +set +del +publish +subscribe +unsubscribe +eval +evalsha +exists +hdel +hget +hgetall +hmget +hset +incr +pexpire +pttl +time +xadd +zadd +zrange +zremrangebyscore'

# redis_acl: Redis' ACL file from digests. Each argument: NAME DIGEST[,DIGEST]; several while a password is being changed.
#   drawbridge  the gateways, on their own keys and channels        health  the health check
#   exporter    figures for Prometheus, no keys, no configuration   backup  the operator's scripts: a snapshot, and this file read anew
redis_acl () {
  local name digests rights
  printf 'user default off resetpass resetkeys resetchannels -@all\n'
  while [ $# -ge 2 ]; do
    name=$1
    digests="#${2//,/ #}"
    shift 2
    case $name in
      drawbridge) rights="resetkeys ~db:* resetchannels &db:* -@all $GATEWAY_COMMANDS" ;;
      health) rights='resetkeys resetchannels -@all +ping' ;;
      exporter) rights='resetkeys resetchannels -@all +ping +info +client|setname +slowlog|len +latency|latest +latency|histogram' ;;
      backup) rights='resetkeys resetchannels -@all +ping +info +bgsave +lastsave +bgrewriteaof +psync +sync +replconf +acl|load' ;;
      *) die "no such user of Redis: $name" ;;
    esac
    printf 'user %s on resetpass %s %s\n' "$name" "$digests" "$rights"
  done
}

# acl_of FOLDER: the ACL file from FOLDER/redis_{gateway,health,exporter,backup}_password, and from the same with `.before` while both are good.
acl_of () {
  local name file digests users=()
  for name in gateway health exporter backup; do
    file=$1/redis_${name}_password
    # The digest of nothing would let in whoever gives none.
    [ -s "$file" ] || return 1
    digests=$(sha256_text < "$file") || return 1
    [ ! -s "$file.before" ] || digests+=,$(sha256_text < "$file.before") || return 1
    [ "$name" != gateway ] || name=drawbridge
    users+=("$name" "$digests")
  done
  redis_acl "${users[@]}"
}

# redis_url FILE: what the gateways connect with; the password from the file.
redis_url () { printf 'redis://drawbridge:%s@redis:6379/0' "$(cat "$1")"; }

# exporter_passwords FILE: the JSON that redis_exporter reads.
exporter_passwords () { printf '{"redis://exporter@redis:6379":"%s"}\n' "$(cat "$1")"; }

# new_api_key ID: the text of a new key, `db_<id>_<secret>` with 256 random bits (docs/commands.md, "keys create").
new_api_key () { printf 'db_%s_%s' "$1" "$(random_hex 32)"; }

# render_redis_secrets FOLDER: what is made of the passwords in FOLDER/redis_{gateway,health,exporter,backup}_password. What is there
# stays; to have one made anew, remove it first.
render_redis_secrets () {
  local folder=$1 acl
  if [ "$DRY_RUN" = 1 ]; then
    info "+ make $folder/{redis_acl,redis_url,redis_exporter_passwords} of the passwords"
    return
  fi
  [ -s "$folder/redis_url" ] || redis_url "$folder/redis_gateway_password" | write_file 444 "$folder/redis_url"
  [ -s "$folder/redis_exporter_passwords" ] || exporter_passwords "$folder/redis_exporter_password" | write_file 444 "$folder/redis_exporter_passwords"
  [ ! -s "$folder/redis_acl" ] || return 0
  acl=$(acl_of "$folder") || die "a password of Redis in $folder is empty"
  printf '%s\n' "$acl" | write_file 444 "$folder/redis_acl"
}
