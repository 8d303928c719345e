"""What is done to the service, one function a kind of fault: each does it, heals it and returns; then the service must recover.

A kind is a row of KINDS. Kinds for three brokers and a standby belong here, too: they need servers that scripts/stack does not
make yet.
"""

import os
import signal
import time
from dataclasses import dataclass

from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from stack import backends, row_locks, wait_for

SESSION_TIMEOUT_S = 6
LOCK_TIMEOUT_S = 2
CUT_MAX_S = 15
BURST = (100, 500)
KINDS = {}


@dataclass
class Kind:
    inject: object
    weight: int  # among the others; 0: once a run


def kind(weight):
    def put(function):
        KINDS[function.__name__] = Kind(function, weight)
        return function

    return put


def burst(chaos):
    chaos.trial.load.burst(chaos.random.randrange(*BURST))
    time.sleep(chaos.random.uniform(0, 0.15))


# ---- workers ----


@kind(14)
def kill(chaos):
    """Under the same name it has its partitions again at once; under a new one its predecessor must time out."""
    if chaos.random.random() < 0.75:
        burst(chaos)
    victims = chaos.workers if chaos.random.random() < 0.1 else [chaos.random.choice(chaos.workers)]
    stranger = chaos.random.random() < 0.05
    for worker in victims:
        if not worker.kill():
            chaos.trial.find(f"worker {worker.name} ended by itself with {worker.exits[-1]}")
    chaos.kills += len(victims)
    for worker in victims:
        chaos.start(worker, stranger)


@kind(1)
def stop(chaos):
    """SIGSTOP past the session timeout, in a transaction if that can be met, at a claim, or anywhere; then it goes on."""
    worker = chaos.workers[0]  # whose backends are known: it does not come by the proxy
    how = chaos.random.choice(("at its claim", "in transaction", "anywhere"))
    stopped = time.monotonic()
    if how == "at its claim":
        stop_at_claim(chaos, worker)
    else:
        stop_under_load(chaos, worker, how == "anywhere")
    time.sleep(max(0, SESSION_TIMEOUT_S + 1.5 - (time.monotonic() - stopped)))
    worker.signal(signal.SIGCONT)


def stop_under_load(chaos, worker, anywhere):
    for _ in range(50):
        burst(chaos)
        worker.signal(signal.SIGSTOP)
        rows = backends(chaos.stack, worker)
        if anywhere or any(row["owns"] and (row["state"] or "").startswith("idle in transaction") for row in rows):
            return
        worker.signal(signal.SIGCONT)
        time.sleep(chaos.random.uniform(0, 0.05))
    worker.signal(signal.SIGSTOP)


def stop_at_claim(chaos, worker):
    """Its partitions' rows stay locked until its claim waits for one, and a little longer than it would have waited."""
    numbers = [number for row in backends(chaos.stack, worker) for number in row["owns"]]
    with row_locks(chaos.stack, numbers):
        wait_for(lambda: any(row["waits"] == "Lock" for row in backends(chaos.stack, worker)), 5, 0.02)
        worker.signal(signal.SIGSTOP)
        time.sleep(LOCK_TIMEOUT_S + 0.5)


@kind(2)
def rebalance(chaos):
    """Workers come and go."""
    for _ in range(chaos.random.randrange(1, 4)):
        visitor = chaos.visitor()
        time.sleep(chaos.random.uniform(0.3, 2))
        burst(chaos)
        if chaos.random.random() < 0.3:
            chaos.kills += visitor.kill()
        elif visitor.end() != 0:
            chaos.trial.find(f"worker {visitor.name} ended with {visitor.process.returncode}")


@kind(0)
def replay(chaos):
    """An operator sets the group's offsets back to 0: what is in the log is published again, byte for byte."""
    for worker in chaos.workers:
        if worker.end() != 0:
            chaos.trial.find(f"worker {worker.name} ended with {worker.process.returncode}")
    admin = AdminClient({"bootstrap.servers": chaos.stack.bootstrap})
    group = chaos.stack.group

    def is_empty():
        return admin.describe_consumer_groups([group])[group].result(15).state == ConsumerGroupState.EMPTY

    if not wait_for(is_empty, 30):
        chaos.trial.find("the group does not get empty")
    places = [TopicPartition(chaos.trial.clients.topic, number, 0) for number in range(chaos.trial.clients.partitions)]
    admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)])[group].result(15)
    chaos.replayed = True
    for worker in chaos.workers:
        chaos.start(worker)


# ---- servers ----


@kind(1)
def postgres_restart(chaos):
    burst(chaos)
    chaos.stack.service("stop", "postgres")
    time.sleep(chaos.random.uniform(0, 2))
    chaos.stack.service("start", "postgres")


@kind(1)
def postgres_immediate(chaos):
    """Without a checkpoint: it recovers from its write-ahead log."""
    burst(chaos)
    os.kill(chaos.stack.pid_of("postgres"), signal.SIGQUIT)
    time.sleep(chaos.random.uniform(0, 1))
    chaos.stack.service("stop", "postgres")  # which waits until it is gone
    chaos.stack.service("start", "postgres")


@kind(1)
def broker_kill(chaos):
    burst(chaos)
    chaos.stack.service("kill", "kafka")
    time.sleep(chaos.random.uniform(0, 1))
    chaos.stack.service("start", "kafka")


@kind(1)
def broker_pause(chaos):
    burst(chaos)
    pid = chaos.stack.pid_of("kafka")
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(chaos.random.uniform(0.5, SESSION_TIMEOUT_S + 2))
    finally:
        os.kill(pid, signal.SIGCONT)


def cut_commit(chaos, when):
    chaos.proxy.arm(when)
    for _ in range(int(CUT_MAX_S)):
        burst(chaos)
        if chaos.proxy.has_cut(1):
            return True
    chaos.proxy.arm("never")
    return False  # the worker behind the proxy has no partitions now


@kind(2)
def commit_cut_before(chaos):
    return cut_commit(chaos, "before")


@kind(2)
def commit_cut_after(chaos):
    return cut_commit(chaos, "after")


# ---- clients ----


@kind(2)
def hot_slot(chaos):
    chaos.trial.load.crowd()


@kind(2)
def duplicates(chaos):
    chaos.trial.load.repeats()


@kind(2)
def reordering(chaos):
    chaos.trial.load.disorder()
