"""The courier: a thread that delivers what waits in the outbox, again and again with pauses, and never holds up anything else."""

import logging
import threading
import time
from collections.abc import Callable

from ninefold.clock import now
from ninefold.config import Settings
from ninefold.errors import NotFoundError
from ninefold.ledger import Ledger
from ninefold.notify import outbox
from ninefold.notify.channels import channel
from ninefold.notify.telling import AT_ONCE, Ours, Tongue, deliver, spread
from ninefold.notify.webhooks import SCHEME, Webhooks
from ninefold.units import DAY, HOUR, SECOND

_log = logging.getLogger("ninefold.notify")
FIRST_PAUSE, LONGEST_PAUSE, GIVEN_UP_AFTER = 10 * SECOND, HOUR, 7 * DAY
EVERY = 5.0  # seconds between two looks into the outbox
LOOK = 0.5  # seconds between two looks for facts that webhooks want to hear of; one costs microseconds


class Courier:
    """Delivers messages at least once: a message counts as delivered when the other side has taken it, and one that was cut off in
    between goes again, under the same idempotency key. ``quiet`` (a replay) keeps everything but the log to itself.
    """

    def __init__(self, ledger: Ledger, settings: Settings, *, quiet: bool = False, clock: Callable[[], int] = now) -> None:
        self.ledger, self.settings, self.quiet, self._clock = ledger, settings, quiet, clock
        self.tongues: list[Tongue] = [Ours()]
        self._head = -1
        self._stop, self._wake = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; it is no error to do it twice."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """There is something new."""
        self._wake.set()

    def stop(self) -> None:
        """End after the message that is on its way; what waits stays in the outbox."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(15)
            self._thread = None

    def deliver(self) -> int:
        """Try everything whose time has come; how many messages arrived."""
        arrived = 0
        for message in outbox.due(self.ledger, self._clock()):
            if self._stop.is_set():
                break
            arrived += self._try(message)
        return arrived

    def webhooks(self, project: str) -> Webhooks:
        """The webhooks of a project, as the settings allow them."""
        return Webhooks(self.ledger, project, self.settings.home, private=self.settings.webhook_addresses == "any")

    def spread(self) -> int:
        """Put what happened since the last look into the outbox for webhooks; how many messages."""
        head = self.ledger.head()
        if head == self._head:
            return 0
        posted = spread(self.ledger, self.tongues)
        self._head = head if posted < AT_ONCE else -1
        return posted

    def _send(self, message: outbox.Message) -> None:
        if message.url.startswith(SCHEME):
            deliver(message, self.webhooks, self.tongues)
        else:
            channel(message.url, self.settings)(message)

    def _try(self, message: outbox.Message) -> bool:
        if self.quiet and not message.url.startswith("log:"):
            outbox.failed(self.ledger, message, again=None, error="a replay tells nobody outside")
            return False
        try:
            self._send(message)
        except NotFoundError as error:
            outbox.failed(self.ledger, message, again=None, error=str(error))
            return False
        except Exception as error:  # whatever a foreign server does: it is noted, and tried again
            at = self._clock()
            again = at + pause(message.tries) if at - message.created < GIVEN_UP_AFTER else None
            _log.warning("message %s was not delivered, try %d: %s", message.id, message.tries + 1, error)
            outbox.failed(self.ledger, message, again=again, error=f"{type(error).__name__}: {error}")
            return False
        outbox.delivered(self.ledger, message, self._clock())
        return True

    def _run(self) -> None:
        last = 0.0
        while not (self._stop.is_set() or self.ledger.closed):
            woken = self._wake.wait(LOOK)
            self._wake.clear()
            try:
                if self.spread() or woken or time.monotonic() - last >= EVERY:
                    self.deliver()
                    last = time.monotonic()
            except Exception:  # a ledger that is busy or stopped must not end the courier
                if self.ledger.closed:
                    return
                _log.exception("the outbox could not be read; it is tried again")


def pause(tries: int) -> int:
    """µs until the next try: 10 s, doubled each time, an hour at most.

    >>> [pause(n) // 1_000_000 for n in (0, 1, 2, 20)]
    [10, 20, 40, 3600]
    """
    return min(LONGEST_PAUSE, FIRST_PAUSE << min(tries, 20))
