"""PostgreSQL and Kafka that do not agree: the partition stops and says why, the others go on."""

import uuid

import pytest

from kit.client import soon
from kit.waiting import wait_for
from kit.worker import Worker

STOPPED = "a partition is stopped and waits for an operator"
PARTITION = "topic like '%slot-commands' and partition"  # of the accounts there is a partition of the same number


def offer(client, doctor, partition, day):
    return client.send("PublishSlot", doctor, {
        "slot_id": uuid.uuid4(), "starts_at": soon(86400 * day), "ends_at": soon(86400 * day + 600)}, partition=partition)


def codes(requests, timeout=60):
    return [request.answer(timeout).code for request in requests]


@pytest.mark.parametrize("while_running", [False, True], ids=["before the start", "under way"])
def test_database_behind_kafka(own_cell, while_running):
    """As after a restore that lost the last commits."""
    client, doctor = own_cell.client, own_cell.account("doctor")
    worker = Worker(own_cell).wait_until_ready()
    assert codes([offer(client, doctor, partition, partition + 1) for partition in (0, 1, 2, 3)]) == ["ACCEPTED"] * 4
    if not while_running:
        assert worker.stop() == 0
    own_cell.sql("update partition_progress set next_offset = 0, published_offset = 0, last_offset = null,"
                 f" last_append_time = null, last_hash = null where {PARTITION} = 2")
    if not while_running:
        worker = Worker(own_cell)
        worker.wait_for_log("ready")
    stopped = offer(client, doctor, 2, 11)
    worker.wait_for_log(STOPPED, timeout=60, partition=2, found="DATABASE_BEHIND_KAFKA")
    assert codes([offer(client, doctor, partition, partition + 12) for partition in (0, 1, 3)]) == ["ACCEPTED"] * 3
    status, text = worker.get("/readyz")
    assert status == 503 and "1 partitions are stopped" in text
    assert worker.get("/livez")[0] == 200
    assert worker.metric("slotkeeper_partition_stopped", '{partition="2"}') == 1
    assert stopped.answers() == []
    # The lost commits come back, say from the old primary: the partition goes on where it was.
    own_cell.sql(f"update partition_progress set next_offset = 1, published_offset = 1 where {PARTITION} = 2")
    assert worker.stop() == 0
    worker = Worker(own_cell)
    assert codes([stopped]) == ["ACCEPTED"]
    worker.wait_until_ready()


def test_topic_made_again(own_cell):
    """With fewer records than were consumed, with more, and the groups' offsets gone as Kafka does it."""
    client, doctor = own_cell.client, own_cell.account("doctor")
    worker = Worker(own_cell).wait_until_ready()
    assert codes([offer(client, doctor, 0, day + 1) for day in range(3)]) == ["ACCEPTED"] * 3
    assert worker.stop() == 0
    client.delete_topic(client.request_topic)

    def made():
        return "created" in own_cell.slotkeeper("topics", "create", check=False).stdout

    wait_for(made, "the topic to be made again")
    before = len(client.outcomes())
    requests = [offer(client, doctor, partition, day + 20) for day, partition in enumerate((0, 0, 0, 0, 0, 1))]
    worker = Worker(own_cell)
    line = worker.wait_for_log(STOPPED, timeout=60, partition=0)
    assert line["found"] in ("KAFKA_OFFSETS_LOST", "TOPIC_REMADE")
    assert codes(requests[5:]) == ["ACCEPTED"]  # of the other partition nothing had been consumed
    assert worker.get("/readyz")[0] == 503
    assert len(client.outcomes()) == before + 1


def test_the_last_record_is_another(own_cell):
    """As when a topic was made again and the group's offsets were put back."""
    client, doctor = own_cell.client, own_cell.account("doctor")
    worker = Worker(own_cell).wait_until_ready()
    assert codes([offer(client, doctor, 0, 1), offer(client, doctor, 1, 2)]) == ["ACCEPTED"] * 2
    assert worker.stop() == 0
    own_cell.sql(f"update partition_progress set last_hash = sha256('something else') where {PARTITION} = 0")
    offer(client, doctor, 0, 3)
    worker = Worker(own_cell)
    worker.wait_for_log(STOPPED, timeout=60, partition=0, found="TOPIC_REMADE")
    assert codes([offer(client, doctor, 1, 4)]) == ["ACCEPTED"]


def test_another_cluster(own_cell):
    client, doctor = own_cell.client, own_cell.account("doctor")
    worker = Worker(own_cell).wait_until_ready()
    assert codes([offer(client, doctor, 0, 1)]) == ["ACCEPTED"]
    assert worker.stop() == 0
    own_cell.sql(f"update partition_progress set cluster_id = 'another' where {PARTITION} = 0")
    worker = Worker(own_cell)
    worker.wait_for_log(STOPPED, timeout=60, partition=0, found="CLUSTER_CHANGED")
    assert codes([offer(client, doctor, 1, 2)]) == ["ACCEPTED"]


def test_group_set_back_publishes_again(own_cell):
    """An operator who sets the group's offsets back gets the same bytes again, under the same ids."""
    from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
    client, doctor = own_cell.client, own_cell.account("doctor")
    worker = Worker(own_cell).wait_until_ready()
    requests = [offer(client, doctor, 0, day + 1) for day in range(3)]
    assert codes(requests) == ["ACCEPTED"] * 3
    assert worker.stop() == 0
    back = ConsumerGroupTopicPartitions(own_cell.name + ".slot-commands", [TopicPartition(client.request_topic, 0, 1)])
    client.admin.alter_consumer_group_offsets([back])[back.group_id].result(20)
    Worker(own_cell)
    for request, times in zip(requests, (1, 2, 2)):
        answers = client.wait(lambda: len(request.answers()) >= times and request.answers(), "it to be there again", 60)
        assert len(answers) == times
        assert len({(answer.value, answer.headers["ce_id"]) for answer in answers}) == 1
    assert codes([offer(client, doctor, 0, 9)]) == ["ACCEPTED"]
