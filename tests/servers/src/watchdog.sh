# Outlives the test, whatever ends it: every server has one of these in a session of its own.
#
# $1 is the server's directory. Orders come on standard input, from a pipe that only the test holds;
# its end is the test's end, a SIGKILL included.
#   watch PID    the session that PID leads is ours
#   sweep        kill what is left of it; answered with "swept" when nothing is
#   SIGNAL PID   send it
dir=$1
session=none

# Kills the session and whatever works in the server's directory: a browser starts process groups,
# Postgres even sessions.
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

while read -r order pid; do
    case $order in
        watch) session=$pid ;;
        sweep) sweep; session=none; echo swept ;;
        *) kill -s "$order" "$pid" 2>/dev/null ;;
    esac
done
sweep
rm -rf -- "$dir"
