"""A secure stack, seen by each of its users; workers with one setting spoilt; its ACLs, read and changed."""

import functools
import os
import shutil
import tempfile
from pathlib import Path

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from kit.stack import BINARY, ROOT, SHORT_LIVED, run
from kit.waiting import wait_for
from kit.worker import Worker

ACLS = ROOT / "scripts/kafka/acls"
RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional-id": ResourceType.TRANSACTIONAL_ID,
}


def listed_acls():
    """(user, resource, pattern, name, operation) of the list, one of each operation."""
    rows = [line.split() for line in ACLS.read_text().splitlines() if line and not line.startswith("#")]
    return [(*row[:4], operation) for row in rows for operation in row[4].split(",")]


class SecureStack:
    """Also what kit.worker calls a cell, and the stack of it."""

    name = "secure"

    def __init__(self):
        self.stack = self
        self.folder = Path(tempfile.mkdtemp(prefix="slotkeeper-secure."))
        self.clean_env = {k: v for k, v in os.environ.items() if not k.startswith(("SLOTKEEPER_", "PG"))}
        self.clean_env["STACK_BINARY"] = str(BINARY)
        self.clean_env["STACK_KAFKA_JAVA"] = SHORT_LIVED
        self.workers = []
        self.script("up", "--secure")
        self.read_envs()

    def read_envs(self):
        self.env = self._env_of("env")
        self.users = {user: self._env_of(f"{user}.env") for user in ("client", "auditor", "admin")}

    def script(self, command, *options, folder=None, check=True):
        return run(ROOT / "scripts/stack", command, *options, folder or self.folder, env=self.clean_env,
                   check=check)

    def _env_of(self, name):
        everything = run("bash", "-c", f'. "{self.folder}/{name}" && env -0', env=self.clean_env).stdout
        return dict(item.split("=", 1) for item in everything.split("\0") if "=" in item)

    def destroy(self, keep_logs):
        for worker in self.workers:
            worker.kill()
        for service in ("kafka", "postgres"):
            run(ROOT / "scripts/stack", "kill", self.folder, service, env=self.clean_env)
        self.script("down")
        if keep_logs:
            for path in self.folder.iterdir():
                if path.suffix != ".log":
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        else:
            shutil.rmtree(self.folder)

    def start_worker(self, **env):
        return Worker(self, env={**env, "SLOTKEEPER_WORKER_THREADS": "1"})

    def slotkeeper(self, user, *arguments, stdin=None, check=True, **env):
        """The program as one of Kafka's users; `worker` is the one of DIR/env."""
        whole = {**self.users.get(user, self.env), **env}
        return run(BINARY, *arguments, env=whole, stdin=stdin, check=check)

    def account(self, role, login):
        made = self.slotkeeper("worker", "admin", "create-account", "--role", role, "--login", login,
                               stdin="mosel-kite-41-ember\n")
        sub = made.stdout.strip()
        return self.slotkeeper("worker", "keys", "token", "--sub", sub, "--role", role).stdout.strip()

    def properties(self, user):
        """For clients of librdkafka that are not ours."""
        prefix = "SLOTKEEPER_KAFKA_"
        return {name.removeprefix(prefix).lower().replace("_", "."): value
                for name, value in self.users.get(user, self.env).items() if name.startswith(prefix)}

    @functools.cached_property
    def admin(self):
        return AdminClient(self.properties("admin"))

    def acls(self):
        """As the broker has them, in the words of the list."""
        words = {kind: word for word, kind in RESOURCES.items()}
        anything = AclBindingFilter(ResourceType.ANY, None, ResourcePatternType.ANY, None, None,
                                    AclOperation.ANY, AclPermissionType.ANY)
        found = self.admin.describe_acls(anything).result()
        assert all(acl.host == "*" and acl.permission_type == AclPermissionType.ALLOW for acl in found)
        return [(acl.principal.removeprefix("User:"), words[acl.restype], acl.resource_pattern_type.name.lower(),
                 acl.name, acl.operation.name) for acl in found]

    def without(self, row):
        """A context in which the ACL is not there."""
        return Without(self, row)


class Without:
    def __init__(self, stack, row):
        self.stack = stack
        user, resource, pattern, name, operation = row
        self.row = row
        self.acl = (RESOURCES[resource], name, ResourcePatternType[pattern.upper()], f"User:{user}", "*",
                    AclOperation[operation], AclPermissionType.ALLOW)

    def __enter__(self):
        pattern = AclBindingFilter(*self.acl)
        removed = self.stack.admin.delete_acls([pattern])[pattern].result()
        assert len(removed) == 1
        wait_for(lambda: self.row not in self.stack.acls(), "the ACL to be gone")

    def __exit__(self, *_):
        binding = AclBinding(*self.acl)
        self.stack.admin.create_acls([binding])[binding].result()
        wait_for(lambda: self.row in self.stack.acls(), "the ACL to be back")
