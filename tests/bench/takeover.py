"""From SIGKILL of a worker to the first outcome of its successor."""

import random
import statistics
import time

from callers import make_topics, producer_of, reader_of, send, withdrawal
from kit.waiting import wait_for
from kit.worker import Worker

BURST = 200  # requests a partition before each kill, so that it falls into batches
BURST_SECONDS = 0.1
PATIENCE_SECONDS = 60
PARTITIONS = 4
SETTINGS = {"rate.per_second": "0", "rate.burst": "0", "worker.threads": "3"}
NAMED = {**SETTINGS, "worker.instance_id": "one"}


class Asker:
    """Sends commands to chosen partitions and reads the answers."""

    def __init__(self, cell):
        self.cell = cell
        self.reply_topic = cell.topic("replies.takeover")
        make_topics(cell, "replies.takeover")
        self.token = cell.account("doctor").token
        self.producer = producer_of(cell.stack.servers, 0)
        self.consumer = reader_of(cell.stack.servers, self.reply_topic, "takeover", **{"fetch.error.backoff.ms": 10})

    def send(self, partition):
        """Its correlation id."""
        return send(self.producer, self.cell, withdrawal(), self.token, self.reply_topic, partition=partition)

    def burst(self, partitions):
        for _ in range(BURST):
            for partition in partitions:
                self.send(partition)
        self.producer.flush(30)

    def answered_after(self, began, partitions):
        """Seconds from `began` to the answer of one request to each of these partitions, in order."""
        waiting = {self.send(partition) for partition in partitions}
        seconds = []
        while waiting:
            self.producer.poll(0)
            message = self.consumer.poll(0.02)
            if message is not None and message.error() is None:
                correlation = dict(message.headers())["kafka_correlationId"]
                if correlation in waiting:
                    waiting.remove(correlation)
                    seconds.append(time.monotonic() - began)
            if time.monotonic() - began > PATIENCE_SECONDS:
                raise AssertionError("no answer within a minute")
        return seconds


class Fleet:
    """One worker that is started again as soon as it was killed, or several of which the others take over."""

    def __init__(self, cell, settings, size):
        self.cell = cell
        self.settings = settings
        self.workers = [Worker(cell, settings) for _ in range(size)]

    def settle(self):
        """All partitions are somebody's, and each worker has some."""
        for worker in self.workers:
            worker.wait_until_ready()
        wait_for(lambda: sum(self.counts()) == PARTITIONS and all(self.counts()), "the workers to share", PATIENCE_SECONDS)

    def counts(self):
        return [worker.metric("slotkeeper_partitions_owned", '{topic="slot-commands"}') for worker in self.workers]

    def partitions(self):
        """Of the one to be killed. The page has their lag some time after it has counted them."""
        victim, found = self.workers[0], []

        def all_found():
            page = victim.get("/metrics")[1]
            found[:] = [number for number in range(PARTITIONS)
                        if f'slotkeeper_consumer_lag_records{{partition="{number}"}}' in page]
            return len(found) == self.counts()[0]

        wait_for(all_found, "the numbers of the partitions", PATIENCE_SECONDS)
        return found

    def kill(self):
        """When that was."""
        victim = self.workers.pop(0)
        killed = time.monotonic()
        victim.kill()
        if not self.workers:
            self.replace()
        return killed

    def replace(self):
        self.workers.append(Worker(self.cell, self.settings))

    def end(self):
        for worker in self.workers:
            worker.kill()


# How the successor is one: settings, and how many workers there are.
KINDS = {"same_name": (NAMED, 1), "new_name": (SETTINGS, 1), "another_worker": (SETTINGS, 2)}


def measure(cell, kind, times):
    """Seconds to the first answer on one of the victim's partitions, and until each of them has answered."""
    settings, size = KINDS[kind]
    asker, fleet = Asker(cell), Fleet(cell, settings, size)
    found = []
    try:
        for _ in range(times):
            fleet.settle()
            asker.answered_after(time.monotonic(), range(PARTITIONS))
            partitions = fleet.partitions()
            asker.burst(partitions)
            time.sleep(random.uniform(0, BURST_SECONDS))
            killed = fleet.kill()
            found.append(asker.answered_after(killed, partitions))
            if len(fleet.workers) < size:
                fleet.replace()
    finally:
        fleet.end()
    first, last = [seconds[0] for seconds in found], [seconds[-1] for seconds in found]
    return {"kills": times, "first_s": round(statistics.median(first), 2), "first_max_s": round(max(first), 2),
            "all_s": round(statistics.median(last), 2), "firsts_s": [round(seconds, 2) for seconds in sorted(first)]}
