"""Where passwords are checked: a few at a time, so that guessing takes neither a server's memory nor its threads."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from ninefold.accounts.accounts import Accounts
from ninefold.accounts.caller import Caller
from ninefold.errors import BusyError

AT_ONCE = 2  # each takes 64 MiB and a core for 50 ms
WAITING = 40  # more than these are told to come back


class Desk:
    """Checks names and passwords for a server."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts, self._waiting = accounts, 0
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")

    async def check(self, name: str, password: str, client: str) -> tuple[Caller, str]:
        """As ``Accounts.with_password``, at the price that ``Attempts`` asks. Raises BusyError where too many wait."""
        if self._waiting >= WAITING:
            raise BusyError("too many passwords are being checked", hint="try again in a moment; programs sign in faster with a token")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            slower = await loop.run_in_executor(self._threads, self.accounts.attempts.begin, name, client)
            if slower:
                await asyncio.sleep(slower)
            return await loop.run_in_executor(self._threads, self.accounts.with_password, name, password, client)
        finally:
            self._waiting -= 1
