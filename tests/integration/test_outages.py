"""PostgreSQL or Kafka goes away and comes back: what was sent meanwhile is answered once, by the same worker."""

import uuid

import pytest

from kit.client import soon
from kit.waiting import wait_for
from kit.worker import Worker

# The shared cell and its worker, too, must come through: they are looked at in the end.
pytestmark = [pytest.mark.outage, pytest.mark.usefixtures("cell")]


def offers(client, doctor, days):
    requests = [client.send("PublishSlot", doctor, {
        "slot_id": uuid.uuid4(), "starts_at": soon(86400 * day), "ends_at": soon(86400 * day + 600)},
        partition=day % 4, flush=False) for day in days]
    return requests


def assert_accepted(requests):
    assert [request.answer(90).code for request in requests] == ["ACCEPTED"] * len(requests)


def test_postgresql_away_and_back(own_cell, stack):
    client, doctor = own_cell.client, own_cell.account("doctor")
    worker = Worker(own_cell).wait_until_ready()
    before = offers(client, doctor, range(1, 41))
    stack.script("kill", "postgres")
    during = offers(client, doctor, range(41, 61))
    client.flush()
    wait_for(lambda: worker.get("/readyz")[0] == 503, "/readyz to say 503", 60)
    assert worker.get("/livez")[0] == 200
    stack.script("start", "postgres")
    assert_accepted(before + during)
    worker.wait_until_ready()
    assert worker.process.poll() is None
    assert own_cell.sql("select count(*) from slot") == [["60"]]


def test_kafka_away_and_back(own_cell, stack):
    client, doctor = own_cell.client, own_cell.account("doctor")
    worker = Worker(own_cell).wait_until_ready()
    before = offers(client, doctor, range(1, 41))
    client.flush()
    stack.script("stop", "kafka")
    stack.script("start", "kafka")
    during = offers(client, doctor, range(41, 61))
    client.flush()
    assert_accepted(before + during)
    worker.wait_until_ready()
    assert worker.process.poll() is None
    assert own_cell.sql("select count(*) from slot") == [["60"]]


def test_a_worker_that_starts_first(own_cell, stack):
    """Neither server is there yet: it waits, and says so."""
    stack.script("stop", "postgres")
    worker = Worker(own_cell)
    worker.wait_for_log("a session ended")
    assert worker.get("/readyz")[0] == 503
    stack.script("start", "postgres")
    worker.wait_until_ready()
