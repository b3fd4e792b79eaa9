# Removes a server when its test ends. Each server has its own watchdog, in its own session, so that
# the watchdog outlives the test even if that is killed with SIGKILL.
#
# $1 is the server's directory. Commands arrive on standard input, a pipe that only the test holds.
# When the pipe closes, the test has ended.
#   watch PID    The session that PID leads is the server's.
#   sweep        Kill the server's processes. Replies "swept" when none is left.
#   SIGNAL PID   Send the signal.
dir=$1
session=none

# Kills the session and every process in the server's directory. A browser starts process groups,
# and Postgres starts sessions.
sweep() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
            found=no
            for process in /proc/[0-9]*; do
                { read -r line <"$process/stat"; } 2>/dev/null || continue
                # pid (name) state parent group session …
                set -- ${line##*) }
                [ "$1" != Z ] || continue
                [ "$4" = "$session" ] || [ "$process/cwd" -ef "$dir/data" ] || continue
                found=yes
                kill -s KILL "${process#/proc/}" 2>/dev/null
            done
            [ $found = yes ] || return 0
            sleep 0.01
        done
    done
}

while read -r command pid; do
    case $command in
        watch) session=$pid ;;
        sweep) sweep; session=none; echo swept ;;
        *) kill -s "$command" "$pid" 2>/dev/null ;;
    esac
done
sweep
rm -rf -- "$dir"
