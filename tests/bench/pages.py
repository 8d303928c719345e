"""Pages of every list: the first on an empty database, and the first and the thousandth where there are SLOTS slots, as
many appointments, and one doctor with BUSY of either.

Both databases are on the same servers, each with a worker of its own, and are asked in turn, so that whatever else the
machine does slows both. One JSON object a list: times in milliseconds from producing the query to its outcome read
committed, p50 of REPEAT; ratios against the empty database's, of which at most 2 is wanted. Then bookings a second, by
bench_load, BOOKINGS times in turn, SEEN each: at least 0.9 of the empty database's are wanted in the full one; with slots
whose ids are random, then with ids in order.
"""

import argparse
import hashlib
import json
import statistics
import sys
import time
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

import bookings
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
from kit.client import SCHEMAS  # noqa: E402
from kit.stack import Cell, Stack  # noqa: E402
from kit.worker import Worker  # noqa: E402

PAST = datetime.now(timezone.utc)
FUTURE = PAST + timedelta(days=36500)
WAIT_MAX_S = 60
WARM_UP = 20


def known_id(kind, number=0):
    """As pages.sql makes them."""
    return uuid.UUID(hashlib.md5(f"pages.{kind}.{number}".encode()).hexdigest())


class Site:
    """One database, one worker, one client that asks one query at a time."""

    def __init__(self, stack, name):
        self.cell = Cell(stack, name)
        self.admin = self.cell.account("admin")
        self.reply_topic = self.cell.topic("replies.pages")
        servers = stack.servers
        kafka = AdminClient({"bootstrap.servers": servers})
        kafka.create_topics([NewTopic(self.reply_topic, 1, 1)])[self.reply_topic].result(20)
        self.producer = Producer({"bootstrap.servers": servers, "linger.ms": 0})
        self.consumer = Consumer({
            "bootstrap.servers": servers, "group.id": "pages", "enable.auto.commit": False,
            "isolation.level": "read_committed", "fetch.wait.max.ms": 100, "fetch.error.backoff.ms": 10})
        self.consumer.assign([TopicPartition(self.reply_topic, 0, 0)])
        self.token = self.admin.token

    def start(self):
        self.worker = Worker(self.cell, {"rate.per_second": "0", "rate.burst": "0"})
        self.worker.wait_until_ready()

    def close(self):
        self.worker.kill()
        self.consumer.close()

    def bookings(self, seen, in_order):
        """A second, by a worker of its own."""
        slots_from_ms = time.time_ns() // 1_000_000 if in_order else 0
        return bookings.rate_of(bookings.measure(self.cell, rounds=1, seen=seen, slots_from_ms=slots_from_ms))["per_second"]

    def ask(self, name, fields):
        """(milliseconds, outcome)"""
        command_id = uuid.uuid4()
        value = SCHEMAS.encode("slotkeeper.query." + name, {"command_id": command_id, **fields})
        began = time.monotonic()
        self.producer.produce(self.cell.topic("queries"), value, headers=[
            ("authorization", b"Bearer " + self.token.encode()), ("kafka_replyTopic", self.reply_topic.encode())])
        while time.monotonic() - began < WAIT_MAX_S:
            self.producer.poll(0)
            message = self.consumer.poll(0.005)
            if message is not None and message.error() is None:
                took = (time.monotonic() - began) * 1000
                outcome = SCHEMAS.decode(message.value())[1]
                assert outcome["command_id"] == command_id, outcome
                return took, outcome
        raise AssertionError(f"no answer to {name}")


class List:
    def __init__(self, name, query, limit, **fields):
        self.name, self.query, self.limit = name, query, limit
        self.fields = {**fields, "limit": limit}
        if query != "GetHistory":
            self.fields.update({"from": PAST, "until": FUTURE})

    def page(self, site, cursor=None):
        return site.ask(self.query, {**self.fields, "cursor": cursor})

    def walk(self, site, pages):
        """(the cursor of the last of so many pages, how many there were, rows until there)"""
        cursor, rows = None, 0
        for number in range(1, pages + 1):
            _, outcome = self.page(site, cursor)
            assert outcome["code"] == "", outcome
            rows += len(outcome["result"]["items"])
            if number == pages or outcome["result"]["next_cursor"] is None:
                return cursor, number, rows
            cursor = outcome["result"]["next_cursor"]
        return cursor, pages, rows


def measure(a_list, empty, full, pages, repeat):
    last, number, rows = a_list.walk(full, pages)
    tries = {"empty_first": lambda: a_list.page(empty), "first": lambda: a_list.page(full),
             "last": lambda: a_list.page(full, last)}
    times = {name: [] for name in tries}
    items = {}
    for turn in range(WARM_UP + repeat):
        for name, ask in tries.items():
            took, outcome = ask()
            items[name] = len((outcome["result"] or {"items": []})["items"])
            if turn >= WARM_UP:
                times[name].append(took)
    p50 = {name: statistics.median(values) for name, values in times.items()}
    return {"list": a_list.name, "limit": a_list.limit, "last_page": number, "rows_walked": rows,
            "items": items, "p50_ms": {name: round(value, 2) for name, value in p50.items()},
            "p90_ms": {name: round(statistics.quantiles(values, n=10)[-1], 2) for name, values in times.items()},
            "ratio_first": round(p50["first"] / p50["empty_first"], 2),
            "ratio_last": round(p50["last"] / p50["empty_first"], 2)}


def compare_bookings(empty, full, times, seen, in_order):
    """The median of the later half of runs: those before touch pages for the first time since the checkpoint, of each of
    which PostgreSQL logs a whole copy."""
    if times == 0:
        return
    found = {empty: [], full: []}
    for _ in range(times):
        for site, values in found.items():
            values.append(site.bookings(seen, in_order))
    per_second = {site: statistics.median(values[times // 2:]) for site, values in found.items()}
    print(json.dumps({"slot_ids": "in order" if in_order else "random",
                      "bookings_per_second": {"empty": found[empty], "full": found[full]},
                      "ratio": round(per_second[full] / per_second[empty], 2), "wanted": ">= 0.9"}), flush=True)


def lists(slots, busy):
    doctor, patient = known_id("busy-doctor"), known_id("busy-patient")
    a_page = max(1, min(100, busy // 1000))
    tenth = max(1, a_page // 10)
    return [
        List("open slots, any doctor", "ListOpenSlots", a_page),
        List("open slots, the busy doctor", "ListOpenSlots", tenth, doctor_id=doctor),
        List("appointments, the busy doctor", "ListAppointments", a_page, account_id=doctor),
        List("no-shows, the busy doctor", "ListAppointments", tenth, account_id=doctor, state="NOSHOW"),
        List("appointments, the busy patient", "ListAppointments", 3 * tenth, account_id=patient),
        List("history of a slot", "GetHistory", a_page, slot_id=known_id("slot", slots - busy)),
    ]


def run(stack, arguments):
    empty, full = Site(stack, "pages_empty"), Site(stack, "pages_full")
    began = time.monotonic()
    bookings.fill(full.cell, arguments.slots, arguments.busy)
    for kind, role in (("busy-doctor", "doctor"), ("busy-patient", "patient")):
        empty.cell.sql(f"insert into account (account_id, role, login, password_hash, created_at)"
                       f" values ('{known_id(kind)}', '{role}', '{kind}', 'none', now())")
    print(json.dumps({"slots": arguments.slots, "busy": arguments.busy, "filled_in_s": round(time.monotonic() - began)}),
          flush=True)
    try:
        empty.start()
        full.start()
        for a_list in lists(arguments.slots, arguments.busy):
            print(json.dumps(measure(a_list, empty, full, arguments.pages, arguments.repeat)), flush=True)
    finally:
        for site in (empty, full):
            site.close()
    for in_order in (False, True):
        compare_bookings(empty, full, arguments.bookings, arguments.seen, in_order)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slots", type=int, default=1_000_000)
    parser.add_argument("--busy", type=int, default=100_000)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=100)
    parser.add_argument("--bookings", type=int, default=6)
    parser.add_argument("--seen", type=int, default=40_000)
    arguments = parser.parse_args()
    stack = Stack(java=None)
    try:
        run(stack, arguments)
    finally:
        stack.destroy()


if __name__ == "__main__":
    main()
