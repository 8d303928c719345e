"""A client of the service as anybody may write one: it knows the schemas and docs/, nothing else of the project.

Sends requests to the topic of slot commands and reads the answers from the reply topic that it may read.
"""

import io
import json
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import confluent_kafka
import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form
from show import Failed

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
COMMANDS_TOPIC = "scheduling.slot-commands"
AUDIT_TOPIC = "scheduling.audit"
DEAD_LETTER_TOPIC = f"{COMMANDS_TOPIC}-dlt"
REPLY_TOPIC = "scheduling.replies.cli"
PARTITIONS = 4


class Schema:
    """Avro's single-object encoding: two bytes, the schema's fingerprint, the value."""

    def __init__(self, kind, name):
        text = json.loads((SCHEMAS / kind / f"{name}.avsc").read_text())
        canonical = to_parsing_canonical_form(text)
        self.schema = fastavro.parse_schema(text)
        self.prefix = b"\xc3\x01" + bytes.fromhex(fingerprint(canonical, "CRC-64-AVRO"))

    def encode(self, value):
        body = io.BytesIO()
        fastavro.schemaless_writer(body, self.schema, value)
        return self.prefix + body.getvalue()

    def decode(self, data):
        if not data.startswith(self.prefix):
            raise Failed(f"a value that is no {self.schema['name']}: {data[:16].hex()}")
        return fastavro.schemaless_reader(io.BytesIO(data[len(self.prefix) :]), self.schema)


OUTCOME = Schema("event", "Outcome")
AUDIT_EVENT = Schema("event", "AuditEvent")


class Answer:
    """An outcome, and what stands beside it in headers."""

    def __init__(self, message):
        headers = dict(message.headers())
        self.body = message.value()
        self.outcome = OUTCOME.decode(self.body)
        self.status = self.outcome["status"]
        self.code = self.outcome["code"]
        self.message = self.outcome["message"]
        self.result = self.outcome["result"]
        self.is_from_log = headers.get("slotkeeper-duplicate") == b"true"

    @property
    def verdict(self):
        """ACCEPTED, or why not."""
        return self.code or self.status


@dataclass
class Request:
    key: str
    token: str
    value: bytes
    command_id: uuid.UUID | None = None
    correlation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    partition: int | None = None
    answers: list[Answer] = field(default_factory=list)

    @property
    def answer(self):
        return self.answers[0]

    def delivered(self, error, message):
        if error is not None:
            raise Failed(f"Kafka did not take a request: {error}")
        self.partition = message.partition()

    def again(self):
        """The same bytes, as a client sends them that has got no answer."""
        return Request(self.key, self.token, self.value, self.command_id)


class Client:
    def __init__(self, kafka, check):
        """`kafka` is how it speaks to Kafka. `check` is called while it waits, and raises if that makes no sense."""
        self.check = check
        self.requests = {}
        self.commands = {}
        self.producer = confluent_kafka.Producer(
            {**kafka, "partitioner": "murmur2_random", "linger.ms": 0}
        )
        self.consumer = consumer_from_beginning(kafka, REPLY_TOPIC)

    def command(self, name, caller, slot, command_id=None, **fields):
        """A request, not sent yet. All of these commands name a slot, and its id is the record's key."""
        if name not in self.commands:
            self.commands[name] = Schema("command", name)
        command_id = command_id or uuid.uuid4()
        value = {"command_id": command_id, "slot_id": slot.id, **fields}
        return Request(str(slot.id), caller.token, self.commands[name].encode(value), command_id)

    def send(self, request):
        self.requests[request.correlation_id] = request
        self.producer.produce(
            COMMANDS_TOPIC,
            key=request.key,
            value=request.value,
            headers={
                "authorization": f"Bearer {request.token}",
                "kafka_correlationId": request.correlation_id,
                "kafka_replyTopic": REPLY_TOPIC,
            },
            on_delivery=request.delivered,
        )

    def take_answers(self, timeout):
        """Whatever has come; waits for the first of it only."""
        self.producer.poll(0)
        first = self.consumer.poll(timeout)
        rest = self.consumer.consume(500, 0) if first else []
        for message in [first, *rest] if first else []:
            if message.error():
                raise Failed(f"reading answers: {message.error()}")
            request = self.requests.get(correlation_of(message))
            if request is not None:
                request.answers.append(Answer(message))

    def wait(self, requests, wanted=None, timeout=15):
        """Until each of them has an answer, or as many of them as are wanted."""
        wanted = len(requests) if wanted is None else wanted
        deadline = time.monotonic() + timeout
        self.producer.flush(timeout)
        while (found := sum(1 for request in requests if request.answers)) < wanted:
            if time.monotonic() > deadline:
                raise Failed(f"{wanted - found} of {wanted} answers did not come in {timeout} s")
            self.check()
            self.take_answers(0.02)

    def send_all(self, requests):
        for request in requests:
            self.send(request)

    def ask_all(self, requests):
        self.send_all(requests)
        self.wait(requests)

    def ask(self, name, caller, slot, **fields):
        """One command and its answer."""
        request = self.command(name, caller, slot, **fields)
        self.ask_all([request])
        return request


def consumer_from_beginning(kafka, topic, **settings):
    """Reads committed records only, of every partition, and joins no group."""
    consumer = confluent_kafka.Consumer(
        {
            **kafka,
            "group.id": kafka["client.id"] + ".demo",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 10,
            **settings,
        }
    )
    beginning = confluent_kafka.OFFSET_BEGINNING
    consumer.assign(
        [confluent_kafka.TopicPartition(topic, number, beginning) for number in range(PARTITIONS)]
    )
    return consumer


def read_to_end(kafka, topic, keep, wanted, timeout=15):
    """Every committed record of the topic that `keep` keeps.

    What one transaction wrote becomes visible partition by partition: answers that are here already do not mean
    that audit events are. So it reads on until it has as many as are wanted; a claim tells if there are more.
    """
    consumer = consumer_from_beginning(kafka, topic, **{"enable.partition.eof": True})
    deadline = time.monotonic() + timeout
    at_end = set()
    kept = []
    while (len(at_end) < PARTITIONS or len(kept) < wanted) and time.monotonic() < deadline:
        message = consumer.poll(0.1)
        if message is None:
            continue
        if not message.error():
            kept += [message] if keep(message) else []
        elif message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
            at_end.add(message.partition())
        else:
            raise Failed(f"reading {topic}: {message.error()}")
    consumer.close()
    if len(at_end) < PARTITIONS:
        raise Failed(f"the end of {topic} was not reached in {timeout} s")
    return kept


def correlation_of(message):
    return dict(message.headers()).get("kafka_correlationId", b"").decode()
