"""A client of slotkeeper in one file: what docs/clients.md describes, to be read and copied.

It needs confluent-kafka, fastavro and the .avsc files. Requests are keyed, framed and partitioned as every
producer must do it; answers are read committed from a reply topic of the client's own.
"""

import json
import time
import uuid
from datetime import timezone
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.schema import fingerprint, to_parsing_canonical_form
from io import BytesIO

SINGLE_OBJECT = b"\xc3\x01"


class Schemas:
    """The .avsc files, by full name and by the fingerprint that stands in front of each value."""

    def __init__(self, folder):
        self.by_name = {}
        self.marker_of = {}
        self.name_of = {}
        for path in sorted(Path(folder).glob("*/*.avsc")):
            source = json.loads(path.read_text())
            marker = bytes.fromhex(fingerprint(to_parsing_canonical_form(source), "CRC-64-AVRO"))
            name = source["namespace"] + "." + source["name"]
            self.by_name[name] = parse_schema(source, named_schemas={})
            self.marker_of[name] = marker
            self.name_of[marker] = name

    def body(self, name, record):
        out = BytesIO()
        schemaless_writer(out, self.by_name[name], record)
        return out.getvalue()

    def encode(self, name, record):
        """Single-object encoding: needs no registry."""
        return SINGLE_OBJECT + self.marker_of[name] + self.body(name, record)

    def decode(self, value):
        """(full name, record) of a single-object encoded value."""
        if value[:2] != SINGLE_OBJECT or value[2:10] not in self.name_of:
            raise ValueError("not a value of a schema that this client has")
        name = self.name_of[value[2:10]]
        return name, schemaless_reader(BytesIO(value[10:]), self.by_name[name], None)


class Answer:
    """An outcome as it came: `value` is the bytes, `outcome` the record in them."""

    def __init__(self, message, outcome):
        self.value = message.value()
        self.headers = dict(message.headers() or [])
        self.outcome = outcome
        self.status = outcome["status"]
        self.code = outcome["code"]
        self.result = outcome["result"]
        self.is_duplicate = self.headers.get("slotkeeper-duplicate") == b"true"


class Client:
    """One caller: an account id, its token, and a reply topic that only it reads."""

    def __init__(self, servers, schemas, account_id, token, reply_topic, prefix="scheduling"):
        self.schemas = schemas
        self.account_id = uuid.UUID(account_id)
        self.token = token
        self.prefix = prefix
        self.reply_topic = reply_topic
        self.producer = Producer(
            {
                "bootstrap.servers": servers,
                # Every producer has to find the same partition for a slot: Java's hash, not librdkafka's own.
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
            }
        )
        self.consumer = Consumer(
            {
                "bootstrap.servers": servers,
                "group.id": reply_topic,  # never used: partitions are assigned by hand and nothing is committed
                "enable.auto.commit": False,
                # What a worker that died had not committed is not an answer.
                "isolation.level": "read_committed",
            }
        )
        self._make_reply_topic(servers)
        self.consumer.assign(partitions_at_end(self.consumer, reply_topic))

    def close(self):
        self.consumer.close()

    def _make_reply_topic(self, servers):
        if self.reply_topic not in self.consumer.list_topics(timeout=10).topics:
            admin = AdminClient({"bootstrap.servers": servers})
            admin.create_topics([NewTopic(self.reply_topic, 1, 1)])[self.reply_topic].result(10)

    def request(self, name, command_id=None, timeout=30, **fields):
        """Sends one slot command and waits for its answer.

        Without an answer in time nobody knows whether it took effect: send the same command_id again, and the
        effect is there once, whichever of the two was decided.
        """
        command_id = command_id or uuid.uuid4()
        correlation_id = uuid.uuid4().bytes
        full_name = "slotkeeper.command." + name
        self.producer.produce(
            self.prefix + ".slot-commands",
            key=str(fields["slot_id"]).lower(),
            value=self.schemas.encode(full_name, {"command_id": command_id, **fields}),
            headers={
                "authorization": "Bearer " + self.token,
                "kafka_correlationId": correlation_id,
                "kafka_replyTopic": self.reply_topic,
            },
        )
        if self.producer.flush(timeout) > 0:
            raise TimeoutError("Kafka did not take the request")
        return self._await_answer(command_id, correlation_id, time.monotonic() + timeout)

    def _await_answer(self, command_id, correlation_id, deadline):
        while time.monotonic() < deadline:
            message = self.consumer.poll(0.2)
            if message is None:
                continue
            if message.error():
                raise RuntimeError(message.error())
            if dict(message.headers() or []).get("kafka_correlationId") != correlation_id:
                continue  # an answer that came after its caller had given up
            _, outcome = self.schemas.decode(message.value())
            if self._is_mine(outcome, command_id):
                return Answer(message, outcome)
        raise TimeoutError(f"no answer to {command_id}")

    def _is_mine(self, outcome, command_id):
        """Anybody may name any reply topic: an answer to somebody else's request is not for this caller. A
        refused token or an unreadable record has no caller, or no command_id, to compare."""
        return outcome["caller"] in (self.account_id, None) and outcome["command_id"] in (command_id, None)


def partitions_at_end(consumer, topic):
    """All partitions of a topic, from where it ends now. A topic that was just made has none for a moment, and then a leader
    that does not know yet that it is one."""
    partitions = []
    while not partitions:
        known = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        partitions = [TopicPartition(topic, number) for number in known]
    deadline = time.monotonic() + 20
    for partition in partitions:
        while partition.offset < 0:
            partition.offset = end_of(consumer, partition, deadline)
    return partitions


def end_of(consumer, partition, deadline):
    """Negative: its leader has yet to be found."""
    try:
        return consumer.get_watermark_offsets(partition, timeout=10)[1]
    except KafkaException as error:
        if error.args[0].code() != KafkaError.NOT_LEADER_FOR_PARTITION or time.monotonic() > deadline:
            raise
        return -1


def micros(moment):
    """A datetime as Avro has it: microseconds since 1970, without a detour through floating point."""
    whole = int(moment.astimezone(timezone.utc).replace(microsecond=0).timestamp())
    return whole * 1_000_000 + moment.microsecond
