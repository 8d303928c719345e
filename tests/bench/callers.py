"""What the measurements of latency beside a flood share: callers who ask one thing at a time, and what is said of it."""

import json
import random
import sys
import time
import uuid
from pathlib import Path

from confluent_kafka import OFFSET_END, Consumer, Producer, TopicPartition

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
from kit.client import COMMAND, SCHEMAS, Client  # noqa: E402

CALLERS = 20
PER_SECOND = 20  # of all callers together
WARM_UP = 40
PATIENCE_SECONDS = 60


def producer_of(servers, linger_ms, **properties):
    return Producer({"bootstrap.servers": servers, "partitioner": "murmur2_random", "linger.ms": linger_ms,
                     "compression.type": "none", **properties})


def withdrawal():
    """(value, slot id) of a command that no row answers: as cheap as one that is decided can be."""
    slot_id = uuid.uuid4()
    return SCHEMAS.encode(COMMAND + "WithdrawSlot", {"command_id": uuid.uuid4(), "slot_id": slot_id}), slot_id


def send(producer, cell, command, token, reply_topic, **where):
    """A command as withdrawal makes it; its correlation id."""
    value, slot_id = command
    correlation = uuid.uuid4().bytes
    producer.produce(cell.topic("slot-commands"), value, str(slot_id).encode(), headers=[
        ("authorization", b"Bearer " + token.encode()), ("kafka_correlationId", correlation),
        ("kafka_replyTopic", reply_topic.encode())], **where)
    return correlation


def reader_of(servers, reply_topic, group, **properties):
    """Of a topic with one partition, what comes from now on."""
    consumer = Consumer({
        "bootstrap.servers": servers, "group.id": group, "enable.auto.commit": False, "isolation.level": "read_committed",
        "fetch.wait.max.ms": 100, **properties})
    consumer.assign([TopicPartition(reply_topic, 0, OFFSET_END)])
    consumer.poll(1)
    return consumer


def make_topics(cell, *suffixes, **like):
    """With one partition each; those of `like` with as many as the topic of the suffix there has."""
    client = Client(cell)
    client.stopping = True  # it would read every outcome
    for suffix in suffixes:
        client.make_topic(cell.topic(suffix))
    for suffix, other in like.items():
        model = cell.topic(other)
        client.make_topic(cell.topic(suffix), len(client.admin.list_topics(model, timeout=10).topics[model].partitions))


class Callers:
    """Each sends now and then; how long each answer takes."""

    def __init__(self, cell, reply_topic):
        self.cell = cell
        self.reply_topic = reply_topic
        self.tokens = [account.token for account in (cell.account("doctor") for _ in range(CALLERS))]
        self.producer = producer_of(cell.stack.servers, 0)
        self.consumer = reader_of(cell.stack.servers, reply_topic, "callers")

    def warm_up(self):
        for _ in range(WARM_UP):
            self.ask()

    def ask(self):
        """Milliseconds."""
        command = withdrawal()
        began = time.monotonic()
        correlation = send(self.producer, self.cell, command, random.choice(self.tokens), self.reply_topic)
        while time.monotonic() - began < PATIENCE_SECONDS:
            self.producer.poll(0)
            message = self.consumer.poll(0.02)
            if message is not None and message.error() is None:
                headers = dict(message.headers())
                if headers["kafka_correlationId"] == correlation:
                    assert headers["slotkeeper-code"] == b"SLOT_NOT_FOUND", headers
                    return (time.monotonic() - began) * 1000
        raise AssertionError("no answer within a minute")

    def measure(self, seconds):
        latencies = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            due = time.monotonic() + 1 / PER_SECOND
            latencies.append(self.ask())
            time.sleep(max(0.0, due - time.monotonic()))
        return latencies


def summary(latencies):
    ordered = sorted(latencies)
    return {"requests": len(ordered), "p50_ms": round(ordered[len(ordered) // 2], 1),
            "p99_ms": round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], 1)}


def say(name, **fields):
    print(json.dumps({"name": name, **fields}), flush=True)


def stages_of(worker):
    return {stage: worker.metric("slotkeeper_stage_seconds_sum", f'{{stage="{stage}"}}')
            for stage in ("decode", "load", "decide", "save", "commit", "publish")}
