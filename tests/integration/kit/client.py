"""A client of one cell that may send anything, and sees everything that the service writes."""

import struct
import sys
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from kit.stack import ROOT

sys.path.insert(0, str(ROOT / "tests/interop"))
from client import Schemas  # noqa: E402

SCHEMAS = Schemas(ROOT / "schemas")
COMMAND = "slotkeeper.command."
DEFAULT = object()


def soon(seconds):
    return datetime.now(timezone.utc) + timedelta(seconds=seconds)


class Seen:
    """A record that the service wrote."""

    def __init__(self, message):
        self.topic = message.topic()
        self.partition = message.partition()
        self.offset = message.offset()
        self.key = message.key()
        self.value = message.value()
        self.header_list = message.headers() or []
        self.headers = dict(self.header_list)

    @property
    def record(self):
        return SCHEMAS.decode(self.value)[1]


class Answer:
    def __init__(self, seen):
        self.seen = seen
        self.headers = seen.headers
        self.value = seen.value
        self.topic = seen.topic
        self.outcome = seen.record
        self.status = self.outcome["status"]
        self.code = self.outcome["code"] or "ACCEPTED"
        self.result = self.outcome["result"]
        self.duplicate = "slotkeeper-duplicate" in self.headers
        self.refused_reply = "slotkeeper-reply-refused" in self.headers
        self._check_against_headers()

    def _check_against_headers(self):
        """What is true of every outcome, whatever was asked."""
        outcome, headers = self.outcome, self.headers
        assert headers["slotkeeper-status"].decode() == self.status
        assert headers.get("slotkeeper-code", b"ACCEPTED").decode() == self.code
        assert headers["ce_id"].decode() == str(outcome["outcome_id"])
        assert headers["ce_type"] == b"slotkeeper.event.Outcome"
        assert headers["ce_specversion"] == b"1.0" and headers["content-type"] == b"application/avro"
        assert headers["ce_source"] == b"/slotkeeper" and headers["ce_time"]
        assert outcome["outcome_id"].version == 8
        assert (self.status == "ACCEPTED") == (self.code == "ACCEPTED") == (outcome["message"] == "")
        assert self.result is None or self.status == "ACCEPTED"


class Request:
    def __init__(self, client, topic, correlation_id, key, command_id):
        self.client = client
        self.topic = topic
        self.correlation_id = correlation_id
        self.key = key
        self.command_id = command_id
        self.partition = None
        self.offset = None

    def delivered(self, error, message):
        assert error is None, error
        self.partition, self.offset = message.partition(), message.offset()

    def answers(self):
        return [seen for seen in self.client.outcomes() if self._is_mine(seen)]

    def _is_mine(self, seen):
        if self.correlation_id is not None:
            return seen.headers.get("kafka_correlationId") == self.correlation_id
        return seen.key == self.key

    def answer(self, timeout=30):
        """The one answer; a second one fails the test here or in its cell's last check."""
        found = self.client.wait(self.answers, f"the answer to {self.key} at {self.offset}", timeout)
        assert len(found) == 1, found
        return Answer(found[0])

    def dead_letter(self, timeout=30):
        topic = self.topic + "-dlt"
        place = struct.pack(">i", self.partition), struct.pack(">q", self.offset)
        return self.client.wait(
            lambda: [seen for seen in self.client.seen(topic) if place == (
                seen.headers["kafka_dlt-original-partition"], seen.headers["kafka_dlt-original-offset"])],
            f"the dead letter of {place}", timeout)[0]


class Client:
    def __init__(self, cell):
        self.cell = cell
        self.reply_topic = cell.topic("replies.tests")
        self.request_topic = cell.topic("slot-commands")
        self.sent = []
        self.records = []
        self.followed = frozenset(cell.topic(suffix) for suffix in (
            "outcomes", "audit", "slot-commands-dlt", "account-commands-dlt", "queries-dlt"))
        self.changed = threading.Condition()
        self.stopping = False
        self.read_max = 200  # records at a time; 1: each is seen as soon as it is there
        self.producer = Producer({
            "bootstrap.servers": cell.stack.servers, "partitioner": "murmur2_random", "linger.ms": 0,
            "message.max.bytes": 4_000_000, "compression.type": "none"})
        self.admin = AdminClient({"bootstrap.servers": cell.stack.servers})
        self.make_topic(self.reply_topic, 3)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def make_topic(self, name, partitions=1, **config):
        new = NewTopic(name, partitions, 1, config={key.replace("_", "."): str(value) for key, value in config.items()})
        self.admin.create_topics([new])[name].result(20)
        while not self.admin.list_topics(name, timeout=10).topics[name].partitions:
            time.sleep(0.02)
        if name.startswith(self.cell.topic("replies.")):
            self.followed |= {name}

    def delete_topic(self, name):
        self.admin.delete_topics([name])[name].result(20)

    def forget(self):
        """All that was sent and seen, so that the next answer is found as soon as the first was."""
        with self.changed:
            self.records.clear()
            self.sent.clear()

    def close(self):
        self.stopping = True
        self.reader.join(10)

    # What the service wrote.

    def _read(self):
        consumer = Consumer({
            "bootstrap.servers": self.cell.stack.servers, "group.id": "tests", "enable.auto.commit": False,
            "isolation.level": "read_committed", "topic.metadata.refresh.interval.ms": 500})
        assigned = set()
        looked_at = 0.0
        while not self.stopping:
            if time.monotonic() - looked_at > 0.5:
                looked_at = time.monotonic()
                self._follow(consumer, assigned)
            messages = [m for m in consumer.consume(self.read_max, 0.05) if m.error() is None]
            if messages:
                with self.changed:
                    self.records += [Seen(message) for message in messages]
                    self.changed.notify_all()
        consumer.close()

    def _follow(self, consumer, assigned):
        """Also topics that were made meanwhile; asked for one by one, because other cells have thousands."""
        for name in self.followed - {name for name, _ in assigned}:
            try:
                found = consumer.list_topics(name, timeout=2).topics[name].partitions
            except Exception:  # the broker is away in some tests
                return
            if found:
                consumer.incremental_assign([TopicPartition(name, number, OFFSET_BEGINNING) for number in found])
                assigned.update((name, number) for number in found)

    def seen(self, topic):
        return [record for record in list(self.records) if record.topic == topic]

    def outcomes(self):
        names = (self.cell.topic("outcomes"),)
        return [record for record in list(self.records)
                if record.topic in names or record.topic.startswith(self.cell.topic("replies."))]

    def wait(self, condition, what, timeout=30):
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                result = condition()
                if result:
                    return result
                if time.monotonic() > deadline:
                    raise AssertionError(f"waited {timeout} s for {what}")
                self.changed.wait(0.5)

    def chain(self, slot_id, count, timeout=30):
        """The audit events of a slot by sequence, once there are `count`."""
        def events():
            found = [seen.record for seen in self.seen(self.cell.topic("audit")) if seen.key == str(slot_id).encode()]
            return sorted(found, key=lambda event: event["sequence"]) if len(found) >= count else None
        return self.wait(events, f"{count} events of {slot_id}", timeout)

    # What goes to the service.

    def send_bytes(self, value, account=None, token=None, key=None, headers=(), correlation_id=DEFAULT,
                   reply_topic=DEFAULT, partition=None, command_id=None, timestamp=None, flush=True, topic=None):
        """Any bytes with any headers. By default the answer goes to the reply topic and is known by its
        correlation id; with correlation_id=None it is known by its key."""
        if correlation_id is DEFAULT:
            correlation_id = uuid.uuid4().bytes
        key = key or str(uuid.uuid4()).encode()
        all_headers = []
        if account is not None or token is not None:
            all_headers.append(("authorization", b"Bearer " + (token or account.token).encode()))
        if correlation_id is not None:
            all_headers.append(("kafka_correlationId", correlation_id))
        if reply_topic is not None:
            reply = self.reply_topic if reply_topic is DEFAULT else reply_topic
            all_headers.append(("kafka_replyTopic", reply.encode() if isinstance(reply, str) else reply))
        all_headers += list(headers)
        topic = topic or self.request_topic
        request = Request(self, topic, correlation_id, key, command_id)
        more = {} if partition is None else {"partition": partition}
        self.producer.produce(topic, value, key, headers=all_headers, on_delivery=request.delivered, **more)
        self.sent.append(request)
        if flush:
            self.flush()
        return request

    def flush(self):
        assert self.producer.flush(30) == 0

    def send(self, name, account, fields, command_id=None, token=None, key=None, **options):
        command_id = command_id or uuid.uuid4()
        value = SCHEMAS.encode(COMMAND + name, {"command_id": command_id, **fields})
        key = key or str(fields["slot_id"]).encode()
        return self.send_bytes(value, account, token, key, command_id=command_id, **options)

    def ask(self, name, account, fields, **options):
        return self.send(name, account, fields, **options).answer()

    # Short words for what most tests need.

    def publish(self, doctor, starts_at=None, minutes=30, slot_id=None, **options):
        """The id of a slot that is open."""
        slot_id = slot_id or uuid.uuid4()
        starts_at = starts_at or soon(86400)
        answer = self.ask("PublishSlot", doctor, {
            "slot_id": slot_id, "starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=minutes)}, **options)
        assert answer.code == "ACCEPTED", answer.outcome
        return slot_id

    def book(self, patient, slot_id, **options):
        """The appointment."""
        answer = self.ask("BookSlot", patient, {"slot_id": slot_id}, **options)
        assert answer.code == "ACCEPTED", answer.outcome
        return answer.result
