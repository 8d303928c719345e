"""Two things at once, many times over: whatever comes first, what is left fits together.

Each race moves its second command nearer to the first or away from it, round by round, so that both orders occur.
ACCOUNTS_ROUNDS says how many rounds (default 12).
"""

import os
import time
import uuid

import pytest
from nacl.pwhash import argon2id

from conftest import use_cell
from kit.accounts import NEW_PASSWORD, Accounts, Person
from kit.client import soon
from kit.worker import Worker

ROUNDS = int(os.environ.get("ACCOUNTS_ROUNDS", "12"))


class Lead:
    """How long the first command is ahead, in seconds; negative: behind. Less after it won, more after it lost."""

    def __init__(self, seconds, step=0.003):
        self.seconds = seconds
        self.step = step
        self.wins = {True: 0, False: 0}

    def race(self, first, second):
        """Both answers' codes."""
        if self.seconds >= 0:
            one = first()
            time.sleep(self.seconds)
            other = second()
        else:
            other = second()
            time.sleep(-self.seconds)
            one = first()
        return one.answer().code, other.answer().code

    def note(self, first_won):
        self.wins[first_won] += 1
        self.seconds += -self.step if first_won else self.step

    def check(self):
        assert all(self.wins.values()), f"only one order came: {self.wins}"


@pytest.fixture(scope="module")
def pair(stack):
    """A cell with two workers: partitions 0 and 1 are one's, 2 and 3 the other's."""
    with use_cell(stack, "races") as cell:
        for _ in range(2):
            Worker(cell, {"login.failures_free": "100", "password.passes": "1"}).wait_until_ready()
        yield cell


@pytest.mark.parametrize("who", ["patient", "doctor"])
def test_a_deactivation_against_a_booking(pair, who):
    accounts, client, lead = Accounts(pair.client), pair.client, Lead(0.005)
    for number in range(ROUNDS):
        patient, doctor = pair.account("patient"), pair.account("doctor")
        slot_id = client.publish(doctor)
        leaving = {"patient": patient, "doctor": doctor}[who]
        ended, booked = lead.race(
            lambda: accounts.send_order("DeactivateAccount", leaving, leaving.id, partition=number % 4),
            lambda: client.send("BookSlot", patient, {"slot_id": slot_id}, partition=number // 4 % 4))
        assert (ended, booked) in (
            ("ACCEPTED", {"patient": "UNAUTHENTICATED", "doctor": "SLOT_WITHDRAWN"}[who]),
            ("HAS_UPCOMING_APPOINTMENTS", "ACCEPTED")), (ended, booked)
        lead.note(ended == "ACCEPTED")
        left = pair.sql("select count(*) from appointment a join account on account_id in (patient_id, doctor_id)"
                        " where a.state = 'booked' and account.state <> 'active'")
        assert left == [["0"]]
    lead.check()


def test_a_deactivation_against_a_publication(pair):
    accounts, client, lead = Accounts(pair.client), pair.client, Lead(0.005)
    for number in range(ROUNDS):
        doctor, slot_id = pair.account("doctor"), uuid.uuid4()
        fields = {"slot_id": slot_id, "starts_at": soon(86400), "ends_at": soon(90000)}
        ended, published = lead.race(
            lambda: accounts.send_order("DeactivateAccount", doctor, doctor.id, partition=number % 4),
            lambda: client.send("PublishSlot", doctor, fields, partition=number // 4 % 4))
        assert ended == "ACCEPTED" and published in ("ACCEPTED", "UNAUTHENTICATED")
        lead.note(published != "ACCEPTED")
        left = pair.sql("select count(*) from slot join account on account_id = doctor_id"
                        " where withdrawn_at is null and account.state <> 'active'")
        assert left == [["0"]]
    lead.check()


def publish_many(client, doctor, count):
    slots = [uuid.uuid4() for _ in range(count)]
    requests = [client.send("PublishSlot", doctor, {
        "slot_id": slot, "starts_at": soon(86400 + 600 * n), "ends_at": soon(86400 + 600 * n + 300)}, flush=False)
        for n, slot in enumerate(slots)]
    client.flush()
    assert {request.answer().code for request in requests} == {"ACCEPTED"}
    return slots


def test_a_busy_account_can_be_deactivated(pair):
    """Bookings that never stop do not keep it waiting for ever: its doctor's are refused once it was announced."""
    accounts, client = Accounts(pair.client), pair.client
    doctor = pair.account("doctor")
    slots = publish_many(client, doctor, 40)
    patient = pair.account("patient")
    requests = [client.send("BookSlot", patient, {"slot_id": slot}, flush=False) for slot in slots[:20]]
    ending = accounts.send_order("DeactivateAccount", doctor, doctor.id, flush=False)
    requests += [client.send("BookSlot", patient, {"slot_id": slot}, flush=False) for slot in slots[20:]]
    client.flush()
    assert ending.answer(10).code in ("ACCEPTED", "HAS_UPCOMING_APPOINTMENTS")
    assert {request.answer().code for request in requests} <= {"ACCEPTED", "SLOT_WITHDRAWN", "BOOKING_LIMIT_REACHED"}


def test_a_rehash_against_a_new_password(pair):
    """Verify, change, then the first one's re-hash: the old password is not back."""
    accounts, lead = Accounts(pair.client), Lead(0.004, step=0.006)
    for number in range(ROUNDS * 2 // 3):
        person = accounts.enter()
        old = argon2id.str(person.password.encode(), opslimit=1, memlimit=8192).decode().rstrip("\0")
        pair.sql(f"update account set password_hash = '{old}' where account_id = '{person.id}'")
        changes = {"account_id": person.id, "new_password": NEW_PASSWORD}
        entered, changed = lead.race(
            lambda: accounts.send("LogIn", person, partition=number % 4),
            lambda: accounts.send("ChangePassword", person, person, inner=changes, partition=(number + 2) % 4))
        assert changed == "ACCEPTED" and entered in ("ACCEPTED", "LOGIN_FAILED")
        lead.note(entered == "ACCEPTED")
        assert accounts.ask("LogIn", person).code == "LOGIN_FAILED"
        person.password = NEW_PASSWORD
        assert accounts.ask("LogIn", person).code == "ACCEPTED"
    lead.check()


def test_two_registrations_of_one_login(pair):
    accounts = Accounts(pair.client)
    for number in range(ROUNDS):
        first = Person()
        requests = [accounts.send("RegisterPatient", Person(first.login), partition=(number + 2 * i) % 4, flush=False)
                    for i in range(2)]
        pair.client.flush()
        assert sorted(request.answer().code for request in requests) == ["ACCEPTED", "LOGIN_TAKEN"]


def test_one_command_on_two_partitions(pair):
    """Sent twice by a client that does not keep to its key: one effect, and the same bytes."""
    accounts = Accounts(pair.client)
    for number in range(ROUNDS):
        person, command_id = Person(), uuid.uuid4()
        name = ("RegisterPatient", "LogIn")[number % 2]
        if name == "LogIn":
            accounts.register(person)
        requests = [accounts.send(name, person, command_id=command_id, partition=(number + 2 * i) % 4, flush=False)
                    for i in range(2)]
        pair.client.flush()
        first, second = sorted((request.answer() for request in requests), key=lambda answer: answer.duplicate)
        assert (first.code, first.duplicate, second.duplicate) == ("ACCEPTED", False, True)
        assert first.value == second.value


def test_two_changes_of_one_password(pair):
    """With the same token: one is taken, and ends the other's token or its password."""
    accounts = Accounts(pair.client)
    for number in range(ROUNDS // 3):
        person = accounts.enter()
        requests = [accounts.send(
            "ChangePassword", person, person, inner={"account_id": person.id, "new_password": NEW_PASSWORD + str(i)},
            partition=(number + 2 * i) % 4, flush=False) for i in range(2)]
        pair.client.flush()
        codes = [request.answer().code for request in requests]
        assert sorted(codes)[0] == "ACCEPTED" and sorted(codes)[1] in ("LOGIN_FAILED", "UNAUTHENTICATED"), codes
        person.password = NEW_PASSWORD + str(codes.index("ACCEPTED"))
        assert accounts.ask("LogIn", person).code == "ACCEPTED"


def test_a_doctor_with_many_slots(pair):
    """They go with him in one transaction, however many; ACCOUNTS_SLOTS says how many (default 200)."""
    accounts, client = Accounts(pair.client), pair.client
    doctor, count = pair.account("doctor"), int(os.environ.get("ACCOUNTS_SLOTS", "200"))
    slots = publish_many(client, doctor, count)
    command_id = uuid.uuid4()
    answer = accounts.send_order("DeactivateAccount", doctor, doctor.id, command_id=command_id).answer(120)
    assert answer.code == "ACCEPTED"
    wanted = {str(slot).encode() for slot in slots}

    def withdrawn():
        found = [seen.record for seen in client.seen(pair.topic("audit")) if seen.key in wanted]
        found = [event for event in found if event["command_id"] == command_id]
        return found if len(found) >= count else None

    events = client.wait(withdrawn, "the slots to be withdrawn")
    assert {event["slot_id"] for event in events} == set(slots) and len(events) == count


def test_the_chains_verify_after_all_of_it(pair):
    done = pair.slotkeeper("audit", "verify", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
