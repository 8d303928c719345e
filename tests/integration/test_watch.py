"""The metrics that alerts rest on: each is there, and moves when the thing happens."""

import os
import subprocess
import time
import uuid

import pytest
from confluent_kafka import Producer

from kit.client import soon
from kit.stack import run
from kit.waiting import wait_for
from kit.worker import Worker


def moves(worker, name, labels, condition, what, timeout=40):
    return wait_for(lambda: condition(worker.metric(name, labels)), f"{name}{labels}: {what}", timeout, 0.2)


def has_series(worker, name):
    lines = worker.get("/metrics")[1].splitlines()
    return [line for line in lines if line.startswith((name + "{", name + " "))]


def offer(client, doctor, **options):
    return client.send("PublishSlot", doctor, {
        "slot_id": uuid.uuid4(), "starts_at": soon(3600), "ends_at": soon(7200)}, **options)


def test_an_open_transaction_holds_back(own_cell):
    """Whoever sends behind it waits, and lag, age and stable offset say so; afterwards they do not."""
    worker = Worker(own_cell).wait_until_ready()
    client, doctor = own_cell.client, own_cell.account("doctor")
    hanging = Producer({"bootstrap.servers": own_cell.stack.servers, "transactional.id": "hanging"})
    hanging.init_transactions(20)
    hanging.begin_transaction()
    hanging.produce(own_cell.topic("slot-commands"), b"never", partition=2)
    hanging.flush(20)
    request = offer(client, doctor, partition=2)
    partition = '{partition="2"}'
    moves(worker, "slotkeeper_last_stable_offset_age_seconds", partition, lambda age: age >= 2, "2 s")
    moves(worker, "slotkeeper_oldest_undecided_seconds", partition, lambda age: age >= 2, "2 s")
    assert worker.metric("slotkeeper_consumer_lag_records", partition) == 2
    assert worker.metric("slotkeeper_last_stable_offset_age_seconds", '{partition="1"}') == 0
    assert request.answers() == []
    hanging.abort_transaction(20)
    assert request.answer().code == "ACCEPTED"
    for name in ("last_stable_offset_age_seconds", "oldest_undecided_seconds", "consumer_lag_records"):
        moves(worker, "slotkeeper_" + name, partition, lambda value: value == 0, "nothing")


def test_a_backlog_is_as_old_as_it_is(own_cell):
    """A partition that is stopped waits, also behind a worker that has just begun."""
    worker = Worker(own_cell).wait_until_ready()
    client, doctor = own_cell.client, own_cell.account("doctor")
    assert offer(client, doctor, partition=0).answer().code == "ACCEPTED"
    assert worker.stop() == 0
    own_cell.sql("update partition_progress set next_offset = 0, published_offset = 0, last_append_time ="
                 f" now() - interval '1 hour' where topic = '{own_cell.topic('slot-commands')}' and partition = 0")
    offer(client, doctor, partition=0)
    worker = Worker(own_cell)
    worker.wait_for_log("a partition is stopped and waits for an operator", partition=0)
    moves(worker, "slotkeeper_oldest_undecided_seconds", '{partition="0"}', lambda age: 3500 < age < 4000, "an hour")
    assert worker.metric("slotkeeper_request_retention_seconds") == 2 * 86400


@pytest.mark.long
def test_what_is_not_published(own_cell):
    """Of answers, as if a worker had died behind its COMMIT; admin's events are taken up at once."""
    own_cell.slotkeeper("admin", "create-account", "--role", "doctor", "--login", "dr.pending", stdin="velvet crayon toaster\n")
    worker = Worker(own_cell)
    wait_for(lambda: has_series(worker, "slotkeeper_unpublished_records"), "the database to be measured")
    moves(worker, "slotkeeper_unpublished_records", '{kind="events"}', lambda count: count == 0, "published")
    own_cell.sql("update partition_progress set next_offset = next_offset + 7 where topic like '%account-commands' and partition = 0")
    moves(worker, "slotkeeper_unpublished_records", '{kind="answers"}', lambda count: count >= 7, "7 offsets")


def test_statements_that_are_refused(own_cell):
    worker = Worker(own_cell).wait_until_ready()
    assert has_series(worker, "slotkeeper_sql_errors_total") == []
    own_cell.sql("alter table purged_slot rename to purged_slot_gone")
    request = offer(own_cell.client, own_cell.account("doctor"))
    moves(worker, "slotkeeper_sql_errors_total", '{class="42"}', lambda count: count >= 1, "an undefined table")
    own_cell.sql("alter table purged_slot_gone rename to purged_slot")
    assert request.answer(60).code == "ACCEPTED"


@pytest.mark.long
def test_the_size_of_the_database(own_cell):
    worker = Worker(own_cell).wait_until_ready()
    moves(worker, "slotkeeper_database_bytes", "", lambda size: size > 1_000_000, "a megabyte")
    before = worker.metric("slotkeeper_database_bytes")
    own_cell.sql("create table ballast as select repeat(md5(n::text), 100) as text from generate_series(1, 2000) n")
    moves(worker, "slotkeeper_database_bytes", "", lambda size: size > before + 100_000, "more")


def certificate(folder, days):
    """A self-signed one, in a PEM file."""
    path = folder / "changing.pem"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
        "-days", days, "-keyout", "/dev/null", "-out", path)
    return path


@pytest.mark.long
def test_days_that_a_certificate_has_left(own_cell, stack, tmp_path):
    path = certificate(tmp_path, 30)
    worker = Worker(own_cell, {"kafka.ssl.ca.location": str(path)})
    label = '{certificate="kafka.ssl.ca.location"}'
    moves(worker, "slotkeeper_certificate_days_left", label, lambda days: 29 < days <= 30, "30 days")
    path.write_bytes(certificate(tmp_path, 400).read_bytes() + certificate(tmp_path, 3).read_bytes())
    moves(worker, "slotkeeper_certificate_days_left", label, lambda days: 2 < days <= 3, "3 days")
    path.unlink()
    moves(worker, "slotkeeper_certificate_days_left", label, lambda days: days == -1, "no file")


def test_clocks_that_agree(cell, client, doctor):
    """On one machine they are the same, so that the way is what is left."""
    worker = cell.workers[0]

    def skews():
        offer(client, doctor)
        return [float(line.rsplit(" ", 1)[1]) for line in has_series(worker, "slotkeeper_clock_skew_seconds")
                if "slot-commands" in line]

    assert all(-0.01 < skew < 5 for skew in wait_for(skews, "the skew to be measured", 90, 1))


def test_the_last_clean_audit(own_cell, tmp_path):
    """A finding leaves the file as it was, so that its time grows old."""
    worker = Worker(own_cell)
    file = tmp_path / "slotkeeper.prom"
    slot_id = own_cell.client.publish(own_cell.account("doctor"))
    own_cell.client.chain(slot_id, 1)
    before = time.time()
    own_cell.slotkeeper("audit", "verify", "--textfile", file)
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    name, clean_at = lines[0].split()
    assert (len(lines), name) == (1, "slotkeeper_audit_clean_timestamp_seconds")
    assert int(before) <= int(clean_at) <= time.time()
    assert os.listdir(tmp_path) == [file.name]
    assert worker.stop() == 0
    file.write_text("as it was")
    own_cell.sql("alter table slot_event disable trigger user; update slot_event set actor_id = gen_random_uuid()")
    assert own_cell.slotkeeper("audit", "verify", "--textfile", file, check=False).returncode == 1
    assert file.read_text() == "as it was"
    missing = own_cell.slotkeeper("audit", "verify", "--textfile", tmp_path / "no/such", check=False)
    assert missing.returncode == 1


@pytest.mark.outage
def test_a_synchronous_standby(own_cell, stack):
    """pg_receivewal is one, as far as the primary can tell."""
    worker = Worker(own_cell).wait_until_ready()
    wait_for(lambda: has_series(worker, "slotkeeper_synchronous_standbys"), "the series")
    assert worker.metric("slotkeeper_synchronous_standbys") == 0
    folder = stack.folder / "wal"
    folder.mkdir()
    url = stack.url("STACK_SUPERUSER_URL", "postgres")
    with open(stack.folder / "receivewal.log", "wb") as log:
        standby = subprocess.Popen(["pg_receivewal", "--synchronous", "--dbname", url, "--directory", folder],
                                   env={**os.environ, "PGAPPNAME": "standby"}, stdout=log, stderr=log)
    try:
        wait_for(lambda: stack.sql("select 1 from pg_stat_replication"), "the standby to be connected")
        stack.sql("alter system set synchronous_standby_names = 'standby'")
        stack.sql("select pg_reload_conf()")
        moves(worker, "slotkeeper_synchronous_standbys", "", lambda count: count == 1, "one")
        assert offer(own_cell.client, own_cell.account("doctor")).answer().code == "ACCEPTED"
    finally:
        stack.sql("alter system reset synchronous_standby_names")
        stack.sql("select pg_reload_conf()")
        standby.terminate()
        standby.wait(20)
    moves(worker, "slotkeeper_synchronous_standbys", "", lambda count: count == 0, "none")
