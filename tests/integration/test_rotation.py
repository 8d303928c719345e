"""Both kinds of key change, as docs/tokens.md has it, under people who go on working: two hosts with files of their own, whose
workers hear of each change at different times. None of those people may be refused."""

import os
import shutil
import signal
import threading
import time
import uuid
from datetime import timedelta

import pytest

from kit.accounts import Accounts
from kit.client import soon
from kit.waiting import wait_for
from kit.worker import Worker

TOKEN_LIFE_S, COMMAND_AGE_S, KEYS_KEPT_S = 5, 6, 1
UNUSED_S = 2  # of a token's life
SETTINGS = {"token.ttl": f"{TOKEN_LIFE_S}s", "token.max_ttl": f"{TOKEN_LIFE_S}s", "token.leeway": "1s",
            "command.age_max": f"{COMMAND_AGE_S}s", "booking.limit": "0"}
KINDS = ("verifying", "sealing", "signing")
PARTITIONS = 4
PAIRS = 3


class Host:
    """A worker and its files."""

    def __init__(self, cell, name):
        self.cell = cell
        self.folder = cell.stack.folder / f"{cell.name}.{name}"
        shutil.copytree(cell.stack.folder / "keys", self.folder)
        self.files = {"token.jwks_file": self.folder / "jwks.json", "token.signing_key_file": self.folder / "signing.pem",
                      "seal.key_dir": self.folder / "seal"}
        self.worker = Worker(cell, {**SETTINGS, **{name: str(path) for name, path in self.files.items()}})

    def keys(self, *arguments):
        env = {"SLOTKEEPER_" + name.upper().replace(".", "_"): str(path) for name, path in self.files.items()}
        return self.cell.slotkeeper("keys", *arguments, env=env).stdout.strip()

    def put(self, name, content):
        """In one step, readable by its owner alone."""
        path = self.folder / name
        new = path.with_name("." + path.name + ".new")
        new.write_bytes(content)
        new.chmod(0o600)
        os.replace(new, path)

    def take(self, other, *names):
        for name in names:
            self.put(name, (other.folder / name).read_bytes())

    def hang_up(self):
        before = {kind: len(self.reloads(kind)) for kind in KINDS}
        self.worker.signal(signal.SIGHUP)
        wait_for(lambda: all(len(self.reloads(kind)) > before[kind] for kind in KINDS), "the keys to be read again")

    def reloads(self, kind):
        return self.worker.logged("keys reloaded", keys=kind)

    def failures(self):
        return self.worker.metric("slotkeeper_key_reloads_failed_total")


class Pair(threading.Thread):
    """A doctor who publishes slots and a patient who books them, round by round. They keep what the service announces for a
    second, and a token until shortly before it ends."""

    def __init__(self, client, doctor, patient):
        super().__init__(daemon=True)
        self.client = client
        self.accounts = Accounts(client)
        self.people = {"doctor": doctor, "patient": patient}
        self.good_until = {"doctor": 0.0, "patient": 0.0}
        self.keys_since = 0.0
        self.codes = []
        self.rounds = 0
        self.stopping = False
        self.failure = None

    def run(self):
        try:
            while not self.stopping:
                self.round()
                self.rounds += 1
        except BaseException as failure:  # told to who waits for the rounds
            self.failure = failure

    def round(self):
        self.enter("patient")
        if time.time() > self.good_until["doctor"]:
            self.enter("doctor")
        slot_id, starts_at = uuid.uuid4(), soon(3600 * (self.rounds + 1))
        times = {"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=30)}
        if self.ask("PublishSlot", "doctor", {"slot_id": slot_id, **times}) == "ACCEPTED":
            self.ask("BookSlot", "patient", {"slot_id": slot_id})

    def ask(self, name, role, fields):
        return self.note(name, self.client.ask(name, self.people[role], fields))

    def enter(self, role):
        if time.monotonic() - self.keys_since > KEYS_KEPT_S:
            self.keys_since = time.monotonic()
            self.accounts.service_keys = None
        person = self.people[role]
        answer = self.accounts.ask("LogIn", person)
        if self.note("LogIn", answer) == "ACCEPTED":
            token = person.open(answer)
            person.token = token["token"]
            self.good_until[role] = token["expires_at"].timestamp() - UNUSED_S

    def note(self, name, answer):
        self.codes.append((name, answer.code))
        return answer.code


class Load:
    def __init__(self, cell, root):
        accounts = Accounts(cell.client)
        self.pairs = [Pair(cell.client, accounts.register(admin=root), accounts.register()) for _ in range(PAIRS)]
        for pair in self.pairs:
            pair.start()

    def goes_on(self):
        """Everybody begins and ends a round from here on."""
        goals = [pair.rounds + 2 for pair in self.pairs]
        wait_for(lambda: all(pair.failure or pair.rounds >= goal for pair, goal in zip(self.pairs, goals)), "two rounds")
        assert not [pair.failure for pair in self.pairs if pair.failure]

    def codes(self):
        return {code for pair in self.pairs for code in list(pair.codes)}

    def stop(self):
        for pair in self.pairs:
            pair.stopping = True
        for pair in self.pairs:
            pair.join(30)


@pytest.fixture
def hosts(own_cell):
    hosts = [Host(own_cell, name) for name in ("first", "second")]
    for host in hosts:
        host.worker.wait_until_ready()
    for topic in ("slot-commands", "account-commands"):
        owned = [lambda host=host: host.worker.metric("slotkeeper_partitions_owned", f'{{topic="{topic}"}}') for host in hosts]
        wait_for(lambda: [number() for number in owned] == [2, 2], f"the partitions of {topic} to be shared")
    yield hosts
    for host in hosts:
        host.worker.kill()
        shutil.rmtree(host.folder)


@pytest.fixture
def root(own_cell, hosts):
    accounts = Accounts(own_cell.client)
    return accounts.log_in(accounts.make_admin())


@pytest.fixture
def load(own_cell, root):
    load = Load(own_cell, root)
    yield load
    load.stop()


def later(since, seconds):
    wait_for(lambda: time.monotonic() - since >= seconds, f"{seconds} s to have passed")


def everywhere(cell, token):
    """What the workers of all partitions say to a token."""
    requests = [cell.client.send("BookSlot", None, {"slot_id": uuid.uuid4()}, token=token, partition=number)
                for number in range(PARTITIONS)]
    return {request.answer().code for request in requests}


def log_in_everywhere(cell, person, key_id, key):
    """What they say to a box."""
    accounts = Accounts(cell.client)
    requests = []
    for number in range(PARTITIONS):
        command_id = uuid.uuid4()
        box = accounts.box(accounts.credentials("LogIn", person, command_id), key)
        requests.append(accounts.send("LogIn", person, command_id=command_id, box=box, key_id=key_id, partition=number))
    return {request.answer().code for request in requests}


@pytest.mark.long
def test_keys_change_under_people_who_work(own_cell, hosts, load):
    first, second = hosts
    person = Accounts(own_cell.client).register()
    old_seal = Accounts(own_cell.client).seal_key()
    old_signing_id = own_cell.env["SLOTKEEPER_TOKEN_SIGNING_KID"]
    load.goes_on()

    # The second worker is not told of the new verifying key, nor of the new sealing key, before they are used.
    first.keys("generate", "--alg", "ES256", "--kid", "new", "--out", str(first.folder / "new.pem"))
    first.keys("generate", "--seal", "--kid", "new-seal")
    second.take(first, "jwks.json", "new.pem", "seal/new-seal.key", "seal/new-seal.pub", "seal/announced")
    first.hang_up()
    load.goes_on()
    first.keys("activate", "--kid", "new", "--key", str(first.folder / "new.pem"))
    first.hang_up()
    by_new = first.keys(*token_for(person)[1:])
    assert everywhere(own_cell, by_new) == {"SLOT_NOT_FOUND"} and not second.reloads("verifying")
    load.goes_on()
    first.keys("activate", "--seal", "--kid", "new-seal")
    first.hang_up()
    accounts = Accounts(own_cell.client)
    wait_for(lambda: fresh_seal_key(accounts)[0] == "new-seal", "the new sealing key to be announced")
    assert log_in_everywhere(own_cell, person, *accounts.seal_key()) == {"ACCEPTED"} and not second.reloads("sealing")
    load.goes_on()

    # Now the second one, too; and by mistake with files that are none.
    second.keys("activate", "--kid", "new", "--key", str(second.folder / "new.pem"))
    second.take(first, "seal/announced")
    second.hang_up()
    signs_since = time.monotonic()
    load.goes_on()
    break_and_mend(second, load)
    assert everywhere(own_cell, by_old_key(own_cell, person)) == {"SLOT_NOT_FOUND"}
    assert log_in_everywhere(own_cell, person, *old_seal) == {"ACCEPTED"}

    first.keys("retire", "--seal", "--kid", old_seal[0])
    second.take(first, "seal/announced")
    first.hang_up()
    load.goes_on()
    second.hang_up()
    announced_since = time.monotonic()
    load.goes_on()
    later(announced_since, COMMAND_AGE_S + KEYS_KEPT_S)
    for host in hosts:
        host.keys("destroy", "--seal", "--kid", old_seal[0])
        host.hang_up()
        load.goes_on()
    later(signs_since, TOKEN_LIFE_S + COMMAND_AGE_S)
    first.keys("retire", "--kid", old_signing_id)
    second.take(first, "jwks.json")
    first.hang_up()
    load.goes_on()
    second.hang_up()
    load.goes_on()

    assert everywhere(own_cell, by_old_key(own_cell, person)) == {"UNAUTHENTICATED"}
    assert log_in_everywhere(own_cell, person, *old_seal) == {"KEY_UNKNOWN"}
    assert load.codes() == {(name, "ACCEPTED") for name in ("LogIn", "PublishSlot", "BookSlot")}
    change_hastily(hosts, load)


def by_old_key(cell, person):
    """By the key that the stack came with, whose files here and there are not touched."""
    return cell.slotkeeper(*token_for(person)).stdout.strip()


def token_for(person):
    return "keys", "token", "--sub", str(person.id), "--role", "patient", "--ttl", f"{TOKEN_LIFE_S}s"


def fresh_seal_key(accounts):
    accounts.service_keys = None
    return accounts.seal_key()


def break_and_mend(host, load):
    """All three kinds at once: what was there stays in force, and it is counted."""
    names = ("jwks.json", "signing.pem")
    whole = {name: (host.folder / name).read_bytes() for name in names}
    failures = host.failures()
    for name in names:
        host.put(name, whole[name][:-30])
    host.put("seal/lonely.pub", bytes(31))
    host.worker.signal(signal.SIGHUP)
    for kind in KINDS:
        host.worker.wait_for_log("keys not reloaded, the old ones stay in force", keys=kind)
    wait_for(lambda: host.failures() >= failures + 3, "the failures to be counted")
    load.goes_on()
    (host.folder / "seal/lonely.pub").unlink()
    for name in names:
        host.put(name, whole[name])
    host.hang_up()


def change_hastily(hosts, load):
    """The control: without the overlap the same people are refused."""
    first, second = hosts
    first.keys("generate", "--alg", "ES256", "--kid", "hasty", "--out", str(first.folder / "hasty.pem"))
    first.keys("activate", "--kid", "hasty", "--key", str(first.folder / "hasty.pem"))
    first.keys("retire", "--kid", "new")
    second.take(first, "jwks.json", "signing.pem")
    for host in hosts:
        host.hang_up()
    wait_for(lambda: "UNAUTHENTICATED" in {code for _, code in load.codes()}, "somebody to be refused")
    first.keys("generate", "--seal", "--kid", "hasty-seal")
    first.keys("activate", "--seal", "--kid", "hasty-seal")
    first.keys("retire", "--seal", "--kid", "new-seal")
    first.keys("destroy", "--seal", "--kid", "new-seal")
    first.hang_up()
    wait_for(lambda: "KEY_UNKNOWN" in {code for _, code in load.codes()}, "somebody to be refused")
