"""Verifies an exported ledger. Needs Python 3.8 or newer and nothing else; the program that made the export need not be trusted.

usage: python3 verify.py [FOLDER] [--anchor FILE] [--json]

FOLDER (default: where this file lies) holds facts.jsonl, checkpoints.jsonl and signers.json. An anchor is a copy of the
checkpoints that was kept where the ledger's keeper could not change it: give it with --anchor, as far as you trust its place.
Exit code 0: everything agrees. 1: something does not, and each finding is printed.

How: fact number n is line n of facts.jsonl, byte for byte. A leaf's hash is SHA-256(0x00, line), a node's SHA-256(0x01, left,
right), as in RFC 9162. At each checkpoint's size the root of the tree must be the one in its note, and the note must be signed
(Ed25519, RFC 8032; note format c2sp.org/signed-note). Facts after the last checkpoint are vouched for by nobody yet.
"""

# ruff: noqa: UP031  one summary fills whole sentences
from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
from typing import Any

# Ed25519: the curve -x^2 + y^2 = 1 + d x^2 y^2 over the integers modulo P; points as (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)


def add(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The sum of two points."""
    left = (a[1] - a[0]) * (b[1] - b[0]) % P
    right = (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = right - left, d - c, d + c, right + left
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(n: int, point: tuple[int, ...]) -> tuple[int, ...]:
    """A point added n times."""
    total: tuple[int, ...] = (0, 1, 1, 0)
    while n:
        if n & 1:
            total = add(total, point)
        point = add(point, point)
        n >>= 1
    return total


def point_of(data: bytes) -> tuple[int, ...]:
    """The point that 32 bytes encode; ValueError if there is none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        raise ValueError("no point")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and sign):
        raise ValueError("no point")
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the key's holder signed the message."""
    if len(signature) != 64 or len(public) != 32:
        return False
    try:
        a, r = point_of(public), point_of(signature[:32])
    except ValueError:
        return False
    s = int.from_bytes(signature[32:], "little")
    if s >= ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = times(s, BASE), add(r, times(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


class Tree:
    """The roots of the perfect subtrees, largest first."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []

    def add(self, line: bytes) -> None:
        node, size = hashlib.sha256(b"\x00" + line).digest(), self.size
        while size & 1:
            node = hashlib.sha256(b"\x01" + self.peaks.pop() + node).digest()
            size >>= 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        node = self.peaks[-1]
        for peak in self.peaks[-2::-1]:
            node = hashlib.sha256(b"\x01" + peak + node).digest()
        return node


def note_of(note: str, keys: dict[str, bytes]) -> tuple[str, int, bytes]:
    """(origin, size, root) of a note that one of the keys has signed; ValueError else."""
    text, separator, last = note.partition("\n\n")
    origin, size, root = text.split("\n")
    dash, name, stamp = last.rstrip("\n").split(" ")
    blob = base64.b64decode(stamp, validate=True)
    if dash != "\u2014" or name != origin or not separator:
        raise ValueError("is not written as a note must be")
    public = keys.get(blob[:4].hex())
    if public is None:
        raise ValueError("is signed by an unknown key, " + blob[:4].hex())
    if hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4] != blob[:4]:
        raise ValueError("names a key by a wrong id")
    if not signed(public, (text + "\n").encode(), blob[4:]):
        raise ValueError("has a wrong signature")
    return origin, int(size), base64.b64decode(root, validate=True)


def lines_of(path: str) -> list[bytes]:
    """The lines of a file as bytes; the last must end too, else it was cut."""
    with open(path, "rb") as file:
        data = file.read()
    if data and not data.endswith(b"\n"):
        raise ValueError(os.path.basename(path) + " ends in the middle of a line")
    return data.split(b"\n")[:-1]


def verify(folder: str, anchor: str | None = None) -> tuple[list[str], dict[str, Any]]:
    """(findings, summary) of an export."""
    findings: list[str] = []
    claims: list[tuple[str, int, bytes]] = []
    origins: set[str] = set()
    with open(os.path.join(folder, "signers.json"), "rb") as file:
        keys = {name: bytes.fromhex(public) for name, public in json.load(file).items()}
    vouchers = [("checkpoint", json.loads(line)) for line in lines_of(os.path.join(folder, "checkpoints.jsonl"))]
    if anchor:
        vouchers += [("anchor", entry) for entry in map(json.loads, lines_of(anchor)) if "note" in entry]
    for what, entry in vouchers:
        try:
            origin, size, root = note_of(entry["note"], keys)
            origins.add(origin)
            claims.append((what, size, root))
        except (ValueError, KeyError) as error:
            findings.append("a %s of size %s %s" % (what, entry.get("size"), error))
    if len(origins) > 1:
        findings.append("the notes belong to different ledgers: " + ", ".join(sorted(origins)))
    tree, limits = Tree(), {size for _, size, _ in claims}
    roots: dict[int, bytes] = {}
    for line in lines_of(os.path.join(folder, "facts.jsonl")):
        tree.add(line)
        try:
            number = json.loads(line)["seq"]
        except (ValueError, KeyError, TypeError):
            number = None
        if number != tree.size:
            findings.append("line %d of facts.jsonl is fact %s" % (tree.size, number))
        if tree.size in limits:
            roots[tree.size] = tree.root()
    for what, size, root in claims:
        if size not in roots:
            findings.append("the %s of size %d vouches for facts that are not there" % (what, size))
        elif roots[size] != root:
            findings.append("the first %d facts are not those that the %s vouched for" % (size, what))
    last = max((size for _, size, _ in claims), default=0)
    summary = {"ok": not findings, "facts": tree.size, "root": tree.root().hex(), "vouched_for": last, "notes": len(claims)}
    return findings, summary


def main(args: list[str]) -> int:
    """Checks the export beside this file; the exit code says whether it is whole."""
    anchor = args.pop(args.index("--anchor") + 1) if "--anchor" in args[:-1] else None
    folders = [arg for arg in args if not arg.startswith("--")]
    try:
        findings, summary = verify(folders[0] if folders else os.path.dirname(os.path.abspath(__file__)), anchor)
    except (OSError, ValueError) as error:
        findings, summary = [str(error)], {"ok": False}
    if "--json" in args:
        print(json.dumps(dict(summary, findings=findings)))
        return 1 if findings else 0
    for finding in findings:
        print("WRONG: " + finding)
    if not findings:
        print("%(facts)d facts agree with %(notes)d signed notes; the first %(vouched_for)d are vouched for. Root %(root)s" % summary)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
