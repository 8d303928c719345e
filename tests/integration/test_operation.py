"""What an operator sees: starting, pages, log, others, signals."""

import json
import re
import signal
import time
import uuid

import pytest

from kit.client import soon
from kit.tokens import Signer, base64url
from kit.waiting import wait_for
from kit.worker import Worker


LATER_SECRET = bytes(range(64))


def slot_fields():
    return {"slot_id": uuid.uuid4(), "starts_at": soon(3600), "ends_at": soon(7200)}


# Starting.


@pytest.mark.parametrize("change, sentence", [
    ("version = 1000, oldest_worker = 1000", r"schema is version 1000 .*this one was built for version \d+"),
    (None, r"no slotkeeper schema"),
])
def test_another_schema(own_cell, change, sentence):
    own_cell.sql(f"update schema_version set {change}" if change else "drop table schema_version")
    worker = Worker(own_cell)
    assert worker.wait() == 1
    assert [line for line in worker.log() if re.search(sentence, line.get("detail", ""))]


@pytest.mark.parametrize("settings, words", [
    ({"worker.threads": "none"}, "WORKER_THREADS"),
    ({"token.jwks_file": "/nonexistent"}, "/nonexistent"),
])
def test_wrong_settings(cell, settings, words):
    worker = Worker(cell, settings)
    assert worker.wait() in (1, 2)
    text = open(worker.log_path).read()
    assert words in text and "secretword" not in text


def test_a_database_url_that_cannot_be_read(cell):
    """It says what is wrong and nothing of the password."""
    worker = Worker(cell, {"database.url": "postgres://u:secretword@host@x/y"})
    wait_for(lambda: [line for line in worker.log() if "@" in line.get("detail", "")], "a word about the URL")
    worker.kill()
    assert "secretword" not in open(worker.log_path).read()


def test_a_server_with_another_isolation_level(own_cell):
    """What the worker does between its locks and its commit rests on READ COMMITTED, whatever the server's default is."""
    own_cell.sql("create table levels (level text); grant insert on levels to public;"
                 " create function note_level() returns trigger language plpgsql as $$ begin"
                 " insert into slotkeeper.levels values (current_setting('transaction_isolation')); return null; end $$;"
                 " create trigger note_level after insert on slot execute function note_level()")
    own_cell.stack.sql(f"alter database {own_cell.name} set default_transaction_isolation = 'serializable'")
    Worker(own_cell).wait_until_ready()
    assert own_cell.client.ask("PublishSlot", own_cell.account("doctor"), slot_fields()).code == "ACCEPTED"
    assert own_cell.sql("select level from levels") == [["read committed"]]


# Pages.


def test_pages(cell):
    worker = cell.workers[0]
    assert worker.get("/livez") == (200, "ok\n")
    assert worker.get("/readyz") == (200, "ok\n")
    assert worker.get("/")[0] == 404
    assert worker.get("/metrics", "DELETE")[0] == 405
    assert worker.get("/metrics", "POST", b"x" * 100)[0] in (405, 413)


METRIC_LINE = re.compile(r'^[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.e+-]+(Inf)?$')


def test_metrics(cell, client, doctor):
    worker = cell.workers[0]
    before = worker.metric("slotkeeper_records_total", '{code="ACCEPTED"}')
    client.publish(doctor)
    assert worker.metric("slotkeeper_records_total", '{code="ACCEPTED"}') == before + 1
    text = worker.get("/metrics")[1]
    assert not [line for line in text.splitlines() if not line.startswith("# ") and not METRIC_LINE.match(line)]
    documented = re.findall(r"^## `(\w+)`", (cell.stack.folder.__class__(__file__).parents[2] / "docs/metrics.md").read_text(), re.M)
    assert [name for name in documented if f"# TYPE {name} " not in text] == []
    for topic in ("slot-commands", "account-commands", "queries"):
        wait_for(lambda: worker.metric("slotkeeper_partitions_owned", f'{{topic="{topic}"}}') == 4, "the gauge of the topic")
    assert worker.metric("slotkeeper_threads_ready") == 4  # two for slots, one for accounts, one for queries
    for stage in ("decode", "load", "decide", "save", "commit", "publish"):
        assert worker.metric("slotkeeper_stage_seconds_count", f'{{stage="{stage}"}}') > 0
    wait_for(lambda: sum(worker.metric("slotkeeper_consumer_lag_records", f'{{partition="{n}"}}') for n in range(4)) == 0,
             "the lag to be nothing")


# Batches.


def test_batches_keep_their_distance(own_cell):
    """What comes while a thread waits is one batch; alone, each of these would be one or share it with few."""
    worker = Worker(own_cell, {"worker.threads": "1", "batch.interval": "1s"}).wait_until_ready()
    client, doctor = own_cell.client, own_cell.account("doctor")

    def batches():
        return worker.metric("slotkeeper_stage_seconds_count", '{stage="decide"}')

    client.ask("WithdrawSlot", doctor, {"slot_id": uuid.uuid4()})
    before = batches()
    requests = [client.send("WithdrawSlot", doctor, {"slot_id": uuid.uuid4()}) for _ in range(20)]
    assert {request.answer().code for request in requests} == {"SLOT_NOT_FOUND"}
    assert batches() - before <= 3  # the first of them may have come alone


def test_who_asks_one_thing_at_a_time_waits_for_no_distance(own_cell):
    Worker(own_cell, {"worker.threads": "1", "batch.interval": "1s"}).wait_until_ready()
    doctor = own_cell.account("doctor")
    own_cell.client.ask("WithdrawSlot", doctor, {"slot_id": uuid.uuid4()})
    began = time.monotonic()
    for _ in range(10):
        own_cell.client.ask("WithdrawSlot", doctor, {"slot_id": uuid.uuid4()})
    assert time.monotonic() - began < 5  # each would have waited for the second after the one before


# Log.


def test_the_log_is_json_and_holds_no_secret(own_cell):
    worker = Worker(own_cell, {"log.level": "debug"})
    client, doctor = own_cell.client, own_cell.account("doctor")
    token = doctor.token
    fields = slot_fields()
    assert client.send("PublishSlot", None, fields, token=token).answer(60).code == "ACCEPTED"
    assert client.send_bytes(b"personal data", token=token).answer().code == "MALFORMED"
    assert client.send("PublishSlot", None, slot_fields(), token=token[:-4] + "AAAA").answer().code == "UNAUTHENTICATED"
    assert worker.stop() == 0
    lines = worker.log()
    assert all({"time", "level", "message"} <= line.keys() for line in lines)
    text = open(worker.log_path).read()
    password = re.search(r"//[^:]*:([^@]*)@", own_cell.env["SLOTKEEPER_DATABASE_URL"]).group(1)
    for secret in (password, token, token.split(".")[2], "personal data", str(fields["slot_id"])):
        assert secret not in text
    assert (lines[-1]["message"], lines[-1]["exit_status"]) == ("stopped", 0)


# Others.


def test_others_come_and_go(own_cell):
    """Each time the group has a new generation, and who stays goes on in it as if nothing had been."""
    topic = own_cell.topic("slot-commands")
    one = {"worker.threads": "1", "account.threads": "0", "query.threads": "0"}
    client, doctor = own_cell.client, own_cell.account("doctor")

    def ask_all():
        requests = [client.send("WithdrawSlot", doctor, {"slot_id": uuid.uuid4()}, partition=partition)
                    for partition in range(4)]
        assert {request.answer().code for request in requests} == {"SLOT_NOT_FOUND"}

    worker = Worker(own_cell, one)
    worker.wait_for_log("partitions taken", topic=topic, taken=4)
    ask_all()
    other = Worker(own_cell, one)
    worker.wait_for_log("partitions taken", topic=topic, taken=2)
    other.wait_for_log("partitions taken", topic=topic, taken=2)
    ask_all()
    assert other.stop() == 0
    wait_for(lambda: len(worker.logged("partitions taken", topic=topic, taken=4)) == 2, "all partitions to be back")
    ask_all()
    assert worker.stop() == 0
    assert [line for line in worker.log() if line["level"] in ("warning", "error")] == []


# Signals.


def test_sigterm_drains(own_cell):
    """In mid-stream: what was begun is finished, and a successor goes on without doing anything twice."""
    worker = Worker(own_cell).wait_until_ready()
    client, doctor = own_cell.client, own_cell.account("doctor")
    requests = []
    for number in range(400):
        starts_at = soon(3600 * (number + 1))
        requests.append(client.send("PublishSlot", doctor, {
            "slot_id": uuid.uuid4(), "starts_at": starts_at, "ends_at": starts_at.replace(microsecond=999999)},
            flush=number % 50 == 49))
        if number == 200:
            worker.signal(signal.SIGTERM)
    assert worker.stop() == 0
    assert own_cell.sql("select count(*) from partition_progress where owner is not null") == [["0"]]
    successor = Worker(own_cell)
    codes = {request.answer(60).code for request in requests}
    assert codes == {"SLOT_INVALID_RANGE"}
    assert successor.metric("slotkeeper_republished_total") == 0


def test_sigterm_before_it_is_ready(own_cell):
    worker = Worker(own_cell)
    worker.wait_for_log("ready")
    assert worker.stop() == 0


def test_sighup_reads_the_keys_again(own_cell):
    client, doctor = own_cell.client, own_cell.account("doctor")
    good = open(own_cell.env["SLOTKEEPER_TOKEN_JWKS_FILE"]).read()
    keys = own_cell.stack.folder / "keys/changing.json"
    keys.write_text(good)
    worker = Worker(own_cell, {"token.jwks_file": str(keys)}).wait_until_ready()
    later = Signer(LATER_SECRET, own_cell.stack.signer.issuer, kid="later")
    token = later.token(doctor.id, "doctor")
    assert client.send("PublishSlot", None, slot_fields(), token=token).answer().code == "UNAUTHENTICATED"

    keys.write_text(good[:-20])
    worker.signal(signal.SIGHUP)
    worker.wait_for_log("keys not reloaded, the old ones stay in force")
    assert client.publish(doctor)
    wait_for(lambda: worker.metric("slotkeeper_key_reloads_failed_total") == 2,
             "the failures to be counted, of verifying and of signing keys")

    both = json.loads(good)
    both["keys"].append({"kty": "oct", "kid": "later", "alg": "HS256", "k": base64url(LATER_SECRET)})
    keys.write_text(json.dumps(both))
    worker.signal(signal.SIGHUP)
    worker.wait_for_log("keys reloaded", keys="verifying")
    assert client.send("PublishSlot", None, slot_fields(), token=later.token(doctor.id, "doctor")).answer().code == "ACCEPTED"

    only = {"keys": [key for key in both["keys"] if key["kid"] != "tests"]}
    keys.write_text(json.dumps(only))
    worker.signal(signal.SIGHUP)
    wait_for(lambda: len(worker.logged("keys reloaded", keys="verifying")) == 2, "the keys to be read again")
    refused = client.ask("BookSlot", own_cell.account("patient"), {"slot_id": uuid.uuid4()})
    assert refused.code == "UNAUTHENTICATED"


# The first accounts.


def test_created_account(own_cell):
    """Its audit event is published by the next worker, once, and its token works."""
    made = own_cell.slotkeeper("admin", "create-account", "--role", "doctor", "--login", "Dr.Who", stdin="velvet crayon toaster\n")
    account_id = made.stdout.strip()
    token = own_cell.slotkeeper("keys", "token", "--sub", account_id, "--role", "doctor", "--ttl", "1h").stdout.strip()
    worker = Worker(own_cell)
    client = own_cell.client
    assert client.send("PublishSlot", None, slot_fields(), token=token).answer(60).code == "ACCEPTED"
    event = client.chain(account_id, 1)[0]
    assert (event["entity"], event["new_state"], str(event["actor_id"])) == ("ACCOUNT", "ACTIVE", account_id)
    assert worker.stop() == 0
    Worker(own_cell)
    assert client.send("PublishSlot", None, {**slot_fields(), "starts_at": soon(90000), "ends_at": soon(90600)},
                       token=token).answer(60).code == "ACCEPTED"
    wait_for(lambda: own_cell.sql("select count(*) from pending_event") == [["0"]], "the event to be forgotten")
    assert len(client.chain(account_id, 1)) == 1
    verified = own_cell.slotkeeper("audit", "verify", check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr
