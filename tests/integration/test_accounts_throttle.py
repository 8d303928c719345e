"""Guessing: how many passwords are looked at, however many are sent and however often the worker dies; whom it delays.

ACCOUNTS_GUESSES says how many guesses the attack with kills makes (default 500; the full number is 10000).
"""

import itertools
import os
import uuid

import pytest

from conftest import use_cell
from kit.accounts import NEW_PASSWORD, WRONG, Accounts, Person, new_login
from kit.client import Answer
from kit.waiting import wait_for
from kit.worker import Worker

GUESSES = int(os.environ.get("ACCOUNTS_GUESSES", "500"))
CHEAP = {"password.memory": "64KiB", "password.passes": "1", "account.threads": "3", "password.threads": "2"}
DELAY_MAX_MS = 15 * 60 * 1000


@pytest.fixture(scope="module")
def cheap(stack):
    """A cell whose hashes cost nothing."""
    with use_cell(stack, "guesses") as cell:
        Worker(cell, CHEAP)
        yield cell


@pytest.fixture
def served(cheap):
    """Its accounts, and nobody has failed yet."""
    cheap.sql("delete from login_throttle")
    return Accounts(cheap.client)


def all_answers(client, requests, timeout=60):
    """One answer each, looked up once for all of them."""
    wanted = {request.correlation_id for request in requests}

    def found():
        seen = [one for one in client.outcomes() if one.headers.get("kafka_correlationId") in wanted]
        return seen if len(seen) >= len(wanted) else None

    by_id = {}
    for one in client.wait(found, f"{len(wanted)} answers", timeout):
        assert by_id.setdefault(one.headers["kafka_correlationId"], one) is one
    return [Answer(by_id[request.correlation_id]) for request in requests]


def together(accounts, sends):
    """Sent at once; their answers."""
    requests = [accounts.send(name, person, flush=False, **more) for name, person, more in sends]
    accounts.client.flush()
    return all_answers(accounts.client, requests)


def guess(person, number=0):
    return Person(person.login, f"{WRONG}-{number}", id=person.id)


def codes(answers):
    return [answer.code for answer in answers]


def under_way(cell):
    return int(cell.sql("select count(*) from login_attempt")[0][0])


def failures(cell):
    """Of the login that failed most."""
    return int(cell.sql("select coalesce(max(failures), 0) from login_throttle")[0][0])


# The schedule.

def test_five_failures_are_free(served, cheap):
    person = served.register()
    assert codes(served.ask("LogIn", guess(person)) for _ in range(5)) == ["LOGIN_FAILED"] * 5
    for who in (guess(person), person):
        answer = served.ask("LogIn", who)
        assert answer.code == "LOGIN_THROTTLED" and 0 < answer.outcome["retry_after_ms"] <= 1000
    assert (failures(cheap), under_way(cheap)) == (5, 0)


def test_throttled_is_not_the_last_word(served):
    """The same command_id is decided once its time has come, and then remembered."""
    person, command_id = served.register(), uuid.uuid4()
    for _ in range(5):
        served.ask("LogIn", guess(person))
    here = person.elsewhere()
    assert served.ask("LogIn", here, command_id=command_id).code == "LOGIN_THROTTLED"
    answer = wait_for(lambda: unless_throttled(served.ask("LogIn", here, command_id=command_id)), "a second to pass")
    assert answer.code == "ACCEPTED" and not answer.duplicate
    assert served.ask("LogIn", here, command_id=command_id).value == answer.value


def unless_throttled(answer):
    return None if answer.code == "LOGIN_THROTTLED" else answer


def test_a_right_password_forgives(served, cheap):
    person = served.register()
    for _ in range(3):
        assert codes(served.ask("LogIn", who) for who in (guess(person),) * 4 + (person.elsewhere(),)) == (
            ["LOGIN_FAILED"] * 4 + ["ACCEPTED"])
    assert failures(cheap) == 0


def test_one_counter_for_all_commands(served, cheap):
    """LogIn, ChangePassword and EraseAccount fail together, and are throttled together; so does ResetPassword."""
    person = served.enter()
    admin = served.make_admin()
    served.log_in(admin)
    other = served.register()

    def attempts(who, owner):
        yield served.ask("LogIn", who)
        if owner is admin:
            yield served.ask("ResetPassword", who, owner, {"account_id": other.id}, inner={
                "account_id": other.id, "new_password": NEW_PASSWORD, "login": None})
        yield served.ask("ChangePassword", who, owner, inner={"account_id": owner.id, "new_password": NEW_PASSWORD})
        yield served.erase(who, owner.id)

    for owner in (person, admin):
        found = itertools.chain.from_iterable(attempts(guess(owner), owner) for _ in range(3))
        assert codes(itertools.islice(found, 8)) == ["LOGIN_FAILED"] * 5 + ["LOGIN_THROTTLED"] * 3
        assert served.ask("ChangePassword", guess(owner), owner, inner={
            "account_id": owner.id, "new_password": "short"}).code == "LOGIN_THROTTLED"
    # Somebody who knows another's login, and an own account, has another counter.
    assert served.ask("LogIn", other).code == "ACCEPTED"


def test_a_reset_clears_it(served, cheap):
    admin, person = served.log_in(served.make_admin()), served.register()
    answers = together(served, [("LogIn", guess(person, n), {}) for n in range(12)])
    assert sorted(codes(answers)) == ["LOGIN_FAILED"] * 5 + ["LOGIN_THROTTLED"] * 7
    assert served.reset_password(admin, person.id).code == "ACCEPTED"
    person.password = NEW_PASSWORD
    assert served.ask("LogIn", person).code == "ACCEPTED"
    assert failures(cheap) == 0


def test_unknown_logins_are_counted_alike(served):
    nobody = Person(new_login())
    answers = [served.ask("LogIn", guess(nobody)) for _ in range(6)]
    assert codes(answers) == ["LOGIN_FAILED"] * 5 + ["LOGIN_THROTTLED"]


def test_registrations_have_a_counter_of_their_own(served):
    person = served.register()
    answers = [served.ask("RegisterPatient", Person(person.login, WRONG)) for _ in range(6)]
    assert codes(answers) == ["LOGIN_TAKEN"] * 5 + ["LOGIN_THROTTLED"]
    assert served.ask("RegisterPatient", Person(person.login, "weak")).code == "LOGIN_THROTTLED"
    assert served.ask("LogIn", person.elsewhere()).code == "ACCEPTED"


def test_a_repeat_is_no_second_attempt(served, cheap):
    """Not even one that is decided in the same batch as the first."""
    person, command_id = served.register(), uuid.uuid4()
    wrong = guess(person)
    answers = together(served, [("LogIn", wrong, {"command_id": command_id})] * 8)
    assert codes(answers) == ["LOGIN_FAILED"] * 8 and [answer.duplicate for answer in answers] == [False] + [True] * 7
    assert (failures(cheap), under_way(cheap)) == (1, 0)


# Attacks.

@pytest.mark.long
def test_guesses_with_the_worker_killed_in_between(own_cell):
    """Each guess that is answered LOGIN_FAILED was looked at: as many were counted, and no more than the limit."""
    limit = 100
    settings = {"login.failures_free": str(limit), "login.failures_max": str(limit), "worker.instance_id": "one"}
    worker = Worker(own_cell, settings)
    accounts = Accounts(own_cell.client)
    person = accounts.enter()
    assert under_way(own_cell) == 0
    requests = [accounts.send("LogIn", guess(person, n), flush=False) for n in range(GUESSES)]
    for _ in range(4):
        wait_for(lambda: under_way(own_cell), "passwords to be looked at", step=0.01)
        worker.kill()
        assert under_way(own_cell) > 0
        worker = Worker(own_cell, settings)
    own_cell.client.flush()
    answers = all_answers(own_cell.client, requests, timeout=120)
    looked_at = codes(answers).count("LOGIN_FAILED")
    assert looked_at + codes(answers).count("LOGIN_THROTTLED") == GUESSES
    assert all(answer.outcome["retry_after_ms"] > 0 for answer in answers if answer.code == "LOGIN_THROTTLED")
    # After the limit one more, when its second has passed; then the login is locked.
    assert limit <= looked_at <= limit + 1
    assert failures(own_cell) == looked_at and under_way(own_cell) == 0
    if looked_at == limit:
        last = wait_for(lambda: unless_throttled(accounts.ask("LogIn", guess(person))), "the last second to pass")
        assert last.code == "LOGIN_FAILED"
    assert accounts.ask("LogIn", person.elsewhere()).outcome["retry_after_ms"] > 23 * 3600 * 1000
    assert accounts.ask("LogIn", person).code == "ACCEPTED"


def test_three_dictionary_attacks_at_once(served, cheap):
    """One login, many logins, registrations. Honest people do not wait, the owner of the attacked login at most 15 min."""
    owner, other = served.enter(), served.register()
    many = [served.register() for _ in range(20)]
    attack = [("LogIn", guess(owner, n), {}) for n in range(150)]
    attack += [("LogIn", guess(who), {}) for who in [*many, other, *(Person() for _ in range(100))]]
    attack += [("RegisterPatient", Person(login), {}) for login in [owner.login] * 30 + [new_login() for _ in range(100)]]
    attack.sort(key=lambda one: one[1].password + one[1].login)
    honest = Person()
    answers = together(served, attack)
    assert codes(answers).count("LOGIN_THROTTLED") > 100
    waits = [answer.outcome["retry_after_ms"] for answer in answers if answer.code == "LOGIN_THROTTLED"]
    assert max(waits) <= DELAY_MAX_MS
    assert served.ask("LogIn", owner).code == "ACCEPTED"
    assert served.change_password(owner).code == "ACCEPTED"
    assert [served.ask("LogIn", who).code for who in [other, *many]] == ["ACCEPTED"] * 21
    assert served.ask("RegisterPatient", honest).code == "ACCEPTED"
    assert served.ask("LogIn", honest).code == "ACCEPTED"


@pytest.mark.parametrize("already, wait_ms", [(99, DELAY_MAX_MS), (100, 24 * 3600 * 1000)])
def test_a_long_attack(served, cheap, already, wait_ms):
    """The 100th failure costs 15 minutes, the next one a day; the owner's own device does not wait for either."""
    owner = served.enter()
    served.ask("LogIn", guess(owner))
    cheap.sql(f"update login_throttle set failures = {already}, blocked_until = null")
    assert served.ask("LogIn", guess(owner)).code == "LOGIN_FAILED"
    answer = served.ask("LogIn", owner.elsewhere())
    assert answer.code == "LOGIN_THROTTLED" and wait_ms - 5000 < answer.outcome["retry_after_ms"] <= wait_ms
    assert served.ask("LogIn", owner).code == "ACCEPTED"
    assert served.ask("LogIn", owner.elsewhere()).code == "LOGIN_THROTTLED"


def test_a_device_is_known_until_the_password_changes(served):
    owner = served.enter()
    assert served.change_password(owner).code == "ACCEPTED"
    owner.password = NEW_PASSWORD
    together(served, [("LogIn", guess(owner, n), {}) for n in range(6)])
    answer = served.ask("LogIn", owner)
    assert answer.code == "ACCEPTED" or answer.outcome["retry_after_ms"] <= DELAY_MAX_MS
