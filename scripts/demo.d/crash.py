"""The last scenes: a worker is killed in the middle of its work, and nothing is lost or doubled."""

import time
from collections import Counter
from datetime import timedelta

import service
from client import AUDIT_EVENT, AUDIT_TOPIC, REPLY_TOPIC, correlation_of, read_to_end
from show import claim, heading, say, short, table
from stage import Slot

STREAM = 600
# Of the stream: sent at first; answered when the next ones follow; sent when the worker is killed.
SENT_FIRST = 300
ANSWERED_FIRST = 200
SENT_AT_KILL = 450


class Stream:
    """As many slots, and one booking of each."""

    def __init__(self, stage):
        begin, length = stage.tomorrow + timedelta(days=7), timedelta(minutes=10)
        # One after the other, so that nobody has to be in two places.
        self.slots = [
            Slot(f"{n} of the stream", stage.doctors[n % 2], begin + n * length, length)
            for n in range(STREAM)
        ]
        stage.publish(self.slots)
        patients = stage.patients
        self.bookings = [
            stage.client.command("BookSlot", patients[n % len(patients)], slot)
            for n, slot in enumerate(self.slots)
        ]
        self.killed_at = None


def kill_in_mid_stream(stage):
    heading(f"{STREAM} bookings, and SIGKILL for one of the two workers in the middle of them")
    stream, client = Stream(stage), stage.client
    victim = stage.workers[1]
    client.send_all(stream.bookings[:SENT_FIRST])
    client.wait(stream.bookings[:SENT_FIRST], wanted=ANSWERED_FIRST)
    client.send_all(stream.bookings[SENT_FIRST:SENT_AT_KILL])
    client.producer.flush()
    victim.check()
    victim.kill()
    stage.workers.remove(victim)
    stream.killed_at = time.monotonic()
    client.send_all(stream.bookings[SENT_AT_KILL:])
    client.take_answers(0.2)
    unanswered = sum(1 for booking in stream.bookings[:SENT_AT_KILL] if not booking.answers)
    table(
        [],
        [
            [f"bookings sent before {victim.name}, process {victim.pid}, was killed", SENT_AT_KILL],
            ["of them without an answer then", unanswered],
            ["bookings sent after it", STREAM - SENT_AT_KILL],
        ],
    )
    say("Kafka gives the dead worker's partitions to the other one when its session times out, in 6 s.")
    return stream


def trail_of_a_slot(stage):
    heading("Meanwhile: the trail of slot A, from the audit topic")
    command = ["listen", "audit", "--key", str(stage.contested.id), "--from-beginning", "--until-end"]
    say(f"$ slotkeeper {' '.join(command)}")
    say("The order is that of their sequence: requests on different partitions may be published out of it.")
    events = [record["value"] for record in service.run_json(*command, **stage.users.environment("auditor"))]
    events.sort(key=lambda event: event["sequence"])
    table(
        ["", "at", "what", "from", "to", "reason", "by", "previous", "hash"],
        [trail_row(stage, event) for event in events],
    )
    states = [event["new_state"] for event in events]
    wanted = ["OPEN", "BOOKED", "CANCELLED", "BOOKED", "CANCELLED", "BOOKED"]
    claim(states == wanted, "every change in order; the refusals and the repeat changed nothing")
    hashes = ["0" * 64] + [event["hash"] for event in events]
    chained = all(event["previous_hash"] == before for event, before in zip(events, hashes))
    claim(chained, "each event names the hash of the one before")


def trail_row(stage, event):
    return [
        event["sequence"],
        event["occurred_at"][11:23],
        f"{event['entity'].lower()} {short(event['entity_id'])}",
        event["old_state"] or "-",
        event["new_state"],
        event["reason"] or "-",
        stage.name_of(event["actor_id"]),
        event["previous_hash"][:8],
        event["hash"][:8],
    ]


def nothing_lost_or_doubled(stage, stream):
    heading("What became of the bookings")
    client, survivor = stage.client, stage.workers[0]
    client.wait(stream.bookings, timeout=30)
    waited = time.monotonic() - stream.killed_at
    codes = Counter(booking.answer.verdict for booking in stream.bookings)
    replies = Counter(map(correlation_of, replies_on_the_topic(stage)))
    republished = int(survivor.metric("slotkeeper_republished_total"))
    table(
        [],
        [
            [f"partitions of {survivor.name} now", survivor.partitions()],
            ["decided by the dead worker, and published by this one", republished],
            ["seconds from the kill to the last answer", f"{waited:.1f}"],
        ],
    )
    claim(codes == {"ACCEPTED": STREAM}, f"all {STREAM} bookings are ACCEPTED")
    claim(
        all(replies[request.correlation_id] == 1 for request in client.requests.values()),
        f"each of the {len(client.requests)} requests up to here has exactly one answer on the reply topic",
    )
    claim(
        rows_of(stream) == f"{STREAM} {STREAM}", f"the database has {STREAM} appointments, on {STREAM} slots"
    )
    events = Counter(message.key().decode() for message in bookings_on_the_audit_topic(stage, stream))
    claim(
        events == {str(slot.id): 1 for slot in stream.slots},
        f"the audit topic has {STREAM} bookings, one of each slot",
    )


def rows_of(stream):
    """Booked appointments in the database, and how many slots they are on."""
    begin = stream.slots[0].starts_at.isoformat()
    return service.query(
        "select count(*) || ' ' || count(distinct slot_id) from slotkeeper.appointment"
        f" where state = 'booked' and lower(during) >= '{begin}'"
    )


def replies_on_the_topic(stage):
    requests = stage.client.requests
    return read_to_end(
        stage.users.kafka("client"), REPLY_TOPIC, lambda message: correlation_of(message) in requests, wanted=len(requests)
    )


def bookings_on_the_audit_topic(stage, stream):
    slots = {str(slot.id).encode() for slot in stream.slots}

    def is_booking(message):
        return message.key() in slots and AUDIT_EVENT.decode(message.value())["new_state"] == "BOOKED"

    return read_to_end(stage.users.kafka("auditor"), AUDIT_TOPIC, is_booking, wanted=STREAM)


def verify(stage):
    heading("Every chain of the audit trail, recomputed and compared with the topic")
    say("$ slotkeeper audit verify")
    found = service.run("audit", "verify", **stage.users.environment("auditor")).strip()
    say(found)
    claim(found.startswith("audit clean"), "no event differs, is missing or was added")
