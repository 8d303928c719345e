"""What a sealed request may be that no client of ours would send. Each is answered, and the next one is served."""

import json
import os
import shutil
import signal
import uuid

import pytest
from nacl.public import PrivateKey, SealedBox

from kit.accounts import BLOCK, NEW_PASSWORD, WRONG, Accounts, Person, new_login, pad
from kit.client import COMMAND, SCHEMAS, soon
from kit.waiting import wait_for
from kit.worker import Worker

# Points of small order: whatever is sealed to them, everybody can open.
LOW_ORDER = [
    bytes(32),
    bytes([1]) + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]


def made(accounts, name="LogIn", person=None, **changes):
    """The command_id and the content of a box, before it is padded and sealed."""
    command_id = uuid.uuid4()
    credentials = accounts.credentials(name, person or Person(), command_id, **changes)
    return command_id, SCHEMAS.encode(COMMAND + "Credentials", credentials)


def seal(accounts, content):
    return SealedBox(accounts.seal_key()[1]).encrypt(content)


def log_in_code(accounts, command_id, box, **options):
    return accounts.ask("LogIn", Person(), command_id=command_id, box=box, **options).code


@pytest.fixture(scope="module")
def person(accounts):
    return accounts.enter()


def test_boxes_that_do_not_open(accounts, person):
    command_id, content = made(accounts, person=person)
    box = seal(accounts, pad(content))
    bad = {
        "empty": b"", "cut": box[:-1], "cut by a block": box[:-BLOCK], "longer": box + b"\0",
        "one bit of the content": box[:-1] + bytes([box[-1] ^ 1]), "one bit of the key": bytes([box[0] ^ 1]) + box[1:],
        "to another key": SealedBox(PrivateKey.generate().public_key).encrypt(pad(content)),
        "not padded": seal(accounts, content), "of other blocks": seal(accounts, pad(content, 512)),
        "too large": seal(accounts, pad(content + bytes(2 * BLOCK))), "only padding": seal(accounts, pad(b"")),
        "padding without its mark": seal(accounts, content + bytes(BLOCK - len(content))),
        "not Avro": seal(accounts, pad(b"\xc3\x01 nothing")), "another record": seal(accounts, pad(SCHEMAS.encode(
            COMMAND + "DeactivateAccount", {"command_id": command_id, "account_id": uuid.uuid4()}))),
        "bytes left over": seal(accounts, pad(content + b"\0")), "cut inside": seal(accounts, pad(content[:-1])),
        "60,000 bytes": os.urandom(60_000),
    }
    assert {what: log_in_code(accounts, command_id, one) for what, one in bad.items()} == dict.fromkeys(bad, "SEAL_INVALID")
    assert accounts.ask("LogIn", person, command_id=command_id, box=box).code == "ACCEPTED"


def test_a_box_too_large_for_a_record(accounts):
    assert log_in_code(accounts, uuid.uuid4(), os.urandom(70_000)) == "MALFORMED"


def test_two_blocks_open(accounts):
    long = Person(new_login("x" * 150), "".join(chr(0x3400 + 7 * i) for i in range(128)))
    command_id, content = made(accounts, "RegisterPatient", long, new_password="n" * 500)
    assert len(pad(content)) == 2 * BLOCK
    box = seal(accounts, pad(content))
    assert accounts.ask("RegisterPatient", long, command_id=command_id, box=box).code == "ACCEPTED"


def test_what_is_inside_belongs_to_what_is_around(accounts, person):
    """A box that was copied from somebody's request yields nothing under another command_id, command or account."""
    command_id, content = made(accounts, person=person)
    copied = seal(accounts, pad(content))
    assert log_in_code(accounts, uuid.uuid4(), copied) == "SEAL_INVALID"
    assert accounts.ask("RegisterPatient", person, command_id=command_id, box=copied).code == "SEAL_INVALID"
    code = lambda **inner: accounts.ask("LogIn", person, inner=inner).code  # noqa: E731
    assert code(command="LogIn") == "SEAL_INVALID"
    assert code(account_id=person.id) == "SEAL_INVALID"
    assert code(issued_at=soon(-16 * 60)) == "SEAL_INVALID"
    assert code(issued_at=soon(16 * 60)) == "SEAL_INVALID"
    assert code(issued_at=soon(-14 * 60)) == "ACCEPTED"
    assert code() == "ACCEPTED"


def test_somebody_elses_box(accounts, client, person):
    """An own box that names another's account_id, or an own token beside another's box: refused."""
    other = accounts.enter()
    change = lambda account, inner_id, who: accounts.ask(  # noqa: E731
        "ChangePassword", who, account, inner={"account_id": inner_id, "new_password": NEW_PASSWORD}).code
    assert change(person, other.id, person) == "SEAL_INVALID"
    assert change(other, person.id, person) == "SEAL_INVALID"
    assert change(other, None, other) == "SEAL_INVALID"
    assert change(other, other.id, person) == "LOGIN_FAILED"
    fields, inner = {"account_id": other.id}, {"account_id": person.id}
    assert accounts.ask("EraseAccount", person, None, fields, inner=inner).code == "SEAL_INVALID"
    for who in (person, other):
        assert accounts.ask("LogIn", who).code == "ACCEPTED"


@pytest.mark.parametrize("key", LOW_ORDER, ids=lambda key: key[:2].hex())
def test_reply_keys_of_low_order(accounts, key, person):
    assert accounts.ask("LogIn", person, inner={"reply_key": key}).code == "SEAL_INVALID"


def test_key_ids(accounts, person):
    for key_id in ("gone", "../../etc/passwd", "/etc/passwd", "", ".", "..", "a" * 65, "a" * 10_000, "dev-1", "seal-1.key",
                   "séal", "a\nb"):
        assert accounts.ask("LogIn", person, key_id=key_id).code == "KEY_UNKNOWN", key_id
    # Before the role, and before everything else: what the wrong key holds is nobody's business.
    assert accounts.ask("RegisterDoctor", person, person, key_id="gone").code == "KEY_UNKNOWN"
    assert accounts.ask("RegisterDoctor", person, None, key_id="gone").code == "UNAUTHENTICATED"
    assert accounts.ask("RegisterDoctor", person, person).code == "FORBIDDEN_ROLE"


@pytest.mark.parametrize("login", [
    "", "ab", "a" * 255, "a" * 1500, "with space", "tab\there", "line\nend", "a\x7fbcd", "zero\u200bwidth", "ＡＢＣＤ",
    "cafe\u0301", "café", "ﬁsh", "K\u212a\u212a", "me;--", "<script>", "a\u202eb"], ids=lambda login: ascii(login[:12]))
def test_logins_that_are_none(accounts, login):
    who = Person(login)
    assert accounts.ask("RegisterPatient", who).code == "LOGIN_INVALID"
    assert accounts.ask("LogIn", who).code == "LOGIN_FAILED"


def test_a_login_of_10000_bytes_does_not_fit(accounts):
    command_id, content = made(accounts, person=Person("a" * 10_000))
    assert log_in_code(accounts, command_id, seal(accounts, pad(content))) == "SEAL_INVALID"


def test_what_is_not_text(accounts):
    """fastavro would not write it: NUL, and bytes that are not UTF-8."""
    for bad in (b"ab\0defgh", b"ab\xffdefgh", b"ab\xed\xa0\x80fgh"):
        for name in ("LogIn", "RegisterPatient"):
            command_id, content = made(accounts, name, Person("ab?defgh"))
            box = seal(accounts, pad(content.replace(b"ab?defgh", bad)))
            assert accounts.ask(name, Person(), command_id=command_id, box=box).code == "SEAL_INVALID"


def test_a_login_is_one_whatever_its_case(accounts):
    person = accounts.register(Person(new_login("Some.One+x_Y")))
    assert accounts.ask("LogIn", Person(person.login.upper())).code == "ACCEPTED"


def test_a_password_is_one_however_it_is_composed(accounts):
    person = accounts.register(Person(password="café-" * 3 + "🎠"))
    assert accounts.ask("LogIn", Person(person.login, "cafe\u0301-" * 3 + "🎠")).code == "ACCEPTED"
    assert accounts.ask("LogIn", Person(person.login, "cafe-" * 3 + "🎠")).code == "LOGIN_FAILED"


@pytest.mark.parametrize("password", [
    "", "elevenchars", "n" * 12, "a" * 129, "password1234", "Password1234", "control\x01character", "tab\tin the middle",
    "123456789012", "qwertyuiopas"], ids=lambda password: ascii(password[:14]))
def test_passwords_that_are_none(accounts, password):
    assert accounts.ask("RegisterPatient", Person(password=password)).code == "PASSWORD_WEAK"


def test_a_password_made_of_the_login(accounts):
    login = new_login()
    assert accounts.ask("RegisterPatient", Person(login, login)).code == "PASSWORD_WEAK"


def test_nothing_of_it_is_in_the_logs(cell, accounts):
    """Of all the requests before; test_canaries.py searches everything that is written down."""
    person = accounts.enter(Person(new_login("canary-login"), "canary-password-ocelot"))
    accounts.ask("LogIn", Person(person.login, "canary-password-wrong"))
    for worker in cell.workers:
        with open(worker.log_path, encoding="utf-8") as log:
            text = log.read()
        assert "canary" not in text and person.token not in text and "Bearer" not in text
    assert not [seen for seen in cell.client.records if b"canary" in seen.value or person.token.encode() in seen.value]


# Keys that change under a running worker.

@pytest.fixture
def keys_of_its_own(own_cell):
    """A cell whose keys a test may break."""
    folder = own_cell.stack.folder / own_cell.name
    shutil.copytree(own_cell.stack.folder / "keys", folder)
    for name, value in list(own_cell.env.items()):
        own_cell.env[name] = value.replace(str(own_cell.stack.folder / "keys"), str(folder))
    yield folder
    shutil.rmtree(folder)


def test_a_broken_key_set_changes_nothing(own_cell, keys_of_its_own):
    worker = Worker(own_cell)
    accounts, client = Accounts(own_cell.client), own_cell.client
    person = accounts.enter()
    jwks, seal_folder = keys_of_its_own / "jwks.json", keys_of_its_own / "seal"
    whole = jwks.read_bytes()
    for broken in (b"", b"{", whole[:-20], b'{"keys":[]}', json.dumps({"keys": [{"kty": "oct", "kid": "x", "k": ""}]}).encode()):
        said = len(loud(worker))
        jwks.write_bytes(broken)
        worker.signal(signal.SIGHUP)
        wait_for(lambda: len(loud(worker)) > said, "the worker to complain")
        assert client.ask("BookSlot", person, {"slot_id": uuid.uuid4()}).code == "SLOT_NOT_FOUND"
    (seal_folder / "lonely.pub").write_bytes(bytes(31))
    said = len(loud(worker))
    worker.signal(signal.SIGHUP)
    wait_for(lambda: len(loud(worker)) > said, "the worker to complain")
    accounts.log_in(person)
    (seal_folder / "lonely.pub").unlink()
    jwks.write_bytes(whole)
    worker.signal(signal.SIGHUP)
    worker.wait_for_log("keys reloaded")
    assert client.ask("BookSlot", accounts.log_in(person), {"slot_id": uuid.uuid4()}).code == "SLOT_NOT_FOUND"


def loud(worker):
    return [line for line in worker.log() if line["level"] in ("error", "warning") and "reload" in line["message"]]


def test_a_sealing_key_comes_and_goes(own_cell, keys_of_its_own):
    """Announced, retired (it still opens what is under way), destroyed: KEY_UNKNOWN."""
    worker = Worker(own_cell)
    accounts = Accounts(own_cell.client)
    person = accounts.register()
    old_id, old_key = accounts.seal_key()

    def keys(*arguments):
        own_cell.slotkeeper("keys", *arguments)
        worker.signal(signal.SIGHUP)

    def announced():
        return [key["key_id"] for key in accounts.get_service_keys().result["seal_keys"]]

    keys("generate", "--seal", "--kid", "next")
    keys("activate", "--seal", "--kid", "next")
    wait_for(lambda: announced() == ["next", old_id], "the new key to be announced")
    accounts.service_keys = None
    assert accounts.seal_key()[0] == "next"
    accounts.log_in(person)
    keys("retire", "--seal", "--kid", old_id)
    wait_for(lambda: announced() == ["next"], "the old key to be retired")

    def with_old_key():
        command_id = uuid.uuid4()
        box = accounts.box(accounts.credentials("LogIn", person, command_id), old_key)
        return accounts.ask("LogIn", person, command_id=command_id, box=box, key_id=old_id).code

    assert with_old_key() == "ACCEPTED"
    keys("destroy", "--seal", "--kid", old_id)
    wait_for(lambda: with_old_key() == "KEY_UNKNOWN", "the old key to be gone")
    accounts.log_in(person)
