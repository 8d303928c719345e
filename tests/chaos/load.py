"""All seven slot commands over many slots, hot slots too, with repeats and poison among them."""

import random
import threading
import time
import uuid
from collections import deque

from clients import now_us
from rules import SECOND_US, Limits
from wire import COMMANDS

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


class Load(threading.Thread):
    """Sends `rate` requests a second, and bursts when asked to."""

    def __init__(self, clients, people, seed, rate, poison=0.06):
        super().__init__(daemon=True)
        self.clients, self.people, self.rate, self.poison_share = clients, people, rate, poison
        self.random = random.Random(seed)
        self.stopping = threading.Event()
        self.wanted = 0
        self.orders = deque(maxlen=16)  # what the thread is to do besides
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

    def crowd(self, count=200):
        """All on one slot."""
        self.orders.append(lambda: self.book_one(count))

    def repeats(self, count=100):
        """The same commands again, each more than once."""
        self.orders.append(lambda: [self.repeat() for _ in range(count) if self.remembered])

    def disorder(self, count=100):
        """Commands that overtake each other on their way."""
        self.orders.append(lambda: self.clients.shuffled(self.send_one, count, self.random))

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
                while self.orders:
                    self.orders.popleft()()
                self.stopping.wait(0.004)
        except Exception as error:  # told by whoever waits for the load
            self.failure = error
            raise

    def send_one(self):
        choice = self.random.random()
        if choice < 0.06 and self.remembered:
            self.repeat()
        elif choice < 0.06 + self.poison_share:
            self.poison()
        else:
            name = self.random.choices(
                ("publish", "withdraw", "book", "cancel", "reschedule", "complete", "no_show", "trespass", "two_places"),
                (18, 4, 42, 12, 12, 6, 6, 3, 2),
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

    def book_one(self, count):
        slot_id = self.any_slot()[0]
        for _ in range(count):
            self.send("BookSlot", self.random.choice(self.people.patients), "patient", {"slot_id": slot_id})

    def named(self, appointment_id, slot_id):
        """Mostly as it is; sometimes on another slot."""
        if self.random.random() < 0.02:
            slot_id = self.any_slot()[0]
        return {"slot_id": slot_id, "appointment_id": appointment_id}

    def cancel(self):
        appointment_id, slot_id, patient, doctor, _ = self.any_appointment()
        role = self.random.choice(("patient", "patient", "doctor", "admin"))
        caller = {"patient": patient, "doctor": doctor, "admin": self.random.choice(self.people.admins)}[role]
        if self.random.random() < 0.08:
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

    def trespass(self):
        """Somebody else's appointment."""
        appointment_id, slot_id, *_ = self.any_appointment()
        patient = self.random.choice(self.people.patients)
        self.send("CancelAppointment", patient, "patient", {**self.named(appointment_id, slot_id), "reason": None})

    def two_places(self):
        """One patient at two doctors at the same time."""
        patient = self.random.choice(self.people.patients)
        starts_at = (now_us() // HOUR_US + self.random.randrange(500, 5000)) * HOUR_US
        for doctor in self.random.sample(self.people.doctors, 2):
            slot_id = str(uuid.UUID(int=self.random.getrandbits(128)))
            times = {"starts_at": starts_at, "ends_at": starts_at + HOUR_US}
            self.send("PublishSlot", doctor, "doctor", {"slot_id": slot_id, **times})
            self.send("BookSlot", patient, "patient", {"slot_id": slot_id})

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
