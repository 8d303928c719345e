"""People with a login and a password, and the boxes that these travel in; any of it may be wrong on purpose."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone

from nacl.public import PrivateKey, PublicKey, SealedBox

from kit.client import COMMAND, SCHEMAS

BLOCK = 1024
BOX_SIZES = (BLOCK + 48, 2 * BLOCK + 48)
PASSWORD = "lantern-orbit-velvet-37"
NEW_PASSWORD = "quarry-mellow-thimble-58"
WRONG = "saffron-glacier-wombat-11"


def pad(content, block=BLOCK):
    """sodium_pad: 80, then zeros up to a whole block."""
    content += b"\x80"
    return content + bytes(-len(content) % block)


def new_login(prefix="someone"):
    return f"{prefix}-{uuid.uuid4().hex}@example.org"


@dataclass
class Person:
    """What somebody knows and has: the device is the key pair that answers are sealed to."""
    login: str = field(default_factory=new_login)
    password: str = PASSWORD
    device: PrivateKey = field(default_factory=PrivateKey.generate)
    id: uuid.UUID = None
    token: str = None
    role: str = "patient"

    @property
    def reply_key(self):
        return bytes(self.device.public_key)

    def elsewhere(self):
        """The same person before a device that the account does not know."""
        return Person(self.login, self.password, id=self.id, token=self.token, role=self.role)

    def open(self, answer):
        """The Token in an answer's Session."""
        assert answer.code == "ACCEPTED", answer.outcome
        name, token = SCHEMAS.decode(SealedBox(self.device).decrypt(answer.result["sealed"]))
        assert name == "slotkeeper.event.Token"
        assert token["command_id"] == answer.outcome["command_id"]
        return token


class Accounts:
    """Sends the commands of accounts in one cell."""

    def __init__(self, client):
        self.client = client
        self.topic = client.cell.topic("account-commands")
        self.service_keys = None

    def get_service_keys(self, **options):
        command_id = options.pop("command_id", None) or uuid.uuid4()
        value = SCHEMAS.encode("slotkeeper.query.GetServiceKeys", {"command_id": command_id})
        options.setdefault("topic", self.client.cell.topic("queries"))
        return self.client.send_bytes(value, command_id=command_id, **options).answer()

    def seal_key(self):
        """(key_id, PublicKey), asked for once."""
        if self.service_keys is None:
            self.service_keys = self.get_service_keys().result["seal_keys"]
        key = self.service_keys[0]
        return key["key_id"], PublicKey(key["public_key"])

    def box(self, credentials, public_key=None):
        return SealedBox(public_key or self.seal_key()[1]).encrypt(pad(SCHEMAS.encode(COMMAND + "Credentials", credentials)))

    @staticmethod
    def credentials(name, person, command_id, account_id=None, new_password=None, **changes):
        """`changes` replace fields, so that one can be wrong."""
        return {"command_id": command_id, "command": COMMAND + name, "account_id": account_id,
                "issued_at": datetime.now(timezone.utc), "reply_key": person.reply_key, "login": person.login,
                "password": person.password, "new_password": new_password, **changes}

    def send(self, name, person, account=None, fields=None, command_id=None, box=None, key_id=None, inner=None,
             **options):
        """A sealed command; `inner` replaces what is in the box, `options` go to Client.send."""
        command_id = command_id or uuid.uuid4()
        if box is None:
            box = self.box(self.credentials(name, person, command_id, **(inner or {})))
        sealed = {"key_id": self.seal_key()[0] if key_id is None else key_id, "sealed": box}
        options.setdefault("key", str(command_id).encode())
        return self.client.send(name, account, {**sealed, **(fields or {})}, command_id, topic=self.topic, **options)

    def ask(self, name, person, account=None, fields=None, **options):
        return self.send(name, person, account, fields, **options).answer()

    def order(self, name, account, account_id, **options):
        """A command without a box."""
        return self.send_order(name, account, account_id, **options).answer()

    def send_order(self, name, account, account_id, **options):
        fields = {"account_id": account_id}
        if name == "EraseAccount":
            fields.update(key_id=None, sealed=None)
        options.setdefault("key", str(account_id).encode())
        return self.client.send(name, account, fields, topic=self.topic, **options)

    # Short words for what most tests need.

    def register(self, person=None, admin=None, **options):
        """A person with an account: a patient, or a doctor with an admin to make him."""
        person = person or Person()
        person.role = "doctor" if admin else "patient"
        answer = self.ask("RegisterDoctor" if admin else "RegisterPatient", person, admin, **options)
        assert answer.code == "ACCEPTED", answer.outcome
        person.id = answer.result["account_id"]
        return person

    def log_in(self, person, **options):
        """The person, with a fresh token."""
        person.token = person.open(self.ask("LogIn", person, **options))["token"]
        return person

    def enter(self, person=None, admin=None):
        return self.log_in(self.register(person, admin))

    def change_password(self, person, new_password=NEW_PASSWORD, **inner):
        """The answer; the person keeps what he had."""
        return self.ask("ChangePassword", person, person,
                        inner={"account_id": person.id, "new_password": new_password, **inner})

    def reset_password(self, admin, account_id, new_password=NEW_PASSWORD, **inner):
        inner = {"account_id": account_id, "new_password": new_password, "login": None, **inner}
        return self.ask("ResetPassword", admin, admin, {"account_id": account_id}, inner=inner)

    def erase(self, person, account_id=None, **inner):
        """By the sealed password."""
        account_id = account_id or person.id
        return self.ask("EraseAccount", person, None, {"account_id": account_id},
                        inner={"account_id": account_id, **inner})

    def make_admin(self):
        """One with a password, as an operator makes the first ones."""
        person = Person(new_login("admin"), role="admin")
        made = self.client.cell.slotkeeper(
            "admin", "create-account", "--role", "admin", "--login", person.login, stdin=person.password + "\n")
        person.id = uuid.UUID(made.stdout.split()[-1])
        return person
