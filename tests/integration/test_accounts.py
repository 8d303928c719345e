"""Accounts over the wire: registering, logging in, passwords; each accepted path and each code of the contract's table."""

import base64
import json
import uuid

import pytest

from kit.accounts import NEW_PASSWORD, WRONG, Accounts, Person, new_login
from kit.client import soon
from kit.worker import Worker


@pytest.fixture(scope="module")
def root(accounts):
    """An admin with a password."""
    return accounts.log_in(accounts.make_admin())


def row_of(cell, person):
    return cell.sql("select state, token_version, credential_version, password_hash, login from account"
                    f" where account_id = '{person.id}'")[0]


def events_of(client, account_id, count):
    return [(event["new_state"], event["reason"]) for event in client.chain(account_id, count)]


def can_use(client, person):
    """Whether the token is taken: a slot that is not there is not found."""
    return client.ask("BookSlot", person, {"slot_id": uuid.uuid4()}).code == "SLOT_NOT_FOUND"


def test_register_log_in_and_book(accounts, client, doctor):
    person = accounts.register()
    answer = accounts.ask("LogIn", person)
    assert answer.outcome["caller"] is None
    token = person.open(answer)
    assert (token["account_id"], token["role"]) == (person.id, "PATIENT")
    assert soon(3590) < token["expires_at"] < soon(3610)
    person.token = token["token"]
    assert client.book(person, client.publish(doctor))["patient_id"] == person.id
    assert events_of(client, person.id, 1) == [("ACTIVE", None)]
    event = client.chain(person.id, 1)[0]
    assert (event["entity"], event["actor_id"], event["actor_role"]) == ("ACCOUNT", person.id, "PATIENT")
    assert (event["slot_id"], event["old_state"]) == (None, None)


def test_what_registering_answers(accounts):
    person = Person()
    answer = accounts.ask("RegisterPatient", person)
    assert answer.result == {"account_id": answer.result["account_id"], "role": "PATIENT", "state": "ACTIVE"}
    assert answer.outcome["caller"] is None and answer.outcome["command"] == "slotkeeper.command.RegisterPatient"


def test_register_refusals(accounts):
    taken = accounts.register()
    code = lambda **changes: accounts.ask("RegisterPatient", Person(**changes)).code  # noqa: E731
    assert code(login="no") == "LOGIN_INVALID"
    assert code(login="no", password="short") == "LOGIN_INVALID"
    assert code(password="password1234") == "PASSWORD_WEAK"
    assert code(password="short") == "PASSWORD_WEAK"
    assert code(login=taken.login, password="short") == "PASSWORD_WEAK"
    assert code(login=taken.login) == "LOGIN_TAKEN"
    assert code(login=taken.login.upper()) == "LOGIN_TAKEN"


def test_doctors_are_made_by_admins(accounts, client, patient, doctor, admin):
    for account in (patient, doctor):
        assert accounts.ask("RegisterDoctor", Person(), account).code == "FORBIDDEN_ROLE"
    assert accounts.ask("RegisterDoctor", Person()).code == "UNAUTHENTICATED"
    assert accounts.ask("RegisterDoctor", Person(login="no"), admin).code == "LOGIN_INVALID"
    assert accounts.ask("RegisterDoctor", Person(password="password1234"), admin).code == "PASSWORD_WEAK"
    person = accounts.log_in(accounts.register(admin=admin))
    assert accounts.ask("RegisterDoctor", Person(person.login), admin).code == "LOGIN_TAKEN"
    assert client.publish(person)
    event = client.chain(person.id, 1)[0]
    assert (event["actor_id"], event["actor_role"]) == (admin.id, "ADMIN")


def test_one_code_for_every_failed_log_in(accounts, admin):
    person = accounts.register()
    gone = accounts.register()
    assert accounts.order("DeactivateAccount", admin, gone.id).code == "ACCEPTED"
    answers = [accounts.ask("LogIn", who) for who in (
        Person(), Person(person.login, WRONG), gone, Person("no"), Person(person.login, "x"))]
    assert {answer.code for answer in answers} == {"LOGIN_FAILED"}
    assert len({answer.outcome["message"] for answer in answers}) == 1
    assert len({len(answer.value) for answer in answers}) == 1


def test_sessions_are_of_one_size(accounts, root):
    people = [accounts.register(Person(new_login(prefix))) for prefix in ("a", "somebody-with-a-long-name")]
    assert len({len(accounts.ask("LogIn", person).value) for person in people}) == 1


def test_change_password(accounts, client):
    person = accounts.enter()
    answer = accounts.change_password(person)
    token = person.open(answer)
    assert answer.outcome["caller"] == person.id == token["account_id"]
    assert not can_use(client, person)
    assert accounts.ask("LogIn", person).code == "LOGIN_FAILED"
    person.password, person.token = NEW_PASSWORD, token["token"]
    assert can_use(client, person)
    accounts.log_in(person)
    assert can_use(client, person)
    assert events_of(client, person.id, 2) == [("ACTIVE", None), ("ACTIVE", "PASSWORD_CHANGED")]


def test_change_password_refusals(accounts, client):
    person, other = accounts.enter(), accounts.register()
    assert accounts.change_password(person, password=WRONG).code == "LOGIN_FAILED"
    assert accounts.change_password(person, "short").code == "PASSWORD_WEAK"
    assert accounts.change_password(person, password=WRONG, new_password="short").code == "LOGIN_FAILED"
    assert accounts.change_password(person, None).code == "PASSWORD_WEAK"
    assert accounts.change_password(person, login=other.login, password=other.password).code == "LOGIN_FAILED"
    assert accounts.ask("ChangePassword", person, inner={"account_id": person.id}).code == "UNAUTHENTICATED"
    assert can_use(client, person)


def test_reset_password(accounts, client, cell, root):
    person = accounts.enter()
    answer = accounts.reset_password(root, person.id)
    assert answer.code == "ACCEPTED" and answer.result["account_id"] == person.id
    assert not can_use(client, person)
    assert accounts.ask("LogIn", person).code == "LOGIN_FAILED"
    person.password = NEW_PASSWORD
    assert can_use(client, accounts.log_in(person))
    event = client.chain(person.id, 2)[1]
    assert (event["reason"], event["actor_id"], event["actor_role"]) == ("PASSWORD_RESET", root.id, "ADMIN")


def test_reset_password_refusals(accounts, client, root, patient):
    person = accounts.enter()
    assert accounts.reset_password(person, person.id).code == "FORBIDDEN_ROLE"
    assert accounts.reset_password(root, person.id, password=WRONG).code == "LOGIN_FAILED"
    assert accounts.reset_password(root, uuid.uuid4(), password=WRONG).code == "LOGIN_FAILED"
    assert accounts.reset_password(root, uuid.uuid4()).code == "ACCOUNT_NOT_FOUND"
    assert accounts.reset_password(root, person.id, "password1234").code == "PASSWORD_WEAK"
    assert can_use(client, person)
    assert accounts.order("DeactivateAccount", person, person.id).code == "ACCEPTED"
    assert accounts.erase(person).code == "ACCEPTED"
    assert accounts.reset_password(root, person.id, "short").code == "ACCOUNT_ERASED"


def test_token_of_ours(accounts, cell):
    """What an identity provider's clients would look for, and the key that the service tells of."""
    person = accounts.enter()
    head, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in person.token.split(".")[:2])
    assert head["alg"] == "ES256"
    assert (claims["sub"], claims["role"], claims["ver"]) == (str(person.id), "patient", 1)
    assert claims["exp"] - claims["iat"] == 3600 and claims["jti"]
    assert claims["iss"] == cell.env["SLOTKEEPER_TOKEN_ISSUER"] and claims["aud"] == "slotkeeper"
    keys = json.loads(accounts.get_service_keys().result["jwks"])["keys"]
    assert head["kid"] in [key["kid"] for key in keys]


def test_service_keys(accounts, client):
    answer = accounts.get_service_keys()
    assert [len(key["public_key"]) for key in answer.result["seal_keys"]] == [32]
    jwks = json.loads(answer.result["jwks"])["keys"]
    assert jwks and all(key["kty"] != "oct" and "d" not in key for key in jwks)
    assert answer.result["statement"].count(".") == 2
    assert accounts.get_service_keys(reply_topic=None, key=b"keys", correlation_id=None).code == "REPLY_TOPIC_REQUIRED"
    again = accounts.get_service_keys(command_id=answer.outcome["command_id"])
    assert again.code == "ACCEPTED" and not again.duplicate
    late = [("ce_expirytime", b"2020-01-01T00:00:00Z")]
    assert accounts.get_service_keys(headers=late).code == "EXPIRED"
    assert accounts.get_service_keys(topic=accounts.topic).code == "UNKNOWN_SCHEMA"


def test_what_cannot_be_read_goes_to_the_topics_own_dead_letters(accounts, client, patient):
    for topic in (accounts.topic, client.cell.topic("queries")):
        request = client.send_bytes(b"neither a command nor a query", patient, topic=topic)
        answer = request.answer()
        assert (answer.status, answer.code) == ("INVALID", "MALFORMED")
        letter = request.dead_letter()
        assert letter.value == b"neither a command nor a query" and letter.topic == topic + "-dlt"
        assert letter.headers["authorization"].startswith(b"sha256:")


# The same command_id again.

def repeat(accounts, name, person, account=None, fields=None, inner=None):
    """Two answers to one command_id; the second box was made anew."""
    command_id = uuid.uuid4()
    return [accounts.ask(name, person, account, fields, command_id=command_id, inner=inner) for _ in range(2)]


def test_repeats_are_answered_from_the_log(accounts, client, root):
    person = Person()
    first, second = repeat(accounts, "RegisterPatient", person)
    assert (first.code, first.duplicate, second.duplicate) == ("ACCEPTED", False, True)
    assert first.value == second.value
    person.id = first.result["account_id"]
    first, second = repeat(accounts, "LogIn", person)
    assert (first.code, second.duplicate, first.value) == ("ACCEPTED", True, second.value)
    assert person.open(first) == person.open(second)
    first, second = repeat(accounts, "LogIn", Person(person.login, WRONG))
    assert (first.code, second.duplicate, first.value) == ("LOGIN_FAILED", True, second.value)
    accounts.log_in(person)
    # The second one's token is one that the first ended: recall comes before that is looked at.
    first, second = repeat(accounts, "ChangePassword", person, person,
                           inner={"account_id": person.id, "new_password": NEW_PASSWORD})
    assert (first.code, second.duplicate, first.value) == ("ACCEPTED", True, second.value)
    first, second = repeat(accounts, "ResetPassword", root, root, {"account_id": person.id},
                           {"account_id": person.id, "new_password": WRONG, "login": None})
    assert (first.code, second.duplicate, first.value) == ("ACCEPTED", True, second.value)
    assert len(client.chain(person.id, 3)) == 3


def test_repeats_in_one_batch(accounts, client):
    """Sent together, so that they are likely decided together: still one effect, and one answer."""
    person, command_id = Person(), uuid.uuid4()
    box = accounts.box(accounts.credentials("RegisterPatient", person, command_id))
    requests = [accounts.send("RegisterPatient", person, command_id=command_id, box=box, flush=False) for _ in range(6)]
    client.flush()
    answers = [request.answer() for request in requests]
    assert [answer.duplicate for answer in answers] == [False] + 5 * [True]
    assert len({answer.value for answer in answers}) == 1 and answers[0].code == "ACCEPTED"


def test_command_id_reused(accounts, client, admin):
    person, command_id = Person(), uuid.uuid4()
    send = lambda name, who, **inner: accounts.ask(name, who, command_id=command_id, inner=inner)  # noqa: E731
    assert send("RegisterPatient", person).code == "ACCEPTED"
    assert send("RegisterPatient", person, password=WRONG).code == "COMMAND_ID_REUSED"
    assert send("RegisterPatient", person, login=new_login()).code == "COMMAND_ID_REUSED"
    assert send("LogIn", person).code == "COMMAND_ID_REUSED"
    assert send("RegisterPatient", person).duplicate
    # Another device is another caller.
    assert send("LogIn", person.elsewhere()).code == "ACCEPTED"
    target = accounts.register()
    command_id = uuid.uuid4()
    assert accounts.order("DeactivateAccount", admin, target.id, command_id=command_id).code == "ACCEPTED"
    assert accounts.order("ReactivateAccount", admin, target.id, command_id=command_id).code == "COMMAND_ID_REUSED"


def test_a_session_goes_where_it_may(accounts, client):
    """Nobody's reply topic: the default one. A reply topic that cannot be used: without the session."""
    person = accounts.register()
    answer = accounts.ask("LogIn", person, reply_topic=None)
    assert answer.topic == client.cell.topic("outcomes") and person.open(answer)["token"]
    answer = accounts.ask("LogIn", person, reply_topic=client.cell.topic("audit"))
    assert answer.topic == client.cell.topic("outcomes")
    assert (answer.code, answer.result, answer.refused_reply) == ("ACCEPTED", None, True)


def test_other_answers_are_not_tied_to_the_command_id(accounts):
    person, command_id = Person(), uuid.uuid4()
    late = [("ce_expirytime", b"2020-01-01T00:00:00Z")]
    assert accounts.ask("RegisterPatient", person, command_id=command_id, headers=late).code == "EXPIRED"
    assert accounts.ask("RegisterPatient", person, command_id=command_id, key_id="gone").code == "KEY_UNKNOWN"
    assert accounts.ask("RegisterPatient", person, command_id=command_id).code == "ACCEPTED"


# What a new setting and an operator do.

def test_old_hashes_are_renewed_at_log_in(own_cell):
    cheap = {"password.memory": "64KiB", "password.passes": "1"}
    worker = Worker(own_cell, cheap)
    accounts = Accounts(own_cell.client)
    person = accounts.enter()
    old = row_of(own_cell, person)
    assert "$m=64,t=1,p=1$" in old[3]
    accounts.log_in(person)
    assert row_of(own_cell, person) == old
    worker.stop()
    Worker(own_cell, {**cheap, "password.passes": "2"})
    assert accounts.ask("LogIn", Person(person.login, WRONG)).code == "LOGIN_FAILED"
    assert row_of(own_cell, person) == old
    accounts.log_in(person)
    new = row_of(own_cell, person)
    assert "$m=64,t=2,p=1$" in new[3] and new[:3] == old[:3]
    assert own_cell.client.ask("BookSlot", person, {"slot_id": uuid.uuid4()}).code == "SLOT_NOT_FOUND"
    accounts.log_in(person)
    assert row_of(own_cell, person) == new


def test_the_chains_of_accounts_verify(cell, client, accounts):
    person = accounts.enter()
    accounts.change_password(person)
    client.chain(person.id, 2)
    done = cell.slotkeeper("audit", "verify", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
