"""Account commands while workers die and servers go away: each has one answer and one effect."""

import collections
import uuid

import pytest

from kit.accounts import NEW_PASSWORD, WRONG, Accounts, Person
from kit.client import SCHEMAS
from kit.waiting import wait_for
from kit.worker import Worker

SETTINGS = {"worker.instance_id": "one", "account.threads": "2", "account.batch_max": "8", "password.passes": "1"}


def crowd_of(accounts, count):
    """So many people, registered together."""
    people = [Person() for _ in range(count)]
    requests = [accounts.send("RegisterPatient", person, flush=False) for person in people]
    accounts.client.flush()
    for person, request in zip(people, requests):
        person.id = request.answer().result["account_id"]
    return people


def mixed_commands(accounts, cell, people):
    """[(account_id or None, request)]: what each of these does to its account is known beforehand."""
    admin, sent = cell.account("admin"), []
    for number, person in enumerate(people):
        token = cell.stack.signer.token(person.id, "patient")
        inner = {"account_id": person.id, "new_password": NEW_PASSWORD}
        sent.append((person.id, [
            lambda: accounts.send("ChangePassword", person, None, inner=inner, token=token, flush=False),
            lambda: accounts.send_order("DeactivateAccount", admin, person.id, flush=False),
            lambda: accounts.send("LogIn", person, flush=False),
            lambda: accounts.send("LogIn", Person(person.login, WRONG), flush=False),
            lambda: accounts.send("RegisterPatient", Person(), flush=False),
        ][number % 5]()))
    return sent


def test_each_command_has_one_answer_whoever_dies(own_cell):
    worker = Worker(own_cell, SETTINGS)
    accounts, client = Accounts(own_cell.client), own_cell.client
    people = crowd_of(accounts, 40)
    sent = mixed_commands(accounts, own_cell, people)
    for _ in range(2):
        done = len(client.outcomes())
        client.wait(lambda: len(client.outcomes()) > done + 4, "a few more answers")
        worker.kill()
        worker = Worker(own_cell, SETTINGS)
    client.flush()
    codes = collections.Counter(request.answer(60).code for _, request in sent)
    assert codes == {"ACCEPTED": 32, "LOGIN_FAILED": 8}
    events = dict(own_cell.sql("select account_id, count(*) from account_event group by 1"))
    for number, person in enumerate(people):
        assert events[str(person.id)] == ("2" if number % 5 < 2 else "1")
    assert own_cell.sql("select count(*) from login_attempt") == [["0"]]
    assert own_cell.sql("select state, count(*) from account where login like '%@example.org'"
                        " group by state order by state") == [["active", "40"], ["deactivated", "8"]]
    for person in people:
        client.chain(person.id, int(events[str(person.id)]))
    done = own_cell.slotkeeper("audit", "verify", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_queries_are_answered_once_whoever_dies(own_cell):
    worker = Worker(own_cell, SETTINGS)
    accounts, client = Accounts(own_cell.client), own_cell.client
    accounts.get_service_keys()
    requests = []
    for round in range(3):
        for _ in range(40):
            command_id = uuid.uuid4()
            value = SCHEMAS.encode("slotkeeper.query.GetServiceKeys", {"command_id": command_id})
            requests.append(client.send_bytes(value, topic=own_cell.topic("queries"), flush=False))
        client.flush()
        worker.kill()
        worker = Worker(own_cell, SETTINGS)
    assert {request.answer(60).code for request in requests} == {"ACCEPTED"}


@pytest.mark.outage
def test_postgresql_dies_while_passwords_are_looked_at(own_cell):
    """The rows of attempts outlive it: none is counted twice, none is looked at that was not counted."""
    worker = Worker(own_cell, {**SETTINGS, "login.failures_free": "50", "login.failures_max": "50"})
    accounts, client = Accounts(own_cell.client), own_cell.client
    person = accounts.register()
    requests = [accounts.send("LogIn", Person(person.login, WRONG)) for _ in range(80)]
    wait_for(lambda: own_cell.sql("select count(*) from login_attempt") != [["0"]], "passwords to be looked at", step=0.01)
    own_cell.stack.script("kill", "postgres")
    own_cell.stack.script("start", "postgres")
    codes = collections.Counter(request.answer(60).code for request in requests)
    assert set(codes) == {"LOGIN_FAILED", "LOGIN_THROTTLED"} and 50 <= codes["LOGIN_FAILED"] <= 51
    rows = own_cell.sql("select failures, (select count(*) from login_attempt) from login_throttle"
                        " where failures > 0")
    assert rows == [[str(codes["LOGIN_FAILED"]), "0"]]
    worker.wait_until_ready()
    assert accounts.ask("RegisterPatient", Person()).code == "ACCEPTED"
