#!/usr/bin/env bash
# Every metric with an alert has a row of what to do, and no row is of a metric that is gone.
# usage: runbook.sh SOURCE_DIR
set -euo pipefail
cd "$1/docs"

alerting() {
    awk '/^## `/ { gsub(/[#` ]/, ""); name = $0 } /^Alert:/ { print name }' metrics.md | sort
}

runbook() {
    # shellcheck disable=SC2016 # backquotes of Markdown
    sed -n '/^## When an alert fires/,/^## /s/^| `\(slotkeeper_[a-z_]*\)` |.*/\1/p' operations.md | sort
}

[ -n "$(alerting)" ] || {
    echo "metrics.md has no alert" >&2
    exit 1
}
diff -u --label "alerts of metrics.md" <(alerting) --label "rows of operations.md" <(runbook) >&2
