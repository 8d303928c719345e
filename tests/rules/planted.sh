#!/usr/bin/env bash
# No fault that is planted for tests is left in the program.
# usage: planted.sh SOURCE_DIR PROGRAM
set -euo pipefail
source_dir=$1
program=$2
names=$(grep -rhoE 'PLANTED(_EVERY)?\((([0-9]+), )?"[a-z_]+"\)' --include='*.c' "$source_dir/src" | sed 's/.*"\(.*\)".*/\1/' | sort -u)
[ "$(wc -w <<<"$names")" -ge 15 ] || { echo "where are the faults?" >&2; exit 1; }

failed=0
texts=$(strings -a "$program")
for name in SLOTKEEPER_PLANTED $names; do
    if grep -qxF -- "$name" <<<"$texts"; then
        echo "$program holds the planted fault $name" >&2
        failed=1
    fi
done
if nm "$program" | grep -E ' planted(_[a-z]+)?$' >&2; then
    echo "$program holds what plants faults" >&2
    failed=1
fi
exit "$failed"
