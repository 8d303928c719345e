"""What queries answer, and to whom."""

import uuid
from datetime import timedelta

import pytest

from kit.client import SCHEMAS, soon
from kit.queries import FUTURE, PAST, QUERY, Queries
from kit.worker import Worker


@pytest.fixture
def queries(client):
    return Queries(client)


@pytest.fixture
def scene(client, cell):
    """A doctor's three slots: booked by ann; booked by ann, cancelled, then booked by ben; open."""
    class Scene:
        doctor, other_doctor = cell.account("doctor"), cell.account("doctor")
        ann, ben, eve = (cell.account("patient") for _ in range(3))
        admin = cell.account("admin")

    scene = Scene()
    day = soon(86400)
    scene.first, scene.second, scene.third = (
        client.publish(scene.doctor, day + timedelta(hours=hour)) for hour in range(3))
    scene.anns = client.book(scene.ann, scene.first)
    scene.given_up = client.book(scene.ann, scene.second)
    cancelled = client.ask("CancelAppointment", scene.ann, {
        "slot_id": scene.second, "appointment_id": scene.given_up["appointment_id"], "reason": "PATIENT"})
    assert cancelled.code == "ACCEPTED"
    scene.bens = client.book(scene.ben, scene.second)
    return scene


def ids(items, name):
    return [item[name] for item in items]


def starts(items):
    return ids(items, "starts_at")


# Who may see what.


def test_accounts(queries, scene):
    everybody = {"doctor": scene.doctor, "ann": scene.ann, "admin": scene.admin}
    for asker_name, asker in everybody.items():
        for name, account in everybody.items():
            answer = queries.ask("GetAccount", asker, account_id=account.id)
            if asker_name in (name, "admin"):
                assert answer.result == {"account_id": account.id, "role": account.role.upper(), "state": "ACTIVE"}
            else:
                assert answer.code == "ACCOUNT_NOT_FOUND"
    assert queries.ask("GetAccount", scene.admin, account_id=uuid.uuid4()).code == "ACCOUNT_NOT_FOUND"


def test_appointments(queries, scene):
    anns, bens = [scene.anns["appointment_id"], scene.given_up["appointment_id"]], [scene.bens["appointment_id"]]
    expected = {(scene.ann, None): anns, (scene.ann, scene.ann): anns, (scene.ben, None): bens, (scene.eve, None): [],
                (scene.doctor, None): anns + bens, (scene.doctor, scene.doctor): anns + bens,
                (scene.other_doctor, None): [], (scene.admin, None): [], (scene.admin, scene.ann): anns,
                (scene.admin, scene.doctor): anns + bens, (scene.admin, scene.other_doctor): []}
    for (asker, account), appointments in expected.items():
        items, cursor = queries.page("ListAppointments", asker, account_id=account and account.id)
        assert set(ids(items, "appointment_id")) == set(appointments) and len(items) == len(appointments)
        assert starts(items) == sorted(starts(items)) and cursor is None
    for asker, account in ((scene.ann, scene.ben), (scene.ann, scene.doctor), (scene.doctor, scene.ann),
                           (scene.doctor, scene.other_doctor)):
        assert queries.list("ListAppointments", asker, account_id=account.id).code == "ACCOUNT_NOT_FOUND"
    assert queries.list("ListAppointments", scene.admin, account_id=uuid.uuid4()).code == "ACCOUNT_NOT_FOUND"


def test_an_appointment_is_told_as_its_commands_told_it(queries, scene):
    items, _ = queries.page("ListAppointments", scene.ann)
    assert items == [scene.anns, {**scene.given_up, "state": "CANCELLED"}]


def test_open_slots_are_for_everybody(queries, scene):
    for asker in (scene.ann, scene.doctor, scene.other_doctor, scene.admin):
        items, cursor = queries.page("ListOpenSlots", asker, doctor_id=scene.doctor.id)
        assert ids(items, "slot_id") == [scene.third] and cursor is None
        assert items[0]["doctor_id"] == scene.doctor.id and items[0]["state"] == "OPEN"
    everybodys = queries.walk("ListOpenSlots", scene.ann, limit=200)
    assert scene.third in ids(everybodys, "slot_id")
    assert not {scene.first, scene.second} & set(ids(everybodys, "slot_id"))
    assert starts(everybodys) == sorted(starts(everybodys))


def test_the_history_of_a_slot(client, queries, scene):
    """As on the audit topic: all of it for its doctor and admins, its own events and their own for patients."""
    events = client.chain(scene.second, 4)
    assert [event["new_state"] for event in events] == ["OPEN", "BOOKED", "CANCELLED", "BOOKED"]
    expected = {scene.doctor: events, scene.admin: events, scene.ann: events[:3],
                scene.ben: [events[0], events[3]], scene.eve: events[:1]}
    for asker, seen in expected.items():
        assert queries.page("GetHistory", asker, slot_id=scene.second) == (seen, None)
        assert queries.walk("GetHistory", asker, slot_id=scene.second, limit=1) == seen
    assert queries.ask("GetHistory", scene.other_doctor, slot_id=scene.second).code == "SLOT_NOT_FOUND"
    for asker in (scene.ann, scene.doctor, scene.admin):
        assert queries.ask("GetHistory", asker, slot_id=uuid.uuid4()).code == "SLOT_NOT_FOUND"


def test_the_history_of_an_appointment(client, queries, scene):
    events = client.chain(scene.second, 4)
    appointment_id = scene.given_up["appointment_id"]
    for asker in (scene.ann, scene.doctor, scene.admin):
        assert queries.page("GetHistory", asker, appointment_id=appointment_id) == (events[1:3], None)
        assert queries.walk("GetHistory", asker, appointment_id=appointment_id, limit=1) == events[1:3]
    for asker in (scene.ben, scene.other_doctor):
        assert queries.ask("GetHistory", asker, appointment_id=appointment_id).code == "APPOINTMENT_NOT_FOUND"
    for asker in (scene.ann, scene.admin):
        assert queries.ask("GetHistory", asker, appointment_id=uuid.uuid4()).code == "APPOINTMENT_NOT_FOUND"


def test_a_reschedule_is_seen_from_both_ends(client, queries, scene):
    answer = client.ask("RescheduleAppointment", scene.ann, {
        "slot_id": scene.first, "appointment_id": scene.anns["appointment_id"], "new_slot_id": scene.third})
    assert answer.code == "ACCEPTED"
    old, new = scene.anns["appointment_id"], answer.result["appointment_id"]
    found = {item["appointment_id"]: item for item in queries.walk("ListAppointments", scene.ann, limit=1)}
    assert found[old]["rescheduled_to"] == new and found[old]["rescheduled_from"] is None
    assert found[new]["rescheduled_from"] == old and found[new]["rescheduled_to"] is None


# Filters and pages.


def test_states(client, queries, scene):
    """Each state alone; together they are all there is."""
    by_state = {state: queries.walk("ListAppointments", scene.doctor, state=state, limit=1)
                for state in ("BOOKED", "CANCELLED", "FULFILLED", "NOSHOW", None)}
    assert ids(by_state["BOOKED"], "appointment_id") == [scene.anns["appointment_id"], scene.bens["appointment_id"]]
    assert ids(by_state["CANCELLED"], "appointment_id") == [scene.given_up["appointment_id"]]
    assert by_state["FULFILLED"] == by_state["NOSHOW"] == []
    assert len(by_state[None]) == 3
    assert ids(queries.page("ListAppointments", scene.ann, state="BOOKED")[0], "appointment_id") == [
        scene.anns["appointment_id"]]
    assert ids(queries.page("ListAppointments", scene.ann, state="CANCELLED")[0], "appointment_id") == [
        scene.given_up["appointment_id"]]


def test_what_is_over_is_listed(client, queries, doctor, patient):
    slot_id = client.publish(doctor, soon(3), minutes=5)
    appointment = client.book(patient, slot_id)
    done = client.wait(
        lambda: (lambda answer: answer if answer.code != "COMPLETE_TOO_EARLY" else None)(
            client.ask("CompleteAppointment", doctor, {"slot_id": slot_id, "appointment_id": appointment["appointment_id"]})),
        "the appointment to begin")
    assert done.code == "ACCEPTED"
    for asker in (doctor, patient):
        assert queries.page("ListAppointments", asker, state="FULFILLED") == ([{**appointment, "state": "FULFILLED"}], None)
    assert queries.page("ListOpenSlots", patient, doctor_id=doctor.id)[0] == []


def test_the_window_is_half_open(queries, scene):
    first, second = scene.anns["starts_at"], scene.bens["starts_at"]
    tick = timedelta(microseconds=1)
    for account in (scene.doctor, scene.admin):
        def appointments(begin, end):
            return len(queries.walk("ListAppointments", account, account_id=scene.doctor.id, limit=1,
                                    **{"from": begin, "until": end}))
        assert appointments(first, second) == 1
        assert appointments(first, second + tick) == 3
        assert appointments(first + tick, second) == 0
        assert appointments(second, first) == appointments(first, first) == 0
    third = second + timedelta(hours=1)

    def slots(begin, end):
        return len(queries.page("ListOpenSlots", scene.ann, doctor_id=scene.doctor.id, **{"from": begin, "until": end})[0])
    assert slots(third, third + tick) == 1
    assert slots(third + tick, FUTURE) == slots(PAST, third) == slots(third, third) == slots(third, PAST) == 0


def test_empty_pages(queries, patient):
    assert queries.page("ListOpenSlots", patient, doctor_id=uuid.uuid4()) == ([], None)
    assert queries.page("ListOpenSlots", patient, doctor_id=patient.id) == ([], None)
    assert queries.page("ListOpenSlots", patient, **{"from": FUTURE, "until": PAST}) == ([], None)
    assert queries.page("ListAppointments", patient) == ([], None)


def test_the_limit_is_clamped(own_cell):
    Worker(own_cell, {"query.page_max": "2"}).wait_until_ready()
    client, queries, doctor = own_cell.client, Queries(own_cell.client), own_cell.account("doctor")
    slots = [client.publish(doctor, soon(86400 + 3600 * hour)) for hour in range(5)]
    for limit, size in ((-2**31, 1), (0, 1), (1, 1), (2, 2), (3, 2), (2**31 - 1, 2)):
        items, cursor = queries.page("ListOpenSlots", doctor, limit=limit)
        assert ids(items, "slot_id") == slots[:size] and cursor
    assert ids(queries.walk("ListOpenSlots", doctor, limit=2), "slot_id") == slots
    # A page that takes the last row says at once that it is the last.
    assert queries.page("ListOpenSlots", doctor, limit=2, **{"from": PAST, "until": soon(86400 + 3600 * 1.5)})[1] is None


def test_open_slots_begin_where_they_can_be_booked(own_cell):
    Worker(own_cell, {"booking.lead_time": "2h"}).wait_until_ready()
    client, queries, doctor = own_cell.client, Queries(own_cell.client), own_cell.account("doctor")
    client.publish(doctor, soon(3600))
    later = client.publish(doctor, soon(3 * 3600))
    for fields in ({}, {"doctor_id": doctor.id}):
        assert ids(queries.page("ListOpenSlots", doctor, **fields)[0], "slot_id") == [later]


def test_more_taken_slots_than_one_page_looks_at(own_cell):
    """Such a page holds fewer than were asked for, or none, and the list goes on behind it."""
    Worker(own_cell).wait_until_ready()
    queries, doctor, patient = Queries(own_cell.client), own_cell.account("doctor"), own_cell.account("patient")
    own_cell.sql(f"""
        insert into slot (slot_id, doctor_id, during, published_at)
        select gen_random_uuid(), '{doctor.id}', tstzrange(now() + n * interval '1 hour', now() + (n + 1) * interval '1 hour'),
            now() from generate_series(1, 2500) n;
        insert into appointment (appointment_id, slot_id, doctor_id, during, patient_id, state, booked_at)
        select gen_random_uuid(), slot_id, doctor_id, during, '{patient.id}', 'booked', now()
        from (select * from slot order by during offset 2 limit 2496) taken""")
    for fields in ({}, {"doctor_id": doctor.id}):
        items, cursor = queries.page("ListOpenSlots", doctor, limit=100, **fields)
        assert len(items) == 2 and cursor
        assert queries.page("ListOpenSlots", doctor, limit=100, cursor=cursor, **fields)[0] == []
        assert len(queries.walk("ListOpenSlots", doctor, limit=100, **fields)) == 4


def test_more_events_than_one_page_looks_at(own_cell):
    Worker(own_cell).wait_until_ready()
    client, queries, doctor, patient = (own_cell.client, Queries(own_cell.client), own_cell.account("doctor"),
                                        own_cell.account("patient"))
    slot_id = client.publish(doctor)
    own_cell.sql(f"""
        insert into slot_event (slot_id, sequence, event_id, entity, entity_id, new_state, actor_id, actor_role, command_id,
            occurred_at, hash)
        select '{slot_id}', n, gen_random_uuid(), 'appointment', gen_random_uuid(), 'booked', '{patient.id}', 'patient',
            gen_random_uuid(), now(), sha256('none') from generate_series(2, 2500) n""")
    appointment = client.book(patient, slot_id)
    assert ids(queries.walk("GetHistory", patient, slot_id=slot_id, limit=100), "sequence") == [1, 2501]
    assert ids(queries.walk("GetHistory", doctor, slot_id=slot_id, limit=200), "sequence") == list(range(1, 2502))
    found = queries.walk("GetHistory", patient, appointment_id=appointment["appointment_id"])
    assert ids(found, "sequence") == [2501]


def test_the_largest_page_fits_into_a_message(own_cell):
    """1,000 events whose details are as long as the schema lets them be: cut to what the broker takes."""
    Worker(own_cell, {"query.page_max": "1000"}).wait_until_ready()
    client, queries, doctor = own_cell.client, Queries(own_cell.client), own_cell.account("doctor")
    slot_id = client.publish(doctor)
    own_cell.sql(f"""
        insert into slot_event (slot_id, sequence, event_id, entity, entity_id, old_state, new_state, actor_id, actor_role,
            command_id, related_id, detail, occurred_at, hash)
        select '{slot_id}', n, gen_random_uuid(), 'slot', '{slot_id}', 'open', 'open', '{doctor.id}', 'doctor',
            gen_random_uuid(), gen_random_uuid(), repeat('x', 1024), now(), sha256('none')
        from generate_series(2, 1500) n""")
    answer = queries.list("GetHistory", doctor, slot_id=slot_id, limit=1000)
    assert 100_000 < len(answer.value) < 600_000 and answer.result["next_cursor"]
    assert ids(queries.walk("GetHistory", doctor, slot_id=slot_id, limit=1000), "sequence") == list(range(1, 1501))


# Cursors.


def test_cursors(queries, scene):
    _, cursor = queries.page("ListAppointments", scene.doctor, limit=1)

    def code(cursor, name="ListAppointments", account=scene.doctor, **fields):
        return queries.list(name, account, cursor=cursor, limit=7, **fields).code
    assert code(cursor) == "ACCEPTED"  # with another limit
    assert code(cursor) == "ACCEPTED"  # and once more
    for place in (0, 1, 9, 17, 33, 64):
        altered = bytearray(cursor)
        altered[place] ^= 1
        assert code(bytes(altered)) == "CURSOR_INVALID"
    for other in (b"", cursor[:-1], cursor + b"\0", bytes(len(cursor)), b"x" * 40_000):
        assert code(other) == "CURSOR_INVALID"
    assert code(cursor, account=scene.admin, account_id=scene.doctor.id) == "CURSOR_INVALID"
    assert code(cursor, account=scene.ann) == "CURSOR_INVALID"
    assert code(cursor, state="BOOKED") == "CURSOR_INVALID"
    assert code(cursor, until=soon(86400)) == "CURSOR_INVALID"
    assert code(cursor, name="ListOpenSlots") == "CURSOR_INVALID"
    assert code(cursor, name="GetHistory", slot_id=scene.first) == "CURSOR_INVALID"
    # What may not be seen is not told by the cursor's refusal either.
    assert code(b"", account=scene.ann, account_id=scene.ben.id) == "ACCOUNT_NOT_FOUND"
    assert code(b"", name="GetHistory", account=scene.other_doctor, slot_id=scene.first) == "SLOT_NOT_FOUND"


def test_a_cursor_of_one_worker_is_good_on_another(own_cell):
    client, queries, doctor = own_cell.client, Queries(own_cell.client), own_cell.account("doctor")
    first = Worker(own_cell).wait_until_ready()
    slots = [client.publish(doctor, soon(86400 + 3600 * hour)) for hour in range(3)]
    items, cursor = queries.page("ListOpenSlots", doctor, limit=1)
    assert first.stop() == 0
    Worker(own_cell).wait_until_ready()
    more, last = queries.page("ListOpenSlots", doctor, limit=2, cursor=cursor)
    assert ids(items + more, "slot_id") == slots and last is None


# The checks before.


def test_a_reply_topic_is_required(cell, queries, patient):
    for reply_topic in (None, "elsewhere", cell.topic("outcomes")):
        answer = queries.send("GetAccount", patient, fields={"account_id": patient.id}, reply_topic=reply_topic).answer()
        assert answer.code == "REPLY_TOPIC_REQUIRED" and answer.topic == cell.topic("outcomes")
    # After all that is wrong with the caller, before all that is wrong with the question.
    assert queries.send("GetAccount", None, fields={"account_id": patient.id}, reply_topic=None).answer().code == "UNAUTHENTICATED"
    assert queries.send("GetAccount", patient, fields={"account_id": uuid.uuid4()},
                        reply_topic=None).answer().code == "REPLY_TOPIC_REQUIRED"


def test_a_reply_topic_that_does_not_exist_hides_the_result(cell, queries, patient):
    answer = queries.send("GetAccount", patient, fields={"account_id": patient.id},
                          reply_topic=cell.topic("replies.nobodys")).answer()
    assert answer.topic == cell.topic("outcomes") and answer.refused_reply
    assert answer.status == "ACCEPTED" and answer.result is None


@pytest.mark.parametrize("name, fields", [
    ("GetHistory", {}),
    ("GetHistory", {"slot_id": uuid.uuid4(), "appointment_id": uuid.uuid4()}),
])
def test_a_history_of_none_or_of_two(queries, patient, name, fields):
    request = queries.send(name, patient, fields=fields)
    answer = request.answer()
    assert (answer.status, answer.code) == ("INVALID", "MALFORMED")
    assert answer.outcome["command_id"] == request.command_id
    assert request.dead_letter()


def list_body(state=b"\0", begin=b"\0", limit=b"\2", cursor=b"\0"):
    return b"\x48" + str(uuid.uuid4()).encode() + b"\0" + state + begin + b"\2" + limit + cursor


@pytest.mark.parametrize("changes, code", [
    ({}, "ACCEPTED"),
    ({"state": b"\2\6"}, "ACCEPTED"),
    ({"state": b"\2\x08"}, "MALFORMED"),                                  # an enum of four has no fifth
    ({"state": b"\4"}, "MALFORMED"),                                      # nor a union of two a third
    ({"begin": b"\1"}, "MALFORMED"),                                      # before 1970
    ({"begin": b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\1"}, "MALFORMED"),  # far behind the year 9999
    ({"limit": b"\x80\x80\x80\x80\x20"}, "MALFORMED"),                    # 2 to the 32nd
    ({"cursor": b"\2\xff\x01"}, "MALFORMED"),                             # a length of -128
    ({"cursor": b"\2\4\0"}, "MALFORMED"),                                 # cut
    ({"cursor": b"\0\0"}, "MALFORMED"),                                   # a byte left over
])
def test_bytes(queries, patient, changes, code):
    name = QUERY + "ListAppointments"
    value = b"\xc3\x01" + SCHEMAS.marker_of[name] + list_body(**changes)
    assert queries.send_value(value, patient).answer().code == code


def test_expired(queries, patient):
    for seconds, code in ((-1, "EXPIRED"), (60, "ACCEPTED")):
        header = ("ce_expirytime", soon(seconds).strftime("%Y-%m-%dT%H:%M:%SZ").encode())
        answer = queries.send("GetAccount", patient, fields={"account_id": patient.id}, headers=[header]).answer()
        assert answer.code == code


def test_unauthenticated(cell, queries, patient):
    def code(**options):
        return queries.send("GetAccount", None, fields={"account_id": patient.id}, **options).answer().code
    signer = cell.stack.signer
    assert code() == "UNAUTHENTICATED"
    assert code(token="nonsense") == "UNAUTHENTICATED"
    assert code(token=signer.token(uuid.uuid4(), "patient")) == "UNAUTHENTICATED"
    assert code(token=signer.token(patient.id, "admin")) == "UNAUTHENTICATED"
    assert code(token=signer.token(patient.id, "patient", ver=2)) == "UNAUTHENTICATED"
    assert code(token=patient.token) == "ACCEPTED"


def test_a_deactivated_account(cell, accounts, queries, patient, admin):
    token = patient.token
    assert accounts.order("DeactivateAccount", patient, patient.id).code == "ACCEPTED"

    def code(token):
        return queries.send("GetAccount", None, fields={"account_id": patient.id}, token=token).answer().code
    assert code(token) == "UNAUTHENTICATED"
    assert code(cell.stack.signer.token(patient.id, "patient", ver=2)) == "ACCOUNT_INACTIVE"
    assert queries.ask("GetAccount", admin, account_id=patient.id).result["state"] == "DEACTIVATED"


def test_asking_again_reads_again(client, queries, doctor):
    """A query is not in the log: no duplicate, and its command_id is free for another."""
    command_id = uuid.uuid4()

    def ask(name="ListOpenSlots", **fields):
        return queries.send(name, doctor, command_id, fields).answer()
    window = {"doctor_id": doctor.id, "from": PAST, "until": FUTURE}
    assert ask(**window).result["items"] == []
    slot_id = client.publish(doctor)
    answer = ask(**window)
    assert ids(answer.result["items"], "slot_id") == [slot_id] and not answer.duplicate
    assert ask("GetAccount", account_id=doctor.id).code == "ACCEPTED"


def test_many_at_once(queries, scene):
    """More than one round trip to the database takes, in one batch."""
    requests = [queries.send("ListAppointments", scene.doctor, fields={"from": PAST, "until": FUTURE, "limit": 1 + n % 3},
                             flush=False) for n in range(60)]
    queries.client.flush()
    for number, request in enumerate(requests):
        assert len(request.answer().result["items"]) == 1 + number % 3
