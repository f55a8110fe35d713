"""A store in a bucket of S3, or of any server that speaks its protocol."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
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
        try:
            # a conditional put has one part; without the condition large values go up in several
            obstore.put(self._bucket, checked(name), value, mode="create" if create else "overwrite")
        except AlreadyExistsError:
            raise ConflictError(f'"{name}" is there already', hint="it is written once and never replaced") from None
        except (BaseError, FileNotFoundError) as error:  # not found: the bucket
            raise self._stopped(f'"{name}" was not written', error) from error

    def get(self, name: str) -> bytes:
        try:
            return bytes(obstore.get(self._bucket, checked(name)).bytes())
        except FileNotFoundError:
            raise self._missing(name) from None
        except BaseError as error:
            raise self._stopped(f'"{name}" was not read', error) from error

    def open(self, name: str) -> BinaryIO:
        spool = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - the caller closes it
        try:
            for chunk in obstore.get(self._bucket, checked(name)):
                spool.write(chunk)
        except FileNotFoundError:
            raise self._missing(name) from None
        spool.seek(0)
        return cast(BinaryIO, spool)

    def list(self, prefix: str = "") -> Iterator[str]:
        # S3 lists by whole path segments here, so the last, partial one is filtered by us
        folder = prefix.rpartition("/")[0] or None
        names = (item["path"] for batch in obstore.list(self._bucket, prefix=folder) for item in batch)
        return iter(sorted(name for name in names if name.startswith(prefix)))

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError):
            obstore.delete(self._bucket, checked(name))

    def exists(self, name: str) -> bool:
        try:
            obstore.head(self._bucket, checked(name))
        except FileNotFoundError:
            return False
        return True

    def _missing(self, name: str) -> NotFoundError:
        return NotFoundError(f'there is no "{name}" in s3://{self.bucket}/{self.prefix}', hint="list the store to see what there is")

    def _stopped(self, what: str, error: Exception) -> StoppedError:
        hint = "check AWS_ENDPOINT_URL, the region, the credentials and the bucket's policy"
        return StoppedError(f"s3://{self.bucket}/{self.prefix}: {what} ({str(error)[:200]})", hint=hint)
