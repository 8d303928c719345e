"""Rules 2, 3, 6 and 10: each command is decided once, by a caller with the authority, as the rules say, and repeats learn that."""

from asked import expiry_us
from rules import EVENTS_OF, UNTIED
from wire import event_id_of

NOT_FOUND = {"SLOT_NOT_FOUND", "APPOINTMENT_NOT_FOUND"}
OF_AUTHORITY = {"UNAUTHENTICATED", "FORBIDDEN_ROLE"}


def check(case):
    check_events(case)
    for request in case.requests.values():
        answer = request.answer
        if answer is None:
            continue
        if answer.code == "INTERNAL":
            case.find(6, "INTERNAL: a defect of the service", request.place)
        elif request.early is not None and (answer.code != request.early or answer.duplicate):
            rule = 10 if request.early in OF_AUTHORITY else 6
            case.find(rule, f"{answer.code or 'ACCEPTED'} where {request.early} is due", request.place)
    for group in case.by_command.values():
        check_command(case, [request for request in group if request.answer is not None])


# ---- rule 2: effects and outcomes belong together ----


def check_events(case):
    """What is on the topic and not in the database, or the other way round, is rule 5's."""
    in_database = {row["event_id"] for row in case.history.tables["event"]}
    unclaimed = in_database | {event_id for event_id, event in case.events.items() if event["slot_id"] is not None}
    for request in case.requests.values():
        claimed = {event_id_of(request.outcome_id, index): index for index in range(EVENTS_OF.get(request.name, 1))}
        answer = request.answer
        if answer is None:
            unclaimed -= claimed.keys()
        elif answer.code == "" and not answer.duplicate:
            for event_id in claimed:
                check_event(case, request, event_id, event_id in in_database)
            unclaimed -= claimed.keys()
    for event_id in unclaimed:
        case.find(2, "an audit event without an accepted command", event_id)


def check_event(case, request, event_id, in_database):
    event = case.events.get(event_id)
    if event is None:
        if not in_database:
            case.find(2, "accepted, but there is no audit event", request.place, event_id)
    elif (event["command_id"], event["actor_id"]) != (request.command_id, request.caller):
        case.find(10, "an audit event names another command or actor", request.place, event_id)
    elif event["occurred_at"] != request.answer.body["decided_at"]:
        case.find(2, "an audit event has another time than its outcome", request.place, event_id)


def check_command(case, group):
    """All requests of one caller and command_id that passed steps 1 to 5."""
    firsts = [r for r in group if not r.answer.duplicate and r.answer.code not in UNTIED]
    if len(firsts) > 1:
        case.find(2, "one command_id decided more than once", *(request.place for request in firsts))
    first = firsts[0] if firsts else None
    for request in group:
        if request.answer.duplicate:
            check_duplicate(case, request, first)
        elif request.answer.code == "COMMAND_ID_REUSED":
            check_reuse(case, request, first)
        else:
            check_decision(case, request)


def check_reuse(case, request, first):
    if request.answer.body["outcome_id"] != request.outcome_id:
        case.find(1, "another outcome_id than documented", request.place)
    if first is None or request.content == first.content:
        case.find(2, "COMMAND_ID_REUSED without other content before", request.place)
    else:
        check_after(case, request, first)


def check_duplicate(case, request, first):
    answer = request.answer
    if first is None:
        if not case.gone_topics:
            case.find(2, "marked duplicate, but there is no first", request.place)
        return
    if request.content != first.content:
        case.find(2, "a command of other content was answered from the log", request.place, first.place)
    body, original = dict(answer.body), dict(first.answer.body)
    if answer.refused_reply or first.answer.refused_reply:
        body["result"] = original["result"] = None
        same = body == original
    else:
        same = answer.record.value == first.answer.record.value
    if not same:
        case.find(3, "a duplicate's body differs from the first", request.place, first.place)
    check_after(case, request, first)


def check_after(case, request, first):
    if request.record.partition == first.record.partition and request.record.offset < first.record.offset:
        case.find(2, "answered from a later record of its own partition", request.place, first.place)


# ---- rules 6 and 10: each decision is what the rules give for a state that it may have seen ----


def check_decision(case, request):
    answer, code = request.answer, request.answer.code
    decided_at = answer.body["decided_at"]
    touched = {request.fields["slot_id"], request.fields.get("new_slot_id")}
    possible = before_rules(case, request, decided_at)
    if possible is None and touched & case.trail.broken:
        return  # what it saw is not known
    possible = possible or case.world.possible(request, decided_at)
    if code not in possible:
        due = " or ".join(sorted(item or "ACCEPTED" for item in possible))
        rule = 10 if code == "" and possible <= NOT_FOUND | OF_AUTHORITY else 6
        case.find(rule, f"{request.name}: {code or 'ACCEPTED'} where {due} is due", request.place)
    if code == "" and not answer.refused_reply:
        check_result(case, request, answer.body["result"])


def before_rules(case, request, decided_at):
    """Steps 7 to 9."""
    account = case.accounts[request.caller]
    if request.version != account["token_version"]:
        return {"UNAUTHENTICATED"}
    expiry = expiry_us(request)
    age = decided_at - request.record.timestamp_ms * 1000
    if (expiry is not None and decided_at > expiry) or age > case.limits.command_age_max_us:
        return {"EXPIRED"}
    return {"ACCOUNT_INACTIVE"} if account["state"] != "active" else None


def check_result(case, request, result):
    books = request.name in ("BookSlot", "RescheduleAppointment")
    slot_id = request.fields["new_slot_id"] if request.name == "RescheduleAppointment" else request.fields["slot_id"]
    if result is None or result["slot_id"] != slot_id:
        case.find(2, "the result is of another slot", request.place)
    elif books and result.get("appointment_id") != request.appointment_id:
        case.find(2, "another appointment_id than documented", request.place)
