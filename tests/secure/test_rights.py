"""What each user of Kafka may do: with the list everything works, without a row of it something does not."""

import json
import re
import uuid

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from kit.stack import ROOT, run
from kit.waiting import wait_for
from stack import listed_acls

REFUSED = "Topic authorization failed"

# What the worker's log says without a row: the message, and words of it.
WITHOUT = {
    ("topic", "scheduling.slot-commands", "READ"): (
        "the consumer reports an error", "TOPIC_AUTHORIZATION_FAILED", "scheduling.slot-commands"),
    ("topic", "scheduling.slot-commands", "DESCRIBE_CONFIGS"): (
        "the topics are not as the worker needs them", "scheduling.slot-commands", REFUSED),
    ("topic", "scheduling.slot-commands-dlt", "WRITE"): (
        "the topics are not as the worker needs them", "scheduling.slot-commands-dlt", "has no right to it"),
    ("topic", "scheduling.outcomes", "WRITE"): (
        "a record was not delivered", "scheduling.outcomes", "TOPIC_AUTHORIZATION_FAILED"),
    ("topic", "scheduling.audit", "READ"): (
        "a Kafka transaction failed", "scheduling.audit", REFUSED),
    ("topic", "scheduling.audit", "WRITE"): (
        "kafka client", "scheduling.audit", REFUSED),
    ("topic", "scheduling.replies.", "WRITE"): (
        "a reply topic cannot be used; the outcome goes to the default topic without its result",),
    ("group", "slotkeeper.", "READ"): (
        "the consumer reports an error", "GROUP_AUTHORIZATION_FAILED", "slotkeeper.slot-commands"),
    ("transactional-id", "slotkeeper.", "WRITE"): (
        "a session ended", "transactional id slotkeeper.slot-commands.", "Transactional Id authorization failed"),
}
# Topics that no worker takes yet.
TO_COME = {f"scheduling.{topic}{suffix}" for topic in ("account-commands", "queries") for suffix in ("", "-dlt")}


def worker_rows():
    return [row for row in listed_acls() if row[0] == "worker"]


def named(row):
    return "-".join(row[1:2] + row[3:])


def send(stack, token, command, *fields, wait=True, check=True, **env):
    """As the client: the outcome, or where the request landed."""
    options = ["--wait"] if wait else []
    done = stack.slotkeeper("client", "send", command, *fields, *options, "--json", SLOTKEEPER_TOKEN=token,
                            check=check, **env)
    return json.loads(done.stdout)


def test_the_broker_has_the_list_and_nothing_else(stack):
    assert sorted(stack.acls()) == sorted(listed_acls())


def test_the_documentation_shows_the_list():
    text = (ROOT / "docs/operations.md").read_text()
    shown = re.findall(r"^\| `(worker|client|auditor)` \| ([a-z ]+) \| `(.+?)` \| ([A-Z_, ]+) \|$", text, re.MULTILINE)
    shown = [(user, resource.replace(" ", "-"), "prefixed" if name.endswith("*") else "literal",
              name.removesuffix("*"), operation)
             for user, resource, name, operations in shown for operation in operations.split(", ")]
    assert shown == listed_acls()


def test_with_the_list_everything_works(stack, start_worker, doctor, patient, slot_times):
    worker = start_worker()
    slot = f"slot_id={uuid.uuid4()}"
    published = send(stack, doctor, "PublishSlot", slot, *slot_times)
    booked = send(stack, patient, "BookSlot", slot)
    garbage = stack.slotkeeper("client", "send", "--raw", "-", "--topic", "scheduling.slot-commands", "--wait", "--json",
                               stdin="garbage", check=False)
    assert [published["status"], booked["status"]] == ["ACCEPTED", "ACCEPTED"]
    assert json.loads(garbage.stdout)["code"] == "MALFORMED"
    wait_for(lambda: worker.metric("slotkeeper_dead_letters_total") >= 1, "the dead letter")
    send(stack, doctor, "WithdrawSlot", f"slot_id={uuid.uuid4()}", wait=False)

    def trail():
        lines = stack.slotkeeper("auditor", "listen", "audit", "--from-beginning", "--until-end", "--json",
                                 "--key", slot.split("=")[1]).stdout.splitlines()
        return [json.loads(line)["value"]["new_state"] for line in lines]

    wait_for(lambda: trail() == ["OPEN", "BOOKED"], "the slot's trail")
    wait_for(lambda: stack.slotkeeper("auditor", "listen", "outcomes", "--from-beginning", "--until-end").stdout,
             "an outcome on the default topic")
    assert stack.slotkeeper("auditor", "audit", "verify").stdout.startswith("audit clean")
    assert worker.stop() == 0
    bad = [line for line in worker.log() if line["level"] in ("warning", "error")]
    assert bad == []


def test_every_row_of_the_worker_is_looked_at():
    rows = {(resource, name, operation) for _, resource, _, name, operation in worker_rows()}
    assert {row for row in rows if row[1] not in TO_COME} == set(WITHOUT)


@pytest.mark.parametrize("row", [row for row in worker_rows() if row[3] not in TO_COME], ids=named)
def test_without_a_row_the_log_names_what_is_missing(stack, start_worker, doctor, slot_times, row):
    message, *words = WITHOUT[(row[1], row[3], row[4])]
    slot = f"slot_id={uuid.uuid4()}"
    with stack.without(row):
        worker = start_worker(hopeless=row[1] == "transactional-id")
        # One answer to the default topic, one to a reply topic, and an event.
        send(stack, doctor, "PublishSlot", slot, *slot_times, wait=False)
        stack.slotkeeper("client", "send", "--tombstone", "--topic", "scheduling.slot-commands",
                         "--reply-topic", "scheduling.replies.cli")
        if row[3] == "scheduling.audit" and row[4] == "READ":
            stack.account("patient", f"patient-{uuid.uuid4()}")  # its event is published with an offset of audit

        def complaint():
            lines = [json.dumps(line) for line in worker.logged(message)]
            return [line for line in lines if all(word in line for word in words)]

        wait_for(complaint, f"{message!r} with {words}", timeout=40)


def refused(stack, user, *arguments, words=REFUSED, stdin=None):
    done = stack.slotkeeper(user, *arguments, stdin=stdin, check=False)
    assert done.returncode == 1, done
    assert re.search(words, done.stderr), done


@pytest.mark.parametrize("topic", ["slot-commands", "account-commands", "queries"])
def test_a_client_does_not_read_requests(stack, topic):
    stack.slotkeeper("client", "send", "--tombstone", "--topic", f"scheduling.{topic}")
    refused(stack, "client", "listen", topic, "--from-beginning", "--count", "1", "--timeout", "20s")


@pytest.mark.parametrize("topic", ["slot-commands-dlt", "account-commands-dlt", "queries-dlt", "audit", "outcomes"])
def test_a_client_does_not_even_see_the_rest(stack, topic):
    """Which a broker tells like a topic that is not there."""
    refused(stack, "client", "listen", topic, "--from-beginning", "--until-end", words=f"no topic scheduling.{topic}")


@pytest.mark.parametrize("topic", ["audit", "outcomes", "slot-commands-dlt", "replies.cli"])
def test_a_client_writes_requests_only(stack, topic):
    refused(stack, "client", "send", "--raw", "-", "--topic", f"scheduling.{topic}", stdin="forged")


@pytest.mark.parametrize("topic", ["slot-commands", "audit"])
def test_an_auditor_writes_nothing(stack, topic):
    """Whichever the broker says first: that a user who writes nothing needs no producer, or that of this topic."""
    refused(stack, "auditor", "send", "--tombstone", "--topic", f"scheduling.{topic}",
            words="(Cluster|Topic) authorization failed")


def test_a_client_fences_no_worker(stack):
    """A producer with a worker's transactional id would throw it out."""
    producer = Producer({**stack.properties("client"), "transactional.id": "slotkeeper.slot-commands.x"})
    with pytest.raises(KafkaException, match="Transactional Id authorization failed"):
        producer.init_transactions(20)


def test_a_client_does_not_join_the_workers(stack):
    consumer = Consumer({**stack.properties("client"), "group.id": "slotkeeper.slot-commands"})
    consumer.subscribe(["scheduling.replies.cli"])
    message = wait_for(lambda: consumer.poll(1), "an error")
    assert message.error().name() == "GROUP_AUTHORIZATION_FAILED"
    consumer.close()


@pytest.mark.parametrize("topic", ["scheduling.audit", "scheduling.slot-commands", "scheduling.outcomes"])
def test_no_answer_goes_where_no_reply_may(stack, start_worker, topic):
    """Neither by the worker's own rule, nor, for request topics, by its rights."""
    correlation = str(uuid.uuid4())
    start_worker()
    stack.slotkeeper("client", "send", "--tombstone", "--topic", "scheduling.slot-commands", "--reply-topic", topic,
                     "--correlation", correlation)

    def answers():
        lines = stack.slotkeeper("auditor", "listen", "outcomes", "--from-beginning", "--until-end", "--json").stdout
        records = [json.loads(line) for line in lines.splitlines()]
        return [record for record in records if record.get("correlation") == correlation]

    assert wait_for(answers, "the outcome")[0]["reply_refused"]


def test_the_worker_has_no_right_to_write_requests(stack):
    refused(stack, "worker", "send", "--tombstone", "--topic", "scheduling.slot-commands")


def test_a_plain_stack_does_not_become_secure(stack):
    folder = stack.folder / "plain"
    folder.mkdir()
    (folder / "env").touch()
    done = stack.script("up", "--secure", folder=folder, check=False)
    assert done.returncode == 1
    assert "was made without --secure" in done.stderr


def test_a_stopped_stack_comes_back_as_secure_as_it_was(stack, start_worker, doctor, slot_times):
    before = (stack.env, stack.users)
    stack.script("down")
    assert run(ROOT / "scripts/stack", "status", stack.folder, env=stack.clean_env, check=False).returncode == 1
    stack.script("up")
    stack.read_envs()
    assert (stack.env, stack.users) == before
    assert sorted(stack.acls()) == sorted(listed_acls())
    start_worker()
    assert send(stack, doctor, "PublishSlot", f"slot_id={uuid.uuid4()}", *slot_times)["status"] == "ACCEPTED"
