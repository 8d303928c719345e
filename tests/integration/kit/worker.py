"""A worker process: its log, its pages, its signals."""

import json
import os
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request

from kit.stack import BINARY
from kit.waiting import wait_for


def environment_name(setting):
    return "SLOTKEEPER_" + setting.upper().replace(".", "_")


class Worker:
    def __init__(self, cell, settings=None, env=None):
        self.log_path = tempfile.mkstemp(prefix=cell.name + ".", suffix=".log", dir=cell.stack.folder)[1]
        self.log_position = 0
        self.lines = []
        more = {environment_name(name): value for name, value in (settings or {}).items()}
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [BINARY, "worker"], env={**cell.env, **more, **(env or {})}, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=log)
        cell.workers.append(self)

    def log(self):
        """Whole lines so far, each as an object; a line that is not JSON fails the test."""
        with open(self.log_path, "rb") as log:
            log.seek(self.log_position)
            data = log.read()
        whole = data[: data.rfind(b"\n") + 1]
        self.log_position += len(whole)
        self.lines += [json.loads(line) for line in whole.splitlines()]
        return self.lines

    def log_tail(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-15:])

    def logged(self, message, **fields):
        return [line for line in self.log()
                if line["message"] == message and all(line.get(name) == value for name, value in fields.items())]

    def wait_for_log(self, message, timeout=30, **fields):
        return wait_for(lambda: self.logged(message, **fields), f"the log line {message!r} {fields}", timeout)[0]

    def port(self):
        return self.wait_for_log("ready")["http_port"]

    def get(self, path, method="GET", data=None):
        """(status, text)"""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port()}{path}", method=method, data=data)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def wait_until_ready(self, timeout=60):
        wait_for(lambda: self.get("/readyz")[0] == 200, "/readyz to say 200", timeout)
        return self

    def metric(self, name, labels=""):
        """Of one series; 0 if it is not there yet."""
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(name + labels + " "):
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    def signal(self, number):
        os.kill(self.process.pid, number)

    def stop(self, timeout=60):
        """SIGTERM; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout)

    def wait(self, timeout=60):
        return self.process.wait(timeout)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
