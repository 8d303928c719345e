"""Three brokers instead of a stack's one: each a voter, too; every topic has three copies, and two must have a record."""

import base64
import os
import subprocess

from standby import free_port
from wire import ROOT

NODES = 3
LIBRARIES = 'for name in common secure kafka; do . "$0/scripts/lib/$name.sh"; done; '
# Where a broker's own default is another one.
PROPERTIES = """
process.roles=broker,controller
controller.listener.names=CONTROLLER
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=3
share.coordinator.state.topic.min.isr=2
"""


class Cluster:
    """Use it with `with`, inside of the stack's own, whose broker it stops."""

    def __init__(self, stack):
        self.stack = stack
        self.ports = [free_port() for _ in range(NODES)]
        self.controllers = [free_port() for _ in range(NODES)]
        self.folders = [stack.root / f"broker-{number + 1}" for number in range(NODES)]

    def _shell(self, text, *arguments):
        """The functions that scripts/stack uses itself."""
        environment = {**os.environ, "STACK_KAFKA_JAVA": "-Xms128m -Xmx320m -XX:TieredStopAtLevel=1"}
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        command = ["bash", "-c", LIBRARIES + text, ROOT, *map(str, arguments)]
        return subprocess.Popen(command, env=environment, **quiet)

    def _all(self, text, *arguments):
        """In each broker's folder, side by side."""
        running = [self._shell(text, folder, *arguments) for folder in self.folders]
        if any([process.wait() for process in running]):
            raise RuntimeError(f"a broker: {text} failed")

    def _write(self, number):
        folder = self.folders[number] / "kafka"
        folder.mkdir(parents=True)
        voters = ",".join(f"{place + 1}@127.0.0.1:{port}" for place, port in enumerate(self.controllers))
        place = f"PLAINTEXT://127.0.0.1:{self.ports[number]}"
        own = (
            f"node.id={number + 1}\ncontroller.quorum.voters={voters}\nlog.dirs={folder}/data\n"
            f"listeners={place},CONTROLLER://127.0.0.1:{self.controllers[number]}\nadvertised.listeners={place}\n"
        )
        (folder / "server.properties").write_text(PROPERTIES.lstrip() + own)

    def __enter__(self):
        self.stack.service("stop", "kafka")
        for number in range(NODES):
            self._write(number)
        name = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=").replace("-", "A")
        java = 'kafka_java kafka.tools.StorageTool format -t "$2" -c "$1/kafka/server.properties" >"$1/format.log" 2>&1'
        try:
            self._all(java, name)
            self._all('kafka_start "$1"')
            servers = ",".join(f"127.0.0.1:{port}" for port in self.ports)
            self.stack.environment["SLOTKEEPER_KAFKA_BOOTSTRAP_SERVERS"] = servers
            self.stack.environment["SLOTKEEPER_TOPICS_REPLICATION_FACTOR"] = str(NODES)
            self.stack.run("topics", "create")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._all('kafka_stop "$1" KILL')

    def kill(self, number):
        self._shell('kafka_stop "$1" KILL', self.folders[number]).wait()

    def start(self, number):
        if self._shell('kafka_start "$1"', self.folders[number]).wait() != 0:
            raise RuntimeError(f"broker {number + 1} does not come back")
