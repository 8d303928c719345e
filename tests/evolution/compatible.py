#!/usr/bin/env python3
"""Whether every schema still goes with those released: what was written then is read now, and what is written now is read then.

Judged by the Python package `avro`, of the Avro project itself. Two things that it passes over are looked at here: names in
full, and logical types, which are no part of a fingerprint and yet change what a number means.

Before that the judge is judged: changes that break one direction or the other must be found, harmless ones must not.

usage: compatible.py (in the tests' Python environment); exit status 1 and a line a finding
"""

import copy
import json
import sys
from pathlib import Path

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.schema import make_avsc_object

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
RELEASED = SCHEMAS / "released"
PLANTED_IN = "v2"


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def judge(reader, writer):
    """What keeps the reader from what the writer writes; nothing: all of it is read."""
    result = ReaderWriterCompatibilityChecker().get_compatibility(make_avsc_object(reader), make_avsc_object(writer))
    if result.compatibility is SchemaCompatibilityType.compatible:
        return []
    return [f"{', '.join(sorted(result.messages))} at {', '.join(sorted(result.locations))}"]


def logical_types(schema, place=""):
    """The logical type of each place that a schema has, by the names that lead there."""
    if isinstance(schema, list):
        for branch in schema:
            yield from logical_types(branch, place)
    elif isinstance(schema, dict):
        kind = schema["type"]
        if kind == "record":
            for field in schema["fields"]:
                yield from logical_types(field["type"], f"{place}/{field['name']}")
        elif kind == "array":
            yield from logical_types(schema["items"], f"{place}/items")
        elif isinstance(kind, (dict, list)):
            yield from logical_types(kind, place)
        else:
            yield place, schema.get("logicalType")
    elif schema != "null":
        yield place, None


def full_name(schema):
    return f"{schema.get('namespace', '')}.{schema['name']}"


def compare(now, then):
    """What stands between the schema of today and one that was released."""
    findings = [f"BACKWARD: {text}" for text in judge(now, then)]
    findings += [f"FORWARD: {text}" for text in judge(then, now)]
    if full_name(now) != full_name(then):
        findings.append(f"NAME: {full_name(then)} has become {full_name(now)}")
    old, new = dict(logical_types(then)), dict(logical_types(now))
    for place in old.keys() & new.keys():
        if old[place] != new[place]:
            findings.append(f"MEANING: {place} was {old[place]} and is {new[place]}")
    return findings


# ---- whether it finds anything ----


def field_of(schema, name):
    return next(field for field in schema["fields"] if field["name"] == name)


def drop(schema, name):
    schema["fields"].remove(field_of(schema, name))


def add(schema, **field):
    schema["fields"].append(field)


def enum_of(schema, name):
    kind = field_of(schema, name)["type"]
    return next(branch for branch in (kind if isinstance(kind, list) else [kind]) if isinstance(branch, dict))


BREAKING = {
    "a field that older writers do not send": ("command/BookSlot", lambda s: add(s, name="note", type="string"), "BACKWARD"),
    "a field gone that older readers need": ("command/BookSlot", lambda s: drop(s, "slot_id"), "FORWARD"),
    "another type": ("command/BookSlot", lambda s: field_of(s, "slot_id").update(type="long"), "BACKWARD"),
    "a wider type": ("command/PublishSlot", lambda s: field_of(s, "starts_at").update(type="double"), "FORWARD"),
    "null where there was none": ("command/BookSlot", lambda s: field_of(s, "slot_id").update(type=["null", "string"]), "FORWARD"),
    "a symbol that older readers have no default for": (
        "event/AuditEvent",
        lambda s: enum_of(s, "actor_role")["symbols"].append("CLERK"),
        "FORWARD",
    ),
    "a symbol gone": ("event/AuditEvent", lambda s: enum_of(s, "actor_role")["symbols"].remove("ADMIN"), "BACKWARD"),
    "a fixed of another size": ("event/AuditEvent", lambda s: field_of(s, "previous_hash")["type"].update(size=64), "BACKWARD"),
    "a result that older readers do not know": (
        "event/Outcome",
        lambda s: field_of(s, "result")["type"].append({"type": "record", "name": "Weather", "fields": []}),
        "FORWARD",
    ),
    "another unit of time": (
        "command/PublishSlot",
        lambda s: field_of(s, "starts_at")["type"].update(logicalType="timestamp-millis"),
        "MEANING",
    ),
    "another name": ("command/BookSlot", lambda s: s.update(name="Book"), "BACKWARD"),
    "another namespace": ("command/BookSlot", lambda s: s.update(namespace="slotkeeper.event"), "NAME"),
}

HARMLESS = {
    "a field with a default": ("command/BookSlot", lambda s: add(s, name="note", type=["null", "string"], default=None)),
    "a word of explanation": ("command/BookSlot", lambda s: s.update(doc="Books.")),
    "another order": ("command/PublishSlot", lambda s: s["fields"].reverse()),
    "a symbol of an enum that has a default": (
        "command/CancelAppointment",
        lambda s: enum_of(s, "reason")["symbols"].append("WEATHER"),
    ),
}


def change(name, how):
    then = read(RELEASED / PLANTED_IN / f"{name}.avsc")
    now = copy.deepcopy(then)
    how(now)
    return compare(now, then)


def judge_the_judge():
    for what, (name, how, kind) in BREAKING.items():
        if not any(finding.startswith(kind) for finding in change(name, how)):
            yield f"not found in {name}: {what}, which is {kind}"
    for what, (name, how) in HARMLESS.items():
        for finding in change(name, how):
            yield f"found in {name}, where there is only {what}: {finding}"


def main():
    findings = list(judge_the_judge())
    released = sorted(RELEASED.glob("*/*/*.avsc"))
    for path in released:
        name = path.relative_to(RELEASED)
        today = SCHEMAS.joinpath(*name.parts[1:])
        found = compare(read(today), read(path)) if today.exists() else ["GONE"]
        findings += [f"{today.relative_to(SCHEMAS)} against {name.parts[0]}: {finding}" for finding in found]
    if not released:
        findings.append("no released schema was found")
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
