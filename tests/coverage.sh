#!/usr/bin/env bash
# Every branch of the decision core (src/domain) is taken by its unit tests, or this fails and says which is not.
# Branches of an assert are left out: the one that is not taken is the defect that it is there to find.
# usage: tests/coverage.sh [BUILD_DIR]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/coverage}

cmake --preset coverage -B "$build" >/dev/null
mapfile -t tests < <(find tests/unit -name 'test_domain_*.c' -printf '%f\n' | sed 's/\.c$//' | sort)
ninja -C "$build" "${tests[@]}" >/dev/null
find "$build" -name '*.gcda' -delete
for test in "${tests[@]}"; do
    if ! output=$("$build/tests/$test" 2>&1); then
        echo "$output" >&2
        exit 1
    fi
done
gcovr --root . --object-directory "$build" --filter 'src/domain/' --branches \
    --exclude-branches-by-pattern '\s*assert\(' --fail-under-branch 100 --print-summary \
    "$build/CMakeFiles/slotkeeper_domain.dir"
