"""Who asks: accounts with tokens, a producer that keeps a journal of what it sent, and a reader of answers."""

import json
import threading
import time
import uuid
from dataclasses import dataclass

from confluent_kafka import OFFSET_END, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from stack import wait_for
from wire import COMMANDS, OUTCOME

DOCTORS, PATIENTS, ADMINS = 16, 300, 2
TOKEN_USED_S = 3600


def now_us():
    return time.time_ns() // 1000


class People:
    """Accounts straight in the database, and tokens for them."""

    def __init__(self, stack, count=PATIENTS, doctors=DOCTORS):
        self.issuer = stack.issuer()
        self.doctors = [str(uuid.uuid4()) for _ in range(doctors)]
        self.patients = [str(uuid.uuid4()) for _ in range(count)]
        self.admins = [str(uuid.uuid4()) for _ in range(ADMINS)]
        self.leavers = [str(uuid.uuid4()) for _ in range(2)]
        self.tokens = {}
        rows = []
        for role, people in (("doctor", self.doctors), ("patient", self.patients), ("admin", self.admins)):
            rows += [f"('{person}', '{role}', 'active', null)" for person in people]
        rows += [f"('{person}', 'patient', 'deactivated', now())" for person in self.leavers]
        stack.sql(
            "insert into slotkeeper.account (account_id, role, state, deactivated_at, login, password_hash, created_at)"
            " select id::uuid, role::slotkeeper.account_role, state::slotkeeper.account_state,"
            " left_at::timestamptz, id, 'x', now()"
            f" from (values {', '.join(rows)}) people (id, role, state, left_at);"
        )

    def token(self, account, role):
        """A new one every hour: a token lives for two."""
        key = account, role, int(time.monotonic() / TOKEN_USED_S)
        if key not in self.tokens:
            self.tokens[key] = self.issuer.token(account, role)
        return self.tokens[key]


@dataclass(slots=True)
class Sent:
    partition: int
    sent_at: float
    sent_us: int  # by the wall clock, as the checker compares it with the service's
    offset: int = -1
    acknowledged: bool = False
    received_at: float = None
    received_us: int = None


class Clients:
    """Sends requests and remembers each by its correlation id; the reader notes when the answer came, and what it was if
    `keep_bodies`."""

    def __init__(self, stack, people, keep_bodies=True):
        self.topic = f"{stack.prefix}.slot-commands"
        self.journal_file = stack.folder / "journal.jsonl"
        self.people = people
        self.journal = {}
        self.unsent = []
        self.held = None  # what is to be sent in another order
        self.partitions = 4
        self.producer = Producer(
            {
                "bootstrap.servers": stack.bootstrap,
                "partitioner": "murmur2_random",
                "linger.ms": 2,
                "acks": "all",
                "enable.idempotence": True,
                "queue.buffering.max.messages": 1000000,
            }
        )
        self.reader = Reader(stack, self, keep_bodies)
        self.reader.start()

    def _delivered(self, correlation, error, message):
        if error is not None:
            self.unsent.append((correlation, str(error)))
            return
        sent = self.journal[correlation]
        sent.partition, sent.offset, sent.acknowledged = message.partition(), message.offset(), True

    def send(self, value, key, token, **headers):
        """Returns the correlation id. `headers` by name; a value of None leaves one out."""
        correlation = uuid.uuid4().bytes
        named = {"kafka_correlationId": correlation}
        if token is not None:
            named["authorization"] = f"Bearer {token}".encode()
        named.update(headers)
        if self.held is None:
            self._produce(correlation, value, key, named)
        else:
            self.held.append((correlation, value, key, named))
        return correlation

    def shuffled(self, send, count, random):
        """Sends `count` times, in another order than it was asked to."""
        self.held = []
        for _ in range(count):
            send()
        held, self.held = self.held, None
        random.shuffle(held)
        for entry in held:
            self._produce(*entry)

    def _produce(self, correlation, value, key, named):
        self.journal[correlation] = Sent(-1, time.monotonic(), now_us())
        self.producer.produce(
            self.topic,
            value=value,
            key=key,
            headers=[(name, data) for name, data in named.items() if data is not None],
            on_delivery=lambda error, message: self._delivered(correlation, error, message),
        )
        self.producer.poll(0)

    def command(self, name, caller, role, fields, **headers):
        record = {"command_id": str(uuid.uuid4()), **fields}
        return self.send(COMMANDS[name].encode(record), record["slot_id"], self.people.token(caller, role), **headers)

    def answer(self, correlation, seconds=60):
        """The body of the answer, waited for; None: it did not come."""
        deadline = time.monotonic() + seconds
        self.producer.flush(10)
        while correlation not in self.reader.bodies:
            if time.monotonic() > deadline:
                return None
            time.sleep(0.01)
        return self.reader.bodies[correlation]

    def close(self):
        self.producer.flush(30)
        self.reader.stop()
        self.reader.join()
        names = ("partition", "offset", "sent_us", "received_us", "acknowledged")
        with open(self.journal_file, "a", encoding="utf-8") as file:
            for sent in self.journal.values():
                file.write(json.dumps({name: getattr(sent, name) for name in names}) + "\n")


class Reader(threading.Thread):
    """Follows the outcomes and the reply topics from where they end now, read committed."""

    def __init__(self, stack, clients, keep_bodies):
        super().__init__(daemon=True)
        self.clients = clients
        self.bodies = {} if keep_bodies else None
        self.on_accepted = None
        self.stopping = threading.Event()
        self.latest = {}  # partition: when the newest request that is answered was sent
        self.topics = [f"{stack.prefix}.outcomes", *reply_topics(stack)]
        self.consumer = stack.consumer(**{"topic.metadata.refresh.interval.ms": 5000})
        metadata = self.consumer.list_topics(timeout=15).topics
        places = []
        for topic in self.topics:
            for number in metadata[topic].partitions:
                end = self.consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=15)[1]
                places.append(TopicPartition(topic, number, end if end >= 0 else OFFSET_END))
        self.consumer.assign(places)

    def stop(self):
        self.stopping.set()

    def run(self):
        while not self.stopping.is_set():
            for message in self.consumer.consume(500, timeout=0.02):
                if message.error() is None:
                    self.note(message)
                elif message.error().code() not in (KafkaError._PARTITION_EOF, KafkaError.UNKNOWN_TOPIC_OR_PART):
                    pass  # the checker reads everything again
        self.consumer.close()

    def note(self, message):
        headers = dict(message.headers() or [])
        correlation = headers.get("kafka_correlationId")
        sent = self.clients.journal.get(correlation)
        if sent is None:
            return
        if sent.received_at is None:
            sent.received_at, sent.received_us = time.monotonic(), now_us()
        if sent.partition >= 0:
            self.latest[sent.partition] = max(sent.sent_at, self.latest.get(sent.partition, 0))
        body = OUTCOME.decode(message.value())
        body["duplicate"] = "slotkeeper-duplicate" in headers
        if self.bodies is not None:
            self.bodies[correlation] = body
        if self.on_accepted is not None and body["status"] == "ACCEPTED":
            self.on_accepted(body)


def reply_topics(stack):
    return [f"{stack.prefix}.replies.chaos-a", f"{stack.prefix}.replies.chaos-b"]


def have_leaders(admin, names):
    """A topic is there before its partitions answer."""
    topics = admin.list_topics(timeout=15).topics
    if any(name not in topics for name in names):
        return False
    places = [TopicPartition(name, number) for name in names for number in topics[name].partitions]
    try:
        return all(future.result(15) for future in admin.list_offsets({p: OffsetSpec.latest() for p in places}).values())
    except KafkaException:
        return False


def make_topics(stack, names, partitions=2, **config):
    admin = AdminClient({"bootstrap.servers": stack.bootstrap})
    there = admin.list_topics(timeout=15).topics
    wanted = [NewTopic(name, partitions, -1, config=config) for name in names if name not in there]
    for future in admin.create_topics(wanted).values() if wanted else ():
        future.result(15)
    names = [*names, f"{stack.prefix}.outcomes"]
    if not wait_for(lambda: have_leaders(admin, names), 15):
        raise TimeoutError(f"these topics do not get ready: {names}")
