"""Lists that are walked while others book, cancel, publish and withdraw: a row that stands still comes once, and none
comes twice."""

import threading
from collections import Counter

import pytest

from kit.client import soon
from kit.queries import Queries
from kit.worker import Worker

SLOTS = 32
WALKS = 3


@pytest.fixture
def crowd(own_cell):
    """Every other slot of a doctor stands still: the even ones open, or with an appointment; the odd ones never rest."""
    Worker(own_cell).wait_until_ready()
    client, doctor = own_cell.client, own_cell.account("doctor")
    patients = [own_cell.account("patient") for _ in range(SLOTS)]
    slots = [client.publish(doctor, soon(86400 + 3600 * hour)) for hour in range(SLOTS)]
    stop = threading.Event()
    turns, troubles = Counter(), []

    def trouble_one(slot_id, patient):
        appointment = client.book(patient, slot_id)
        done = client.ask("CancelAppointment", patient, {
            "slot_id": slot_id, "appointment_id": appointment["appointment_id"], "reason": "PATIENT"})
        assert done.code == "ACCEPTED", done.outcome

    def trouble(numbers):
        try:
            while not stop.is_set():
                for number in numbers:
                    trouble_one(slots[number], patients[number])
                    turns[number] += 1
        except BaseException as error:  # told by the test, in its own thread
            troubles.append(error)

    threads = [threading.Thread(target=trouble, args=(range(first, SLOTS, 8),)) for first in (1, 3, 5, 7)]
    yield own_cell, doctor, patients, slots, threads, turns
    stop.set()
    for thread in threads:
        thread.join(60)
    assert not troubles


def walk_all(queries, name, account, key, **fields):
    """Every walk's rows, counted."""
    return [Counter(item[key] for item in queries.walk(name, account, limit=3, **fields)) for _ in range(WALKS)]


def test_open_slots(crowd):
    cell, doctor, patients, slots, threads, turns = crowd
    queries = Queries(cell.client)
    for thread in threads:
        thread.start()
    for fields in ({}, {"doctor_id": doctor.id}):
        for seen in walk_all(queries, "ListOpenSlots", patients[0], "slot_id", **fields):
            assert set(slots[::2]) <= set(seen)
            assert max(seen.values()) == 1
    assert turns


def test_appointments(crowd):
    cell, doctor, patients, slots, threads, turns = crowd
    queries = Queries(cell.client)
    standing = {cell.client.book(patients[number], slots[number])["appointment_id"] for number in range(0, SLOTS, 2)}
    for thread in threads:
        thread.start()
    for state in ("BOOKED", None):
        for seen in walk_all(queries, "ListAppointments", doctor, "appointment_id", state=state):
            assert standing <= set(seen)
            assert max(seen.values()) == 1
    assert turns


def test_history(crowd):
    """A chain only grows: a walk sees what was there when it began, in order."""
    cell, doctor, patients, slots, threads, turns = crowd
    queries = Queries(cell.client)
    for thread in threads:
        thread.start()
    cell.client.wait(lambda: turns[1] >= 2, "a history")
    before = 1 + 4
    for _ in range(WALKS):
        sequences = [event["sequence"] for event in queries.walk("GetHistory", doctor, slot_id=slots[1], limit=3)]
        assert sequences == list(range(1, len(sequences) + 1)) and len(sequences) >= before
        before = len(sequences)
