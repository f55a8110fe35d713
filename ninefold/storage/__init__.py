"""Bytes that stay: durable files, locks, stores chosen by a URL, blobs addressed by what they contain."""

from ninefold.storage.blobs import Blobs as Blobs
from ninefold.storage.lock import FileLock as FileLock
from ninefold.storage.store import Store as Store
from ninefold.storage.store import open_store as open_store
