"""Does what tests/bench/purge says."""

import argparse
import json
import re
import subprocess
import sys
import threading
import time
import uuid
from datetime import datetime, timezone

import bookings
from confluent_kafka import OFFSET_END, Consumer, Producer, TopicPartition
from kit.stack import BINARY, Cell, Stack, run

sys.path.insert(0, str(bookings.ROOT / "tests/interop"))
from client import Schemas  # noqa: E402

SCHEMAS = Schemas(bookings.ROOT / "schemas")
BEFORE = datetime(2020, 1, 1, tzinfo=timezone.utc)
WORKER = "slotkeeper_worker"
WAITS_SHOWN = 10
TABLES = ("slot", "appointment", "slot_event")

# Everything ended long ago; each slot has one appointment that is over and three events, which are no true chain.
FILL = """
    set search_path = slotkeeper, pg_catalog;
    set synchronous_commit = off;
    insert into account (account_id, role, login, password_hash, created_at)
    select md5('old.' || kind || n)::uuid, kind::account_role, 'old.' || kind || n, 'x', now()
    from unnest(array['doctor', 'patient']) kind, generate_series(0, 999) n on conflict do nothing;
    create temporary table made as
    select gen_random_uuid() as slot_id, md5('old.doctor' || n % 1000)::uuid as doctor_id,
        md5('old.patient' || n % 1000)::uuid as patient_id, tstzrange(t, t + interval '15 min') as during,
        t - interval '9 days' as published_at
    from generate_series(0, {slots} - 1) n,
        lateral (select timestamptz '2010-01-01 00:00Z' + n / 1000 * interval '15 min' as t) s;
    insert into slot (slot_id, doctor_id, during, published_at) select slot_id, doctor_id, during, published_at from made;
    insert into appointment (appointment_id, slot_id, doctor_id, during, patient_id, state, booked_at, ended_at)
    select gen_random_uuid(), slot_id, doctor_id, during, patient_id, 'fulfilled', published_at, upper(during) from made;
    insert into slot_event (slot_id, sequence, event_id, entity, entity_id, new_state, actor_id, actor_role, command_id,
        occurred_at, hash)
    select slot_id, n, gen_random_uuid(), 'slot', slot_id, 'open', doctor_id, 'doctor', gen_random_uuid(), published_at,
        sha256(slot_id::text::bytea) from made, generate_series(1, 3) n;
"""


def say(**line):
    print(json.dumps(line), flush=True)


class Purged(Cell):
    """A deployment with old history in it."""

    def __init__(self):
        stack = Stack(java=None)
        for setting in ("log_lock_waits = on", "deadlock_timeout = '100ms'", "autovacuum_naptime = '5s'"):
            stack.sql(f"alter system set {setting}")
        stack.sql("select pg_reload_conf()")
        super().__init__(stack, "purged")

    def fill(self, slots):
        run("psql", "-Xq", "-v", "ON_ERROR_STOP=1", self.env["SLOTKEEPER_DATABASE_ADMIN_URL"], env=self.env,
            stdin=FILL.format(slots=slots))
        self.sql("analyze slot, appointment, slot_event")

    def lock_waits(self):
        """Of each: the role that waited, and what PostgreSQL has logged."""
        log = (self.stack.folder / "postgres.log").read_text(errors="replace")
        return re.findall(r"(\S+)@\S+ LOG: +(process \d+ still waiting for .*(?:\n.*(?:DETAIL|CONTEXT|STATEMENT): .*)*)", log)

    def sizes(self):
        return {table: int(self.sql(f"select pg_total_relation_size('{table}')")[0][0]) for table in TABLES}

    def bookings(self, full):
        """By a worker of its own."""
        return bookings.measure(self, rounds=1, **({"seen": bookings.MANY} if full else {}))[0]


class Purger:
    """One admin who sends PurgeHistory, waits for the answer, and so on while there is more."""

    def __init__(self, cell, pause):
        self.pause = pause
        self.slots, self.commands, self.slowest = 0, 0, 0.0
        self.stopping = False
        self.over = threading.Event()
        self.admin, self.requests, self.replies = cell.account("admin"), cell.topic("account-commands"), cell.topic("replies.cli")
        servers = {"bootstrap.servers": cell.stack.servers}
        self.producer = Producer({**servers, "partitioner": "murmur2_random", "linger.ms": 0})
        self.consumer = Consumer({**servers, "group.id": "purger", "isolation.level": "read_committed", "enable.auto.commit": False})
        partitions = self.consumer.list_topics(self.replies, timeout=20).topics[self.replies].partitions
        self.consumer.assign([TopicPartition(self.replies, number, OFFSET_END) for number in partitions])
        self.consumer.poll(2)

    def purge(self):
        command_id = uuid.uuid4()
        value = SCHEMAS.encode("slotkeeper.command.PurgeHistory", {"command_id": command_id, "before": BEFORE})
        self.producer.produce(self.requests, value, str(self.admin.id).encode(), headers=[
            ("authorization", b"Bearer " + self.admin.token.encode()), ("kafka_correlationId", command_id.bytes),
            ("kafka_replyTopic", self.replies.encode())])
        began = time.monotonic()
        self.producer.flush(30)
        while time.monotonic() - began < 60 and not self.stopping:
            message = self.consumer.poll(0.5)
            if message is not None and message.error() is None and \
                    dict(message.headers() or []).get("kafka_correlationId") == command_id.bytes:
                outcome = SCHEMAS.decode(message.value())[1]
                assert outcome["status"] == "ACCEPTED", outcome
                self.slowest = max(self.slowest, time.monotonic() - began)
                return outcome["result"]
        return None

    def run(self):
        while not self.stopping:
            result = self.purge()
            if result is not None:
                self.slots += result["slots"]
                self.commands += 1
                if not result["more"]:
                    break
            time.sleep(self.pause)
        self.over.set()


def mean(lines):
    return sum(line["per_second"] for line in lines) / len(lines)


def cpu(lines):
    """Microseconds a booking, of all that work for it but the generator."""
    return round(sum(sum(value for name, value in line["cpu_us_per_booking"].items() if name != "load")
                     for line in lines) / len(lines))


def beside_bookings(cell, options):
    """Without, beside a purge, without: what a purge costs is not what the time of day costs."""
    cell.bookings(False)  # servers that were just started are slow
    without, beside = [cell.bookings(options.full)], []
    cell.fill(options.slots)
    before = len(cell.lock_waits())
    purger = Purger(cell, options.pause)
    thread = threading.Thread(target=purger.run)
    thread.start()
    while not purger.over.is_set():
        line = cell.bookings(options.full)
        if not purger.over.is_set() or not beside:
            beside.append(line)
    over_before = len(beside) == 1 and purger.slots == options.slots and purger.over.is_set()
    thread.join()
    without.append(cell.bookings(options.full))
    say(name="bookings", per_second_without=round(mean(without)), per_second_beside=round(mean(beside)),
        ratio=round(mean(beside) / mean(without), 3), wanted=">= 0.8", cpu_us_without=cpu(without), cpu_us_beside=cpu(beside),
        runs_beside=len(beside), slots_purged=purger.slots, commands=purger.commands, slowest_answer_s=round(purger.slowest, 3),
        **({"void": "the purge may have been over before the bookings: give it more --slots"} if over_before else {}))
    waits = cell.lock_waits()[before:]
    of_workers = [said for role, said in waits if role == WORKER]
    say(name="lock_waits", of_workers=len(of_workers), wanted=0, of_others=len(waits) - len(of_workers),
        first=[said.splitlines() for said in (of_workers or [said for _, said in waits])[:WAITS_SHOWN]])


def rounds(cell, options):
    if options.rounds == 0:
        return
    worker = subprocess.Popen([str(BINARY), "worker"], env=cell.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    sizes = []
    try:
        for number in range(1, options.rounds + 1):
            cell.fill(options.round_slots)
            began = time.monotonic()
            purger = Purger(cell, 0)
            purger.run()
            took = time.monotonic() - began
            assert purger.slots == options.round_slots, purger.slots
            vacuumed(cell)
            sizes.append(cell.sizes())
            say(name="round", number=number, slots=purger.slots, seconds=round(took, 1),
                slots_per_second=round(purger.slots / took), bytes=sizes[-1])
    finally:
        worker.terminate()
        worker.wait(60)
    growth = max(sizes[-1][table] / sizes[min(1, len(sizes) - 1)][table] for table in TABLES)
    say(name="sizes", last_to_second=round(growth, 3), wanted="<= 1.1")


def vacuumed(cell, timeout=120):
    """Until autovacuum has seen what the purge left."""
    deadline = time.monotonic() + timeout
    while int(cell.sql("select coalesce(sum(n_dead_tup), 0) from pg_stat_user_tables where schemaname = 'slotkeeper'"
                       " and relname in ('slot', 'appointment', 'slot_event')"
                       " and n_dead_tup > 50 + 0.02 * n_live_tup")[0][0]) > 0:
        if time.monotonic() > deadline:
            raise SystemExit("autovacuum did not come")
        time.sleep(0.5)


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/purge")
    parser.add_argument("--slots", type=int, default=200000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--round-slots", type=int, default=5000)
    parser.add_argument("--pause", type=float, default=0.5)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    cell = Purged()
    try:
        beside_bookings(cell, options)
        rounds(cell, options)
    finally:
        cell.stack.destroy()


main()
