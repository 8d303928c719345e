#!/usr/bin/env bash
# The decision core is pure: no I/O, no clock, no allocation, no logging. What it includes and what its object files
# call is on the lists below; world.c alone may take memory, for load.
# usage: purity.sh SOURCE_DIR LIBSLOTKEEPER_DOMAIN
set -euo pipefail
source_dir=$1
library=$2
headers='base/(arena|digest|planted|status|text|time|uuid|uuid_map|view)\.h|domain/[a-z_]+\.h|assert\.h|stdbool\.h|stddef\.h|stdint\.h|string\.h'
calls='bcmp|memcmp|memcpy|memmove|memset|strcmp|strlen|__assert_fail|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_'
calls+='|digest_format|digest_of|digester_[a-z_]+|uuid_format|uuid_of_digest|uuid_map_get'
# What compilers add for sanitizers and coverage.
calls+='|__(asan|ubsan|tsan|gcov|llvm|sanitizer)_[a-z0-9_]+|__memcpy_chk|__tls_get_addr'
calls_of_world='arena_take|uuid_map_init|uuid_map_put'
failed=0

wrong_includes=$(grep -rnE '^[[:space:]]*#[[:space:]]*include' --include='*.[ch]' "$source_dir/src/domain" \
    | grep -vE "include[[:space:]]*[<\"]($headers)[>\"]" || true)
if [ -n "$wrong_includes" ]; then
    echo "the decision core may not include:" >&2
    echo "$wrong_includes" >&2
    failed=1
fi

defined=$(nm --defined-only --extern-only "$library" | awk 'NF == 3 { print $3 }' | sort -u)
called=$(nm --undefined-only "$library" | awk '/\.o:$/ { object = $1 } NF == 2 { print object, $2 }')
[ -n "$called" ] || { echo "no symbols in $library" >&2; exit 1; }
while read -r object symbol; do
    allowed=$calls
    [ "$object" = world.c.o: ] && allowed+="|$calls_of_world"
    if ! grep -qxE "$allowed" <<<"$symbol" && ! grep -qxF -- "$symbol" <<<"$defined"; then
        echo "${object%:} may not call $symbol" >&2
        failed=1
    fi
done <<<"$called"
exit "$failed"
