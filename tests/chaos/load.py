"""Clients: all seven slot commands over many slots, hot slots too, with repeats and poison among them; and a reader of answers."""

import random
import threading
import time
import uuid
from dataclasses import dataclass

from confluent_kafka import OFFSET_END, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from rules import SECOND_US, Limits
from wire import COMMANDS, OUTCOME

DOCTORS, PATIENTS, ADMINS = 16, 300, 2
KNOWN_MAX = 400
REASONS = ("PATIENT", "PROVIDER", "FACILITY", "ERROR", "OTHER")
HOUR_US = 3600 * SECOND_US
# What a worker is told, and the checker's rules accordingly.
SETTINGS = {
    "SLOTKEEPER_SLOT_DURATION_MIN": "1s",
    "SLOTKEEPER_NOSHOW_GRACE": "1s",
    "SLOTKEEPER_BOOKING_LIMIT": "8",
    "SLOTKEEPER_RATE_PER_SECOND": "0",
    "SLOTKEEPER_RATE_BURST": "0",
}
LIMITS = Limits(duration_min_us=SECOND_US, noshow_grace_us=SECOND_US, booking_limit=8)


def now_us():
    return time.time_ns() // 1000


class People:
    """Accounts straight in the database, and tokens for them."""

    def __init__(self, stack, count=PATIENTS):
        self.issuer = stack.issuer()
        self.doctors = [str(uuid.uuid4()) for _ in range(DOCTORS)]
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
        if (account, role) not in self.tokens:
            self.tokens[account, role] = self.issuer.token(account, role)
        return self.tokens[account, role]


@dataclass
class Sent:
    partition: int
    sent_at: float
    acknowledged: bool = False
    received_at: float = None


class Clients:
    """Sends requests and remembers each by its correlation id; the reader notes when the answer came."""

    def __init__(self, stack, people):
        self.topic = f"{stack.prefix}.slot-commands"
        self.people = people
        self.journal = {}
        self.unsent = []
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
        self.reader = Reader(stack, self)
        self.reader.start()

    def _delivered(self, correlation, error, message):
        if error is not None:
            self.unsent.append((correlation, str(error)))
            return
        sent = self.journal[correlation]
        sent.partition, sent.acknowledged = message.partition(), True

    def send(self, value, key, token, **headers):
        """Returns the correlation id. `headers` by name; a value of None leaves one out."""
        correlation = uuid.uuid4().bytes
        named = {"kafka_correlationId": correlation}
        if token is not None:
            named["authorization"] = f"Bearer {token}".encode()
        named.update(headers)
        self.journal[correlation] = Sent(-1, time.monotonic())
        self.producer.produce(
            self.topic,
            value=value,
            key=key,
            headers=[(name, data) for name, data in named.items() if data is not None],
            on_delivery=lambda error, message: self._delivered(correlation, error, message),
        )
        self.producer.poll(0)
        return correlation

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


class Reader(threading.Thread):
    """Follows the outcomes and the reply topics from where they end now, read committed."""

    def __init__(self, stack, clients):
        super().__init__(daemon=True)
        self.clients = clients
        self.bodies = {}
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
        sent.received_at = time.monotonic()
        if sent.partition >= 0:
            self.latest[sent.partition] = max(sent.sent_at, self.latest.get(sent.partition, 0))
        body = OUTCOME.decode(message.value())
        body["duplicate"] = "slotkeeper-duplicate" in headers
        self.bodies[correlation] = body
        if self.on_accepted is not None and body["status"] == "ACCEPTED":
            self.on_accepted(body)


def reply_topics(stack):
    return [f"{stack.prefix}.replies.chaos-a", f"{stack.prefix}.replies.chaos-b"]


def make_topics(stack, names, partitions=2, **config):
    admin = AdminClient({"bootstrap.servers": stack.bootstrap})
    there = admin.list_topics(timeout=15).topics
    wanted = [NewTopic(name, partitions, 1, config=config) for name in names if name not in there]
    for future in admin.create_topics(wanted).values() if wanted else ():
        future.result(15)


class Load(threading.Thread):
    """Sends `rate` requests a second, and bursts when asked to."""

    def __init__(self, clients, people, seed, rate):
        super().__init__(daemon=True)
        self.clients, self.people, self.rate = clients, people, rate
        self.random = random.Random(seed)
        self.stopping = threading.Event()
        self.wanted = 0
        self.failure = None
        self.slots = []  # (slot_id, doctor, starts_at), open when last heard of
        self.appointments = []  # (appointment_id, slot_id, patient, doctor, starts_at)
        self.remembered = []  # (value, key, caller, role): may be repeated
        clients.reader.on_accepted = self.learn
        self.replies = reply_topics_of(clients)

    # ---- what is known of the world, from the answers ----

    def learn(self, body):
        result = body["result"]
        if result is None:
            return
        slot = (result["slot_id"], result["doctor_id"], result["starts_at"])
        if "appointment_id" not in result:
            (keep if result["state"] == "OPEN" else self.forget)(self.slots, slot)
            return
        appointment = (result["appointment_id"], slot[0], result["patient_id"], slot[1], slot[2])
        if result["state"] == "BOOKED":
            keep(self.appointments, appointment)
            self.forget(self.slots, slot)
        else:
            self.forget(self.appointments, appointment)
            if result["state"] == "CANCELLED":
                keep(self.slots, slot)

    @staticmethod
    def forget(entries, entry):
        """One in ten stays, so that what is over is asked for, too."""
        if entry in entries and hash(entry) % 10:
            entries.remove(entry)

    # ---- the thread ----

    def burst(self, count):
        self.wanted += count

    def stop(self):
        self.stopping.set()
        self.join()

    def run(self):
        try:
            began, sent = time.monotonic(), 0
            while not self.stopping.is_set():
                due = int((time.monotonic() - began) * self.rate) - sent
                extra, self.wanted = self.wanted, 0
                sent += due
                for _ in range(due + extra):
                    self.send_one()
                self.stopping.wait(0.004)
        except Exception as error:  # told by whoever waits for the load
            self.failure = error
            raise

    def send_one(self):
        choice = self.random.random()
        if choice < 0.06 and self.remembered:
            self.repeat()
        elif choice < 0.12:
            self.poison()
        else:
            name = self.random.choices(
                ("publish", "withdraw", "book", "cancel", "reschedule", "complete", "no_show"),
                (18, 4, 42, 12, 12, 6, 6),
            )[0]
            getattr(self, name)()

    def routes(self):
        """Now and then a reply topic: one of ours, with and without a partition, a missing one, a forbidden one."""
        choice = self.random.random()
        if choice > 0.16:
            return {}
        if choice > 0.13:
            name = self.random.choice(("scheduling.replies.missing", "scheduling.audit", "nonsense", "scheduling.replies."))
            return {"kafka_replyTopic": name.encode()}
        headers = {"kafka_replyTopic": self.random.choice(self.replies).encode()}
        if choice < 0.05:
            headers["kafka_replyPartition"] = self.random.choice((0, 1, 1, 77)).to_bytes(4, "big")
        if choice < 0.01:
            headers["kafka_replyTopic"] = b'"' + headers["kafka_replyTopic"] + b'"'
        return headers

    def send(self, name, caller, role, fields, **headers):
        record = {"command_id": str(uuid.UUID(int=self.random.getrandbits(128))), **fields}
        value = COMMANDS[name].encode(record)
        if self.random.random() < 0.02:
            lives = self.random.choice((1, 5, 60))
            expiry = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + lives))
            headers["ce_expirytime"] = expiry.encode()
        self.clients.send(value, fields["slot_id"], self.people.token(caller, role), **self.routes(), **headers)
        if self.random.random() < 0.2:
            keep(self.remembered, (name, record, caller, role))

    # ---- the seven ----

    def publish(self):
        doctor = self.random.choice(self.people.doctors)
        if self.random.random() < 0.25:  # soon, and short: for those that complete and miss
            starts_at = now_us() + self.random.randrange(2 * SECOND_US, 9 * SECOND_US)
            ends_at = starts_at + self.random.choice((1, 1, 2)) * SECOND_US
        else:
            starts_at = (now_us() // HOUR_US + self.random.randrange(2, 400)) * HOUR_US
            starts_at += self.random.randrange(4) * HOUR_US // 4
            ends_at = starts_at + self.random.choice((1, 1, 1, 2, 0, -1, 60)) * HOUR_US // 4
        slot_id = str(uuid.UUID(int=self.random.getrandbits(128)))
        if self.slots and self.random.random() < 0.02:
            slot_id = self.random.choice(self.slots)[0]
        self.send("PublishSlot", doctor, "doctor", {"slot_id": slot_id, "starts_at": starts_at, "ends_at": ends_at})

    def any_slot(self):
        """Half of the time among the newest few, which makes them hot; rarely one that nobody has published."""
        if not self.slots or self.random.random() < 0.01:
            return str(uuid.uuid4()), self.people.doctors[0], 0
        newest = self.slots[-6:] if self.random.random() < 0.5 else self.slots
        return self.random.choice(newest)

    def any_appointment(self):
        if not self.appointments:
            return str(uuid.uuid4()), str(uuid.uuid4()), self.people.patients[0], self.people.doctors[0], 0
        return self.random.choice(self.appointments)

    def withdraw(self):
        slot_id, doctor, _ = self.any_slot()
        if self.random.random() < 0.05:
            doctor = self.random.choice(self.people.doctors)
        self.send("WithdrawSlot", doctor, "doctor", {"slot_id": slot_id})

    def book(self):
        self.send("BookSlot", self.random.choice(self.people.patients), "patient", {"slot_id": self.any_slot()[0]})

    def named(self, appointment_id, slot_id):
        """Mostly as it is; sometimes on another slot."""
        if self.random.random() < 0.02:
            slot_id = self.any_slot()[0]
        return {"slot_id": slot_id, "appointment_id": appointment_id}

    def cancel(self):
        appointment_id, slot_id, patient, doctor, _ = self.any_appointment()
        role = self.random.choice(("patient", "patient", "doctor", "admin"))
        caller = {"patient": patient, "doctor": doctor, "admin": self.random.choice(self.people.admins)}[role]
        if self.random.random() < 0.03:
            caller = self.random.choice({"patient": self.people.patients}.get(role, self.people.doctors))
            role = role if role != "admin" else "doctor"
        reason = self.random.choice((None, *REASONS))
        self.send("CancelAppointment", caller, role, {**self.named(appointment_id, slot_id), "reason": reason})

    def reschedule(self):
        appointment_id, slot_id, patient, _, _ = self.any_appointment()
        new_slot_id = slot_id if self.random.random() < 0.03 else self.any_slot()[0]
        fields = {**self.named(appointment_id, slot_id), "new_slot_id": new_slot_id}
        self.send("RescheduleAppointment", patient, "patient", fields)

    def finish(self, name):
        begun = [entry for entry in self.appointments[-100:] if entry[4] < now_us() + SECOND_US]
        appointment_id, slot_id, _, doctor, _ = self.random.choice(begun) if begun else self.any_appointment()
        role = self.random.choice(("doctor", "doctor", "admin"))
        caller = doctor if role == "doctor" else self.random.choice(self.people.admins)
        self.send(name, caller, role, self.named(appointment_id, slot_id))

    def complete(self):
        self.finish("CompleteAppointment")

    def no_show(self):
        self.finish("MarkNoShow")

    # ---- what should not be ----

    def repeat(self):
        """The same command_id again: as it was, with other content, as another command, on another partition."""
        name, record, caller, role = self.random.choice(self.remembered)
        key = record["slot_id"] if self.random.random() < 0.6 else str(uuid.uuid4())
        choice = self.random.random()
        if choice < 0.2:
            record = {**record, "slot_id": str(uuid.uuid4())}
        elif choice < 0.3 and role == "patient":
            name, record = "BookSlot", {"command_id": record["command_id"], "slot_id": record["slot_id"]}
        elif choice < 0.4:
            record = {**record, "slot_id": record["slot_id"].upper()}
        self.clients.send(COMMANDS[name].encode(record), key, self.people.token(caller, role), **self.routes())

    def poison(self):
        issuer, patient = self.people.issuer, self.random.choice(self.people.patients)
        slot_id = self.any_slot()[0]
        whole = COMMANDS["BookSlot"].encode({"command_id": str(uuid.uuid4()), "slot_id": slot_id})
        token = self.people.token(patient, "patient")
        garbage = self.random.randbytes(self.random.randrange(1, 200))
        kinds = [
            lambda: self.clients.send(garbage, slot_id, token, **self.routes()),
            lambda: self.clients.send(whole[: self.random.randrange(len(whole))], slot_id, token),
            lambda: self.clients.send(whole + b"\0", slot_id, token),
            lambda: self.clients.send(None, slot_id, token),
            lambda: self.clients.send(whole[:2] + garbage[:8].ljust(8, b"x") + whole[10:], None, token),
            lambda: self.clients.send(b"\0\0\0\0\7" + whole[10:], slot_id, token),
            lambda: self.clients.send(COMMANDS["EraseAccount"].prefix + b"x", slot_id, token),
            lambda: self.clients.send(whole[:10] + b"\x48" + b"z" * 36 + whole[47:], slot_id, token),
            lambda: self.clients.send(garbage, slot_id, token, ce_expirytime=b"tomorrow"),
            lambda: self.clients.send(whole, slot_id, token, kafka_correlationId=bytes(1100)),
            lambda: self.clients.send(whole, slot_id, None),
            lambda: self.clients.send(whole, slot_id, issuer.token(patient, "patient", secret=b"another secret")),
            lambda: self.clients.send(whole, slot_id, issuer.token(patient, "patient", 9000, 600)),
            lambda: self.clients.send(whole, slot_id, issuer.token(patient, "patient", lives_s=90000)),
            lambda: self.clients.send(whole, slot_id, issuer.token(patient, "patient", aud="elsewhere")),
            lambda: self.clients.send(whole, slot_id, issuer.token(patient, "patient", ver=2)),
            lambda: self.clients.send(whole, slot_id, issuer.token(str(uuid.uuid4()), "patient")),
            lambda: self.clients.send(whole, slot_id, self.people.token(self.people.doctors[0], "doctor")),
            lambda: self.clients.send(whole, slot_id, self.people.token(self.people.doctors[0], "patient")),
            lambda: self.clients.send(whole, slot_id, self.people.token(self.people.leavers[0], "patient")),
            lambda: self.clients.send(whole[:10] + b"\x48" * 70000, slot_id, token),
        ]
        self.random.choice(kinds)()


def keep(entries, entry):
    entries.append(entry)
    if len(entries) > KNOWN_MAX:
        del entries[: KNOWN_MAX // 4]


def reply_topics_of(clients):
    return [topic for topic in clients.reader.topics if ".replies." in topic]
