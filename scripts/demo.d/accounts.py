"""An account from the shell, from registering it to erasing it; no password is ever an argument or on a topic."""

import json
import re
import secrets
import subprocess
from datetime import timedelta

import service
from show import claim, heading, say, table
from stage import Slot

LOGIN = "erin"
UUID = re.compile(r"([0-9a-f]{3})[0-9a-f-]{33}")
SEALED = "a token, sealed"


class Shell:
    """`slotkeeper send` as a patient types it, who has a client's rights and none of the service's files."""

    def __init__(self, stage):
        self.environment = {**stage.users.environment("client"), "SLOTKEEPER_SEAL_KEY_DIR": ""}
        self.steps = []

    def send(self, *words, token="", stdin=()):
        """The outcome, whatever it says."""
        done = service.run_anyway(
            "send", *words, "--wait", "--json", stdin=lines(stdin), **self._environment(token)
        )
        outcome = json.loads(done.stdout)["value"]
        result = outcome["result"]
        shown = "-" if result is None else result.get("state", SEALED)
        self._note(words, stdin, token, outcome["code"] or outcome["status"], shown)
        return outcome

    def token(self, *words, token="", stdin=()):
        """What TOKEN=$(slotkeeper send LogIn ... --token-only) sets."""
        words = (*words, "--token-only")
        printed = service.run("send", *words, stdin=lines(stdin), **self._environment(token)).strip()
        self._note(words, stdin, token, "ACCEPTED", SEALED)
        return printed

    def _environment(self, token):
        return {**self.environment, "SLOTKEEPER_TOKEN": token}

    def _note(self, words, stdin, token, verdict, shown):
        passwords = {0: "-", 1: "password", 2: "both passwords"}[len(stdin)]
        typed = " ".join(UUID.sub(r"\1...", word) for word in words)
        self.steps.append([typed, passwords, "yes" if token else "-", verdict, shown])


def lines(texts):
    return "".join(f"{text}\n" for text in texts)


def an_account_from_the_shell(stage):
    heading("An account from the shell: register, log in, book, change the password, leave")
    say("Passwords go in by standard input, sealed to a key that the service tells; tokens come back sealed to a")
    say("key that `send` makes for the one request:")
    say(f"$ printf '%s\\n' \"$PASSWORD\" | slotkeeper send RegisterPatient login={LOGIN} --wait")
    say(f"$ SLOTKEEPER_TOKEN=$(printf '%s\\n' \"$PASSWORD\" | slotkeeper send LogIn login={LOGIN} --token-only)")
    shell = Shell(stage)
    slot = Slot("of erin", stage.doctors[0], stage.tomorrow + timedelta(days=5))
    passwords = [secrets.token_urlsafe(18) for _ in range(2)]
    stage.publish([slot])
    account_id, outcomes = live(shell, slot, passwords)
    table(["send", "input", "token", "answer", ""], shell.steps)
    claims(outcomes)
    trail(stage, account_id)
    claim(
        files_with(stage.folder, passwords) == [],
        "no file of Kafka or PostgreSQL and no log has either password in it",
    )


def live(shell, slot, passwords):
    login, (first, second) = f"login={LOGIN}", passwords
    registered = shell.send("RegisterPatient", login, stdin=[first])
    account_id = registered["result"]["account_id"]
    account = f"account_id={account_id}"
    old = shell.token("LogIn", login, stdin=[first])
    booked = shell.send("BookSlot", f"slot_id={slot.id}", token=old)
    new = shell.token("ChangePassword", login, token=old, stdin=[first, second])
    appointment = f"appointment_id={booked['result']['appointment_id']}"
    cancel = ("CancelAppointment", f"slot_id={slot.id}", appointment)
    outcomes = {
        "booked": booked,
        "old token": shell.send(*cancel, token=old),
        "too early": shell.send("DeactivateAccount", account, token=new),
        "cancelled": shell.send(*cancel, token=new),
        "deactivated": shell.send("DeactivateAccount", account, token=new),
        "locked out": shell.send("LogIn", login, stdin=[second]),
        "erased": shell.send("EraseAccount", account, login, stdin=[second]),
    }
    return account_id, outcomes


def claims(outcomes):
    codes = {name: outcome["code"] for name, outcome in outcomes.items()}
    states = {name: (outcome["result"] or {}).get("state") for name, outcome in outcomes.items()}
    claim(states["booked"] == "BOOKED", "the token of the log-in books")
    claim(codes["old token"] == "UNAUTHENTICATED", "after the change of the password it does nothing any more")
    claim(
        codes["too early"] == "HAS_UPCOMING_APPOINTMENTS" and states["deactivated"] == "DEACTIVATED",
        "no account ends with an appointment to come, and this one once it is cancelled",
    )
    claim(codes["locked out"] == "LOGIN_FAILED", "nobody logs in to it any more")
    claim(states["erased"] == "ERASED", "and its owner erases it with the password alone")


def trail(stage, account_id):
    command = ["listen", "audit", "--key", account_id, "--from-beginning", "--until-end"]
    records = service.run_json(*command, **stage.users.environment("auditor"))
    events = sorted((record["value"] for record in records), key=lambda event: event["sequence"])
    found = [(event["new_state"], event["reason"]) for event in events]
    wanted = [("ACTIVE", None), ("ACTIVE", "PASSWORD_CHANGED"), ("DEACTIVATED", None), ("ERASED", None)]
    claim(found == wanted, "its trail has four events: registered, password changed, deactivated, erased")


def files_with(folder, texts):
    """Files below the folder that hold one of the texts, which reach grep by standard input."""
    command = ["grep", "-rlaF", "-f", "-", str(folder)]
    found = subprocess.run(command, input="\n".join(texts), capture_output=True, text=True, check=False)
    return found.stdout.splitlines()
