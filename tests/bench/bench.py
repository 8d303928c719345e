"""Does what scripts/bench says. Bookings have a database of their own, as the yardsticks have, on servers that others
have warmed up; the time of one booking is measured right after that of a round trip."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import bookings
from kit.stack import Stack

YARDSTICKS = Path(os.environ.get("YARDSTICKS", bookings.ROOT.parent / "shared/yardsticks"))
FULL = {"warm_up": {"rounds": 10}, "bookings": {"seen": bookings.MANY, "unseen": 40000}, "yardstick_seconds": 5}
QUICK = {"warm_up": {"rounds": 1}, "bookings": {"seen": 20000, "unseen": 20000}, "yardstick_seconds": 2}


def say(what):
    print(f"bench: {what}", file=sys.stderr, flush=True)


def tell(line):
    print(json.dumps(line), flush=True)
    return line


def positive(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def read_options():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--latency", type=positive, metavar="N")
    parser.add_argument("--threads", type=positive, metavar="N")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--log-ins", nargs=2, metavar=("many|one", "COUNT"))
    parser.add_argument("--no-yardsticks", action="store_true")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    options.latency = options.latency or (60 if options.quick else 300)
    if options.log_ins and not re.fullmatch("(many|one) [1-9][0-9]*", " ".join(options.log_ins)):
        parser.error("--log-ins takes many or one, and how many")
    if not all("=" in setting for setting in options.set):
        parser.error("--set takes NAME=VALUE")
    options.settings = dict(setting.split("=", 1) for setting in options.set)
    if options.threads:
        options.settings["worker.threads"] = options.threads
    return options


def warm_up(stack, numbers):
    """A broker that was just started compiles what it runs for some 200,000 bookings."""
    say("warming the servers up")
    cell = bookings.make_cell(stack, "warm_up")
    bookings.measure(cell, **numbers)
    bookings.forget(cell)


def send_flood(cell, at, count):
    say(f"sending {count} log-ins")
    subprocess.run([sys.executable, bookings.ROOT / "tests/bench/log_ins.py", at, count], env=cell.env, check=True)
    return log_ins_answered(cell)


def log_ins_answered(cell):
    """Offsets count markers, too, of which the flood has none."""
    topic = cell.topic("account-commands")
    return int(cell.sql(f"select coalesce(sum(next_offset), 0) from partition_progress where topic = '{topic}'")[0][0])


def check_flood(cell, at, count, before):
    answered = log_ins_answered(cell) - before
    tell({"name": "log_in_flood", "at": at, "sent": int(count), "answered": answered})
    if answered >= int(count):
        raise SystemExit("the flood was over before the bookings were: send more log-ins")
    if answered == 0:
        raise SystemExit("no log-in was answered")


def measure_yardsticks(stack, seconds):
    say("measuring the yardsticks")
    stack.sql("create database yardstick")
    done = subprocess.run([YARDSTICKS / "run", stack.url("STACK_SUPERUSER_URL", "yardstick"), stack.servers, str(seconds)],
                          env=stack.clean_env, stdout=subprocess.PIPE, text=True, check=True)
    stack.sql("drop database yardstick")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [tell({"name": line.pop("yardstick"), **line}) for line in found]


def tell_ratios(lines):
    def one(name, **fields):
        return next(line for line in lines if line["name"] == name and fields.items() <= line.items())

    rate, memory = one("booking_end_to_end")["per_second"], one("worker_memory")
    tell({"name": "ratios",
          "to_set_based": round(rate / one("set_based", connections=2)["per_second"], 2), "to_set_based_wanted": ">= 0.75",
          "to_single_transaction": round(rate / one("single_transaction", clients=32)["per_second"], 2),
          "to_single_transaction_wanted": ">= 5",
          "latency_to_kafka_round_trip": round(one("booking_latency")["p50_ms"] / one("kafka_round_trip")["p50_ms"], 2),
          "latency_to_kafka_round_trip_wanted": "<= 1.5",
          "rss_mb": memory["rss_mb"], "rss_mb_wanted": "<= 64"})


def measure(stack, options):
    sizes = QUICK if options.quick else FULL
    with_yardsticks = not options.no_yardsticks and os.access(YARDSTICKS / "run", os.X_OK)
    warm_up(stack, sizes["warm_up"])
    cell = bookings.make_cell(stack, "bench")
    flooded = send_flood(cell, *options.log_ins) if options.log_ins else 0
    lines = [tell(line) for line in bookings.measure(cell, options.settings, rounds=1, **sizes["bookings"])]
    if with_yardsticks:
        lines += measure_yardsticks(stack, sizes["yardstick_seconds"])
    alone = bookings.measure(cell, options.settings, rounds=0, latency=options.latency)
    lines += [tell(line) for line in alone if line["name"] == "booking_latency"]
    if options.log_ins:
        check_flood(cell, *options.log_ins, flooded)
    if with_yardsticks:
        tell_ratios(lines)
    elif not options.no_yardsticks:
        tell({"name": "yardsticks", "skipped": f"there is no {YARDSTICKS / 'run'}"})


def main():
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    stack = Stack(java=None)
    try:
        measure(stack, options)
    finally:
        stack.destroy(keep_logs=options.keep)
        if options.keep:
            say(f"logs are left in {stack.folder}")


main()
