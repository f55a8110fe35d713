"""A store in a bucket of S3, or of any server that speaks its protocol."""

import io
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from typing import Any, BinaryIO, cast

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store as Bucket

from ninefold.errors import ConflictError, NotFoundError, StoppedError
from ninefold.storage.paths import checked

_PART, _AT_ONCE = 8 << 20, 4  # bytes of a part on its way up, and how many parts are under way
_AHEAD, _BUFFER = 8 << 20, 1 << 20  # bytes asked for at once, and given on at once


class _Object(io.RawIOBase):
    """An object of a bucket, read range by range: neither memory nor disk ever holds all of it."""

    def __init__(self, reader: "obstore.ReadableFile", telling: Callable[[], AbstractContextManager[None]]) -> None:
        self._reader, self._telling = reader, telling

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with self._telling():
            found = memoryview(self._reader.read(len(buffer)))
        buffer[: len(found)] = found
        return len(found)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._reader.seek(offset, whence)

    def tell(self) -> int:
        return self._reader.tell()


class S3Store:
    """Objects below a prefix of a bucket. S3 acknowledges a put when it is stored on several machines."""

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self.bucket, self.prefix = bucket, prefix
        http = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
        self._bucket = Bucket(bucket, prefix=prefix or None, client_options={"allow_http": http})

    def put(self, name: str, data: bytes | Iterable[bytes], *, create: bool = False) -> None:
        value = data if isinstance(data, bytes | bytearray | memoryview) else b"".join(data) if create else iter(data)
        with self._telling(f'"{name}" was not written'):
            # a conditional put has one part; without the condition large values go up in several, a few of them at once
            obstore.put(self._bucket, checked(name), value, mode="create" if create else "overwrite", chunk_size=_PART, max_concurrency=_AT_ONCE)

    def get(self, name: str) -> bytes:
        with self._telling(f'"{name}" was not read', missing=name):
            return bytes(obstore.get(self._bucket, checked(name)).bytes())

    def open(self, name: str) -> BinaryIO:
        with self._telling(f'"{name}" was not read', missing=name):
            reader = obstore.open_reader(self._bucket, checked(name), buffer_size=_AHEAD)
        return cast(BinaryIO, io.BufferedReader(_Object(reader, lambda: self._telling(f'"{name}" was not read', missing=name)), _BUFFER))

    def address(self, name: str, seconds: int) -> str:
        """A URL from which anybody may read the bytes, for so many seconds."""
        with self._telling(f'"{name}" has no address', missing=name):
            return obstore.sign(self._bucket, "GET", checked(name), timedelta(seconds=seconds))

    def list(self, prefix: str = "") -> Iterator[str]:
        # S3 lists by whole path segments here, so the last, partial one is filtered by us
        folder = prefix.rpartition("/")[0] or None
        with self._telling("it was not listed"):
            names = [item["path"] for batch in obstore.list(self._bucket, prefix=folder) for item in batch]
        return iter(sorted(name for name in names if name.startswith(prefix)))

    def delete(self, name: str) -> None:
        with suppress(NotFoundError), self._telling(f'"{name}" was not removed', missing=name):
            obstore.delete(self._bucket, checked(name))

    def exists(self, name: str) -> bool:
        return self.age(name) is not None

    def age(self, name: str) -> float | None:
        try:
            with self._telling(f'"{name}" was not looked for', missing=name):
                put = obstore.head(self._bucket, checked(name))["last_modified"]
        except NotFoundError:
            return None
        return max(0.0, time.time() - put.timestamp())

    @contextmanager
    def _telling(self, what: str, *, missing: str | None = None) -> Iterator[None]:
        """What S3 says in our words. ``missing`` is the name that is not there where S3 finds nothing; else it is the bucket."""
        try:
            yield
        except AlreadyExistsError:
            raise ConflictError(
                f"s3://{self.bucket}/{self.prefix}: {what}: it is there already", hint="it is written once and never replaced"
            ) from None
        except (BaseError, FileNotFoundError) as error:
            if missing is not None and isinstance(error, FileNotFoundError):
                where = f"s3://{self.bucket}/{self.prefix}"
                raise NotFoundError(f'there is no "{missing}" in {where}', hint="list the store to see what there is") from None
            hint = "check AWS_ENDPOINT_URL, the region, the credentials and the bucket's policy"
            raise StoppedError(f"s3://{self.bucket}/{self.prefix}: {what} ({str(error)[:200]})", hint=hint) from error
