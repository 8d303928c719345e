"""Who speaks to Kafka. On a secure stack each user does so with a password and rights of its own, which the stack has
written down in FOLDER/USER.env; on a plain one everybody is alike."""

import os
import subprocess
from pathlib import Path

PREFIX = "SLOTKEEPER_KAFKA_"


class Users:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.known = {}

    def environment(self, user):
        """The settings for our own program, as that user: client, auditor or admin."""
        if user not in self.known:
            self.known[user] = self._read(self.folder / f"{user}.env")
        return self.known[user]

    def kafka(self, user):
        """The same for librdkafka, under the user's name; of its own log lines only those about errors."""
        settings = {
            name.removeprefix(PREFIX).lower().replace("_", "."): value
            for name, value in self.environment(user).items()
            if name.startswith(PREFIX)
        }
        return {**settings, "client.id": user, "log_level": 3}

    @staticmethod
    def _read(file):
        if not file.exists():
            return dict(os.environ)
        command = ["bash", "-c", '. "$1" && env -0', "bash", file]
        whole = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return dict(item.split("=", 1) for item in whole.split("\0") if "=" in item)
