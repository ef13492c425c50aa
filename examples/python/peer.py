"""A peer in Python, without a dependency: beats, answers, and is watched by a real node over UDP.

    python3 peer.py vectors PATH             the test vectors of the repository
    python3 peer.py join HOST PORT ID SECONDS [HEX]   is alive there for so long, then leaves

HEX stands at the start of the ignorable area, as fields of a later version would.

It judges nobody (its wish and its D are 0), so it only has to say hello, beat in time, and answer.
"""

import json
import os
import socket
import sys
import time

from wire import Fault, PADDED_BYTES, decode, encode

INTERVAL_MS, MIN_MS, PROBE_MS, SILENT_MS = 1000, 20, 200, 5000
NO_TAG = "00" * 8


def now_ms():
    return time.monotonic() * 1000


class Conversation:
    """What we say to one node from one hello to the next."""

    def __init__(self, number):
        self.number = number
        self.tag = os.urandom(8).hex()
        self.remote_tag = NO_TAG
        self.partner = None
        self.seq = 0
        self.heard_seq = 0
        self.heard_at = now_ms()
        self.introduced = False


class Peer:
    def __init__(self, host, port, name, later=""):
        self.later = later
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((host, port))
        self.name = name
        self.boot = os.urandom(8).hex()
        self.epoch = int(time.time() * 1000)
        self.gap_ms = INTERVAL_MS
        self.beat_at = now_ms()
        self.talk = Conversation(1)

    def run(self, seconds):
        """Whether the node counted us all the time, once it had let us in."""
        alive_at = None
        while alive_at is None or now_ms() < alive_at + seconds * 1000:
            if now_ms() >= self.beat_at:
                self.beat()
            self.receive()
            if alive_at is None and self.talk.introduced:
                alive_at = now_ms()
                print(f"alive, beats every {self.gap_ms} ms", flush=True)
            if now_ms() - self.talk.heard_at > SILENT_MS or (alive_at and not self.talk.introduced):
                return False
        self.leave()
        return True

    def beat(self):
        """Complete and asking until something of ours was counted; short from then on."""
        talk = self.talk
        self.send("beat", talk.remote_tag, asks=not talk.introduced, complete=not talk.introduced)
        every = self.gap_ms * 0.8 if talk.introduced else PROBE_MS
        self.beat_at = now_ms() + every

    def send(self, kind, tag, asks=False, complete=False, about=None):
        """`about`: the question an ECHO answers, where that one proved nothing and was not taken in."""
        talk = self.talk
        talk.seq += 1
        held_ms = now_ms() - talk.heard_at if talk.heard_seq and about is None else 0
        frame = {
            "type": kind, "tag": tag, "epoch": self.epoch, "session": talk.number, "seq": talk.seq,
            "handed": talk.tag, "echo": talk.heard_seq if about is None else about,
            "heldMicros": min(2**32 - 1, int(held_ms * 1000)),
            "gapMs": self.gap_ms, "wishMs": 0, "minMs": MIN_MS, "deadMs": 0,
            "sentMicros": 1 + int(now_ms() * 1000), "stalledMs": 0,
            "counted": about is None and talk.heard_seq > 0, "asks": asks, "extra": self.later,
        }
        if complete:
            frame.update(boot=self.boot, id=self.name)
        if complete and asks:
            frame["extra"] += "00" * (PADDED_BYTES - len(encode(frame)))
        self.socket.send(encode(frame))

    def leave(self):
        talk = self.talk
        talk.seq += 1
        frame = {"type": "leave", "tag": talk.remote_tag, "epoch": self.epoch, "session": talk.number,
                 "seq": talk.seq, "reason": "leaving", "returnInMs": 0, "extra": ""}
        self.socket.send(encode(frame))

    def receive(self):
        self.socket.settimeout(max(0.001, (self.beat_at - now_ms()) / 1000))
        try:
            frame = decode(self.socket.recv(2048))
        except (TimeoutError, socket.timeout, ConnectionRefusedError, Fault):
            return
        if frame["type"] == "data":
            return
        if frame["tag"] == NO_TAG:
            # Somebody who may know nothing of us: answered, and nothing else follows.
            if frame["type"] == "beat" and frame["asks"] and "id" in frame and frame["id"] != self.name:
                self.send("echo", frame["handed"], complete=True, about=frame["seq"])
        elif frame["tag"] == self.talk.tag:
            self.take(frame)

    def take(self, frame):
        """A frame with the tag we handed out: the place is proven."""
        talk, kind = self.talk, frame["type"]
        if kind == "notice":
            return self.notice(frame)
        if kind == "leave":
            return self.renew()
        if talk.partner is None and "id" not in frame:
            return None
        partner = (frame.get("boot", talk.partner and talk.partner[0]), frame["session"])
        if talk.partner is not None and partner != talk.partner:
            return self.renew()
        if frame["seq"] <= talk.heard_seq:
            return None
        talk.partner, talk.remote_tag = partner, frame["handed"]
        talk.heard_seq, talk.heard_at = frame["seq"], now_ms()
        was_introduced = talk.introduced
        talk.introduced = was_introduced or frame["counted"]
        # Shorter is used at once; longer would have to be announced first, so this only gets shorter.
        wished = frame["wishMs"] or self.gap_ms
        self.gap_ms = min(self.gap_ms, max(MIN_MS, frame["minMs"], wished))
        self.beat_at = min(self.beat_at, now_ms() + self.gap_ms * 0.8)
        if frame["asks"]:
            self.send("echo", frame["handed"], complete="id" in frame)
        elif not was_introduced:
            self.beat()
        return None

    def notice(self, frame):
        meant = (frame["aboutEpoch"], frame["aboutSession"], frame["aboutBoot"])
        if meant != (self.epoch, self.talk.number, self.boot):
            return
        if frame["kind"] == "known-as":
            self.epoch = max(self.epoch, frame["knownEpoch"] + 1)
            self.beat()
        elif frame["kind"] == "dead":
            self.renew()
        else:
            sys.exit(f"turned away: {frame['kind']}")

    def renew(self):
        """This conversation is over: the next one, and a hello."""
        self.talk = Conversation(self.talk.number + 1)
        self.beat()


def check_vectors(path):
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    for case in vectors["accepted"]:
        data = bytes.fromhex(case["hex"])
        assert decode(data) == case["frame"], case["name"]
        assert encode(case["frame"]) == data, case["name"]
    for case in vectors["rejected"]:
        try:
            decode(bytes.fromhex(case["hex"]))
        except Fault:
            continue
        raise AssertionError(f"accepted: {case['name']}")
    print(f"{len(vectors['accepted'])} frames accepted, {len(vectors['rejected'])} rejected")


if __name__ == "__main__":
    if sys.argv[1] == "vectors":
        check_vectors(sys.argv[2])
    else:
        _, _, host, port, name, seconds, *later = sys.argv
        sys.exit(0 if Peer(host, int(port), name, *later).run(float(seconds)) else 1)
