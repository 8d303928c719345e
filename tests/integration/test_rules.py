"""Every rule and refusal code of the slot commands, once over the wire. The core's own tests try every branch."""

import uuid
from datetime import timedelta

import pytest

from kit.client import soon
from kit.waiting import wait_for
from kit.worker import Worker


def code(client, name, account, **fields):
    return client.ask(name, account, fields).code


def slot_fields(starts_at, seconds=1800, slot_id=None):
    return {"slot_id": slot_id or uuid.uuid4(), "starts_at": starts_at, "ends_at": starts_at + timedelta(seconds=seconds)}


def test_publish_answers_with_the_slot(client, doctor):
    fields = slot_fields(soon(3600))
    result = client.ask("PublishSlot", doctor, fields).result
    assert result == {**fields, "doctor_id": doctor.id, "state": "OPEN"}


def test_publish_refusals(client, doctor):
    first = slot_fields(soon(86400))
    assert code(client, "PublishSlot", doctor, **first) == "ACCEPTED"
    assert code(client, "PublishSlot", doctor, **slot_fields(soon(200000), slot_id=first["slot_id"])) == "SLOT_EXISTS"
    assert code(client, "PublishSlot", doctor, **slot_fields(soon(7200), -60)) == "SLOT_INVALID_RANGE"
    assert code(client, "PublishSlot", doctor, **slot_fields(soon(7200), 13 * 3600)) == "SLOT_INVALID_RANGE"
    assert code(client, "PublishSlot", doctor, **slot_fields(soon(-60))) == "SLOT_IN_PAST"
    assert code(client, "PublishSlot", doctor, **slot_fields(soon(401 * 86400))) == "SLOT_TOO_FAR"
    inside = slot_fields(first["starts_at"] + timedelta(minutes=29))
    assert code(client, "PublishSlot", doctor, **inside) == "SLOT_OVERLAP"
    touching = slot_fields(first["ends_at"])
    assert code(client, "PublishSlot", doctor, **touching) == "ACCEPTED"


def test_withdraw(client, cell, doctor, patient):
    slot_id = client.publish(doctor)
    assert code(client, "WithdrawSlot", doctor, slot_id=uuid.uuid4()) == "SLOT_NOT_FOUND"
    assert code(client, "WithdrawSlot", cell.account("doctor"), slot_id=slot_id) == "SLOT_NOT_FOUND"
    client.book(patient, slot_id)
    assert code(client, "WithdrawSlot", doctor, slot_id=slot_id) == "SLOT_HAS_APPOINTMENT"
    other = client.publish(doctor, soon(200000))
    answer = client.ask("WithdrawSlot", doctor, {"slot_id": other})
    assert (answer.code, answer.result["state"]) == ("ACCEPTED", "WITHDRAWN")
    assert code(client, "WithdrawSlot", doctor, slot_id=other) == "SLOT_WITHDRAWN"
    assert code(client, "BookSlot", patient, slot_id=other) == "SLOT_WITHDRAWN"
    again = slot_fields(soon(200000), slot_id=other)
    assert code(client, "PublishSlot", doctor, **again) == "SLOT_EXISTS"


def test_book_refusals(client, cell, doctor, patient):
    slot_id = client.publish(doctor)
    assert code(client, "BookSlot", patient, slot_id=uuid.uuid4()) == "SLOT_NOT_FOUND"
    result = client.book(patient, slot_id)
    assert (result["slot_id"], result["patient_id"], result["doctor_id"]) == (slot_id, patient.id, doctor.id)
    assert (result["state"], result["rescheduled_from"], result["rescheduled_to"]) == ("BOOKED", None, None)
    assert code(client, "BookSlot", cell.account("patient"), slot_id=slot_id) == "SLOT_TAKEN"
    same_time = client.publish(cell.account("doctor"))
    assert code(client, "BookSlot", patient, slot_id=same_time) == "PATIENT_OVERLAP"


def test_cancel(client, cell, doctor, patient, admin):
    slot_id = client.publish(doctor)
    first = client.book(patient, slot_id)
    names = {"slot_id": slot_id, "appointment_id": first["appointment_id"]}
    assert code(client, "CancelAppointment", doctor, **names, reason=None) == "REASON_REQUIRED"
    assert code(client, "CancelAppointment", admin, **names, reason=None) == "REASON_REQUIRED"
    assert client.ask("CancelAppointment", patient, {**names, "reason": None}).result["state"] == "CANCELLED"
    assert code(client, "CancelAppointment", patient, **names, reason=None) == "ALREADY_CANCELLED"
    for account, reason in ((doctor, "PROVIDER"), (admin, "FACILITY")):
        taken = client.book(patient, slot_id)
        names = {"slot_id": slot_id, "appointment_id": taken["appointment_id"]}
        assert code(client, "CancelAppointment", account, **names, reason=reason) == "ACCEPTED"
    assert [event["reason"] for event in client.chain(slot_id, 7)][2::2] == [None, "PROVIDER", "FACILITY"]


def test_nobody_else_sees_an_appointment(client, cell, doctor, patient):
    slot_id = client.publish(doctor)
    appointment_id = client.book(patient, slot_id)["appointment_id"]
    other_slot = client.publish(doctor, soon(200000))
    stranger, other_doctor = cell.account("patient"), cell.account("doctor")
    names = {"slot_id": slot_id, "appointment_id": appointment_id}
    assert code(client, "CancelAppointment", stranger, **names, reason="PATIENT") == "APPOINTMENT_NOT_FOUND"
    assert code(client, "CancelAppointment", other_doctor, **names, reason="PROVIDER") == "APPOINTMENT_NOT_FOUND"
    assert code(client, "RescheduleAppointment", stranger, **names, new_slot_id=other_slot) == "APPOINTMENT_NOT_FOUND"
    assert code(client, "CompleteAppointment", other_doctor, **names) == "APPOINTMENT_NOT_FOUND"
    assert code(client, "MarkNoShow", other_doctor, **names) == "APPOINTMENT_NOT_FOUND"
    wrong_slot = {"slot_id": other_slot, "appointment_id": appointment_id}
    assert code(client, "CancelAppointment", patient, **wrong_slot, reason=None) == "APPOINTMENT_NOT_FOUND"
    missing = {"slot_id": slot_id, "appointment_id": uuid.uuid4()}
    assert code(client, "CancelAppointment", patient, **missing, reason=None) == "APPOINTMENT_NOT_FOUND"
    assert [event["new_state"] for event in client.chain(slot_id, 2)] == ["OPEN", "BOOKED"]


def test_reschedule(client, cell, doctor, patient):
    old, taken, new = (client.publish(doctor, soon(86400 * day)) for day in (1, 2, 3))
    client.book(cell.account("patient"), taken)
    first = client.book(patient, old)
    names = {"slot_id": old, "appointment_id": first["appointment_id"]}
    assert code(client, "RescheduleAppointment", patient, **names, new_slot_id=uuid.uuid4()) == "SLOT_NOT_FOUND"
    assert code(client, "RescheduleAppointment", patient, **names, new_slot_id=taken) == "SLOT_TAKEN"
    assert code(client, "RescheduleAppointment", patient, **names, new_slot_id=old) == "SLOT_TAKEN"
    # The one given up counts neither as overlap nor towards the limit.
    overlapping = client.publish(cell.account("doctor"), soon(86400 + 600))
    moved = client.ask("RescheduleAppointment", patient, {**names, "new_slot_id": overlapping})
    assert moved.code == "ACCEPTED"
    assert moved.result["rescheduled_from"] == first["appointment_id"] != moved.result["appointment_id"]
    assert code(client, "RescheduleAppointment", patient, **names, new_slot_id=new) == "ALREADY_CANCELLED"
    gone, came = client.chain(old, 3)[2], client.chain(overlapping, 2)[1]
    assert (gone["new_state"], gone["reason"], gone["related_id"]) == (
        "CANCELLED", "RESCHEDULED", moved.result["appointment_id"])
    assert (came["new_state"], came["reason"], came["related_id"]) == (
        "BOOKED", "RESCHEDULED", first["appointment_id"])
    assert client.book(cell.account("patient"), old)["state"] == "BOOKED"


@pytest.mark.parametrize("command, state", [("CompleteAppointment", "FULFILLED"), ("MarkNoShow", "NOSHOW")])
def test_after_the_start(client, cell, doctor, patient, command, state):
    starts_at = soon(1.5)
    too_early = {"CompleteAppointment": "COMPLETE_TOO_EARLY", "MarkNoShow": "NOSHOW_TOO_EARLY"}[command]
    slot_id = uuid.uuid4()
    client.send("PublishSlot", doctor, slot_fields(starts_at, 1, slot_id))
    unbooked = client.publish(doctor, starts_at + timedelta(seconds=1), 1 / 60)
    names = {"slot_id": slot_id, "appointment_id": client.book(patient, slot_id)["appointment_id"]}
    assert code(client, command, doctor, **names) == too_early

    def ended():
        answer = client.ask(command, doctor, names)
        return answer if answer.code != too_early else None

    answer = wait_for(ended, "the slot to start")
    assert (answer.code, answer.result["state"]) == ("ACCEPTED", state)
    assert code(client, command, doctor, **names) == "ALREADY_" + state
    assert code(client, "CancelAppointment", patient, **names, reason=None) == "ALREADY_" + state
    assert code(client, "WithdrawSlot", doctor, slot_id=slot_id) == "SLOT_HAS_APPOINTMENT"
    assert code(client, "BookSlot", cell.account("patient"), slot_id=slot_id) == "SLOT_TAKEN"
    wait_for(lambda: soon(0) > starts_at + timedelta(seconds=1), "the second slot to start")
    assert code(client, "BookSlot", patient, slot_id=unbooked) == "SLOT_IN_PAST"
    assert code(client, "WithdrawSlot", doctor, slot_id=unbooked) == "SLOT_IN_PAST"


def test_limits_that_are_settings(own_cell):
    client = own_cell.client
    Worker(own_cell, {"slot.open_max": "3", "booking.limit": "1", "cancel.cutoff": "2h", "booking.lead_time": "1h"})
    doctor, patient = own_cell.account("doctor"), own_cell.account("patient")
    late, early, later = (client.publish(doctor, soon(seconds)) for seconds in (1800, 5400, 86400))
    assert code(client, "PublishSlot", doctor, **slot_fields(soon(200000))) == "SLOT_LIMIT_REACHED"
    assert code(client, "BookSlot", patient, slot_id=late) == "SLOT_IN_PAST"
    appointment_id = client.book(patient, early)["appointment_id"]
    assert code(client, "BookSlot", patient, slot_id=later) == "BOOKING_LIMIT_REACHED"
    names = {"slot_id": early, "appointment_id": appointment_id}
    assert code(client, "CancelAppointment", patient, **names, reason=None) == "CANCEL_TOO_LATE"
    assert code(client, "RescheduleAppointment", patient, **names, new_slot_id=later) == "CANCEL_TOO_LATE"
    assert code(client, "CancelAppointment", doctor, **names, reason="PROVIDER") == "ACCEPTED"
