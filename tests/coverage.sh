#!/usr/bin/env bash
# Every branch of the decision core (src/domain) is taken by its unit tests, or this fails and says which is not.
# Branches of an assert are left out: the one that is not taken is the defect that it is there to find.
#
#   tests/coverage.sh          runs the core's unit tests
#   tests/coverage.sh lines    of src/, how many were run by all tests whose builds count: unit (build/asan),
#                              integration and secure (build/coverage); fewer than 90 of 100, or none, and it fails
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/coverage

core() {
    cmake --preset coverage >/dev/null
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
}

lines() {
    gcovr --root . --filter 'src/' -j "$(nproc)" --print-summary --fail-under-line 90 --output "$build/lines.txt" \
        build/asan "$build" || {
        echo "what was not run is in $build/lines.txt" >&2
        exit 1
    }
}

case ${1:-core} in
core) core ;;
lines) lines ;;
*) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
