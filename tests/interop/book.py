"""Books a slot over request/reply and follows the audit trail; exit status 0 if all of it was as promised.

Standard input: one JSON object, {"servers": ..., "schemas": folder, "doctor": {"id", "token"}, "patient": {...},
"rival": {...}}.
"""

import copy
import json
import sys
import uuid
from datetime import datetime, timedelta, timezone

from client import Client, Schemas
from trail import Trail, check_chain


def expect(what, actual, expected):
    if actual != expected:
        raise SystemExit(f"interop: {what}: {actual!r} instead of {expected!r}")
    print(f"ok: {what}")


def client_of(world, schemas, who):
    account = world[who]
    return Client(world["servers"], schemas, account["id"], account["token"], "scheduling.replies.interop-" + who)


def book(doctor, patient, rival):
    """Publishes a slot, books it, cancels it, and lets somebody else have it: the slot's id."""
    slot_id = uuid.uuid4()
    starts_at = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=1)
    answer = doctor.request("PublishSlot", slot_id=slot_id, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=30))
    expect("the slot is published", (answer.status, answer.code), ("ACCEPTED", ""))
    expect("its times are what was sent", answer.result["starts_at"], starts_at)

    command_id = uuid.uuid4()
    booked = patient.request("BookSlot", command_id, slot_id=slot_id)
    expect("the patient has it", (booked.status, booked.result["state"]), ("ACCEPTED", "BOOKED"))
    expect("the result is the caller's", booked.result["patient_id"], patient.account_id)
    expect("the header says it, too", booked.headers["slotkeeper-status"], b"ACCEPTED")
    expect("the type is in the headers", booked.headers["ce_type"], b"slotkeeper.event.Outcome")
    expect("ce_id is the outcome's", booked.headers["ce_id"].decode(), str(booked.outcome["outcome_id"]))

    again = patient.request("BookSlot", command_id, slot_id=slot_id)
    expect("the same command again is marked", again.is_duplicate, True)
    expect("and has the same bytes", again.value, booked.value)

    late = rival.request("BookSlot", slot_id=slot_id)
    expect("somebody else comes too late", (late.status, late.code), ("REFUSED", "SLOT_TAKEN"))
    expect("the sentence is there", bool(late.outcome["message"]), True)

    cancelled = patient.request(
        "CancelAppointment", slot_id=slot_id, appointment_id=booked.result["appointment_id"], reason="PATIENT")
    expect("the patient cancels", (cancelled.status, cancelled.result["state"]), ("ACCEPTED", "CANCELLED"))
    expect("the rival has it now", rival.request("BookSlot", slot_id=slot_id).status, "ACCEPTED")
    return slot_id


def follow(trail, slot_id, doctor, patient, rival):
    events = trail.wait_for(slot_id, 4)
    expect("four events in the slot's chain", len(events), 4)
    expect("the chain holds", check_chain(events), None)
    expect(
        "they tell what happened",
        [(event["entity"], event["old_state"], event["new_state"], event["actor_id"]) for event in events],
        [
            ("SLOT", None, "OPEN", doctor.account_id),
            ("APPOINTMENT", None, "BOOKED", patient.account_id),
            ("APPOINTMENT", "BOOKED", "CANCELLED", patient.account_id),
            ("APPOINTMENT", None, "BOOKED", rival.account_id),
        ],
    )
    forged = copy.deepcopy(events)
    forged[1]["actor_id"] = uuid.uuid4()
    expect("a changed event shows", check_chain(forged), "event 2 was changed")
    expect("a missing one shows", check_chain(events[:1] + events[2:]), "event 2 is missing")


def main():
    world = json.load(sys.stdin)
    schemas = Schemas(world["schemas"])
    clients = [client_of(world, schemas, who) for who in ("doctor", "patient", "rival")]
    trail = Trail(world["servers"], schemas)
    slot_id = book(*clients)
    follow(trail, slot_id, *clients)
    trail.close()
    for client in clients:
        client.close()
    print("interop: ok")


if __name__ == "__main__":
    main()
