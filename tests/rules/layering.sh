#!/usr/bin/env bash
# What each folder of src/ includes lies in the folders that it may know: dependencies point one way.
# usage: layering.sh SOURCE_DIR
set -euo pipefail
cd "$1/src"

allowed_to() {
    case "$1" in
    base) echo "base" ;;
    domain) echo "base domain" ;;
    wire) echo "base domain wire" ;;
    security) echo "base domain security" ;;
    engine) echo "base domain wire security engine" ;;
    kafka) echo "base domain wire security engine kafka" ;;
    postgres) echo "base domain wire security engine postgres" ;;
    app) echo "base domain wire security engine kafka postgres app" ;;
    cli) echo "base domain wire security engine kafka postgres app cli" ;;
    main.c) echo "cli" ;;
    *) echo "" ;;
    esac
}

checked=0
failed=0
while IFS=: read -r file line text; do
    folder=${file%%/*}
    included=${text#*\"}
    included=${included%%/*}
    checked=$((checked + 1))
    case " $(allowed_to "$folder") " in
    *" $included "*) ;;
    *)
        echo "src/$file:$line: $folder may not include $text" >&2
        failed=$((failed + 1))
        ;;
    esac
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' --include='*.[ch]' . | sed 's|^\./||')
echo "$checked includes, $failed wrong"
[ "$checked" -gt 0 ] && [ "$failed" -eq 0 ]
