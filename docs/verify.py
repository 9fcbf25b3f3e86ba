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

# The fields of an event, in the order in which portal writes them.
NUMBERS, RAW = {"position", "sequence"}, {"payload", "metadata"}
EVENT = ["position", "recorded_at", "aggregate_type", "aggregate_id", "sequence", "event_type", "event_version"]
EVENT += ["payload", "metadata", "leaf_hash"]
PERSON = ["person_id", "email", "name"]
MANIFEST = ["filter", "events", "first_position", "last_position", "as_of", "sha256"]
EMPTY = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
HASHED = ("aggregate_type", "aggregate_id", "event_type", "event_version")


NAME = r"[^\s+\x00-\x1f\x7f-\x9f]+"


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


def whole(value, least=0):
    return type(value) is int and least <= value < 2**63


def written(names, values, raw=()):
    """An object as portal writes it: these fields in this order, with no space and no escape that is not needed."""
    texts = {n: raw[n] if n in raw else json.dumps(values[n], ensure_ascii=False) for n in names if n in values}
    return "{" + ",".join(f'"{name}":{text}' for name, text in texts.items()) + "}"


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


def decoded(text):
    """Bytes in base64; none where it is not, or is written in another way than the usual one."""
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    return found if base64.b64encode(found).decode() == text else b""


def checkpoint(name, size, root, blank):
    """What four lines in front of a signature say, if they are a checkpoint."""
    plain = re.fullmatch(NAME, name) and re.fullmatch(r"0|[1-9][0-9]{0,19}", size) and blank == ""
    return (name, int(size), root) if plain and int(size) < 2**64 and len(decoded(root)) == 32 else None


def notes(log):
    """Each checkpoint of a checkpoint log, and who signed it with which bytes. What is none is passed over."""
    before, note, signed = ["", "", "", ""], None, []
    for line in log.split("\n")[:-1] + [""]:
        if not line.startswith("— "):
            if note:
                yield note, signed
            before, note, signed = before[1:] + [line], None, []
            continue
        who, _, what = line[2:].partition(" ")
        if len(decoded(what)) >= 4:
            note = note or checkpoint(*before)
            if note and (who, what) not in signed and len(signed) < 64:
                signed.append((who, what))


def sizes(log, key, witnesses):
    """The root of each size that the key signed, and the largest that each witness cosigned. Without a key, each root."""
    check, origin = (checker(key, LOG), key.split("+")[0]) if key is not None else (None, None)
    if check is None:
        print("Nobody's signature was checked: no key was given.")
    found = {}
    cosigned, checks = {}, {witness: checker(witness, WITNESS) for witness in witnesses}
    for (name, size, root), signed in notes(log):
        text = f"{name}\n{size}\n{root}\n"
        holds = [check(text, line) for line in signed] if check is not None else [True]
        is_ours = name == origin or check is None or not any(fits is not None for fits in holds)
        need(False not in holds and is_ours, f"the checkpoint of {size} events was changed: the signature of {origin} does not fit")
        if True in holds:
            need(found.get(size, root) == root, f"two different roots were signed for {size} events")
            found[size] = root
            for witness, when in ((w, check(text, line)) for w, check in checks.items() for line in signed):
                who = witness.split("+")[0]
                need(when is not False, f"the checkpoint of {size} events was changed: the cosignature of {who} does not fit")
                if when is not None and size >= cosigned.get(witness, (1,))[0]:
                    cosigned[witness] = (size, when)
    need(found, f"no checkpoint here is signed by {origin}" if check is not None else "there is no checkpoint here")
    for witness in witnesses:
        need(witness in cosigned, f"no checkpoint here is cosigned by {witness.split('+')[0]}")
    return found, cosigned


LOG, WITNESS = b"\1", b"\4"


def checker(key, kind):
    """Whether a line is a signature of the key, and fits: None where it is another's. Of a witness, when it signed."""
    origin, key_id, public = (*key.split("+", 2), "", "", "")[:3]
    public = decoded(public)
    computed = hashlib.sha256(f"{origin}\n".encode() + public).digest()[:4]
    is_key = re.fullmatch(NAME, origin) and public[:1] == kind and len(public) == 33 and computed.hex() == key_id
    need(is_key, f"{key[:80]!r} is not the public key that portal prints of a {'log' if kind == LOG else 'witness'}")
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        sys.exit("✗ the package cryptography is not installed. Without a key, the roots alone are compared: nobody's word for them")
    verify = Ed25519PublicKey.from_public_bytes(public[1:]).verify

    def holds(text, line):
        signed = decoded(line[1]) if line[0] == origin else b""
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


def is_end(line, event):
    """What ends an export that was made in the portal. It says nothing of events that no checkpoint says better."""
    if set(event) == {"signature"}:
        return type(event["signature"]) is str and written(["signature"], event) == line
    manifest = event.get("manifest")
    if set(event) != {"manifest"} or type(manifest) is not dict or set(manifest) != set(MANIFEST):
        return False
    numbers = [manifest[name] for name in ("first_position", "last_position") if manifest[name] is not None]
    texts = type(manifest["filter"]) is str and type(manifest["sha256"]) is str
    fits = whole(manifest["events"]) and all(whole(n, -(2**63)) for n in (*numbers, manifest["as_of"]))
    return texts and fits and written(["manifest"], event, {"manifest": written(MANIFEST, manifest)}) == line


def is_person(line, event):
    texts = all(type(value) is str for value in event.values())
    return {"person_id", "email"} <= set(event) <= set(PERSON) and texts and written(PERSON, event) == line


def refuse(constant):
    raise ValueError(f"{constant} is no value")


def events(export):
    """Each event with its values as they stand there: a person is passed over, a manifest ends the file."""
    ended = False
    for number, line in enumerate(export, 1):
        try:
            line = line.removesuffix("\n")
            line.encode()  # Fails where it is no UTF-8.
            event, raw = json.loads(line, parse_constant=refuse), raw_values(line)
            if is_end(line, event):
                ended = True
            elif ended:
                raise ValueError("it stands behind the end")
            elif set(event) == set(EVENT):
                fits = {n: whole(event[n]) if n in NUMBERS else n in RAW or type(event[n]) is str for n in EVENT}
                wrong = [name for name in EVENT if not fits[name]]
                if wrong or written(EVENT, event, {name: raw[name] for name in RAW}) != line:
                    raise ValueError(f"{(wrong or ['it'])[0]} is not as portal writes it")
                yield event, leaf(event, raw)
            elif not is_person(line, event):
                raise ValueError("it is no event and no person")
        except (ValueError, IndexError, AttributeError, OverflowError, RecursionError) as why:
            sys.exit(f"✗ line {number} is not one that portal writes: {why}")


def opened(file, **how):
    try:
        return open(file, encoding="utf-8", newline="\n", **how)
    except OSError as why:
        sys.exit(f"✗ {file}: {why.strerror}")


def key_of(file):
    try:
        return opened(file).read().strip(" \t\n\f\r")
    except UnicodeDecodeError:
        sys.exit(f"✗ {file}: this is no text, and no key")


getattr(sys, "set_int_max_str_digits", lambda _: None)(0)
need(len(sys.argv) > 2, "name the EXPORT and the CHECKPOINTS")
key, *witnesses = [key_of(file) for file in sys.argv[3:]] or [None]
wanted, cosigned = sizes(opened(sys.argv[2], errors="replace").read(), key, witnesses)
nodes, position = [], 0
for event, node in events(opened(sys.argv[1], errors="surrogateescape")):
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
by = f"{key.split('+')[0]} signed" if key is not None else "the checkpoints here are of"
print(f"✓ {position} events; the first {last} are those that {by}.")
for witness, (size, when) in cosigned.items():
    at = datetime(1970, 1, 1) + timedelta(seconds=min(when, 10**11))
    print(f"✓ {witness.split('+')[0]} has cosigned the first {size}, at {at:%Y-%m-%d %H:%M:%S} UTC.")
