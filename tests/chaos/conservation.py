"""Rule 8: what was sent is on the topic, requests are accepted, refused or invalid, INVALID ones have a dead letter each, and
each doctor's slots and appointments are as many as the answers say."""

from collections import Counter

from wire import event_id_of


def check(case):
    check_sent(case)
    check_statuses(case)
    check_dead_letters(case)
    lost = [request for request in case.requests.values() if request.answer is None]
    if not any(event_id_of(request.outcome_id, 0) in case.events for request in lost):
        check_doctors(case)


def check_sent(case):
    for entry in case.history.journal:
        if entry["acknowledged"] and (entry["partition"], entry["offset"]) not in case.requests:
            case.find(8, "acknowledged, but not on the topic", f"{entry['partition']}/{entry['offset']}")


def check_statuses(case):
    invalid = {"MALFORMED", "UNKNOWN_SCHEMA", "INTERNAL"}
    for request in case.requests.values():
        if request.answer is not None:
            code, status = request.answer.code, request.answer.body["status"]
            if status != ("ACCEPTED" if code == "" else "INVALID" if code in invalid else "REFUSED"):
                case.find(8, f"status {status} with code {code or 'none'}", request.place)


def check_dead_letters(case):
    letters = Counter()
    for record in case.history.dead_letters:
        partition = int.from_bytes(record.headers.get("kafka_dlt-original-partition", b""), "big")
        offset = int.from_bytes(record.headers.get("kafka_dlt-original-offset", b""), "big")
        request = case.requests.get((partition, offset))
        letters[partition, offset] += 1
        if request is None or request.answer is None or request.answer.body["status"] != "INVALID":
            case.find(8, "a dead letter of no INVALID record", record.place())
            continue
        same = (record.key, record.value, record.partition) == (request.record.key, request.record.value, partition)
        reason = record.text("kafka_dlt-exception-fqcn") == f"slotkeeper.{request.answer.code}"
        if not same or not reason:
            case.find(8, "a dead letter differs from its record", record.place(), request.place)
    for place, request in case.requests.items():
        due = 1 if request.answer is not None and request.answer.body["status"] == "INVALID" else 0
        enough = letters[place] == due or (case.republished and letters[place] > due > 0)
        if not enough and (request.answer is not None or letters[place] > 1):
            case.find(8, f"{letters[place]} dead letters where {due} is due", request.place)


def check_doctors(case):
    """From the answers alone, and from the rows alone."""
    accepted = {}
    for request in case.requests.values():
        answer = request.answer
        if answer is not None and answer.code == "" and not answer.duplicate and request.fields is not None:
            accepted.setdefault(request.name, []).append(request)
    published = Counter(request.caller for request in accepted.get("PublishSlot", ()))
    withdrawn = Counter(request.caller for request in accepted.get("WithdrawSlot", ()))
    slots = case.history.tables["slot"]
    in_database = Counter(row["doctor_id"] for row in slots)
    gone = Counter(row["doctor_id"] for row in slots if row["withdrawn"])
    for doctor in published.keys() | in_database.keys():
        told = (published[doctor], withdrawn[doctor])
        if told != (in_database[doctor], gone[doctor]):
            case.find(8, f"slots published and withdrawn: {told} answered, {in_database[doctor], gone[doctor]} there", doctor)
    states = Counter(row["state"] for row in case.history.tables["appointment"])
    many = {name: len(requests) for name, requests in accepted.items()}
    moved = many.get("RescheduleAppointment", 0)
    due = {
        "CANCELLED": many.get("CancelAppointment", 0) + moved,
        "FULFILLED": many.get("CompleteAppointment", 0),
        "NOSHOW": many.get("MarkNoShow", 0),
    }
    due["BOOKED"] = many.get("BookSlot", 0) + moved - sum(due.values())
    if any(states[state] != count for state, count in due.items()):
        case.find(8, f"appointments by state: {due} answered, {dict(states)} there")
