# Shared by the scripts: where things are, how they speak, how they wait. Sourced, never run.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=$ROOT/.cache
# shellcheck disable=SC2034 # used by the scripts that source this file
VENV=$CACHE/venv
# shellcheck disable=SC2034
PLOTS_VENV=$CACHE/plots

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    say "${0##*/}: $*"
    exit 1
}

# The comment at a script's head, without the first line, is its usage text.
usage() {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
}

# wait_until SECONDS COMMAND...: polls the command; false when the time is over.
wait_until() {
    local deadline=$(($(date +%s%N) + $1 * 1000000000))
    shift
    until "$@"; do
        [ "$(date +%s%N)" -lt "$deadline" ] || return 1
        sleep 0.05
    done
}

# A port on 127.0.0.1 where nobody listens, below the range that outgoing connections use. Another process
# may still take it before it is used: whoever binds it tries again with another one.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    printf '%s\n' "$port"
}

random_hex() {
    od -An -v -N"$1" -tx1 /dev/urandom | tr -d ' \n'
}

# same_process PID ARGUMENT: is PID alive and was it started with that argument? A pid file may outlive its
# process and the number may be somebody else's by then.
same_process() {
    [ -n "$1" ] && tr '\0' '\n' 2>/dev/null <"/proc/$1/cmdline" | grep -Fxq -- "$2"
}

# stop_process PID ARGUMENT SIGNAL: ends that process and no other one; SIGKILL if it is still there after 30 s.
stop_process() {
    same_process "$1" "$2" || return 0
    kill -"$3" "$1" 2>/dev/null || return 0
    wait_until 30 process_is_gone "$1" "$2" || kill -KILL "$1" 2>/dev/null || true
    wait_until 5 process_is_gone "$1" "$2" || say "process $1 does not end"
}

process_is_gone() {
    ! same_process "$1" "$2"
}
