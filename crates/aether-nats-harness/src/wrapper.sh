# Runs a nats-server for as long as standard input lasts.
#
#   sh wrapper.sh BINARY DIRECTORY KEEP ARGUMENT...
#
# Each line on standard input starts the server, which must not be running; "started PID" and "exited STATUS" are
# printed. At the end of standard input the server is killed and DIRECTORY is removed, unless KEEP is "keep".

# HUP: when the test process dies while the server is stopped, the kernel sends it to this whole process group.
# PIPE: when the test process is dead, printing must not end this script before it has cleaned up.
trap '' HUP INT TERM PIPE
binary=$1 directory=$2 keep=$3
shift 3
exec 3<&0 </dev/null

while read -r _ <&3; do
  "$binary" "$@" >>"$directory/server.log" 2>&1 3<&- &
  server=$!
  # Waits beside, so that the end of input is seen while the server runs. SIGKILL also ends a stopped process.
  { read -r _ <&3; [ "$keep" = keep ] || kill -KILL "$server"; } >/dev/null &
  watcher=$!
  echo "started $server"
  wait "$server"
  status=$?
  kill -KILL "$watcher"
  wait "$watcher"
  echo "exited $status"
done

[ "$keep" = keep ] || rm -rf "$directory"
