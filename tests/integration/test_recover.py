"""What is lost is said first, and then gone on without: `recover`, on a database restored to an earlier state, a
topic made again, another cluster, and offsets that Kafka has forgotten."""

import json
import time
import uuid
from datetime import datetime, timezone

import pytest

from kit.client import COMMAND, SCHEMAS, soon
from kit.stack import BINARY, ROOT, run
from kit.waiting import wait_for
from kit.worker import Worker

STOPPED = "a partition is stopped and waits for an operator"


def recover(cell, *options, status=0):
    done = cell.slotkeeper("recover", "--json", *options, check=False)
    assert done.returncode == status, done
    return [json.loads(line) for line in done.stdout.splitlines()]


def refused(cell, *options):
    done = cell.slotkeeper("recover", *options, check=False)
    assert done.returncode == 1, done
    return done.stderr


def nothing_to_do(cell):
    done = cell.slotkeeper("recover")
    return done.stdout.startswith("nothing to do")


def offer(client, doctor, day, **options):
    return client.send("PublishSlot", doctor, {
        "slot_id": options.pop("slot_id", None) or uuid.uuid4(), "starts_at": soon(86400 * day),
        "ends_at": soon(86400 * day + 600)}, **options)


def codes(requests):
    return [request.answer(60).code for request in requests]


def both_answers(client, request):
    """The first, and the one that was decided again."""
    found = client.wait(lambda: len(request.answers()) == 2 and request.answers(), "a second answer", 60)
    return [record.record for record in sorted(found, key=lambda record: record.offset)]


class Copy:
    """A backup: the cell's database as it is now, while no worker runs."""

    def __init__(self, cell):
        self.cell = cell
        self.name = cell.name[:50] + "_copy"
        self._copy(cell.name, self.name)

    def _copy(self, source, target):
        stack = self.cell.stack
        stack.sql(f"drop database if exists {target} with (force)")
        stack.sql(f"create database {target} template {source} owner slotkeeper_owner")
        run("psql", "-Xq", "-v", f"database={target}", "-f", ROOT / "migrations/bootstrap.sql",
            stack.url("STACK_SUPERUSER_URL", target), env=stack.clean_env)

    def restore(self):
        self._copy(self.name, self.cell.name)
        self.cell.stack.sql(f"drop database {self.name}")


def rows(cell, text):
    return int(cell.sql(text)[0][0])


@pytest.mark.long
def test_a_restored_database_answers_again_what_it_lost(own_cell):
    client, doctor, patient = own_cell.client, own_cell.account("doctor"), own_cell.account("patient")
    worker = Worker(own_cell).wait_until_ready()
    kept = [offer(client, doctor, day + 1) for day in range(8)]
    assert codes(kept) == ["ACCEPTED"] * 8
    free = [uuid.UUID(bytes.decode(request.key)) for request in kept]
    assert worker.stop() == 0
    backup = Copy(own_cell)

    worker = Worker(own_cell).wait_until_ready()
    lost = [offer(client, doctor, day + 20) for day in range(4)]
    assert codes(lost) == ["ACCEPTED"] * 4
    expires = soon(10)
    header = [("ce_expirytime", expires.isoformat().replace("+00:00", "Z").encode())]
    lost += [client.send("BookSlot", patient, {"slot_id": free[0]}, headers=header)]
    assert codes(lost[-1:]) == ["ACCEPTED"]
    booked = lost[-1].answer().result["appointment_id"]
    lost += [client.send("BookSlot", own_cell.account("patient"), {"slot_id": free[0]})]
    lost += [client.send("WithdrawSlot", doctor, {"slot_id": free[1]})]
    assert codes(lost[-2:]) == ["SLOT_TAKEN", "ACCEPTED"]
    assert worker.stop() == 0
    backup.restore()

    # The worker stops, and says why; recover says what it means, and touches nothing while a worker is there.
    behind = sorted({request.partition for request in lost})
    worker = Worker(own_cell)
    for partition in behind:
        worker.wait_for_log(STOPPED, timeout=60, partition=partition, found="DATABASE_BEHIND_KAFKA")
    told = recover(own_cell, status=1)
    assert "stop all workers first" in refused(own_cell, "--accept-loss")
    assert worker.stop() == 0
    wait_for(lambda: datetime.now(timezone.utc) > expires, "the expiry of what was answered in time")
    assert recover(own_cell, status=1) == told
    assert [(row["topic"], row["partition"], row["found"]) for row in told] == [
        (client.request_topic, partition, "DATABASE_BEHIND_KAFKA") for partition in behind]
    for row in told:
        mine = [request.offset for request in lost if request.partition == row["partition"]]
        older = [request.offset for request in kept if request.partition == row["partition"]]
        again = row["answered_again"]
        assert again["from"] <= min(mine) and max(mine) < again["below"] == row["committed_offset"]
        assert all(offset < again["from"] for offset in older)
        assert row["lost"] is row["unread"] is row["unsent"] is row["sent_again"] is None
        assert row["accepted"] is False and row["generation"] == 0
    late = client.send("WithdrawSlot", doctor, {"slot_id": free[2]})  # written before, read after
    told = [{**row, "high_watermark": row["high_watermark"] + (row["partition"] == late.partition)} for row in told]
    assert recover(own_cell, "--accept-loss") == [{**row, "accepted": True} for row in told]
    assert nothing_to_do(own_cell)
    worker = Worker(own_cell).wait_until_ready()
    for request, code in zip(lost, ["ACCEPTED"] * 5 + ["SLOT_TAKEN", "ACCEPTED"]):
        first, second = both_answers(client, request)
        assert (first["code"] or "ACCEPTED") == (second["code"] or "ACCEPTED") == code
        assert first["command_id"] == second["command_id"] == request.command_id
        assert first["outcome_id"] != second["outcome_id"]
    assert all(len(request.answers()) == 1 for request in kept)
    assert codes([late]) == ["UNAUTHENTICATED"]  # its token is from before

    # Every effect is there once.
    assert rows(own_cell, "select count(*) from slot") == 12
    assert rows(own_cell, "select count(*) from slot where withdrawn_at is not null") == 1
    assert rows(own_cell, "select count(*) from appointment") == 1
    assert own_cell.sql("select appointment_id from appointment")[0][0] != str(booked)
    assert rows(own_cell, "select count(*) from slot_event") == 14
    accounts = own_cell.topic("account-commands")
    assert rows(own_cell, f"select count(*) from partition_progress where topic <> '{accounts}' and generation > 0"
                ) == len(behind)
    wait_for(lambda: rows(own_cell, "select count(*) from partition_progress where"
                          f" tokens_valid_from >= to_timestamp({int(time.time())})") == 0, "a later second")
    assert codes([client.send("WithdrawSlot", doctor, {"slot_id": free[2]})]) == ["ACCEPTED"]
    assert codes([client.send("BookSlot", patient, {"slot_id": free[3]})]) == ["ACCEPTED"]
    assert worker.stop() == 0

    # The audit topic tells of both; made again, it tells what is true now.
    done = own_cell.slotkeeper("audit", "verify", "--json", check=False)
    assert json.loads(done.stdout)["finding"] in ("differs", "only_on_topic")
    client.delete_topic(own_cell.topic("audit"))
    wait_for(lambda: "created" in own_cell.slotkeeper("topics", "create", check=False).stdout, "it to be made again")
    assert json.loads(own_cell.slotkeeper("audit", "republish", "--json").stdout)["published"] == 16
    assert json.loads(own_cell.slotkeeper("audit", "verify", "--json").stdout)["clean"] is True


def test_an_empty_database_decides_all_again(own_cell):
    """Restored to before its first worker: there is not even a row of a partition."""
    client, doctor = own_cell.client, own_cell.account("doctor")
    empty = Copy(own_cell)
    worker = Worker(own_cell).wait_until_ready()
    lost = [offer(client, doctor, 1, partition=1)]
    assert codes(lost) == ["ACCEPTED"]
    assert worker.stop() == 0
    empty.restore()
    row, = recover(own_cell, status=1)
    assert (row["partition"], row["answered_again"]) == (1, {"from": 0, "below": row["committed_offset"]})
    recover(own_cell, "--accept-loss")
    assert nothing_to_do(own_cell)
    late = [offer(client, doctor, 2, partition=0, token=own_cell.stack.signer.token(
        doctor.id, "doctor", iat=int(time.time()) - 600))]
    Worker(own_cell).wait_until_ready()
    assert len({answer["outcome_id"] for answer in both_answers(client, lost[0])}) == 2
    assert codes(late) == ["UNAUTHENTICATED"]
    assert rows(own_cell, "select count(*) from slot") == 1
    assert rows(own_cell, "select count(*) from partition_progress where tokens_valid_from is null") == 0


def test_a_topic_made_again_is_read_from_its_beginning(own_cell):
    client, doctor = own_cell.client, own_cell.account("doctor")
    worker = Worker(own_cell).wait_until_ready()
    value = SCHEMAS.encode(COMMAND + "PublishSlot", {
        "command_id": uuid.uuid4(), "slot_id": uuid.uuid4(), "starts_at": soon(86400), "ends_at": soon(87000)})
    first = client.send_bytes(value, doctor, partition=0)
    assert codes([first] + [offer(client, doctor, day + 2, partition=0) for day in range(4)]) == ["ACCEPTED"] * 5
    assert worker.stop() == 0
    client.delete_topic(client.request_topic)
    wait_for(lambda: "created" in own_cell.slotkeeper("topics", "create", check=False).stdout, "it to be made again")
    new = [offer(client, doctor, day + 10, partition=0) for day in range(7)]
    row, = recover(own_cell, status=1)
    assert row["found"] in ("TOPIC_REMADE", "KAFKA_OFFSETS_LOST") and row["old_topic_read_below"] > 4
    assert row["answered_again"] is row["lost"] is row["unread"] is None
    before = rows(own_cell, "select count(*) from command_log")
    recover(own_cell, "--accept-loss")
    assert nothing_to_do(own_cell)
    assert rows(own_cell, "select count(*) from command_log") == before
    Worker(own_cell).wait_until_ready()
    assert codes(new) == ["ACCEPTED"] * 7
    ids = [record.record["outcome_id"] for record in client.outcomes()]
    assert len(ids) == len(set(ids)) == 12
    # What was decided on the topic before is still known, until it is as old as the rest of the log.
    assert client.send_bytes(value, doctor, partition=0).answer(60).duplicate
    wait_for(lambda: rows(own_cell, "select count(*) from command_log where topic like '%@%'") == 5, "the old rows")
    assert rows(own_cell, "select count(*) from slot") == 12
    assert rows(own_cell, "select count(*) from partition_progress where topic like '%@%'") == 1


def test_another_cluster_with_the_same_records_goes_on(own_cell):
    client, doctor = own_cell.client, own_cell.account("doctor")
    worker = Worker(own_cell).wait_until_ready()
    old = [offer(client, doctor, 1, partition=0), offer(client, doctor, 2, partition=1)]
    assert codes(old) == ["ACCEPTED"] * 2
    assert worker.stop() == 0
    own_cell.sql("update partition_progress set cluster_id = 'another'"
                 f" where topic = '{client.request_topic}' and partition = 0")
    row, = recover(own_cell, status=1)
    assert (row["found"], row["partition"], row["answered_again"]) == ("CLUSTER_CHANGED", 0, None)
    recover(own_cell, "--accept-loss")
    assert nothing_to_do(own_cell)
    Worker(own_cell).wait_until_ready()
    assert codes([offer(client, doctor, 3, partition=0)]) == ["ACCEPTED"]
    assert [len(request.answers()) for request in old] == [1, 1]
    # Nothing that was answered is lost, so no token ends.
    assert rows(own_cell, "select count(*) from partition_progress where tokens_valid_from is not null") == 0


def test_offsets_that_kafka_forgot_are_put_back(own_cell):
    client, doctor = own_cell.client, own_cell.account("doctor")
    worker = Worker(own_cell).wait_until_ready()
    old = [offer(client, doctor, day + 1, partition=0) for day in range(3)]
    assert codes(old) == ["ACCEPTED"] * 3
    assert worker.stop() == 0
    group = own_cell.name + ".slot-commands"
    client.admin.delete_consumer_groups([group])[group].result(20)
    told = recover(own_cell, status=1)
    assert [(row["found"], row["partition"], row["answered_again"]) for row in told] == [
        ("KAFKA_OFFSETS_LOST", 0, None)]
    recover(own_cell, "--accept-loss")
    assert nothing_to_do(own_cell)
    Worker(own_cell).wait_until_ready()
    assert codes([offer(client, doctor, 9, partition=0)]) == ["ACCEPTED"]
    assert [len(request.answers()) for request in old] == [1, 1, 1]
    assert rows(own_cell, "select max(generation) from partition_progress") == 0


def test_wrong_use(own_cell):
    for arguments in (("--accept",), ("everything",)):
        done = own_cell.slotkeeper("recover", *arguments, check=False)
        assert done.returncode == 2 and "slotkeeper recover [--accept-loss]" in done.stderr, arguments
    for name, what in (("DATABASE_ADMIN_URL", "database.admin_url"), ("KAFKA_BOOTSTRAP_SERVERS", "bootstrap.servers")):
        env = {key: value for key, value in own_cell.env.items() if key != "SLOTKEEPER_" + name}
        done = run(BINARY, "recover", env=env, check=False)
        assert done.returncode == 2 and what in done.stderr
    assert nothing_to_do(own_cell)  # before any worker ever ran
    Worker(own_cell).wait_until_ready()
    assert nothing_to_do(own_cell)
    done = own_cell.slotkeeper("recover", "--accept-loss")
    assert done.stdout.startswith("nothing to do")
