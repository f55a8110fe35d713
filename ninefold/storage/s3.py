"""A store in a bucket of S3, or of any server that speaks its protocol."""

import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, cast

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store as Bucket

from ninefold.errors import ConflictError, NotFoundError, StoppedError
from ninefold.storage.paths import checked

_IN_MEMORY = 16 << 20


class S3Store:
    """Objects below a prefix of a bucket. S3 acknowledges a put when it is stored on several machines."""

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self.bucket, self.prefix = bucket, prefix
        http = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
        self._bucket = Bucket(bucket, prefix=prefix or None, client_options={"allow_http": http})

    def put(self, name: str, data: bytes | Iterable[bytes], *, create: bool = False) -> None:
        value = data if isinstance(data, bytes | bytearray | memoryview) else b"".join(data) if create else iter(data)
        with self._telling(f'"{name}" was not written'):
            # a conditional put has one part; without the condition large values go up in several
            obstore.put(self._bucket, checked(name), value, mode="create" if create else "overwrite")

    def get(self, name: str) -> bytes:
        with self._telling(f'"{name}" was not read', missing=name):
            return bytes(obstore.get(self._bucket, checked(name)).bytes())

    def open(self, name: str) -> BinaryIO:
        spool = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - the caller closes it
        try:
            with self._telling(f'"{name}" was not read', missing=name):
                for chunk in obstore.get(self._bucket, checked(name)):
                    spool.write(chunk)
        except BaseException:  # nobody else knows of it
            spool.close()
            raise
        spool.seek(0)
        return cast(BinaryIO, spool)

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
