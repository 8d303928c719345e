"""Everything that can be seen from outside: all topics read committed from offset 0, and one snapshot of the database."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

TIMEOUT_S = 15
SILENCE_MAX_S = 120
# Of these each record has its own; other headers repeat, tokens above all, and are kept once.
OWN_HEADERS = {"kafka_correlationId", "ce_id", "ce_time", "kafka_dlt-original-offset"}
REQUEST_TOPICS = ("slot-commands", "account-commands", "queries")
# PostgreSQL compresses long values, so files alone do not tell.
LEAKED_ROWS = """
select to_json(text 'command_log ' || partition || '/' || record_offset) from slotkeeper.command_log
    where position('NEEDLE'::bytea in coalesce(dead_letter, '')) > 0
    or position('NEEDLE'::bytea in outcome || route || coalesce(events, '')) > 0 limit 10;
"""
TABLES = """
begin isolation level repeatable read read only;
set timezone = 'UTC';
select json_build_object('t', 'slot', 'slot_id', slot_id, 'doctor_id', doctor_id,
    'starts_at', (extract(epoch from lower(during)) * 1000000)::bigint,
    'ends_at', (extract(epoch from upper(during)) * 1000000)::bigint,
    'withdrawn', withdrawn_at is not null,
    'published_at', (extract(epoch from published_at) * 1000000)::bigint,
    'withdrawn_at', (extract(epoch from withdrawn_at) * 1000000)::bigint) from slotkeeper.slot;
select json_build_object('t', 'appointment', 'appointment_id', appointment_id, 'slot_id', slot_id,
    'doctor_id', doctor_id, 'patient_id', patient_id, 'state', upper(state::text),
    'starts_at', (extract(epoch from lower(during)) * 1000000)::bigint,
    'ends_at', (extract(epoch from upper(during)) * 1000000)::bigint,
    'rescheduled_from', rescheduled_from, 'cancel_reason', upper(cancel_reason::text),
    'booked_at', (extract(epoch from booked_at) * 1000000)::bigint,
    'ended_at', (extract(epoch from ended_at) * 1000000)::bigint) from slotkeeper.appointment;
select json_build_object('t', 'event', 'slot_id', slot_id, 'sequence', sequence, 'event_id', event_id,
    'hash', encode(hash, 'hex')) from slotkeeper.slot_event;
select json_build_object('t', 'log', 'partition', partition, 'offset', record_offset, 'recallable', recallable,
    'code', code, 'outcome', encode(sha256(outcome), 'hex')) from slotkeeper.command_log where topic = :'topic';
select json_build_object('t', 'progress', 'partition', partition, 'generation', generation,
    'next_offset', next_offset, 'published_offset', published_offset, 'owner', owner, 'to_fence', to_fence)
    from slotkeeper.partition_progress where topic = :'topic';
select json_build_object('t', 'account', 'account_id', account_id, 'role', role::text, 'state', state::text,
    'token_version', token_version) from slotkeeper.account;
commit;
"""


@dataclass(slots=True)
class Record:
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes
    value: bytes
    headers: dict  # the last of each name

    def text(self, name):
        value = self.headers.get(name)
        return None if value is None else value.decode(errors="replace")

    def place(self):
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass
class History:
    cluster: str
    request_topic: str
    requests: list = field(default_factory=list)
    answers: list = field(default_factory=list)  # on the outcomes topic and all reply topics
    events: list = field(default_factory=list)
    dead_letters: list = field(default_factory=list)
    ends: dict = field(default_factory=dict)  # (topic, partition): (last stable offset, high watermark)
    committed: dict = field(default_factory=dict)  # partition: the group's offset
    tables: dict = field(default_factory=dict)
    journal: list = field(default_factory=list)  # of the clients: one entry a request
    leaks: list = field(default_factory=list)  # (what, where)
    usage: list = field(default_factory=list)  # of each worker process: the most that it took


def database(stack):
    """One consistent snapshot, table by table."""
    tables = {name: [] for name in ("slot", "appointment", "event", "log", "progress", "account")}
    for row in stack.sql(f"\\set topic '{stack.prefix}.slot-commands'\n" + TABLES):
        tables[row.pop("t")].append(row)
    return tables


def _from_message(message, known):
    headers = message.headers() or []
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        message.timestamp()[1],
        message.key(),
        message.value(),
        {sys.intern(name): value if name in OWN_HEADERS else known.setdefault(value, value) for name, value in headers},
    )


def _messages(consumer, topics):
    """From offset 0 to where the topics end now, in order within each partition."""
    metadata = consumer.list_topics(timeout=TIMEOUT_S).topics
    open_ends = {(topic, number) for topic in topics for number in metadata[topic].partitions}
    consumer.assign([TopicPartition(topic, number, 0) for topic, number in open_ends])
    deadline = time.monotonic() + SILENCE_MAX_S
    while open_ends:
        if time.monotonic() > deadline:
            raise TimeoutError(f"no end is seen of {sorted(open_ends)}")
        for message in consumer.consume(5000, timeout=1):
            if message.error() is None:
                deadline = time.monotonic() + SILENCE_MAX_S
                yield message
            elif message.error().code() == KafkaError._PARTITION_EOF:
                open_ends.discard((message.topic(), message.partition()))


def read_all(stack, topics):
    """Every committed record of the topics."""
    consumer, records, known = stack.consumer(), {topic: [] for topic in topics}, {}
    try:
        for message in _messages(consumer, topics):
            records[message.topic()].append(_from_message(message, known))
        return records
    finally:
        consumer.close()


def count(stack, topics, isolation):
    consumer = stack.consumer(isolation=isolation)
    try:
        return sum(1 for _ in _messages(consumer, topics))
    finally:
        consumer.close()


def count_aborted(stack, topics):
    """Records of transactions that were aborted: what kills cut off between produce and commit."""
    return count(stack, topics, "read_uncommitted") - count(stack, topics, "read_committed")


def committed_offsets(stack):
    """The group's offsets of the request topic, transactions that are open waited for."""
    consumer = stack.consumer(group=stack.group)
    topic = f"{stack.prefix}.slot-commands"
    try:
        partitions = consumer.list_topics(topic, timeout=TIMEOUT_S).topics[topic].partitions
        offsets = consumer.committed([TopicPartition(topic, number) for number in partitions], timeout=TIMEOUT_S)
        return {entry.partition: entry.offset for entry in offsets}
    finally:
        consumer.close()


def ends_of(stack, topics):
    """(topic, partition): (last stable offset, high watermark)."""
    admin = AdminClient({"bootstrap.servers": stack.bootstrap})
    metadata = admin.list_topics(timeout=TIMEOUT_S).topics
    latest = {TopicPartition(topic, n): OffsetSpec.latest() for topic in topics for n in metadata[topic].partitions}
    stable, high = (
        admin.list_offsets(latest, isolation_level=level, request_timeout=TIMEOUT_S)
        for level in (IsolationLevel.READ_COMMITTED, IsolationLevel.READ_UNCOMMITTED)
    )
    return {(p.topic, p.partition): (stable[p].result().offset, high[p].result().offset) for p in latest}


def answer_topics(stack):
    consumer = stack.consumer()
    try:
        names = consumer.list_topics(timeout=TIMEOUT_S).topics
        replies = sorted(name for name in names if name.startswith(f"{stack.prefix}.replies."))
        return [f"{stack.prefix}.outcomes", *replies]
    finally:
        consumer.close()


def lag(stack):
    """What is still open, in words; empty: nothing."""
    topic = f"{stack.prefix}.slot-commands"
    others = [*answer_topics(stack), f"{stack.prefix}.audit", f"{topic}-dlt"]
    try:
        ends = ends_of(stack, [topic, *others])
        committed = committed_offsets(stack)
    except KafkaException as error:  # a broker that has just come back, or a transaction that nobody has ended yet
        return [f"the ends of topics, or the group's offsets, are not known: {error}"]
    progress = {row["partition"]: row for row in database_progress(stack)}
    found = []
    for (name, number), (stable, high) in ends.items():
        if stable != high:
            found.append(f"{name}/{number}: a transaction is open at {stable}, the end is {high}")
        if name == topic and high > 0:
            row = progress.get(number, {"next_offset": -1, "published_offset": -1})
            places = (row["next_offset"], row["published_offset"], committed.get(number, -1))
            if min(places) < high:
                found.append(f"{name}/{number}: end {high}, next, published and committed {places}")
    return found


def database_progress(stack):
    return stack.sql(
        "select json_build_object('partition', partition, 'next_offset', next_offset, 'owner', owner,"
        " 'published_offset', published_offset) from slotkeeper.partition_progress"
        f" where topic = '{stack.prefix}.slot-commands';"
    )


def observe(stack):
    topic = f"{stack.prefix}.slot-commands"
    replies = answer_topics(stack)
    topics = [topic, *replies, f"{stack.prefix}.audit", f"{topic}-dlt"]
    consumer = stack.consumer()
    try:
        history = History(consumer.list_topics(timeout=TIMEOUT_S).cluster_id, topic)
    finally:
        consumer.close()
    leaks = LeakSearch(stack)
    history.tables = database(stack)
    history.committed = committed_offsets(stack)
    history.ends = ends_of(stack, topics)
    records = read_all(stack, topics)
    history.requests = records[topic]
    history.answers = [record for name in replies for record in records[name]]
    history.events = records[f"{stack.prefix}.audit"]
    history.dead_letters = records[f"{topic}-dlt"]
    history.journal = read_lines(stack.folder / "journal.jsonl")
    history.usage = read_lines(stack.folder / "usage.jsonl")
    history.leaks = leaks.found()
    return history


def read_lines(file):
    """What clients and watchers wrote down."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


class LeakSearch:
    """Tokens anywhere but on request topics: in logs, in Kafka's files, in PostgreSQL's tables, files and write-ahead log. It runs
    beside other things until it is asked what it has `found`."""

    def __init__(self, stack):
        self.stack = stack
        root, needle = stack.root, stack.issuer().head
        places = [*stack.folder.glob("*.log"), *root.glob("*.log"), *root.glob("*/log"), *root.glob("*/data"),
                  *root.glob("broker-*/kafka/data")]
        there = [str(place) for place in places if place.exists()]
        others = [f"--exclude-dir={stack.prefix}.{name}-[0-9]*" for name in REQUEST_TOPICS]
        # 10 MiB each, of offsets and times alone.
        others += ["--exclude=*.index", "--exclude=*.timeindex"]
        self.grep = subprocess.Popen(
            ["grep", "-rlaF", *others, "-e", needle, *there],
            env={**os.environ, "LC_ALL": "C"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.rows = stack.sql(LEAKED_ROWS.replace("NEEDLE", needle))

    def found(self):
        files = [line.replace(str(self.stack.root), "", 1).lstrip("/") for line in self.grep.communicate()[0].splitlines()]
        return [("a token", place) for place in sorted(files) + self.rows]


def jwks_of(stack):
    with open(stack.environment["SLOTKEEPER_TOKEN_JWKS_FILE"], encoding="utf-8") as file:
        return json.load(file)
