"""Bugs that really happened to others, tried against two workers.

    tests/chaos/happened [--stack DIR]

One JSON line; exit status 0 only without violations. STACK_BINARY chooses the program.
"""

import argparse
import json
import sys
import time
import uuid
from collections import Counter

from confluent_kafka.admin import AdminClient

import checker
from clients import Clients, People, make_topics, now_us, reply_topics
from load import HOUR_US, LIMITS, SETTINGS
from rules import SECOND_US
from stack import Stack, backends, fail_on_signals, row_locks
from trial import logged, settle
from wire import COMMANDS

PATIENTS = 60
QUICK_S = 10  # for an answer that nothing holds up
STALL_MAX_S = 20  # for one that waits for a broken reply topic of somebody else
SCENARIOS = []


def scenario(function):
    SCENARIOS.append(function)
    return function


class Stage:
    def __init__(self, stack):
        self.stack = stack
        make_topics(stack, reply_topics(stack))
        self.people = People(stack, PATIENTS)
        self.clients = Clients(stack, self.people)
        self.findings = []
        self.stalls = {}
        self.hour = now_us() // HOUR_US + 24

    def expect(self, condition, what, *shown):
        if not condition:
            self.findings.append({"rule": "happened", "what": what, "shown_by": [str(item)[:300] for item in shown]})

    def send(self, name, caller, role, key=None, **fields):
        headers = fields.pop("headers", {})
        record = {"command_id": str(uuid.uuid4()), **fields}
        value = COMMANDS[name].encode(record)
        return self.clients.send(value, key or fields["slot_id"], self.people.token(caller, role), **headers)

    def answers(self, sent, seconds=QUICK_S):
        """The codes; what does not come in time is None."""
        deadline = time.monotonic() + seconds
        bodies = [self.clients.answer(one, max(0, deadline - time.monotonic())) for one in sent]
        self.expect(None not in bodies, f"{bodies.count(None)} of {len(bodies)} were not answered within {seconds} s")
        return bodies

    def codes(self, sent, seconds=QUICK_S):
        return [body and (body["code"] or "ACCEPTED") for body in self.answers(sent, seconds)]

    def one(self, name, caller, role, **fields):
        return self.answers([self.send(name, caller, role, **fields)])[0]

    def slot(self, doctor=None, starts_at=None, minutes=60):
        """A slot that is published; each an hour of its own unless told otherwise."""
        doctor = doctor or self.people.doctors[0]
        if starts_at is None:
            self.hour += 1
            starts_at = self.hour * HOUR_US
        slot_id = str(uuid.uuid4())
        ends_at = starts_at + minutes * 60 * SECOND_US if minutes >= 1 else starts_at + SECOND_US
        body = self.one("PublishSlot", doctor, "doctor", slot_id=slot_id, starts_at=starts_at, ends_at=ends_at)
        self.expect(body and body["status"] == "ACCEPTED", "a slot cannot be published", body)
        return slot_id

    def book(self, patient, slot_id):
        body = self.one("BookSlot", patient, "patient", slot_id=slot_id)
        self.expect(body and body["status"] == "ACCEPTED", "a slot cannot be booked", body)
        return body["result"]["appointment_id"]

    def close(self):
        self.clients.close()


@scenario
def fifty_patients_on_one_slot(stage):
    """On the slot's own partition, and scattered over all."""
    for scattered in (False, True, True, True):
        slot_id = stage.slot()
        sent = [
            stage.send("BookSlot", patient, "patient", key=str(uuid.uuid4()) if scattered else None, slot_id=slot_id)
            for patient in stage.people.patients[:50]
        ]
        codes = Counter(stage.codes(sent))
        stage.expect(codes == {"ACCEPTED": 1, "SLOT_TAKEN": 49}, "not one winner and 49 SLOT_TAKEN", codes)


@scenario
def swapping_slots_by_reschedule(stage):
    """Each wants the other's slot, from other partitions at the same time: no deadlock, and nobody loses anything."""
    pairs = []
    for first, second in zip(stage.people.patients[0:20:2], stage.people.patients[1:20:2]):
        slots = stage.slot(), stage.slot()
        pairs.append([(who, slot, stage.book(who, slot)) for who, slot in zip((first, second), slots)])
    for _ in range(5):
        sent = []
        for (one, slot_one, held_one), (two, slot_two, held_two) in pairs:
            for who, slot, held, wanted in ((one, slot_one, held_one, slot_two), (two, slot_two, held_two, slot_one)):
                fields = {"slot_id": slot, "appointment_id": held, "new_slot_id": wanted}
                sent.append(stage.send("RescheduleAppointment", who, "patient", key=str(uuid.uuid4()), **fields, reason=None))
        codes = Counter(stage.codes(sent))
        stage.expect(codes == {"SLOT_TAKEN": len(sent)}, "a swap did not end in SLOT_TAKEN for both", codes)


@scenario
def rescheduling_in_a_ring(stage):
    """Each wants the next one's slot and the last one's target is free: any number may succeed, none may hang."""
    patients = stage.people.patients[20:28]
    slots = [stage.slot() for _ in range(len(patients) + 1)]
    held = [stage.book(patient, slot) for patient, slot in zip(patients, slots)]
    sent = [
        stage.send(
            "RescheduleAppointment",
            patient,
            "patient",
            key=str(uuid.uuid4()),
            slot_id=slots[index],
            appointment_id=held[index],
            new_slot_id=slots[index + 1],
        )
        for index, patient in enumerate(patients)
    ]
    codes = Counter(stage.codes(sent))
    stage.expect(set(codes) <= {"ACCEPTED", "SLOT_TAKEN"} and codes["ACCEPTED"] >= 1, "a ring of reschedules", codes)


@scenario
def cancel_complete_and_no_show_race(stage):
    """One wins, the others learn the precise final state."""
    doctor, admin = stage.people.doctors[1], stage.people.admins[0]
    starts_at = now_us() + 3 * SECOND_US
    races = []
    for index in range(4):
        slot_id = stage.slot(stage.people.doctors[1 + index], starts_at, 0)
        patient = stage.people.patients[30 + index]
        races.append((slot_id, patient, stage.people.doctors[1 + index], stage.book(patient, slot_id)))
    time.sleep(max(0, (starts_at - now_us()) / SECOND_US + 1.2))
    for slot_id, patient, doctor, held in races:
        about = {"slot_id": slot_id, "appointment_id": held}
        sent = []
        for _ in range(3):
            sent.append(stage.send("CompleteAppointment", doctor, "doctor", key=str(uuid.uuid4()), **about))
            sent.append(stage.send("MarkNoShow", admin, "admin", key=str(uuid.uuid4()), **about))
            sent.append(stage.send("CancelAppointment", patient, "patient", key=str(uuid.uuid4()), **about, reason=None))
        codes = stage.codes(sent)
        winners = [index % 3 for index, code in enumerate(codes) if code == "ACCEPTED"]
        stage.expect(len(winners) == 1 and winners[0] in (0, 1), "not one winner", codes)
        state = "ALREADY_FULFILLED" if winners[:1] == [0] else "ALREADY_NOSHOW"
        rest = {code for code in codes if code != "ACCEPTED"}
        stage.expect(rest <= {state, "CANCEL_TOO_LATE"}, "the losers learned another state", codes)


@scenario
def cancelling_all_at_once(stage):
    """Patient, doctor, admin and a reschedule: one wins."""
    for patient in stage.people.patients[34:38]:
        slot_id, other = stage.slot(), stage.slot()
        about = {"slot_id": slot_id, "appointment_id": stage.book(patient, slot_id)}
        everybody = ((patient, "patient"), (stage.people.doctors[0], "doctor"), (stage.people.admins[0], "admin"))
        sent = [
            stage.send("CancelAppointment", who, role, key=str(uuid.uuid4()), **about, reason="OTHER")
            for who, role in everybody
        ]
        sent.append(
            stage.send("RescheduleAppointment", patient, "patient", key=str(uuid.uuid4()), **about, new_slot_id=other)
        )
        codes = Counter(stage.codes(sent))
        stage.expect(codes == {"ACCEPTED": 1, "ALREADY_CANCELLED": 3}, "not one winner", codes)


@scenario
def book_cancel_and_book_again(stage):
    patient, slot_id = stage.people.patients[40], stage.slot()
    for _ in range(3):
        held = stage.book(patient, slot_id)
        about = {"slot_id": slot_id, "appointment_id": held, "reason": None}
        codes = [stage.one("CancelAppointment", patient, "patient", **about)["code"] for _ in range(2)]
        stage.expect(codes == ["", "ALREADY_CANCELLED"], "cancelled twice", codes)
    stage.book(patient, slot_id)


@scenario
def a_reschedule_again_and_one_that_fails(stage):
    patient = stage.people.patients[41]
    old, new, taken = stage.slot(), stage.slot(), stage.slot()
    stage.book(stage.people.patients[42], taken)
    held = stage.book(patient, old)
    about = {"slot_id": old, "appointment_id": held}
    code = stage.one("RescheduleAppointment", patient, "patient", **about, new_slot_id=taken)["code"]
    stage.expect(code == "SLOT_TAKEN", "its second half should fail", code)
    command_id = str(uuid.uuid4())
    twice = [
        stage.one("RescheduleAppointment", patient, "patient", **about, new_slot_id=new, command_id=command_id)
        for _ in range(2)
    ]
    stage.expect(twice[0]["status"] == "ACCEPTED", "the first appointment was touched by the failure", twice[0])
    stage.expect(twice[1]["duplicate"] and twice[1]["result"] == twice[0]["result"], "no repeat from the log", twice)
    code = stage.one("RescheduleAppointment", patient, "patient", **about, new_slot_id=new)["code"]
    stage.expect(code == "ALREADY_CANCELLED", "rescheduled twice", code)


@scenario
def overlaps_in_part_and_touching_ends(stage):
    patient, noon = stage.people.patients[43], (stage.hour + 100) * HOUR_US
    stage.book(patient, stage.slot(stage.people.doctors[6], noon, 60))
    for doctor, minutes, code in ((7, -30, "PATIENT_OVERLAP"), (8, 30, "PATIENT_OVERLAP"), (9, 60, ""), (10, -60, "")):
        slot_id = stage.slot(stage.people.doctors[doctor], noon + minutes * 60 * SECOND_US, 60)
        body = stage.one("BookSlot", patient, "patient", slot_id=slot_id)
        stage.expect(body["code"] == code, f"booked at {minutes} minutes: {body['code']}, not {code or 'ACCEPTED'}")


@scenario
def bytes_that_are_no_request(stage):
    token = stage.people.token(stage.people.patients[0], "patient")
    sent = [stage.clients.send(value, key, token) for value in (None, b"", b"x", bytes(70000)) for key in ("k", None)]
    codes = Counter(stage.codes(sent))
    stage.expect(codes == {"MALFORMED": 8}, "not MALFORMED", codes)


def stream(stage, topic, seconds, key=True, in_the_middle=None):
    """Requests that name the topic, each beside one of somebody else; how long the slowest of those others waited."""
    others, middle, began = [], False, time.monotonic()
    while time.monotonic() - began < seconds:
        if in_the_middle is not None and not middle and time.monotonic() - began > seconds / 3:
            in_the_middle()
            middle = True
        slot_id = str(uuid.uuid4())
        named = {"kafka_replyTopic": topic.encode()}
        for headers in (named, {}):
            value = COMMANDS["BookSlot"].encode({"command_id": str(uuid.uuid4()), "slot_id": slot_id})
            token = stage.people.token(stage.people.patients[50], "patient")
            sent = stage.clients.send(value, slot_id if key else None, token, **headers)
            if not headers:
                others.append(sent)
        time.sleep(0.01)
    codes = Counter(stage.codes(others, STALL_MAX_S))
    stage.expect(codes == {"SLOT_NOT_FOUND": len(others)}, f"{topic}: others were not answered", codes)
    waits = [
        stage.clients.journal[one].received_at - stage.clients.journal[one].sent_at
        for one in others
        if stage.clients.journal[one].received_at is not None
    ]
    stage.stalls[topic.rsplit(".", 1)[1]] = round(max(waits, default=-1), 2)


@scenario
def a_reply_topic_that_is_deleted_in_mid_stream(stage):
    topic = f"{stage.stack.prefix}.replies.gone"
    make_topics(stage.stack, [topic])
    stage.stack.note_gone(topic)
    admin = AdminClient({"bootstrap.servers": stage.stack.bootstrap})
    stream(stage, topic, 4, in_the_middle=lambda: admin.delete_topics([topic])[topic].result(15))


@scenario
def a_reply_topic_that_takes_nothing(stage):
    topic = f"{stage.stack.prefix}.replies.tiny"
    make_topics(stage.stack, [topic], **{"max.message.bytes": "100"})
    stream(stage, topic, 2)


@scenario
def a_compacted_reply_topic_and_no_key(stage):
    topic = f"{stage.stack.prefix}.replies.compact"
    make_topics(stage.stack, [topic], **{"cleanup.policy": "compact"})
    stream(stage, topic, 2, key=False)


@scenario
def a_row_lock_that_nobody_gives_back(stage):
    """A stopped worker's session keeps its partitions' rows locked; whoever takes the partitions must not wait for it."""
    victim = next(w for w in stage.workers if any(row["owns"] for row in backends(stage.stack, w)))
    owned = [number for row in backends(stage.stack, victim) for number in row["owns"]]
    victim.kill()
    with row_locks(stage.stack, owned):
        patient, killed = stage.people.patients[51], time.monotonic()
        sent = [stage.send("BookSlot", patient, "patient", key=str(uuid.uuid4()), slot_id=str(uuid.uuid4())) for _ in range(40)]
        stage.codes(sent, STALL_MAX_S)
        stage.stalls["locked row"] = round(time.monotonic() - killed, 2)
    victim.start()


def run(stack):
    stage = Stage(stack)
    workers = stage.workers = [stack.worker(name, SETTINGS).start() for name in ("a", "b")]
    seconds = {}
    first = stage.send("BookSlot", stage.people.patients[0], "patient", slot_id=str(uuid.uuid4()))
    stage.answers([first], 60)
    for function in SCENARIOS:
        began = time.monotonic()
        function(stage)
        seconds[function.__name__] = round(time.monotonic() - began, 2)
    settled = settle(stack, stage.findings)
    stage.close()
    checked = checker.check(stack, LIMITS)
    findings = stage.findings
    deadlocks = (stack.folder / "postgres.log").read_text(errors="replace").count("deadlock detected")
    if deadlocks > 0:
        findings.append({"rule": "happened", "what": f"{deadlocks} deadlocks", "shown_by": ["postgres.log"]})
    for worker in workers:
        if worker.end() != 0:
            findings.append({"rule": "exit", "what": f"worker {worker.name} ended with {worker.process.returncode}"})
    return {
        "scenarios": seconds,
        "stalled_s": stage.stalls,
        "deadlocks": deadlocks,
        "settled_s": settled,
        "logged": logged(workers),
        **checked.report(),
        **checker.verdict(findings + checked.findings),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", help="a stack that is up already, with no workers; it stays up")
    parser.add_argument("--keep", action="store_true", help="keep the stack's folder")
    options = parser.parse_args()
    fail_on_signals()
    with Stack(options.stack, options.keep) as stack:
        report = run(stack)
        stack.keep = stack.keep or report["violations"] > 0
    print(json.dumps(report), flush=True)
    sys.exit(1 if report["violations"] else 0)


if __name__ == "__main__":
    main()
