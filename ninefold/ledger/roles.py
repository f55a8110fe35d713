"""What there may be only one of in a home (the server, the roller, the loop): a role, held by one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ninefold.errors import HeldError
from ninefold.storage.lock import FileLock, Holder


class Role:
    """A role of a home. The kernel gives it back when its holder dies.

    >>> import tempfile; home = Path(tempfile.mkdtemp())
    >>> with Role(home, "server").hold("ninefold up"):
    ...     Role(home, "server").holder().who
    'ninefold up'
    """

    def __init__(self, home: Path, name: str) -> None:
        self.home, self.name = home, name
        self._path = home / "locks" / f"role-{name}.lock"

    @contextmanager
    def hold(self, who: str, *, wait: float = 0) -> Iterator[None]:
        """Holds the role while inside; HeldError with the holder's name, pid, host and since when, if another has it for ``wait`` seconds."""
        lock = FileLock(self._path)
        # whoever asks for the holder has the lock for an instant
        if not lock.acquire(max(wait, 0.05), who):
            raise HeldError(
                f"the role of {self.name} in {self.home} is held by {lock.holder() or 'another process'}", hint="use that one, or end it first"
            )
        try:
            yield
        finally:
            lock.release()

    def holder(self) -> Holder | None:
        """Who holds it, None if nobody does."""
        return FileLock(self._path).holder()
