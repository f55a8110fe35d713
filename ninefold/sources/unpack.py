"""Files that come packed, unpacked within bounds: a few kilobytes that say they are a terabyte are told so instead of believed."""

import gzip
import io
import zipfile
import zlib
from typing import IO

from ninefold.errors import DataError

_CHUNK = 1 << 20
SMALL = 256 << 20  # bytes up to which any file may grow
RATIO = 200  # times the packed size beyond that: text packs 5 to 50 times smaller, bombs 1000 times


def unpacked(data: bytes, name: str) -> bytes:
    """The content of a file that its name says is gzipped or zipped; any other as it is. DataError for what cannot be unpacked, or grows too much.

    >>> unpacked(gzip.compress(b"a,b"), "x.csv.gz"), unpacked(b"a,b", "x.csv")
    (b'a,b', b'a,b')
    """
    try:
        if name.lower().endswith(".gz"):
            with gzip.open(io.BytesIO(data)) as stream:
                return _read(stream, len(data), name)
        if name.lower().endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(_only(archive, name)) as stream:
                return _read(stream, len(data), name)
    except (
        OSError,
        EOFError,
        zlib.error,
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
    ) as error:  # the last two: a cipher, a strange method
        raise DataError(f"it cannot be unpacked: {error}", where=name, hint="copy it again; it may have been cut off") from error
    return data


def _only(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    inside = [info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")]
    if len(inside) != 1:
        named = ", ".join(info.filename for info in inside[:5])
        raise DataError(f"the archive holds {len(inside)} files: {named}", where=name, hint="a source reads archives of one file")
    return inside[0]


def _read(stream: gzip.GzipFile | IO[bytes], packed: int, name: str) -> bytes:
    """What the stream gives, not what an archive says of itself."""
    most, size, chunks = max(SMALL, packed * RATIO), 0, []
    while chunk := stream.read(_CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            hint = "if that is right, unpack it, and name the unpacked file"
            raise DataError(f"{packed} bytes became more than {most}: it looks like a bomb", where=name, hint=hint)
    return b"".join(chunks)
