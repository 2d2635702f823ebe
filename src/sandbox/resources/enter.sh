# Puts itself under a worker's limits and becomes the worker (T40). Started by create-resources.ts:
#   sh enter.sh [-g <cgroup.procs>]... [-n <open files>] [-d <KiB of data>] -- <command> [<argument>...]
# What a group or limit does not take ends it with 125, before the command; a limit of the host that is lower already stays.
# POSIX sh, builtins only: no other process is made.

ulimit -c 0
# Where the gateway and its workers share one limit of memory, as in a container, the kernel ends the largest process first: that
# would be the gateway, with everybody's workers. Whoever is marked higher goes before. Raising it is nobody's privilege.
{ echo 800 > /proc/self/oom_score_adj; } 2>/dev/null || :

while [ $# -gt 0 ]; do
  case $1 in
    -g)
      # $$ stays the same through exec. A group that is gone cannot be joined.
      if ! { echo "$$" > "$2"; } 2>/dev/null; then
        echo "cannot join the control group $2" >&2
        exit 125
      fi
      shift 2
      ;;
    -n) ulimit -n "$2" 2>/dev/null || :; shift 2 ;;
    -d) ulimit -d "$2" || exit 125; shift 2 ;;
    --) shift; exec "$@" ;;
    *) echo "enter.sh: unknown option" >&2; exit 125 ;;
  esac
done
