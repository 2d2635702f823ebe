# Ends what a gateway that died left behind (T44). One per gateway, started by supervisor.ts:
#   sh supervisor.sh <tag>
# stdin: `+ <process group> <directory>` when a worker starts, `- <process group>` when its group is gone. The end of
# stdin is the end of the gateway, SIGKILL included. Then every group still listed and, where /proc tells, every process
# whose environment carries DRAWBRIDGE_WORKER=<tag>.… is given TERM, one second, and KILL; the directories are removed.
# POSIX sh; needs grep, sleep, readlink and rm.

# The terminal's Ctrl-C and the service manager's TERM are for the gateway, which may take its time to end in order.
trap '' INT TERM HUP

tag=$1
groups=' '

while IFS=' ' read -r change group directory; do
  case $group in
    '' | 0 | 1 | *[!0-9]*) continue ;;
  esac
  case $change in
    +)
      groups="$groups$group "
      eval "directory_$group=\$directory"
      ;;
    -)
      case $groups in
        *" $group "*) groups="${groups%% "$group" *} ${groups#* "$group" }" ;;
      esac
      unset "directory_$group"
      ;;
  esac
done

# Processes that left their group still carry the tag.
strays () {
  [ -n "$tag" ] || return 0
  for file in $(grep -lF "DRAWBRIDGE_WORKER=$tag." /proc/[0-9]*/environ 2>/dev/null); do
    pid=${file#/proc/}
    echo "${pid%/environ}"
  done
}

signal_all () {
  for group in $groups; do
    kill -s "$1" -- "-$group" 2>/dev/null
  done
  for pid in $(strays); do
    [ "$pid" = "$$" ] || kill -s "$1" -- "$pid" 2>/dev/null
  done
}

anything_left () {
  for group in $groups; do
    kill -s 0 -- "-$group" 2>/dev/null && return 0
  done
  [ -n "$(strays)" ]
}

if anything_left; then
  signal_all TERM
  sleep 1
  # Twice: a process may have been forked between the search and the signal.
  signal_all KILL
  signal_all KILL
fi

for group in $groups; do
  eval "directory=\$directory_$group"
  case $directory in
    /?*)
      temporary=$(readlink "$directory/tmp")
      # The worker may have changed the link: only a path that ends in such a name is one of ours.
      case ${temporary##*/} in
        db-*) case $temporary in *..*) ;; /*) rm -rf -- "$temporary" ;; esac ;;
      esac
      rm -rf -- "$directory"
      ;;
  esac
done
