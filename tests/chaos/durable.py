"""Rules 0, 5 and 9: the database's rows are what the trail folds to, what was published is in the log, and nothing is behind."""

import hashlib

from rules import UNTIED


def check(case):
    tables = case.history.tables
    compare(case, "slot", keyed(tables["slot"], "slot_id"), case.trail.folded_slots())
    compare(case, "appointment", keyed(tables["appointment"], "appointment_id"), case.trail.folded_appointments())
    in_database = {row["event_id"]: (row["slot_id"], row["sequence"], row["hash"]) for row in tables["event"]}
    on_topic = {
        event_id: (event["slot_id"], event["sequence"], event["hash"].hex())
        for event_id, event in case.events.items()
        if event["slot_id"] is not None
    }
    compare(case, "slot_event", in_database, on_topic)
    check_log(case, {(row["partition"], row["offset"]): row for row in tables["log"]})
    check_progress(case)


def keyed(rows, name):
    return {row[name]: {key: value for key, value in row.items() if key != name} for row in rows}


def compare(case, table, rows, folded):
    for key in rows.keys() | folded.keys():
        if rows.get(key) != folded.get(key):
            case.find(5, f"{table}: the database has {rows.get(key)}, the trail {folded.get(key)}", key)


def check_log(case, log):
    for place, request in case.requests.items():
        answer, row = request.answer, log.pop(place, None)
        if answer is None:
            continue
        tied = not answer.duplicate and answer.code not in UNTIED
        if tied and row is None:
            case.find(9, "no row in the log", request.place)
        elif row is not None and row["code"] != answer.code:
            case.find(9, f"the log says {row['code']}, the topic {answer.code}", request.place)
        elif row is not None and not answer.refused_reply:
            if hashlib.sha256(answer.record.value[10:]).hexdigest() != row["outcome"]:
                case.find(9, "the log's body is another than the topic's", request.place)
    for place in log:
        case.find(9, "a row in the log without a request", place)


def check_progress(case):
    topic = case.history.request_topic
    rows = {row["partition"]: row for row in case.history.tables["progress"]}
    for (name, number), (stable, high) in case.history.ends.items():
        if stable != high:
            case.find(0, f"a transaction is left open: stable {stable}, end {high}", f"{name}/{number}")
        if name == topic and high > 0:
            row = rows.get(number, {"next_offset": -1, "published_offset": -1})
            committed = case.history.committed.get(number, -1)
            check_place(case, f"{name}/{number}", high, (row["next_offset"], row["published_offset"], committed))


def check_place(case, place, high, places):
    """What is committed to Kafka or noted as published was durable before, and at rest all are at the end."""
    durable, published, committed = places
    said = f"end {high}; next {durable}, published {published}, committed {committed}"
    if max(places) > high or max(published, committed) > durable:
        case.find(9, f"ahead of what is durable: {said}", place)
    elif min(places) < high:
        case.find(0, f"behind: {said}", place)
