#!/usr/bin/env bash
# A generated page is what the program prints today.
# usage: same_text.sh FILE PROGRAM ARGUMENT...
set -euo pipefail
file=$1
shift
if ! "$@" | diff -u "$file" - >&2; then
    echo "$file is not up to date; run in the source directory:" >&2
    echo "  $(realpath --relative-to="$(dirname "$file")/.." "$1") ${*:2} > docs/$(basename "$file")" >&2
    exit 1
fi
