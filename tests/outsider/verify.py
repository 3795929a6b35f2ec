#!/usr/bin/env python3
"""Verify audit logs, as somebody would who has docs/log-format.md and does not
trust the product: one pass over whole files, nothing but the standard library.

    verify.py DIR...    a verdict a line, for each folder
    verify.py -         the folders come on standard input, one a line

"ok: N entries in M files, K payloads erased, head SEQ:HASH", "torn: …" for one
that ends in an unfinished write, or the first line that does not hold, as
"FILE:LINE: WHAT". 0: all of them hold; 2: one does not.
"""
import json, os, re, sys
from datetime import date, datetime
from hashlib import sha256

NAME = rb'"((?!-)[A-Za-z0-9._:@/+-]{1,128})"'
TIME = rb'"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]\.[0-9]{6})Z"'
HASH = rb'"([0-9a-f]{64})"'
COUNT = rb"(0|[1-9][0-9]{0,19})"
ENTRY = re.compile(
    rb'(\{"seq":' + COUNT + rb',"recorded_at":' + TIME + rb',"time":' + TIME +
    rb'(?:,"time_clamped":' + TIME + rb')?,"uid":' + COUNT +
    rb',"source":"(?:gateway|hook|otlp|sdk|cli|dashboard|daemon|import)"'
    rb',"actor_type":"(?:(system)"|user","user_name":' + NAME +
    rb'|agent","agent_name":' + NAME +
    rb')(?:,"session_id":' + NAME + rb')?(?:,"call_id":' + NAME +
    rb')?(?:,"parent_call_id":' + NAME + rb')?(?:,"trace_id":' + NAME +
    rb')?,"capability":' + NAME +
    rb'(?:,"policy_tier":"(?:autonomous|notify|approval_required|blocked)")?'
    rb'(?:,"decided_by":"(?:policy|user|hook|mode|none)")?'
    rb',"status":"(?:success|error|denied|pending)"'
    rb'(?:,"duration_ms":(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?))?'
    rb',"payload_hash":' + HASH + rb',"prev_hash":' + HASH + rb"),\"entry_hash\":" +
    HASH + rb',("erased_by":' + COUNT + rb' *|"salt":"[0-9a-f]{32}"'
    rb'(?:,"summary":("(?:[^"\\]|\\.)*"))?(?:,"request":(\{.*\}))?)\}', re.DOTALL)
FILE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:_(0[2-9]|[1-9][0-9]{1,3}))?\.jsonl")
TORN = 64 << 20


def once(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key comes twice")
    return members


def depth(value):
    if isinstance(value, (dict, list)):
        children = value.values() if isinstance(value, dict) else value
        return 1 + max(map(depth, children), default=0)
    return 0


def refuse(word):
    raise ValueError(word)


def read_json(text):
    value = json.loads(text.decode(), object_pairs_hook=once, parse_constant=refuse,
                       parse_int=lambda digits: int(digits[:40]))
    if depth(value) > 32:
        raise ValueError("too deep")
    return value


class Entry:
    """A line of the format; ValueError if it is none."""

    def __init__(self, line):
        match = len(line) <= 128 << 10 and ENTRY.fullmatch(line)
        if not match:
            raise ValueError("no entry")
        (self.head, seq, self.recorded_at, time, clamped, uid, system, user, agent, *_,
         self.capability, duration, self.payload_hash, self.prev_hash, self.entry_hash,
         self.payload, erased_by, summary, self.request) = match.groups()
        self.seq, self.erased_by = int(seq), int(erased_by or 0)
        self.is_system, self.is_agent = bool(system), bool(agent)
        for text in filter(None, (self.recorded_at, time, clamped)):
            if datetime.fromisoformat(text.decode()).year < 1970:
                raise ValueError("before 1970")
        if not 1 <= self.seq < 1 << 64 or int(uid) >= 1 << 32 or b"." not in self.capability:
            raise ValueError("seq, uid or capability")
        if duration and (len(duration) > 128 or not 0 <= float(duration) <= 1e15):
            raise ValueError("duration_ms")
        if erased_by and not self.seq < self.erased_by < 1 << 64:
            raise ValueError("erased_by")
        self.has_hashes = sha256(self.head).hexdigest().encode() == self.entry_hash and (
            self.erased_by > 0 or
            sha256(self.payload).hexdigest().encode() == self.payload_hash)
        self.summary = summary

    def read(self):
        """Its request, parsed; {} if it has none. ValueError: no JSON."""
        try:
            if self.summary:
                read_json(self.summary)
            return read_json(self.request) if self.request else {}
        except RecursionError:
            raise ValueError("too deep") from None


class File:
    def __init__(self, folder, name):
        self.name = name
        with open(os.path.join(folder, name), "rb") as file:
            self.bytes = file.read()
        self.end = self.size = len(self.bytes)
        self.first, self.opening = None, None
        try:
            if b"\n" in self.bytes:
                self.first = Entry(self.bytes[:self.bytes.index(b"\n")])
                self.opening = opening(self.first)
        except ValueError:
            pass


def is_count(value, limit):
    return type(value) is int and 0 <= value < limit


def opening(entry):
    """What a log.open says; ValueError if it says too little."""
    said = entry.read() if entry.capability == b"log.open" else {}
    good = (is_count(said.get("format"), 1 << 32) and isinstance(said.get("host"), str) and
            isinstance(said.get("version"), str))
    if good and "previous" in said:
        good = (isinstance(said["previous"], str) and
                is_count(said.get("previous_seq"), 1 << 64) and
                isinstance(said.get("previous_hash"), str) and
                re.fullmatch("[0-9a-f]{64}", said["previous_hash"]) and
                is_count(said.get("previous_bytes"), 1 << 63))
    if not good:
        raise ValueError("log.open")
    return said


def list_files(folder):
    names = []
    for name in sorted(os.listdir(folder)):
        match = FILE.fullmatch(name)
        try:
            if match and date.fromisoformat(match[1]).year >= 1970:
                names.append(name)
        except ValueError:
            pass
    files = [file for file in (File(folder, name) for name in names) if file.size > 0]
    known = iter(sorted((file for file in files if file.first),
                        key=lambda file: (file.first.seq, file.name)))
    files = [next(known) if file.first else file for file in files]
    for file, behind in zip(files, files[1:]):
        if behind.opening and behind.opening.get("previous") == file.name:
            file.end = min(file.end, behind.opening["previous_bytes"])
    return files


class Log:
    """A log as far as it has been read."""

    def __init__(self):
        self.next_seq, self.hash, self.recorded_at = None, b"0" * 64, b""
        self.before = None  # the file of the last entry, if another
        self.entries, self.erased, self.erasers, self.removed = 0, [], {}, set()

    def add(self, file, number, line):
        entry = Entry(line)
        request = entry.read()
        if self.next_seq is None:
            self.first = (entry.seq, entry.prev_hash, file.name)
            self.next_seq = entry.seq
            if entry.seq > 1:
                self.hash = entry.prev_hash
        if number == 1:
            self.check_opening(entry)
        if not entry.has_hashes:
            raise ValueError("entry_hash or payload_hash")
        if entry.seq != self.next_seq or entry.prev_hash != self.hash:
            raise ValueError("seq or prev_hash")
        if entry.recorded_at < self.recorded_at:
            raise ValueError("recorded_at")
        if entry.erased_by:
            if entry.capability.startswith((b"audit.", b"log.")):
                raise ValueError("this cannot be erased")
            self.erased.append((entry.seq, entry.erased_by, f"{file.name}:{number}"))
        elif entry.capability == b"audit.erase" and not entry.is_agent:
            seqs = request.get("seqs")
            self.erasers[entry.seq] = {seq for seq in seqs if type(seq) is int} \
                if isinstance(seqs, list) else set()
        elif entry.capability == b"log.retention" and entry.is_system:
            last_seq, last_hash = request.get("last_seq"), request.get("last_hash")
            if type(last_seq) is int and isinstance(last_hash, str):
                self.removed.add((last_seq, last_hash.encode(errors="replace")))
        self.next_seq, self.hash = entry.seq + 1, entry.entry_hash
        self.recorded_at = entry.recorded_at
        self.entries += 1

    def check_opening(self, entry):
        said = opening(entry)
        if not entry.is_system or said["format"] != 1:
            raise ValueError("log.open")
        if entry.seq == 1:
            if said.get("previous"):
                raise ValueError("previous")
        elif ("previous" not in said or said["previous_seq"] != entry.seq - 1 or
              said["previous_hash"].encode() != entry.prev_hash):
            raise ValueError("previous_seq or previous_hash")
        if self.before and (said.get("previous") != self.before.name or
                            said["previous_bytes"] > self.before.size):
            raise ValueError("previous or previous_bytes")

    def is_torn(self, tail):
        """Can these bytes be the rest of one unfinished write?"""
        first = tail.split(b"\n", 1)[0]
        if len(tail) > TORN or (len(first) < len(tail) and b"\0" not in first):
            return False
        batches = []
        for line in tail.split(b"\n")[:-1]:
            try:
                entry = Entry(line)
                entry.read()
            except ValueError:
                continue
            if entry.has_hashes and entry.recorded_at >= self.recorded_at:
                batches.append(entry.recorded_at)
        return len(set(batches)) < 2

    def debt(self):
        """What only the whole log can tell."""
        if self.entries == 0:
            return None
        seq, prev_hash, name = self.first
        if seq > 1 and (seq - 1, prev_hash) not in self.removed:
            return f"{name}:1: the log begins here, and no log.retention says why"
        for seq, by, place in self.erased:
            if seq not in self.erasers.get(by, ()):
                return f"{place}: erased, and entry {by} does not say so"
        return None


def verify(folder):
    files = list_files(folder)
    log, word = Log(), "ok"
    for index, file in enumerate(files):
        at, number = 0, 1
        while at < file.end and word == "ok":
            end = file.bytes.find(b"\n", at, file.end)
            try:
                if end == -1:
                    raise ValueError("not a whole line")
                log.add(file, number, file.bytes[at:end])
            except ValueError as error:
                behind = files[index + 1:]
                if any(other.first for other in behind) or not all(
                        map(log.is_torn, [file.bytes[at:], *(f.bytes for f in behind)])):
                    return f"{file.name}:{number}: {error}"
                word = "torn"
            at, number = end + 1, number + 1
        if word == "torn":
            break
        if number > 1:
            log.before = file
    head = f"{log.next_seq - 1}:{log.hash.decode()}" if log.entries else "none"
    return log.debt() or (f"{word}: {log.entries} entries in {len(files)} files, "
                          f"{len(log.erased)} payloads erased, head {head}")


def main(folders):
    status = 0
    if folders == ["-"]:
        folders = (line.rstrip("\n") for line in sys.stdin)
    for folder in folders:
        verdict = verify(folder)
        print(verdict, flush=True)
        if not verdict.startswith(("ok:", "torn:")):
            status = 2
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
