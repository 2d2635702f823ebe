# Makes the places for directories that a worker is given after its start, and becomes the command that contains it:
#   sh late-mounts.sh <mount program> <stage> <number of places> <command> …
# Runs in a mount namespace of its own, so nothing of it is seen on the host. PATH is the worker's: no program is looked for there.
# POSIX sh.
mount=$1 stage=$2 places=$3
shift 3
"$mount" -t tmpfs -o mode=0755,size=64k,nosuid,nodev tmpfs "$stage" && "$mount" --make-shared "$stage" || exit 125
while [ "$places" -gt 0 ]; do
  places=$((places - 1))
  command -p mkdir -m 0555 "$stage/$places" || exit 125
done
exec "$@"
