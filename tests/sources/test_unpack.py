"""Archives from elsewhere: what they say of themselves is not believed."""

import gzip
import io
import zipfile
from contextlib import suppress

import pytest

from ninefold.errors import DataError
from ninefold.sources import unpack


def zipped(content: bytes, name: str = "a.csv") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(("pack", "name"), [(gzip.compress, "a.csv.gz"), (zipped, "a.csv.zip")])
def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch, pack: object, name: str) -> None:
    monkeypatch.setattr(unpack, "SMALL", 1 << 20)
    bomb = pack(bytes(8 << 20))  # type: ignore[operator]
    assert len(bomb) < 20_000
    with pytest.raises(DataError, match="looks like a bomb"):
        unpack.unpacked(bomb, name)
    rows = b"".join(b"%d,%d\n" % (n, n * 7919 % 10_007) for n in range(400_000))
    assert unpack.unpacked(pack(rows), name) == rows  # type: ignore[operator]


def test_a_size_that_is_a_lie_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "SMALL", 1 << 20)
    lying = bytearray(zipped(bytes(8 << 20)))
    size = (8 << 20).to_bytes(4, "little")
    at = lying.find(size)
    while at >= 0:
        lying[at : at + 4] = (10).to_bytes(4, "little")
        at = lying.find(size)
    with suppress(DataError):
        assert len(unpack.unpacked(bytes(lying), "a.zip")) <= 10


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/passwd", "a\\..\\b", "C:\\x"])
def test_the_name_inside_is_no_path(name: str) -> None:
    assert unpack.unpacked(zipped(b"a,b\n", name), "a.zip") == b"a,b\n"  # only read, never written anywhere


def test_a_cipher_or_a_strange_method_is_told() -> None:
    strange = bytearray(zipped(b"a,b\n"))
    for header, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = strange.find(header) + at
        strange[place : place + 2] = (97).to_bytes(2, "little")
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack.unpacked(bytes(strange), "a.zip")
