"""What the scenes share: the workers, the people, the slots, and the client that speaks for all of them."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from service import Account
from show import expect, short, table
from users import Users


@dataclass
class Slot:
    name: str
    doctor: Account
    starts_at: datetime
    length: timedelta = timedelta(minutes=30)
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    partition: int | None = None


class Stage:
    def __init__(self, folder):
        self.folder = folder
        self.users = Users(folder)
        tomorrow = datetime.now(timezone.utc).date() + timedelta(days=1)
        self.tomorrow = datetime.combine(tomorrow, datetime.min.time(), timezone.utc)
        self.workers = []
        self.doctors = []
        self.patients = []
        self.client = None
        # Set by one scene, used by later ones.
        self.contested = None  # slot A
        self.quiet = None  # slot B
        self.elsewhere = None  # a slot on another partition than A
        self.appointment = None  # who has slot A, and the appointment's id
        self.free_patients = []
        self.last_booking = None  # the request that booked slot A in the end

    def check_workers(self):
        for worker in self.workers:
            worker.check()

    def name_of(self, account_id):
        names = {str(account.id): account.login for account in [*self.doctors, *self.patients]}
        return names.get(str(account_id), short(account_id))

    def publishing(self, slot):
        times = {"starts_at": slot.starts_at, "ends_at": slot.starts_at + slot.length}
        return self.client.command("PublishSlot", slot.doctor, slot, **times)

    def publish(self, slots):
        """All at once; each must be accepted."""
        requests = [self.publishing(slot) for slot in slots]
        self.client.ask_all(requests)
        for slot, request in zip(slots, requests):
            expect(f"slot {slot.name}", request.answer.verdict, "ACCEPTED")
            slot.partition = request.partition
        return requests


def show_steps(steps):
    """(who, what, request) of each, with the answer and the state or the sentence that came with it."""
    rows = []
    for who, what, request in steps:
        answer = request.answer
        outcome = answer.result["state"] if answer.result else answer.message
        rows.append([who.login, what, answer.verdict, outcome])
    table(["who", "asks to", "answer", ""], rows)
