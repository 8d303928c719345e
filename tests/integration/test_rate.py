"""How fast a caller may send: the limit, the wait, other callers, off, and what a backlog must not change."""

import time
import uuid

from kit.client import soon
from kit.waiting import wait_for
from kit.worker import Worker

PER_SECOND, BURST = 5, 20
SETTINGS = {"rate.per_second": str(PER_SECOND), "rate.burst": str(BURST)}


def offers(client, doctor, count, days=1, gap=0.0, **options):
    """Slots that overlap nothing, over all partitions, sent as fast as may be or with a gap between."""
    requests = []
    for number in range(count):
        starts_at = soon(86400 * days + 600 * number)
        requests.append(client.send("PublishSlot", doctor, {
            "slot_id": uuid.uuid4(), "starts_at": starts_at, "ends_at": soon(86400 * days + 600 * number + 300)},
            flush=gap > 0, partition=number % 4, **options))
        time.sleep(gap)
    client.flush()
    return requests


def codes(requests):
    return [request.answer(60).code for request in requests]


def test_a_limit_is_reached_and_the_wait_is_right(own_cell):
    worker = Worker(own_cell, SETTINGS).wait_until_ready()
    client, doctor, other = own_cell.client, own_cell.account("doctor"), own_cell.account("doctor")
    requests = offers(client, doctor, 3 * BURST)
    answers = [request.answer(60) for request in requests]
    refused = [answer for answer in answers if answer.code == "RATE_LIMITED"]
    assert BURST <= len(answers) - len(refused) < 2 * BURST
    assert all(answer.status == "REFUSED" and not answer.duplicate for answer in refused)
    assert all(0 < answer.outcome["retry_after_ms"] <= 1000 / PER_SECOND + 2000 for answer in refused)
    assert all(answer.outcome["caller"] == doctor.id for answer in refused)

    # A repeat of what is decided costs as much as a new command, and what was refused is not remembered.
    again = next(request for request, answer in zip(requests, answers) if answer.code == "RATE_LIMITED")
    assert set(codes(offers(client, other, 5))) == {"ACCEPTED"}
    last = client.ask("WithdrawSlot", doctor, {"slot_id": uuid.uuid4()}, command_id=again.command_id)
    while last.code == "RATE_LIMITED":
        time.sleep(last.outcome["retry_after_ms"] / 1000)
        last = client.ask("WithdrawSlot", doctor, {"slot_id": uuid.uuid4()}, command_id=again.command_id)
        assert last.code == "SLOT_NOT_FOUND", "the wait that was told is enough"
    assert last.code == "SLOT_NOT_FOUND"
    assert worker.metric("slotkeeper_records_total", '{code="RATE_LIMITED"}') >= len(refused)
    wait_for(lambda: own_cell.sql("select count(*) from command_log where code = 'RATE_LIMITED'") == [["0"]],
             "rows that only served publication to go")


def test_a_repeat_is_limited_and_then_recalled(own_cell):
    Worker(own_cell, {"rate.per_second": "1", "rate.burst": "2"}).wait_until_ready()
    client, doctor = own_cell.client, own_cell.account("doctor")
    fields = {"slot_id": uuid.uuid4(), "starts_at": soon(3600), "ends_at": soon(7200)}
    command_id = uuid.uuid4()
    first = client.ask("PublishSlot", doctor, fields, command_id=command_id)
    assert first.code == "ACCEPTED"
    repeats = [client.send("PublishSlot", doctor, fields, command_id=command_id, flush=False) for _ in range(4)]
    client.flush()
    answers = [repeat.answer() for repeat in repeats]
    assert "RATE_LIMITED" in [answer.code for answer in answers]
    time.sleep(max(answer.outcome["retry_after_ms"] or 0 for answer in answers) / 1000)
    recalled = client.ask("PublishSlot", doctor, fields, command_id=command_id)
    assert recalled.duplicate and recalled.value == first.value


def test_0_is_off(own_cell):
    Worker(own_cell, {"rate.per_second": "1", "rate.burst": "0"}).wait_until_ready()
    assert set(codes(offers(own_cell.client, own_cell.account("doctor"), 100))) == {"ACCEPTED"}


def test_a_backlog_that_came_slowly_enough_is_not_punished(own_cell):
    """Sent while no worker ran, at less than the limit and all in all more than a burst; decided within a moment,
    partition after partition."""
    client, doctor, hasty = own_cell.client, own_cell.account("doctor"), own_cell.account("doctor")
    slow = offers(client, doctor, 2 * BURST, gap=1.05 / PER_SECOND)
    quick = offers(client, hasty, 3 * BURST, days=20)
    Worker(own_cell, SETTINGS)
    assert codes(slow) == ["ACCEPTED"] * len(slow)
    assert "RATE_LIMITED" in codes(quick)


def test_a_flood_of_refusals_is_answered_in_few_batches(own_cell):
    worker = Worker(own_cell, {"rate.per_second": "1", "rate.burst": "1", "batch.linger": "2s"}).wait_until_ready()
    client, doctor = own_cell.client, own_cell.account("doctor")
    offers(client, doctor, 2)[-1].answer()
    before = worker.metric("slotkeeper_batches_total")
    requests = []
    for _ in range(40):
        requests.append(client.send("WithdrawSlot", doctor, {"slot_id": uuid.uuid4()}, partition=0))
        time.sleep(0.05)
    assert codes(requests).count("RATE_LIMITED") >= 30
    assert worker.metric("slotkeeper_batches_total") - before <= 15


def test_a_refusal_alone_is_answered_at_once(own_cell):
    """With 10 s of patience, since no batch came before it."""
    Worker(own_cell, {"batch.linger": "10s"}).wait_until_ready()
    began = time.monotonic()
    assert own_cell.client.ask("WithdrawSlot", None, {"slot_id": uuid.uuid4()}).code == "UNAUTHENTICATED"
    assert time.monotonic() - began < 8


def keep_busy(cell):
    """Each thread has just given a batch: refusals wait from now on."""
    for number in range(4):
        answer = cell.client.ask("WithdrawSlot", cell.account("doctor"), {"slot_id": uuid.uuid4()}, partition=number)
        assert answer.code == "SLOT_NOT_FOUND"


def test_nobody_waits_for_refusals_that_wait(own_cell):
    """With 10 s of patience, what needs rows takes the refusals along as soon as it comes."""
    Worker(own_cell, {"rate.per_second": "1", "rate.burst": "1", "batch.linger": "10s"}).wait_until_ready()
    client, doctor, other = own_cell.client, own_cell.account("doctor"), own_cell.account("doctor")
    offers(client, doctor, 1)[0].answer()
    keep_busy(own_cell)
    began = time.monotonic()
    refused = [client.send("WithdrawSlot", doctor, {"slot_id": uuid.uuid4()}, partition=0) for _ in range(3)]
    time.sleep(0.3)
    assert client.ask("WithdrawSlot", other, {"slot_id": uuid.uuid4()}, partition=0).code == "SLOT_NOT_FOUND"
    assert "RATE_LIMITED" in codes(refused)
    assert time.monotonic() - began < 8


def test_refusals_that_wait_come_again_after_a_rebalance(own_cell):
    """Whoever joins takes partitions away while refusals wait: each is answered once, by whoever has it then."""
    settings = {"rate.per_second": "1", "rate.burst": "1", "batch.linger": "10s"}
    first = Worker(own_cell, settings).wait_until_ready()
    client, doctor = own_cell.client, own_cell.account("doctor")
    offers(client, doctor, 1)[0].answer()
    keep_busy(own_cell)
    requests = [client.send("WithdrawSlot", doctor, {"slot_id": uuid.uuid4()}, partition=number % 4) for number in range(8)]
    second = Worker(own_cell, settings).wait_until_ready()
    answers = [request.answer(60) for request in requests]
    assert all(len(request.answers()) == 1 for request in requests), answers
    assert {first.stop(), second.stop()} == {0}
