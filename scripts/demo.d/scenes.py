"""The scenes before the crash: what doctors and patients ask for, and what they are answered."""

import base64
import json
import random
import re
import time
from collections import Counter
from datetime import datetime, timedelta, timezone

import service
from client import DEAD_LETTER_TOPIC, PARTITIONS, Client, read_to_end
from show import claim, expect, heading, say, short, table
from stage import Slot, show_steps

PATIENTS = 50


def workers_and_accounts(stage):
    heading("Two workers, two doctors, fifty patients")
    say("Doctors and patients send commands to a Kafka topic; workers take them from there, decide them in")
    say("PostgreSQL, and answer each of them on the topic that the caller named. Two workers start with the")
    say("same settings and share the partitions of the request topic.")
    say("Meanwhile 52 accounts are made, each like this one, and a token for each:")
    say("$ slotkeeper admin create-account --role doctor --login dr-adams")
    for name in ("worker-1", "worker-2"):
        stage.workers.append(service.Worker(name, stage.folder))
    stage.doctors = service.create_accounts("doctor", ["dr-adams", "dr-brown"])
    logins = [f"patient-{number:02}" for number in range(1, PATIENTS + 1)]
    stage.patients = service.create_accounts("patient", logins)
    stage.client = Client(stage.users.kafka("client"), stage.check_workers)
    service.wait_for_partitions(stage.workers, PARTITIONS)
    shown = [*stage.doctors, stage.patients[0], stage.patients[-1]]
    table(["role", "login", "account id"], [[who.role, who.login, who.id] for who in shown])
    table(
        ["worker", "process", "partitions"],
        [[worker.name, worker.pid, worker.partitions()] for worker in stage.workers],
    )


def slots_published(stage):
    heading("Slots are published")
    adams, brown = stage.doctors
    nine = stage.tomorrow + timedelta(hours=9)
    slots = [Slot("A", adams, nine), Slot("B", adams, nine + timedelta(hours=1))]
    requests = stage.publish(slots)
    # A slot's id decides on its partition: more of them, until one is elsewhere than slot A.
    for number, name in enumerate("CDEFGHIJKLMNOP", start=2):
        slots.append(Slot(name, brown, nine + number * timedelta(hours=1)))
        requests += stage.publish(slots[-1:])
        if slots[-1].partition != slots[0].partition:
            break
    stage.contested, stage.quiet, stage.elsewhere = slots[0], slots[1], slots[-1]
    table(
        ["slot", "id", "doctor", "partition", "begins", "answer", "state"],
        [published_row(slot, request.answer) for slot, request in zip(slots, requests)],
    )
    refused = stage.publishing(Slot("too many", adams, nine + timedelta(minutes=15)))
    stage.client.ask_all([refused])
    claim(refused.answer.code == "SLOT_OVERLAP", "one that would overlap slot A is refused: SLOT_OVERLAP")


def published_row(slot, answer):
    begins = f"tomorrow {slot.starts_at:%H:%M}"
    state = answer.result["state"]
    return [slot.name, slot.id, slot.doctor.login, slot.partition, begins, answer.verdict, state]


def fifty_race(stage):
    heading("Fifty patients race for slot A")
    say("As a rule all requests for a slot are on one partition, in order. These are spread over all of")
    say("them, so that both workers decide at the same time.")
    slot = stage.contested
    requests = {patient.login: stage.client.command("BookSlot", patient, slot) for patient in stage.patients}
    for login, request in requests.items():
        request.key = login
    stage.client.ask_all(random.sample(list(requests.values()), PATIENTS))
    verdicts = Counter(request.answer.verdict for request in requests.values())
    winners = [patient for patient in stage.patients if requests[patient.login].answer.result]
    names = ", ".join(patient.login for patient in winners)
    table(
        ["answer", "times", ""],
        [
            ["ACCEPTED", verdicts["ACCEPTED"], f"{names} has it"],
            ["SLOT_TAKEN", verdicts["SLOT_TAKEN"], "The others may choose another slot."],
        ],
    )
    partitions = Counter(request.partition for request in requests.values())
    say("Requests by partition: " + ", ".join(f"{n} on {p}" for p, n in sorted(partitions.items())))
    claim(verdicts == {"ACCEPTED": 1, "SLOT_TAKEN": 49}, "exactly one ACCEPTED, 49 times SLOT_TAKEN")
    stage.free_patients = [patient for patient in stage.patients if patient not in winners]
    stage.appointment = winners[0], requests[names].answer.result["appointment_id"]


def cancel_and_book_again(stage):
    heading("Cancel, and book again")
    slot, ask = stage.contested, stage.client.ask
    holder, appointment = stage.appointment
    second = stage.free_patients[0]
    by_another = ask("CancelAppointment", second, slot, appointment_id=appointment, reason="PATIENT")
    cancelled = ask("CancelAppointment", holder, slot, appointment_id=appointment, reason="PATIENT")
    show_steps(
        [
            (second, f"cancel {holder.login}'s appointment", by_another),
            (holder, "cancel the own one", cancelled),
        ]
    )
    command = ["send", "BookSlot", f"slot_id={slot.id}", "--wait"]
    say(f"{second.login} books it from the command line (the token is in SLOTKEEPER_TOKEN):")
    say(f"$ slotkeeper {' '.join(command)}")
    outcome = service.run(*command, **{**stage.users.environment("client"), "SLOTKEEPER_TOKEN": second.token})
    shown = re.findall(r"^ *((?:status|command|decided_at|result\.\S+) +\S+)$", outcome, re.MULTILINE)
    table([], [line.split() for line in shown])
    fields = dict(line.split() for line in shown)
    claim(by_another.answer.code == "APPOINTMENT_NOT_FOUND", "nobody else can cancel it, or learn of it")
    claim(cancelled.answer.result["state"] == "CANCELLED", "its patient can")
    claim(fields["status"] == "ACCEPTED", "and the slot is free again at once")
    stage.appointment = second, fields["result.appointment_id"]


def reschedule(stage):
    heading("Reschedule across partitions")
    old, new, ask = stage.contested, stage.elsewhere, stage.client.ask
    holder, appointment = stage.appointment
    third = stage.free_patients[1]
    say(f"Slot A is on partition {old.partition}, slot {new.name} on partition {new.partition}.")
    moved = ask("RescheduleAppointment", holder, old, appointment_id=appointment, new_slot_id=new.id)
    booked = ask("BookSlot", third, old)
    taken = ask("BookSlot", third, new)
    show_steps(
        [
            (holder, f"move from slot A to slot {new.name}", moved),
            (third, "book slot A", booked),
            (third, f"book slot {new.name}", taken),
        ]
    )
    claim(old.partition != new.partition, "the two slots are on different partitions")
    lineage = str(moved.answer.result["rescheduled_from"])
    claim(lineage == appointment, f"the new appointment names the one given up, {short(appointment)}...")
    claim(booked.answer.status == "ACCEPTED", "the old slot is free")
    claim(taken.answer.code == "SLOT_TAKEN", "the new one is not")
    stage.last_booking = booked


def completed_and_no_show(stage):
    heading("An appointment that took place, and one to which nobody came")
    say("Both doctors publish a slot that begins in two seconds, and both are booked.")
    begin = datetime.now(timezone.utc) + timedelta(seconds=2)
    ask = stage.client.ask
    guests = stage.free_patients[2:4]
    slots = [Slot(f"of {doctor.login}", doctor, begin, timedelta(seconds=1)) for doctor in stage.doctors]
    bookings = [stage.client.command("BookSlot", guest, slot) for guest, slot in zip(guests, slots)]
    stage.client.ask_all([*map(stage.publishing, slots), *bookings])
    for booking in bookings:
        expect("a booking", booking.answer.verdict, "ACCEPTED")
    (adams, brown), (of_adams, of_brown) = stage.doctors, slots
    first, second = (booking.answer.result["appointment_id"] for booking in bookings)
    early = ask("CompleteAppointment", adams, of_adams, appointment_id=first)
    time.sleep(max(0, (begin - datetime.now(timezone.utc)).total_seconds()) + 0.05)
    completed = ask("CompleteAppointment", adams, of_adams, appointment_id=first)
    no_show = ask("MarkNoShow", brown, of_brown, appointment_id=second)
    late = ask("CancelAppointment", guests[1], of_brown, appointment_id=second, reason="PATIENT")
    show_steps(
        [
            (adams, "complete it, at once", early),
            (adams, "complete it, 2 s later", completed),
            (brown, "mark a no-show", no_show),
            (guests[1], "cancel it afterwards", late),
        ]
    )
    claim(early.answer.code == "COMPLETE_TOO_EARLY", "nothing is completed before it has begun")
    claim(completed.answer.result["state"] == "FULFILLED", "one is fulfilled")
    claim(no_show.answer.result["state"] == "NOSHOW", "one is a no-show")
    claim(late.answer.code == "ALREADY_NOSHOW", "and stays one")


def repeated_command(stage):
    heading("A command that arrives twice")
    patient, first = stage.free_patients[1], stage.last_booking
    say(f"{patient.login} sends the booking of slot A again, as clients do that got no answer; and then")
    say("something else under the same command id.")
    again = first.again()
    other = stage.client.command("BookSlot", patient, stage.quiet, command_id=first.command_id)
    stage.client.ask_all([again, other])
    table(
        ["command id", "content", "answer", "from the log", "outcome id"],
        [
            repetition_row("book slot A", first),
            repetition_row("book slot A", again),
            repetition_row("book slot B", other),
        ],
    )
    claim(not first.answer.is_from_log and again.answer.is_from_log, "the repeat is answered from the log")
    claim(again.answer.body == first.answer.body, "with the first answer, byte for byte")
    claim(other.answer.code == "COMMAND_ID_REUSED", "the same id with other content is refused")


def repetition_row(content, request):
    answer = request.answer
    from_log = "yes" if answer.is_from_log else "no"
    outcome_id = short(answer.outcome["outcome_id"])
    return [f"{short(request.command_id)}...", content, answer.verdict, from_log, f"{outcome_id}..."]


def forged_and_garbage(stage):
    heading("A forged token, and bytes that mean nothing")
    slot, adams, patient = stage.quiet, stage.doctors[0], stage.free_patients[4]
    say(f"One after the other on one partition, that of slot B ({slot.partition}):")
    withdraw = stage.client.command("WithdrawSlot", adams, slot)
    booking = stage.client.command("BookSlot", patient, slot)
    forged, promoted, garbage, cut = withdraw.again(), withdraw.again(), withdraw.again(), booking.again()
    forged.token = service.forged_token(stage.folder, adams)
    promoted.token = with_role(patient.token, "doctor")
    garbage.value = b"\x13\x37 these bytes are no Avro"
    cut.value = cut.value[:-1]
    requests = {
        "withdraw the slot, with the doctor's token signed by a stranger": forged,
        "withdraw it, with a patient's token changed to say doctor": promoted,
        "withdraw it, with the patient's token as it is": stage.client.command("WithdrawSlot", patient, slot),
        "bytes that are no Avro": garbage,
        "book it, the last byte cut off": cut,
        "book it": booking,
    }
    stage.client.ask_all(requests.values())
    answers = [request.answer for request in requests.values()]
    table(
        ["request", "status", "code"],
        [[what, answer.status, answer.code] for what, answer in zip(requests, answers)],
    )
    wanted = ["UNAUTHENTICATED"] * 2 + ["FORBIDDEN_ROLE"] + ["MALFORMED"] * 2 + ["ACCEPTED"]
    claim(
        [answer.verdict for answer in answers] == wanted, "each has its one answer, and the partition goes on"
    )
    kept = read_to_end(stage.users.kafka("admin"), DEAD_LETTER_TOPIC, lambda _: True, wanted=2)
    claim(
        [message.value() for message in kept] == [garbage.value, cut.value],
        f"the unreadable ones are kept for diagnosis on {DEAD_LETTER_TOPIC}",
    )
    tokens = [dict(message.headers())["authorization"] for message in kept]
    claim(all(token.startswith(b"sha256:") for token in tokens), "with a hash in place of the token")


def with_role(token, role):
    """The token with another role in it, under the old signature."""
    head, claims, signature = token.split(".")
    decoded = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    changed = json.dumps({**decoded, "role": role}).encode()
    return ".".join([head, base64.urlsafe_b64encode(changed).decode().rstrip("="), signature])
