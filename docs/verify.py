#!/usr/bin/env python3
"""Verifies an export of portal against a signed checkpoint: verify.py EXPORT CHECKPOINT [KEY]

It shares no code with portal. The signature needs the package `cryptography`; without it, only the root is compared.
"""

import base64
import hashlib
import json
import re
import sys
from datetime import datetime, timedelta, timezone

FIELDS = ("aggregate_type", "aggregate_id", "event_type", "event_version")


def raw_values(line):
    """Each value of a JSON object, as it stands there."""
    decoder, at, values = json.JSONDecoder(), 1, {}
    while line[at] != "}":
        name, at = decoder.raw_decode(line, at)
        _, end = decoder.raw_decode(line, at + 1)
        values[name], at = line[at + 1 : end], end + (line[end] == ",")
    return values


def leaf(event, raw):
    at = datetime.fromisoformat(event["recorded_at"].replace("Z", "+00:00"))
    micros = (at - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)
    data = b"\0evlog/v1" + b"".join(n.to_bytes(8, "big") for n in (event["position"], micros, event["sequence"]))
    for field in (*(event[name] for name in FIELDS), raw["payload"], raw["metadata"]):
        data += len(field.encode()).to_bytes(4, "big") + field.encode()
    return hashlib.sha256(data).digest()


def root(nodes):
    """The root over full subtrees of falling size (RFC 6962 §2.1)."""
    right = nodes[-1][1]
    for _, left in reversed(nodes[:-1]):
        right = hashlib.sha256(b"\1" + left + right).digest()
    return right


def signature(note, key):
    origin, _, public = key.strip().split("+", 2)
    text, signed = note.split("\n\n", 1)
    line = re.search(rf"^— {re.escape(origin)} (\S+)$", signed, re.MULTILINE) or sys.exit(f"✗ not signed by {origin}")
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return print("The signature was not checked: the package cryptography is not installed.")
    try:
        verifier = Ed25519PublicKey.from_public_bytes(base64.b64decode(public)[1:])
        verifier.verify(base64.b64decode(line[1])[4:], text.encode() + b"\n")
    except InvalidSignature:
        sys.exit(f"✗ the signature of {origin} does not fit")
    print(f"✓ The checkpoint was signed by {origin}.")


note = open(sys.argv[2], encoding="utf-8").read().strip().split("\n\n")
note = "\n\n".join(note[-2:])  # the last one of a checkpoint log
_, size, wanted = note.split("\n")[:3]
if len(sys.argv) > 3:
    signature(note, open(sys.argv[3], encoding="utf-8").read())
nodes, position, sealed = [], 0, None
for line in open(sys.argv[1], encoding="utf-8", newline="\n"):
    event = json.loads(line)
    if "position" not in event:
        continue  # a person
    position += 1
    event["position"] == position or sys.exit(f"✗ #{position} is missing")
    level, node = 0, leaf(event, raw_values(line.strip()))
    node.hex() == event["leaf_hash"] or sys.exit(f"✗ #{position} was changed")
    while nodes and nodes[-1][0] == level:
        level, node = level + 1, hashlib.sha256(b"\1" + nodes.pop()[1] + node).digest()
    nodes.append((level, node))
    sealed = root(nodes) if position == int(size) else sealed
sealed or sys.exit(f"✗ #{position + 1} is missing: the checkpoint is of {size} events")
base64.b64encode(sealed).decode() == wanted or sys.exit(f"✗ the first {size} events are not those that were signed")
print(f"✓ {position} events; the first {size} are those that were signed.")
