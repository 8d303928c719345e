"""Rules 11 and 12: what must not be anywhere was looked for by history.py, and how much workers took was watched by usage.py."""

MIB = 1 << 20


def check(case):
    for needle, place in case.history.leaks:
        case.find(11, f"{needle} is where it must not be", place)
    for record in case.history.dead_letters:
        if (record.text("authorization") or "sha256:")[:7] != "sha256:":
            case.find(11, "a token in clear on a dead letter", record.place())
    for peak in case.history.usage:
        if peak["rss"] > case.limits.worker_rss_max:
            case.find(12, f"{peak['rss'] / MIB:.0f} MiB of memory", peak["worker"])
        if peak["connections"] > case.limits.worker_connections_max:
            case.find(12, f"{peak['connections']} connections to PostgreSQL", peak["worker"])
