#!/usr/bin/env bash
# What the program does with its arguments before a subcommand sees them: exit statuses, hints, help.
# usage: command_line.sh PROGRAM
set -uo pipefail
program=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

for name in $(compgen -e | grep '^SLOTKEEPER_'); do unset "$name"; done

fail() {
    echo "FAILED: $1" >&2
    sed 's/^/  out: /' "$scratch/out" >&2
    sed 's/^/  err: /' "$scratch/err" >&2
    failed=$((failed + 1))
}

# expect STATUS OUT ERR ARGUMENT...: OUT and ERR are patterns that a line must match; "": nothing at all.
expect() {
    local status=$1 out=$2 err=$3 got
    shift 3
    "$program" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
    got=$?
    [ "$got" -eq "$status" ] || fail "$* exits $got, not $status"
    matches "$out" "$scratch/out" || fail "$*: standard output"
    matches "$err" "$scratch/err" || fail "$*: standard error"
}

matches() {
    if [ -z "$1" ]; then [ ! -s "$2" ]; else grep -Eq -- "$1" "$2"; fi
}

expect 2 "" "which subcommand"
expect 0 "^Usage: slotkeeper" "" --help
expect 0 "^  slot.duration_min +5m " "" --help
expect 0 "^slotkeeper [0-9.]+$" "" --version
for name in worker topics schemas keys admin send listen audit settings; do
    expect 0 "^  slotkeeper $name" "" "$name" --help
    expect 0 "^  slotkeeper $name" "" --help "$name"
    expect 0 "^  slotkeeper $name" "" "$name" -h --set elephants=1
done

expect 2 "" "no subcommand topcs; did you mean topics\?" topcs
expect 2 "" "no subcommand elephant$" elephant
expect 2 "" "no option --elephant$" --elephant settings
expect 2 "" "Try: slotkeeper --help" topcs
expect 2 "" "slotkeeper settings: takes" settings --elephant
expect 2 "" "Try: slotkeeper settings --help" settings extra
expect 2 "" "takes no arguments" worker extra
expect 2 "" "slotkeeper settings: takes" settings -- --json

expect 2 "" "settings: --set: elephants: there is no such setting" settings --set elephants=1
expect 2 "" "settings: --set: log.level" settings --set=log.level=x
expect 2 "" "--set needs name=value" settings --set
expect 2 "" "--config needs a file" settings --config
expect 2 "" "/nonexistent cannot be opened" settings --config /nonexistent
expect 0 "^# Settings" "" --config=/dev/null settings --set booking.limit=3 --set log.level=error
expect 0 "^# Metrics" "" settings --metrics
expect 0 "^# Settings" "" --json settings

printf 'booking.limit = 3\nbooking.limt = 3\n' >"$scratch/file"
expect 2 "" "file, line 2: booking.limt: there is no such setting; did you mean booking.limit" \
    settings --config "$scratch/file"

SLOTKEEPER_ELEPHANTS=1 expect 0 "^# Settings" '"level":"warning".*SLOTKEEPER_ELEPHANTS' settings
SLOTKEEPER_ELEPHANTS=1 expect 0 "^# Settings" '"level":"warning"' settings --set log.level=error
SLOTKEEPER_BOOKING_LIMIT=x expect 2 "" "environment, SLOTKEEPER_BOOKING_LIMIT" settings

many=()
for ((i = 0; i < 300; i++)); do many+=(x); done
expect 2 "" "more than 256 arguments" settings "${many[@]}"
many=()
for ((i = 0; i < 129; i++)); do many+=(--set booking.limit=1); done
expect 2 "" "more than 128" settings "${many[@]}"

"$program" settings >/dev/full 2>"$scratch/err"
status=$?
: >"$scratch/out"
if [ "$status" -ne 1 ] || ! matches "standard output cannot be written" "$scratch/err"; then
    fail "a full disk: $status"
fi

[ "$failed" -eq 0 ] && echo ok
exit $((failed > 0))
