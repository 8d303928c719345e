#!/usr/bin/env bash
# The Python program on a page of docs/ prints what the page says that it prints.
# usage: doc_example.sh PAGE.md
set -euo pipefail
block() { awk -v language="$1" '$0 == "```" { inside = 0 } inside { print } $0 == "```" language { inside = 1 }' "$2"; }
program=$(block python "$1")
expected=$(block text "$1")
[ -n "$program" ] && [ -n "$expected" ]
diff <(echo "$expected") <(python3 -c "$program")
