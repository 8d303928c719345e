"""Where secrets must not be: a stack of its own on which people with marked passwords, logins and tokens do everything
that accounts can do, and much that they cannot; then all that the servers and the workers have written, and the memory of a
worker, is searched for the marks. Beside every search that finds nothing stands one of its kind that finds something."""

import base64
import os
import re
import resource
import signal
import subprocess
import sys
import uuid
from dataclasses import dataclass, field

import pytest
from nacl.public import SealedBox

from kit.accounts import Accounts, Person, pad
from kit.client import COMMAND, SCHEMAS, Client, soon
from kit.search import Files, Memory, extents, forms_of, forms_of_bytes, hits, new_mark
from kit.stack import Cell, Stack, run
from kit.waiting import wait_for
from kit.worker import Worker

pytestmark = pytest.mark.long

PASSWORD, LOGIN, GONE, CONTROL = (new_mark(prefix) for prefix in ("pw", "lg", "gn", "ct"))
REQUEST_TOPICS = ("slot-commands", "account-commands", "queries")
# Long enough a hash to be met on the way.
SLOW = {"password.memory": "64MiB", "password.passes": "10"}
# A worker lets nobody else.
MAY_LOOK = os.geteuid() == 0


def new_password():
    """The mark twice, so that half a copy shows as well."""
    return f"{PASSWORD}-{uuid.uuid4().hex[:6]}-{PASSWORD}"


def new_person(mark=LOGIN, **fields):
    return Person(f"{mark}-{uuid.uuid4().hex[:8]}@example.org", new_password(), **fields)


@dataclass
class Canaries:
    """What was sent, and what there was to search afterwards."""
    stack: Stack
    cell: Cell
    accounts: Accounts
    tokens: list = field(default_factory=list)
    in_mid_hash: Memory = None
    afterwards: Memory = None
    dumps: list = field(default_factory=list)
    kafka: Files = None
    postgres: Files = None
    logs: Files = None

    @property
    def client(self):
        return self.accounts.client

    def keep(self, token):
        self.tokens.append(token)
        return token

    def log_in(self, person):
        self.keep(self.accounts.log_in(person).token)
        return person

    def dump(self):
        url = self.stack.url("STACK_SUPERUSER_URL", self.cell.name)
        self.dumps.append(run("pg_dump", url, env=self.stack.clean_env).stdout.encode())


@pytest.fixture(scope="module")
def canaries():
    stack = Stack()
    cell = Cell(stack, new_mark("canary"))
    cell.client = Client(cell)
    try:
        yield play(Canaries(stack, cell, Accounts(cell.client)))
    finally:
        for worker in cell.workers:
            worker.kill()
        cell.client.close()
        stack.destroy()


def play(canaries):
    settings = {"log.level": "debug", "worker.instance_id": "canary"}
    requests = die_in_mid_hash(canaries, Worker(canaries.cell, {**settings, **SLOW}))
    worker = Worker(canaries.cell, settings, env={"CANARY_CONTROL": CONTROL})
    assert {request.answer(60).code for request in requests} == {"LOGIN_FAILED"}
    live(canaries)
    crowd(canaries)
    rest(canaries)
    if MAY_LOOK:
        canaries.afterwards = Memory(worker.process.pid)
    assert worker.stop() == 0
    look(canaries)
    return canaries


def hash_slowly(canaries, worker):
    """The requests, whose passwords it is busy with."""
    requests = [canaries.accounts.send("LogIn", new_person(), flush=False) for _ in range(16)]
    canaries.client.flush()
    wait_for(lambda: worker.metric("slotkeeper_passwords_waiting") > 0, "a password to be hashed")
    return requests


def die_in_mid_hash(canaries, worker):
    requests = hash_slowly(canaries, worker)
    if MAY_LOOK:
        canaries.in_mid_hash = Memory(worker.process.pid)
    worker.kill()
    assert [request for request in requests if not request.answers()]
    return requests


def live(canaries):
    root = make_admin(canaries)
    doctor = canaries.log_in(canaries.accounts.register(new_person(), admin=root))
    patient, gone, thrown_out = (
        canaries.log_in(canaries.accounts.register(new_person(mark))) for mark in (LOGIN, GONE, GONE))
    book(canaries, doctor, patient)
    change_passwords(canaries, root, patient)
    be_refused(canaries, root, patient)
    send_broken_boxes(canaries, patient)
    send_records_that_are_none(canaries, patient)
    guess(canaries, patient)
    erase(canaries, root, gone, thrown_out)


def make_admin(canaries):
    root = new_person(role="admin")
    made = canaries.cell.slotkeeper(
        "admin", "create-account", "--role", "admin", "--login", root.login, stdin=root.password + "\n")
    root.id = uuid.UUID(made.stdout.split()[-1])
    return canaries.log_in(root)


def book(canaries, doctor, patient):
    client = canaries.client
    slot_id = client.publish(doctor, correlation_id=CONTROL.encode())
    client.book(patient, slot_id)
    assert client.ask("BookSlot", patient, {"slot_id": slot_id}).code == "SLOT_TAKEN"
    foreign = canaries.keep(canaries.stack.signer.token(patient.id, "patient", ver=None))
    assert client.ask("BookSlot", None, {"slot_id": uuid.uuid4()}, token=foreign).code == "SLOT_NOT_FOUND"


def change_passwords(canaries, root, patient):
    accounts = canaries.accounts
    for person in (patient, root):
        answer = accounts.change_password(person, password := new_password())
        canaries.keep(person.open(answer)["token"])
        person.password = password
        canaries.log_in(person)
    assert accounts.reset_password(root, patient.id, password := new_password()).code == "ACCEPTED"
    patient.password = password
    # Sent by a keyboard that composes otherwise, and by somebody who likes capitals.
    accents = new_person()
    accents.password = new_password() + "cafe\u0301"
    accounts.register(accents)
    canaries.log_in(Person(accents.login.upper(), accents.password.replace("e\u0301", "é")))
    canaries.log_in(patient)


def be_refused(canaries, root, patient):
    accounts = canaries.accounts
    code = lambda name, who, *arguments, **more: accounts.ask(name, who, *arguments, **more).code  # noqa: E731
    assert code("RegisterPatient", Person(patient.login, new_password())) == "LOGIN_TAKEN"
    assert code("RegisterDoctor", Person(patient.login.upper(), new_password()), root) == "LOGIN_TAKEN"
    assert code("RegisterDoctor", new_person(), patient) == "FORBIDDEN_ROLE"
    assert code("RegisterDoctor", new_person(), None, token=patient.token[:-4] + "AAAA") == "UNAUTHENTICATED"
    for login in (f"{LOGIN} \u00e9", f"{LOGIN}\nend", LOGIN * 20):
        assert code("RegisterPatient", Person(login, new_password())) == "LOGIN_INVALID"
        assert code("LogIn", Person(login, new_password())) == "LOGIN_FAILED"
    for password in (PASSWORD + "\x01", 9 * PASSWORD, 90 * PASSWORD, f"{LOGIN}@example.org"):
        assert code("RegisterPatient", Person(f"{LOGIN}@example.org", password)) == "PASSWORD_WEAK"
    assert accounts.change_password(patient, new_password(), password=new_password()).code == "LOGIN_FAILED"
    assert accounts.change_password(patient, PASSWORD + "\x7f").code == "PASSWORD_WEAK"
    assert accounts.reset_password(root, uuid.uuid4(), new_password()).code == "ACCOUNT_NOT_FOUND"
    assert accounts.reset_password(root, patient.id, new_password(), password=new_password()).code == "LOGIN_FAILED"
    assert code("LogIn", patient, key_id="gone") == "KEY_UNKNOWN"
    assert code("LogIn", patient, headers=[("ce_expirytime", b"2020-01-01T00:00:00Z")]) == "EXPIRED"
    assert code("LogIn", patient, inner={"reply_key": bytes(32)}) == "SEAL_INVALID"
    command_id = uuid.uuid4()
    assert [code("LogIn", patient, command_id=command_id) for _ in range(2)] == ["ACCEPTED", "ACCEPTED"]
    assert code("LogIn", Person(patient.login, new_password(), patient.device), command_id=command_id) == "COMMAND_ID_REUSED"


def send_broken_boxes(canaries, person):
    accounts = canaries.accounts
    command_id = uuid.uuid4()
    content = SCHEMAS.encode(COMMAND + "Credentials", accounts.credentials("LogIn", person, command_id))
    box = SealedBox(accounts.seal_key()[1]).encrypt(pad(content))
    for broken in (
            box[:-1], box + b"\0", box[:-1] + bytes([box[-1] ^ 1]), *(
                SealedBox(accounts.seal_key()[1]).encrypt(inside) for inside in (
                    content, pad(content, 512), pad(content + b"\0"), pad(content[:-1]), pad(content[10:]),
                    pad(content.replace(LOGIN.encode(), LOGIN.encode()[:-1] + b"\0")), pad(2 * content)))):
        assert accounts.ask("LogIn", person, command_id=command_id, box=broken).code == "SEAL_INVALID"
    assert accounts.ask("LogIn", person, box=box).code == "SEAL_INVALID"
    assert accounts.ask("RegisterPatient", person, command_id=command_id, box=box).code == "SEAL_INVALID"


def send_records_that_are_none(canaries, person):
    """Dead letters, of which a copy is kept."""
    client = canaries.client
    for suffix in REQUEST_TOPICS:
        for value in (b"garbage", b"", None, b"\xc3\x01" + bytes(40)):
            request = client.send_bytes(value, token=person.token, topic=canaries.cell.topic(suffix))
            assert request.answer().status == "INVALID"
            assert request.dead_letter()
        for value in (b"Bearer  " + person.token.encode(), b"bearer" + person.token.encode(), 3 * person.token.encode()):
            headers = [("authorization", value), ("authorization", value)]
            assert client.send_bytes(b"garbage", headers=headers, topic=canaries.cell.topic(suffix)).dead_letter()


def guess(canaries, person):
    """By somebody else: until it is slowed down."""
    requests = [canaries.accounts.send("LogIn", Person(person.login, new_password()), flush=False) for _ in range(8)]
    canaries.client.flush()
    assert {request.answer().code for request in requests} == {"LOGIN_FAILED", "LOGIN_THROTTLED"}


def erase(canaries, root, gone, thrown_out):
    accounts = canaries.accounts
    assert accounts.change_password(gone, new_password(), password=new_password()).code == "LOGIN_FAILED"
    assert accounts.erase(gone).code == "ACCOUNT_ACTIVE"
    for person in (gone, thrown_out):
        assert accounts.order("DeactivateAccount", person, person.id).code == "ACCEPTED"
    assert accounts.ask("LogIn", gone).code == "LOGIN_FAILED"
    canaries.dump()
    assert accounts.erase(gone, password=new_password()).code == "LOGIN_FAILED"
    assert accounts.erase(gone).code == "ACCEPTED"
    assert accounts.order("EraseAccount", root, thrown_out.id).code == "ACCEPTED"
    for person in (gone, thrown_out):
        assert accounts.ask("LogIn", person).code == "LOGIN_FAILED"
    canaries.dump()


def crowd(canaries):
    """So that there are more passwords at once than a later batch may write over."""
    requests = [canaries.accounts.send("LogIn", new_person(), flush=False) for _ in range(16)]
    canaries.client.flush()
    assert {request.answer().code for request in requests} == {"LOGIN_FAILED"}


def rest(canaries):
    """One thread serves accounts: once it has answered the next batch, it has put the one before away."""
    admin = canaries.cell.account("admin")
    assert canaries.accounts.order("DeactivateAccount", admin, uuid.uuid4()).code == "ACCOUNT_NOT_FOUND"


def look(canaries):
    run("psql", "-Xqc", f"select '{CONTROL}'::int", canaries.stack.url("STACK_SUPERUSER_URL", "postgres"),
        env=canaries.stack.clean_env, check=False)
    canaries.stack.sql("checkpoint")
    folder = canaries.stack.folder
    canaries.kafka = Files(folder / "kafka/data")
    canaries.postgres = Files(folder / "postgres/data")
    canaries.logs = Files(folder / "postgres.log", folder / "kafka.log", *(
        worker.log_path for worker in canaries.cell.workers))


def topic_of(path):
    """Without the cell's name and the partition's number."""
    return re.sub(r"-\d+$", "", os.path.basename(os.path.dirname(path))).rpartition(".")[2]


# What was found.

def test_the_search_knows_every_form(tmp_path):
    mark = new_mark("xy")
    copies = [
        mark, mark.upper(), mark.encode("utf-16-le"), mark.encode("utf-16-be"), mark.encode("utf-32-le"),
        mark.encode("utf-32-be"), mark.encode().hex(), mark.encode().hex().upper(),
        *(base64.b64encode(b"before"[:before] + mark.encode() + b"after") for before in range(6)),
        *(encode(b"\xff\xfe\xfb"[:before] + mark.encode()) for before in range(3)
          for encode in (base64.urlsafe_b64encode, base64.standard_b64encode)),
        b"".join(mark.encode()[at:at + 4][::-1] for at in range(0, 16, 4))]
    for number, copy in enumerate(copies):
        data = copy if isinstance(copy, bytes) else copy.encode()
        path = tmp_path / str(number)
        with open(path, "wb") as file:
            file.seek(5_000_001)
            file.write(data)
            file.truncate(12_000_000)
        assert sum(len(extent) for extent in extents(path)) < 100_000
    found = Files(tmp_path).hits(forms_of(mark))
    assert sorted(int(os.path.basename(path)) for path in found) == list(range(len(copies)))
    assert not Files(tmp_path).hits(forms_of(new_mark("xy")))


def test_passwords_are_nowhere(canaries):
    forms = forms_of(PASSWORD)
    assert canaries.kafka.hits(forms) == {}
    assert canaries.postgres.hits(forms) == {}
    assert canaries.logs.hits(forms) == {}
    for dump in canaries.dumps:
        assert hits(dump, forms) == 0


def test_what_was_written_down_is_found(canaries):
    """The controls of the searches in files: a correlation id; a login that stays, in a table and in the WAL; a value
    that PostgreSQL complains about; a topic's name; a worker's first words."""
    assert {topic_of(path) for path in canaries.kafka.hits(forms_of(CONTROL))} >= {"slot-commands", "tests"}
    in_postgres = canaries.postgres.hits(forms_of(LOGIN))
    assert [path for path in in_postgres if "/base/" in path] and [path for path in in_postgres if "/pg_wal/" in path]
    logs = canaries.logs
    assert [os.path.basename(path) for path in logs.hits(forms_of(CONTROL))] == ["postgres.log"]
    assert [path for path in logs.hits(forms_of(canaries.cell.name)) if path.endswith("kafka.log")]
    assert set(logs.hits([b'"message":"ready"'])) == {worker.log_path for worker in canaries.cell.workers}


def test_tokens_are_in_request_topics_alone(canaries):
    assert len(canaries.tokens) > 8
    found = set()
    for token in canaries.tokens:
        signature = token.split(".")[2]
        binary = base64.urlsafe_b64decode(signature + "==")
        forms = [token.encode(), token.split(".")[1].encode(), signature.encode(), *forms_of_bytes(binary)]
        in_kafka = {topic_of(path) for path in canaries.kafka.hits(forms)}
        assert in_kafka <= set(REQUEST_TOPICS)
        found |= in_kafka
        assert canaries.postgres.hits(forms) == {} and canaries.logs.hits(forms) == {}
    assert found == set(REQUEST_TOPICS)


def test_logins_are_in_the_database_alone(canaries):
    for mark in (LOGIN, GONE):
        assert canaries.kafka.hits(forms_of(mark)) == {}
        assert canaries.logs.hits(forms_of(mark)) == {}


def test_the_erased_are_in_no_dump(canaries):
    before, after = canaries.dumps
    assert hits(before, forms_of(GONE)) == 2 and hits(before, forms_of(LOGIN)) > 0
    assert hits(after, forms_of(GONE)) == 0 and hits(after, forms_of(LOGIN)) > 0


@pytest.mark.skipif(not MAY_LOOK, reason="nobody but root may look into a worker")
def test_memory_forgets_passwords(canaries):
    assert canaries.in_mid_hash.hits(forms_of(PASSWORD))
    assert canaries.afterwards.hits(forms_of(CONTROL))
    assert canaries.afterwards.hits(forms_of(PASSWORD)) == {}


def test_no_core_of_a_busy_worker(canaries, tmp_path, monkeypatch):
    """Killed by a signal, and not "dumped", though the limit that it was started with lets it; another program is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    monkeypatch.chdir(tmp_path)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        other = subprocess.Popen([sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"])
        worker = Worker(canaries.cell, SLOW)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    assert how_it_ends(other) == os.CLD_DUMPED
    hash_slowly(canaries, worker)
    worker.signal(signal.SIGSEGV)
    assert how_it_ends(worker.process) == os.CLD_KILLED
    assert worker.wait() == -signal.SIGSEGV


def how_it_ends(process):
    how = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT).si_code
    process.wait()
    return how
