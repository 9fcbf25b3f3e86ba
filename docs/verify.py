#!/usr/bin/env python3
"""Verifies an export of portal against signed checkpoints: verify.py EXPORT CHECKPOINTS [KEY [WITNESS ...]]

KEY is a file with the public key of the log, WITNESS one with that of a witness, which must have cosigned a checkpoint. It
shares no code with portal. Signatures need the package `cryptography`; without KEY, only roots are compared. Whatever it
does not understand is a failure: a field or a line more would be one that nothing proves.
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
EMPTY = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
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


def notes(log):
    """Each checkpoint of a checkpoint log: its text, and the lines of its signatures. One that was cut off is passed over."""
    lines, found = log.split("\n"), []
    for at in range(4, len(lines)):
        if lines[at].startswith("— ") and lines[at - 1] == "" and at < len(lines) - 1:
            text, signed = lines[at - 4 : at - 1], [lines[at]]
            while len(signed) < 64 and at + len(signed) < len(lines) - 1 and lines[at + len(signed)].startswith("— "):
                signed.append(lines[at + len(signed)])
            found.append((text, signed))
    return found


def decoded(text):
    """Bytes in base64; none where it is not."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def sizes(log, key, witnesses):
    """The root of each size that the key signed, and the largest that each witness cosigned. Without a key, each root."""
    if key is None:
        print("Nobody's signature was checked: no key was given.")
    check, origin, found = key and checker(key, LOG), key and key.split("+")[0], {}
    cosigned, checks = {}, {witness: checker(witness, WITNESS) for witness in witnesses}
    for (name, size, root), signed in notes(log):
        if origin and name != origin:
            continue
        if not re.fullmatch(r"0|[1-9][0-9]*", size) or len(decoded(root)) != 32:
            continue
        holds = [check(f"{name}\n{size}\n{root}\n", line) for line in signed] if origin else [True]
        need(False not in holds, f"the checkpoint of {size} events was changed: the signature of {origin} does not fit")
        if True in holds:
            need(found.get(int(size), root) == root, f"two different roots were signed for {size} events")
            found[int(size)] = root
            for witness, when in ((w, check(f"{name}\n{size}\n{root}\n", line)) for w, check in checks.items() for line in signed):
                who = witness.split("+")[0]
                need(when is not False, f"the checkpoint of {size} events was changed: the cosignature of {who} does not fit")
                if when is not None and int(size) >= cosigned.get(witness, (1,))[0]:
                    cosigned[witness] = (int(size), when)
    need(found, f"no checkpoint here is signed by {origin}" if origin else "there is no checkpoint here")
    for witness in witnesses:
        need(witness in cosigned, f"no checkpoint here is cosigned by {witness.split('+')[0]}")
    return found, cosigned


LOG, WITNESS = b"\1", b"\4"


def checker(key, kind):
    """Whether a line is a signature of the key, and fits: None where it is another's. Of a witness, when it signed."""
    origin, key_id, public = key.strip().split("+", 2)
    public = base64.b64decode(public, validate=True)
    computed = hashlib.sha256(f"{origin}\n".encode() + public).digest()[:4]
    need(public[:1] == kind and computed.hex() == key_id, "the key is not one that portal prints")
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        sys.exit("✗ the package cryptography is not installed. Without a key, the roots alone are compared: nobody's word for them")
    verify = Ed25519PublicKey.from_public_bytes(public[1:]).verify

    def holds(text, line):
        parts = re.fullmatch(rf"— {re.escape(origin)} (\S+)", line)
        signed = decoded(parts[1]) if parts else b""
        if signed[:4] != computed or len(signed) != (68 if kind == LOG else 76):
            return None
        when = int.from_bytes(signed[4:-64], "big")
        if kind == WITNESS and when >= 2**63:
            return False
        try:
            verify(signed[-64:], (text if kind == LOG else f"cosignature/v1\ntime {when}\n{text}").encode())
        except InvalidSignature:
            return False
        return True if kind == LOG else when

    return holds


MANIFEST = {"filter", "events", "first_position", "last_position", "as_of", "sha256"}


def is_end(event, raw):
    """What ends an export that was made in the portal. It says nothing of events that no checkpoint says better."""
    if set(raw) == {"signature"}:
        return type(event["signature"]) is str
    return set(raw) == {"manifest"} and type(event["manifest"]) is dict and set(event["manifest"]) == MANIFEST


def refuse(constant):
    raise ValueError(f"{constant} is no value")


def events(export):
    """Each event with its values as they stand there: a person is passed over, a manifest ends the file."""
    ended = False
    for number, line in enumerate(export, 1):
        try:
            event, raw = json.loads(line, parse_constant=refuse), raw_values(line.rstrip("\n"))
            fields = set(raw)
            if is_end(event, raw):
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


key, *witnesses = [open(file, encoding="utf-8").read().strip() for file in sys.argv[3:]] or [None]
wanted, cosigned = sizes(open(sys.argv[2], encoding="utf-8", newline="\n", errors="replace").read(), key, witnesses)
nodes, position = [], 0
for event, node in events(open(sys.argv[1], encoding="utf-8", newline="\n")):
    position, level = position + 1, 0
    need(event["position"] == position, f"#{position} is missing")
    need(node.hex() == event["leaf_hash"], f"#{position} was changed")
    while nodes and nodes[-1][0] == level:
        level, node = level + 1, hashlib.sha256(b"\1" + nodes.pop()[1] + node).digest()
    nodes.append((level, node))
    if position in wanted:
        sealed = base64.b64encode(root(nodes)).decode()
        need(sealed == wanted[position], f"the first {position} events are not those that were signed")
last = max(wanted)
need(last <= position, f"#{position + 1} is missing: the checkpoint is of {last} events")
need(wanted.get(0, EMPTY) == EMPTY, "the checkpoint of 0 events is not of an empty log")
by = f"{key.split('+')[0]} signed" if key else "the checkpoints here are of"
print(f"✓ {position} events; the first {last} are those that {by}.")
for witness, (size, when) in cosigned.items():
    at = datetime(1970, 1, 1) + timedelta(seconds=min(when, 10**11))
    print(f"✓ {witness.split('+')[0]} has cosigned the first {size}, at {at:%Y-%m-%d %H:%M:%S} UTC.")
