#!/usr/bin/env python3
"""Verifies an export of portal against a signed checkpoint: verify.py EXPORT CHECKPOINT [KEY]

It shares no code with portal. The signature needs the package `cryptography`; without it, only the root is compared.
Whatever it does not understand is a failure: a field or a line more would be one that nothing proves.
"""

import base64
import hashlib
import json
import re
import sys
from datetime import datetime, timedelta, timezone

NUMBERS = {"position", "sequence"}
TEXTS = {"aggregate_type", "aggregate_id", "event_type", "event_version", "recorded_at", "leaf_hash"}
EVENT = NUMBERS | TEXTS | {"payload", "metadata"}
PERSON = {"person_id", "email", "name"}
HASHED = ("aggregate_type", "aggregate_id", "event_type", "event_version")


def need(holds, why):
    holds or sys.exit(f"✗ {why}")


def raw_values(line):
    """Each value of a JSON object, as it stands there. No name stands there twice, and nothing stands behind it."""
    decoder, at, values = json.JSONDecoder(), 1, {}
    while line[at] != "}":
        name, at = decoder.raw_decode(line, at)
        _, end = decoder.raw_decode(line, at + 1)
        if line[at] != ":" or line[end] not in ",}" or name in values:
            raise ValueError(f"{name} is not as portal writes it")
        values[name], at = line[at + 1 : end], end + (line[end] == ",")
    if line[0] != "{" or at != len(line) - 1:
        raise ValueError("something stands beside the object")
    return values


def leaf(event, raw):
    at = datetime.strptime(event["recorded_at"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    if at.strftime("%Y-%m-%dT%H:%M:%S.%fZ") != event["recorded_at"]:
        raise ValueError("recorded_at is not as portal writes it")
    micros = (at - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)
    data = b"\0evlog/v1" + b"".join(n.to_bytes(8, "big") for n in (event["position"], micros, event["sequence"]))
    for field in (*(event[name] for name in HASHED), raw["payload"], raw["metadata"]):
        data += len(field.encode()).to_bytes(4, "big") + field.encode()
    return hashlib.sha256(data).digest()


def root(nodes):
    """The root over full subtrees of falling size (RFC 6962 §2.1)."""
    right = nodes[-1][1]
    for _, left in reversed(nodes[:-1]):
        right = hashlib.sha256(b"\1" + left + right).digest()
    return right


def signature(note, key):
    origin, key_id, public = key.strip().split("+", 2)
    public = base64.b64decode(public, validate=True)
    computed = hashlib.sha256(f"{origin}\n".encode() + public).digest()[:4]
    need(public[:1] == b"\1" and computed.hex() == key_id, "the key is not one that portal prints")
    text, signed = note.split("\n\n", 1)
    need(text.split("\n")[0] == origin, f"the checkpoint is not of {origin}")
    line = re.fullmatch(rf"— {re.escape(origin)} (\S+)", signed)
    need(line, f"not signed by {origin}")
    signed = base64.b64decode(line[1], validate=True)
    need(signed[:4] == computed, f"signed with another key of {origin}")
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return print("The signature was not checked: the package cryptography is not installed.")
    try:
        Ed25519PublicKey.from_public_bytes(public[1:]).verify(signed[4:], text.encode() + b"\n")
    except InvalidSignature:
        sys.exit(f"✗ the signature of {origin} does not fit")
    print(f"✓ The checkpoint was signed by {origin}.")


def events(export):
    """Each event with its values as they stand there: a person is passed over, a manifest ends the file."""
    ended = False
    for number, line in enumerate(export, 1):
        try:
            event, raw = json.loads(line), raw_values(line.rstrip("\n"))
            fields = set(raw)
            if fields in ({"manifest"}, {"signature"}):
                ended = True
            elif ended:
                raise ValueError("it stands behind the end")
            elif fields == EVENT:
                wrong = [n for n in NUMBERS if type(event[n]) is not int] + [n for n in TEXTS if type(event[n]) is not str]
                if wrong:
                    raise ValueError(f"{wrong[0]} is not as portal writes it")
                yield event, leaf(event, raw)
            elif not {"person_id", "email"} <= fields <= PERSON:
                raise ValueError("it is no event and no person")
        except (ValueError, IndexError, OverflowError) as why:
            sys.exit(f"✗ line {number} is not one that portal writes: {why}")


note = open(sys.argv[2], encoding="utf-8").read().strip().split("\n\n")
note = "\n\n".join(note[-2:])  # the last one of a checkpoint log
_, size, wanted = note.split("\n\n")[0].split("\n")
if len(sys.argv) > 3:
    signature(note, open(sys.argv[3], encoding="utf-8").read())
nodes, position, sealed = [], 0, None
for event, node in events(open(sys.argv[1], encoding="utf-8", newline="\n")):
    position, level = position + 1, 0
    need(event["position"] == position, f"#{position} is missing")
    need(node.hex() == event["leaf_hash"], f"#{position} was changed")
    while nodes and nodes[-1][0] == level:
        level, node = level + 1, hashlib.sha256(b"\1" + nodes.pop()[1] + node).digest()
    nodes.append((level, node))
    sealed = root(nodes) if position == int(size) else sealed
need(sealed, f"#{position + 1} is missing: the checkpoint is of {size} events")
need(base64.b64encode(sealed).decode() == wanted, f"the first {size} events are not those that were signed")
print(f"✓ {position} events; the first {size} are those that were signed.")
