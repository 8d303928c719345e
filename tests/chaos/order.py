"""Rule 7: a command that was sent after another's outcome had come takes effect after it; and records stand in their order.

Clients tell by their journal when they sent and received. All clocks here are one machine's.
"""

from collections import defaultdict

from rules import EVENTS_OF
from wire import AUDIT_EVENT, event_id_of

CLOCK_GRAIN_US = 1000


def check(case):
    check_published(case)
    by_slot = defaultdict(list)
    for entry in case.history.journal:
        request = case.requests.get((entry["partition"], entry["offset"]))
        if request is None or request.answer is None or request.fields is None:
            continue
        check_times(case, request, entry)
        for slot_id in {request.fields["slot_id"], request.fields.get("new_slot_id")} - {None}:
            by_slot[slot_id].append((entry, request))
    for slot_id, entries in by_slot.items():
        check_slot(case, slot_id, entries)


def check_times(case, request, entry):
    """Decided while the client waited, if it is not answered from the log."""
    if request.answer.duplicate:
        return
    decided_at = request.answer.body["decided_at"]
    if decided_at < entry["sent_us"] - CLOCK_GRAIN_US:
        case.find(7, f"decided {entry['sent_us'] - decided_at} us before it was sent", request.place)
    elif entry["received_us"] is not None and decided_at > entry["received_us"] + CLOCK_GRAIN_US:
        case.find(7, f"decided {decided_at - entry['received_us']} us after it was answered", request.place)


def sequence_of(case, slot_id, request):
    """Of the request's event in the slot's chain, or None."""
    for index in range(EVENTS_OF.get(request.name, 1)):
        event = case.events.get(event_id_of(request.outcome_id, index))
        if event is not None and event["slot_id"] == slot_id:
            return event["sequence"]
    return None


def check_slot(case, slot_id, entries):
    """Through the moments in their order: what has been received, and what is sent then."""
    moments = [(entry["sent_us"], 1, entry, request) for entry, request in entries]
    moments += [(e["received_us"], 0, e, request) for e, request in entries if e["received_us"] is not None]
    moments.sort(key=lambda moment: moment[:2])
    latest, highest = (0, None), (0, None)
    for _, sent, _, request in moments:
        decided_at, sequence = request.answer.body["decided_at"], sequence_of(case, slot_id, request)
        if not sent:
            latest = max(latest, (decided_at, request.place), key=lambda known: known[0])
            highest = max(highest, (sequence or 0, request.place), key=lambda known: known[0])
        elif not request.answer.duplicate:
            if decided_at < latest[0]:
                case.find(7, "decided before what had been answered when it was sent", request.place, latest[1])
            if sequence is not None and sequence <= highest[0]:
                case.find(7, "takes effect before what had been answered when it was sent", request.place, highest[1])


def check_published(case):
    """On each partition of a topic, answers in the order of their requests, and each chain in its own."""
    last = {}
    for request in case.requests.values():  # in the order of each partition
        if request.answer is not None:
            record = request.answer.record
            stream = (record.topic, record.partition, request.record.partition)
            if last.get(stream, -1) > record.offset:
                case.find(7, "answered before a request that stands before it", request.place, record.place())
            last[stream] = max(last.get(stream, -1), record.offset)
    sequences, seen = {}, set()
    for record in case.history.events:
        event = AUDIT_EVENT.decode(record.value)
        if event["event_id"] in seen:
            continue
        seen.add(event["event_id"])
        stream = (event["slot_id"] or event["entity_id"], record.partition)
        if sequences.get(stream, 0) > event["sequence"]:
            case.find(7, "an audit event behind its successor", record.place(), event["event_id"])
        sequences[stream] = max(sequences.get(stream, 0), event["sequence"])
