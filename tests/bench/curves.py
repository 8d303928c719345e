"""The measurements behind tests/bench/curves, which says what they are. Each point has a database and topics of its own,
so that none is larger for what came before; the servers are warmed up by bookings that nobody counts."""

import argparse
import json
import statistics
from datetime import date
from pathlib import Path

import bookings
import takeover
from kit.stack import Stack

RESULTS = bookings.ROOT / "docs/plots/curves.jsonl"
BUSY_SHARE = 100  # one slot in so many is the busy doctor's; pages.sql
PATIENTS = 20000
LOAD_PATIENTS = 30000  # all of whose tokens a worker remembers; each books some six times in a round
LOAD_ROUNDS = 4
QUICK = {"patients": 2000, "rounds": 1, "seen": 2000, "pace_seconds": 2}
WARM_UP_ROUNDS = 4


class Sweep:
    """One curve on one stack."""

    def __init__(self, stack, curve, quick):
        self.stack = stack
        self.curve = curve
        self.quick = quick

    def cell(self, name, partitions=bookings.PARTITIONS):
        return bookings.make_cell(self.stack, f"{self.curve}_{name}", partitions)

    def warm_up(self):
        cell = self.cell("warm_up")
        self.measure(cell, **({} if self.quick else {"rounds": WARM_UP_ROUNDS}))
        bookings.forget(cell)

    def measure(self, cell, settings=None, paces=(), **numbers):
        return bookings.measure(cell, settings, paces, **{**numbers, **(QUICK if self.quick else {})})

    def rate(self, cell, settings=None, **numbers):
        """The median round, and all of them."""
        found = bookings.rate_of(self.measure(cell, settings, **numbers))
        bookings.forget(cell)
        return found


def batch(sweep, value):
    """A booking alone costs so much that few will do, by as many patients."""
    few = {1: 2000, 10: 10000}.get(value, PATIENTS)
    yield sweep.rate(sweep.cell(value), {"batch.max": value}, patients=min(few, PATIENTS), seen=few)


def workers(sweep, value):
    for threads in (1, 3):
        found = sweep.rate(sweep.cell(f"{value}_{threads}"), {"worker.threads": threads}, workers=value)
        yield {"threads": threads, **found}


def partitions(sweep, value):
    yield sweep.rate(sweep.cell(value, partitions=value))


def rows(sweep, value):
    value = value // 10 if sweep.quick else value
    cell = sweep.cell(value)
    if value > 0:
        bookings.fill(cell, value, value // BUSY_SHARE)
    yield sweep.rate(cell)


def load(sweep, value):
    """All of it is one point, so that each pace is held in each round. A round has a database of its own: a booking loads
    what its patient has, and later rounds would find patients with more. The first only shows the broker what is to come,
    small batches, which it takes long to be quick at."""
    maximum = sweep.rate(sweep.cell("maximum"))["per_second"]
    paces = [max(1, maximum * tenths // 10) for tenths in range(1, 10)]
    lines = []
    for number in range(LOAD_ROUNDS):
        cell = sweep.cell(f"paced_{number}")
        lines += sweep.measure(cell, {"booking.limit": 0}, paces, rounds=1, pace_seconds=3, patients=LOAD_PATIENTS)
        bookings.forget(cell)
    for tenths, pace in enumerate(paces, 1):
        rounds = [line for line in lines if line["name"] == "booking_paced" and line["per_second"] == pace][1:]
        yield {"share": tenths / 10, "per_second": pace, "maximum": maximum,
               **{name: round(statistics.median(line[name] for line in rounds), 1) for name in ("p50_ms", "p99_ms")},
               "cpu_us_per_booking": rounds[-1]["cpu_us_per_booking"],
               "p99_ms_rounds": [line["p99_ms"] for line in rounds]}


def killed(sweep, value):
    cell = sweep.cell(value, takeover.PARTITIONS)
    yield takeover.measure(cell, value, 2 if sweep.quick else 8)
    bookings.forget(cell)


CURVES = {
    "batch": (batch, [1, 10, 100, 200, 500, 1000, 2000]),
    "workers": (workers, [1, 2, 4]),
    "partitions": (partitions, [1, 2, 4, 8, 16]),
    "rows": (rows, [0, 100_000, 1_000_000]),
    "load": (load, ["all"]),
    "takeover": (killed, list(takeover.KINDS)),
}


def measure_curve(curve, only, quick):
    """Lines: the points of a curve."""
    measure_point, values = CURVES[curve]
    stack = Stack(java=None)
    try:
        sweep = Sweep(stack, curve, quick)
        sweep.warm_up()
        for value in values:
            if only and str(value) not in only:
                continue
            for fields in measure_point(sweep, value):
                yield {"curve": curve, "at": value, "on": date.today().isoformat(), **fields}
    finally:
        stack.destroy()


def keep(path, line):
    """In the place of the line of the same point, or at the end."""
    def point(other):
        return [other.get(name) for name in ("curve", "at", "threads", "share")]

    lines = [json.loads(text) for text in path.read_text().splitlines()] if path.exists() else []
    places = [number for number, other in enumerate(lines) if point(other) == point(line)]
    if places:
        lines[places[0]] = line
    else:
        lines.append(line)
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(other) + "\n" for other in lines))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", action="append", choices=CURVES, default=[])
    parser.add_argument("--at", action="append", default=[])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--results", type=Path)
    options = parser.parse_args()
    results = options.results or (None if options.quick else RESULTS)
    for curve in options.only or CURVES:
        for line in measure_curve(curve, options.at, options.quick):
            print(json.dumps(line), flush=True)
            if results:
                keep(results, line)


if __name__ == "__main__":
    main()
