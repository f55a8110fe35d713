"""Passwords: argon2id, with the parameters of RFC 9106 for machines with little memory (64 MiB, about 50 ms)."""

from functools import cache
from typing import TYPE_CHECKING

from ninefold.errors import UsageError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 12, 1024


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher
    from argon2.profiles import RFC_9106_LOW_MEMORY

    return PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


@cache
def _nobody() -> str:
    """What an account that does not exist is compared with, so that it takes as long as one that does."""
    return _hasher().hash("nobody has this password")


def hashed(name: str, password: str) -> str:
    """What is stored of a new password. Raises UsageError for one that is easily guessed."""
    if len(password) < SHORTEST:
        raise UsageError(f"the password has {len(password)} characters", hint=f"at least {SHORTEST}: a few unrelated words are easily kept in mind")
    if len(password.encode()) > LONGEST:
        raise UsageError(f"the password has more than {LONGEST} bytes", hint="choose a shorter one")
    if name in password.lower() or len(set(password)) < 5:
        raise UsageError("the password is easily guessed", hint="it may not contain the name, and needs at least five different characters")
    return hashed_again(password)


def hashed_again(password: str) -> str:
    """What is stored of a password that was judged before."""
    return _hasher().hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether a password is the stored one; it takes the same time where nothing is stored."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        # the password is bounded before it is hashed: nobody sends megabytes through argon2
        return _hasher().verify(stored or _nobody(), password[:LONGEST]) and bool(stored)
    except (Argon2Error, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """Whether it was stored under older parameters."""
    return _hasher().check_needs_rehash(stored)
