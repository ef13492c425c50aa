"""Frames of the wire protocol, version 1, in Python: written from docs/wire.md alone."""

import struct

MAGIC, VERSION, TOP = 0x53, 1, 2**48 - 1
TYPES = ["beat", "echo", "leave", "notice", "data"]
REASONS = ["leaving", "removed"]
KINDS = ["dead", "known-as", "duplicate-id", "replaced", "incompatible"]
COMPLETE, ASKS, COUNTED = 1, 2, 4
ALLOWED = {"beat": 7, "echo": COMPLETE | COUNTED, "leave": 0, "notice": 0, "data": 0}

COMMON = [("tag", 8), ("epoch", 6), ("session", 6)]
BEAT = COMMON + [("seq", 6), ("handed", 8), ("echo", 6), ("heldMicros", 4), ("gapMs", 4), ("wishMs", 4),
                 ("minMs", 4), ("deadMs", 4), ("sentMicros", 6), ("stalledMs", 4)]
LEAVE = COMMON + [("seq", 6), ("reason", 1), ("returnInMs", 4)]
NOTICE = COMMON + [("kind", 1), ("aboutEpoch", 6), ("aboutSession", 6), ("aboutBoot", 8), ("answers", 6),
                   ("knownEpoch", 6)]
FIELDS = {"beat": BEAT, "echo": BEAT, "leave": LEAVE, "notice": NOTICE}
WORDS = {"tag", "handed", "aboutBoot"}
LEAST = {"session": 1, "seq": 1, "aboutSession": 0}
LISTS = {"reason": REASONS, "kind": KINDS}
HEADER_BYTES, MOST_BYTES, PADDED_BYTES = 8, 1200, 215


class Fault(Exception):
    """Bytes that are no frame."""


def decode(data):
    """A frame as a dict; raises Fault for everything that is not the one encoding of a value."""
    if len(data) < HEADER_BYTES:
        raise Fault("short")
    magic, version, number, flags, length = struct.unpack(">BBBBI", data[:HEADER_BYTES])
    if magic != MAGIC or version != VERSION or not 1 <= number <= len(TYPES):
        raise Fault("magic, version or type")
    kind = TYPES[number - 1]
    if length != len(data) or (kind != "data" and length > MOST_BYTES):
        raise Fault("length")
    if flags & ~ALLOWED[kind]:
        raise Fault("flags")
    if kind == "data":
        return {"type": kind, "payload": data[HEADER_BYTES:].hex()}
    frame, at = {"type": kind}, HEADER_BYTES
    for name, size in FIELDS[kind]:
        if at + size > len(data):
            raise Fault("short")
        frame[name] = read(name, data[at:at + size])
        at += size
    if kind in ("beat", "echo"):
        frame["counted"], frame["asks"] = bool(flags & COUNTED), bool(flags & ASKS)
        if flags & COMPLETE:
            at = read_identity(frame, data, at)
            if flags & ASKS and len(data) < PADDED_BYTES:
                raise Fault("short")
    frame["extra"] = data[at:].hex()
    return frame


def read(name, raw):
    value = int.from_bytes(raw, "big")
    if name in WORDS:
        return raw.hex()
    if name in LISTS:
        if not 1 <= value <= len(LISTS[name]):
            raise Fault("range")
        return LISTS[name][value - 1]
    if len(raw) == 6 and not LEAST.get(name, 0) <= value < TOP:
        raise Fault("range")
    return value


def read_identity(frame, data, at):
    if at + 9 > len(data):
        raise Fault("id")
    size = data[at + 8]
    end = at + 9 + size
    if not 1 <= size <= 128 or end > len(data):
        raise Fault("id")
    try:
        frame["boot"], frame["id"] = data[at:at + 8].hex(), data[at + 9:end].decode("utf-8")
    except UnicodeDecodeError as wrong:
        raise Fault("id") from wrong
    return end


def encode(frame):
    """The bytes of a frame."""
    kind = frame["type"]
    if kind == "data":
        return wrap(kind, 0, bytes.fromhex(frame["payload"]))
    body = b"".join(write(name, size, frame[name]) for name, size in FIELDS[kind])
    flags = 0
    if kind in ("beat", "echo"):
        flags = (COUNTED if frame["counted"] else 0) | (ASKS if frame["asks"] else 0)
        if "id" in frame:
            name = frame["id"].encode("utf-8")
            flags |= COMPLETE
            body += bytes.fromhex(frame["boot"]) + bytes([len(name)]) + name
    return wrap(kind, flags, body + bytes.fromhex(frame["extra"]))


def write(name, size, value):
    if name in WORDS:
        return bytes.fromhex(value)
    if name in LISTS:
        value = LISTS[name].index(value) + 1
    return value.to_bytes(size, "big")


def wrap(kind, flags, body):
    head = struct.pack(">BBBBI", MAGIC, VERSION, TYPES.index(kind) + 1, flags, HEADER_BYTES + len(body))
    return head + body
