#!/usr/bin/env bash
# Every header of src/ compiles alone and twice over, with each compiler that is there.
# usage: headers.sh SOURCE_DIR
set -euo pipefail
cd "$1"

# Only what has flags of its own; the other libraries' headers lie where compilers look anyway.
flags=(-fsyntax-only -std=gnu17 -D_GNU_SOURCE -Isrc -Wall -Wextra -Werror)
for package in rdkafka libpq avro-c jansson libjwt libargon2 libsodium libmicrohttpd; do
    read -ra more <<<"$(pkg-config --cflags "$package")"
    flags+=("${more[@]}")
done

checked=0
failed=0
for compiler in gcc clang; do
    command -v "$compiler" >/dev/null || continue
    while IFS= read -r header; do
        checked=$((checked + 1))
        if ! "$compiler" "${flags[@]}" -include "$header" -include "$header" -x c /dev/null; then
            echo "$header does not compile alone with $compiler" >&2
            failed=$((failed + 1))
        fi
    done < <(find src -name '*.h' | sort)
done
echo "$checked checks, $failed failed"
[ "$checked" -gt 0 ] && [ "$failed" -eq 0 ]
