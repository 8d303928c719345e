"""How accounts end: deactivated, back again, erased; what a doctor's end does to his slots; the last admin."""

import contextlib
import subprocess
import uuid

import pytest

from kit.accounts import WRONG, Accounts, Person
from kit.client import soon
from kit.waiting import wait_for
from kit.worker import Worker


def can_use(client, person):
    return client.ask("BookSlot", person, {"slot_id": uuid.uuid4()}).code == "SLOT_NOT_FOUND"


def states(client, account_id, count):
    return [event["new_state"] for event in client.chain(account_id, count)]


def test_a_token_ends_with_its_account(accounts, client):
    person = accounts.enter()
    answer = accounts.order("DeactivateAccount", person, person.id)
    assert answer.result == {"account_id": person.id, "role": "PATIENT", "state": "DEACTIVATED"}
    assert client.ask("BookSlot", person, {"slot_id": uuid.uuid4()}).code == "UNAUTHENTICATED"
    assert accounts.order("DeactivateAccount", person, person.id).code == "UNAUTHENTICATED"
    assert accounts.change_password(person).code == "UNAUTHENTICATED"
    assert states(client, person.id, 2) == ["ACTIVE", "DEACTIVATED"]


def test_deactivate_refusals(accounts, client, admin, patient, doctor):
    person = accounts.enter()
    for caller in (patient, doctor):
        assert accounts.order("DeactivateAccount", caller, person.id).code == "ACCOUNT_NOT_FOUND"
        assert accounts.order("DeactivateAccount", caller, uuid.uuid4()).code == "ACCOUNT_NOT_FOUND"
    assert accounts.order("DeactivateAccount", admin, uuid.uuid4()).code == "ACCOUNT_NOT_FOUND"
    assert can_use(client, person)
    assert accounts.order("DeactivateAccount", admin, person.id).code == "ACCEPTED"
    assert accounts.order("DeactivateAccount", admin, person.id).code == "ACCOUNT_INACTIVE"
    assert accounts.order("EraseAccount", admin, person.id).code == "ACCEPTED"
    assert accounts.order("DeactivateAccount", admin, person.id).code == "ACCOUNT_ERASED"
    assert accounts.order("DeactivateAccount", patient, person.id).code == "ACCOUNT_NOT_FOUND"


def test_tokens_of_others_end_by_their_time(accounts, client, cell, admin):
    """Those of an identity provider carry no `ver`."""
    person = accounts.enter()
    token = cell.stack.signer.token(person.id, "patient", ver=None)
    ask = lambda: client.ask("BookSlot", None, {"slot_id": uuid.uuid4()}, token=token).code  # noqa: E731
    assert ask() == "SLOT_NOT_FOUND"
    assert accounts.order("DeactivateAccount", admin, person.id).code == "ACCEPTED"
    assert ask() == "UNAUTHENTICATED"
    assert accounts.order("ReactivateAccount", admin, person.id).code == "ACCEPTED"
    assert ask() == "UNAUTHENTICATED"


def test_reactivate(accounts, client, admin, patient):
    person = accounts.enter()
    assert accounts.order("ReactivateAccount", admin, person.id).code == "ACCOUNT_ACTIVE"
    assert accounts.order("ReactivateAccount", admin, uuid.uuid4()).code == "ACCOUNT_NOT_FOUND"
    assert accounts.order("ReactivateAccount", patient, person.id).code == "FORBIDDEN_ROLE"
    accounts.order("DeactivateAccount", admin, person.id)
    assert accounts.ask("LogIn", person).code == "LOGIN_FAILED"
    answer = accounts.order("ReactivateAccount", admin, person.id)
    assert answer.result == {"account_id": person.id, "role": "PATIENT", "state": "ACTIVE"}
    assert client.ask("BookSlot", person, {"slot_id": uuid.uuid4()}).code == "UNAUTHENTICATED"
    assert can_use(client, accounts.log_in(person))
    assert states(client, person.id, 3) == ["ACTIVE", "DEACTIVATED", "ACTIVE"]


def test_nobody_leaves_with_an_appointment(accounts, client, admin, doctor):
    person = accounts.enter()
    slot_id = client.publish(doctor)
    names = {"slot_id": slot_id, "appointment_id": client.book(person, slot_id)["appointment_id"]}
    for caller, account in ((person, person), (admin, person), (doctor, doctor), (admin, doctor)):
        assert accounts.order("DeactivateAccount", caller, account.id).code == "HAS_UPCOMING_APPOINTMENTS"
    assert client.ask("CancelAppointment", person, {**names, "reason": None}).code == "ACCEPTED"
    assert accounts.order("DeactivateAccount", person, person.id).code == "ACCEPTED"
    assert accounts.order("DeactivateAccount", doctor, doctor.id).code == "ACCEPTED"


def test_a_past_appointment_is_completed_first(accounts, client, doctor, admin):
    person = accounts.enter()
    slot_id = client.publish(doctor, soon(1.2), 1 / 60)
    names = {"slot_id": slot_id, "appointment_id": client.book(person, slot_id)["appointment_id"]}
    wait_for(lambda: client.ask("CompleteAppointment", doctor, names).code == "ACCEPTED"
             or accounts.order("DeactivateAccount", admin, person.id).code != "HAS_UPCOMING_APPOINTMENTS",
             "the slot to start")
    assert accounts.order("DeactivateAccount", admin, person.id).code == "ACCEPTED"


def test_a_doctors_open_slots_go_with_him(accounts, client, cell, admin):
    doctor = accounts.enter(admin=admin)
    to_come = [client.publish(doctor, soon(86400 * day)) for day in (1, 2, 3)]
    withdrawn = client.publish(doctor, soon(86400 * 4))
    client.ask("WithdrawSlot", doctor, {"slot_id": withdrawn})
    past = client.publish(doctor, soon(0.8), 1 / 60)
    wait_for(lambda: cell.sql(f"select lower(during) < now() from slot where slot_id = '{past}'") == [["t"]],
             "the slot to start")
    answer = accounts.order("DeactivateAccount", admin, doctor.id)
    assert answer.code == "ACCEPTED"
    for slot_id in to_come:
        event = client.chain(slot_id, 2)[1]
        assert (event["new_state"], event["reason"], event["actor_id"]) == ("WITHDRAWN", "DOCTOR_DEACTIVATED", admin.id)
        assert event["command_id"] == answer.outcome["command_id"]
        assert event["occurred_at"] == client.chain(doctor.id, 2)[1]["occurred_at"]
    same = cell.sql(f"select count(distinct xmin::text) from slot where doctor_id = '{doctor.id}'"
                    f" and slot_id in ({', '.join(repr(str(slot)) for slot in to_come)})")
    assert same == [["1"]]
    assert cell.sql(f"select withdrawn_at is null from slot where slot_id = '{past}'") == [["t"]]
    assert len(client.chain(withdrawn, 2)) == 2
    assert accounts.order("ReactivateAccount", admin, doctor.id).code == "ACCEPTED"
    assert client.ask("BookSlot", cell.account("patient"), {"slot_id": to_come[0]}).code == "SLOT_WITHDRAWN"


def test_erase_by_password(accounts, client, cell):
    person, other = accounts.enter(), accounts.register()
    history = client.chain(person.id, 1)
    assert accounts.erase(person).code == "ACCOUNT_ACTIVE"
    assert accounts.order("DeactivateAccount", person, person.id).code == "ACCEPTED"
    assert accounts.erase(Person(person.login, WRONG, id=person.id)).code == "LOGIN_FAILED"
    assert accounts.erase(other, person.id).code == "LOGIN_FAILED"
    assert accounts.erase(person, uuid.uuid4()).code == "LOGIN_FAILED"
    answer = accounts.erase(person)
    assert answer.result == {"account_id": person.id, "role": "PATIENT", "state": "ERASED"}
    assert answer.outcome["caller"] is None
    assert accounts.erase(person).code == "LOGIN_FAILED"
    assert accounts.ask("LogIn", person).code == "LOGIN_FAILED"
    assert client.chain(person.id, 3)[:1] == history and states(client, person.id, 3)[2] == "ERASED"
    row = cell.sql("select login is null, password_hash is null, (select count(*) from login_device d"
                   f" where d.account_id = account.account_id) from account where account_id = '{person.id}'")
    assert row == [["t", "t", "0"]]
    # The login may be taken again, by another account.
    assert accounts.register(Person(person.login)).id != person.id


def test_erase_by_an_admin(accounts, client, admin, patient, doctor):
    person = accounts.enter()
    slot_id = client.publish(doctor)
    names = {"slot_id": slot_id, "appointment_id": client.book(person, slot_id)["appointment_id"]}
    assert client.ask("CancelAppointment", person, {**names, "reason": None}).code == "ACCEPTED"
    assert accounts.order("EraseAccount", admin, person.id).code == "ACCOUNT_ACTIVE"
    assert accounts.order("EraseAccount", person, person.id).code == "FORBIDDEN_ROLE"
    assert accounts.order("DeactivateAccount", admin, person.id).code == "ACCEPTED"
    assert accounts.order("EraseAccount", admin, uuid.uuid4()).code == "ACCOUNT_NOT_FOUND"
    assert accounts.order("EraseAccount", admin, person.id).code == "ACCEPTED"
    assert accounts.order("EraseAccount", admin, person.id).code == "ACCOUNT_ERASED"
    assert accounts.order("ReactivateAccount", admin, person.id).code == "ACCOUNT_ERASED"
    assert accounts.ask("LogIn", person).code == "LOGIN_FAILED"
    assert client.chain(slot_id, 3)[1]["actor_id"] == person.id
    assert client.chain(person.id, 3)[2]["actor_id"] == admin.id


def test_a_repeat_of_an_end(accounts, client, admin):
    person = accounts.enter()
    command_id = uuid.uuid4()
    first, second = [accounts.order("DeactivateAccount", person, person.id, command_id=command_id) for _ in range(2)]
    assert (first.code, second.duplicate, first.value) == ("ACCEPTED", True, second.value)
    command_id = uuid.uuid4()
    requests = [accounts.send_order("EraseAccount", admin, person.id, command_id=command_id, flush=False)
                for _ in range(4)]
    client.flush()
    assert [request.answer().duplicate for request in requests] == [False, True, True, True]
    assert len(client.chain(person.id, 3)) == 3


@pytest.fixture
def two_admins(own_cell):
    """A cell that has no other."""
    admins = [own_cell.account("admin") for _ in range(2)]
    kept = ", ".join(f"'{admin.id}'" for admin in admins)
    own_cell.sql("update account set state = 'deactivated', deactivated_at = now(), token_version = 2"
                 f" where role = 'admin' and account_id not in ({kept})")
    return admins


def test_the_last_admin_stays(own_cell, two_admins):
    Worker(own_cell)
    accounts = Accounts(own_cell.client)
    first, second = two_admins
    assert accounts.order("DeactivateAccount", first, second.id).code == "ACCEPTED"
    assert accounts.order("DeactivateAccount", first, first.id).code == "LAST_ADMIN"
    assert accounts.order("ReactivateAccount", first, second.id).code == "ACCEPTED"
    assert accounts.order("DeactivateAccount", first, first.id).code == "ACCEPTED"


@contextlib.contextmanager
def nobody_leaves_events(cell):
    """Whoever has decided what becomes of an account waits in here before he can say so."""
    url = cell.stack.url("STACK_SUPERUSER_URL", cell.name)
    holder = subprocess.Popen(["psql", "-XqAt", url], env=cell.stack.clean_env, text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        holder.stdin.write("begin; lock table slotkeeper.account_event in share mode; select 'held';\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "held\n"
        yield
    finally:
        holder.communicate("rollback;\n", timeout=20)


@pytest.mark.parametrize("whom", ["each other", "themselves"])
def test_two_admins_leave_at_once(own_cell, two_admins, whom):
    """Two workers, and a partition of each for the two commands. Who deactivates himself shares no row with the other one."""
    for _ in range(2):
        Worker(own_cell).wait_until_ready()
    accounts = Accounts(own_cell.client)
    targets = two_admins if whom == "themselves" else two_admins[::-1]
    with nobody_leaves_events(own_cell):
        requests = [accounts.send_order("DeactivateAccount", admin, target.id, partition=3 * i)
                    for i, (admin, target) in enumerate(zip(two_admins, targets))]
        wait_for(lambda: own_cell.sql("select count(*) from pg_stat_activity where datname = current_database()"
                                      " and usename = 'slotkeeper_worker' and wait_event_type = 'Lock'") == [["2"]],
                 "both to wait")
    codes = sorted(request.answer().code for request in requests)
    assert codes == ["ACCEPTED", "LAST_ADMIN" if whom == "themselves" else "UNAUTHENTICATED"]
    assert own_cell.sql("select count(*) from account where role = 'admin' and state = 'active'") == [["1"]]
