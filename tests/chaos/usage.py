"""Watches how much memory the workers take, and how many connections to PostgreSQL they have; rule 12 judges it."""

import json
import threading
from urllib.parse import urlsplit

from stack import sockets_of

INTERVAL_S = 0.5
KIB = 1024


def memory_of(pid):
    """The most that it ever had resident, in bytes; 0: it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            lines = dict(line.split(":", 1) for line in status if ":" in line)
        return int(lines["VmHWM"].split()[0]) * KIB
    except (OSError, KeyError):
        return 0


def connections_of(pid, ports):
    """Established TCP connections to these ports."""
    try:
        inodes = sockets_of(pid)
        with open(f"/proc/{pid}/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table][1:]
    except OSError:
        return 0
    # Each once: the kernel may repeat rows of a table that changes while it is read.
    return len({row[9] for row in rows if row[3] == "01" and int(row[2].split(":")[1], 16) in ports} & inodes)


class Usage(threading.Thread):
    def __init__(self, stack):
        super().__init__(daemon=True)
        self.stack = stack
        self.ports = {urlsplit(stack.environment["SLOTKEEPER_DATABASE_URL"]).port}
        self.stopping = threading.Event()
        self.peaks = {}  # (worker, process): its peak

    def look(self):
        for worker in self.stack.workers:
            if not worker.is_alive():
                continue
            pid = worker.process.pid
            peak = self.peaks.setdefault((worker.name, pid), {"worker": worker.name, "rss": 0, "connections": 0})
            peak["rss"] = max(peak["rss"], memory_of(pid))
            peak["connections"] = max(peak["connections"], connections_of(pid, self.ports))

    def memory_mb(self):
        """The most of any."""
        return round(max((peak["rss"] for peak in self.peaks.values()), default=0) / KIB / KIB, 1)

    def run(self):
        while not self.stopping.wait(INTERVAL_S):
            self.look()

    def stop(self):
        """Writes down what it saw, once."""
        if self.stopping.is_set():
            return
        self.stopping.set()
        self.join()
        self.look()
        with open(self.stack.folder / "usage.jsonl", "a", encoding="utf-8") as file:
            file.writelines(json.dumps(peak) + "\n" for peak in self.peaks.values())
