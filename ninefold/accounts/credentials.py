"""What a request shows to say who is calling: a header, or the cookie of a session. And which pages may send with that cookie."""

import base64
import binascii
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from ninefold.errors import DeniedError, UsageError
from ninefold.web.call import Call
from ninefold.web.shapes import MediaTypeError, UnknownCallerError

COOKIE = "__Host-ninefold"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST = 8192  # of a header; a provider's token has two to four thousand characters
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Shown(NamedTuple):
    """A token, a name and a password, or a session's text."""

    kind: Literal["token", "password", "session"]
    text: str
    name: str = ""


def shown(call: Call) -> Shown | None:
    """What a request shows; None for nothing. A header wins over a cookie. Raises UnknownCallerError for what cannot be read."""
    header = call.headers.get("authorization")
    if header is None:
        text = session_text(call)
        return Shown("session", text) if text else None
    scheme, _, rest = header.partition(" ")
    rest = rest.strip()
    if len(rest) > _LONGEST:
        raise _unread()
    if scheme.lower() == "bearer" and rest:
        return Shown("token", rest)
    if scheme.lower() != "basic":
        raise _unread()
    try:
        name, colon, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise _unread() from None
    if not colon:
        raise _unread()
    # programs that know only names and passwords may give a token as the password
    return Shown("token" if password.startswith("nf_") else "password", password, name)


def session_text(call: Call) -> str | None:
    """The text of the session's cookie."""
    return read_cookie(call, cookie_name(call))


def read_cookie(call: Call, wanted: str) -> str | None:
    """The value of a cookie of ours; None where it is not there, or cannot be one that we set."""
    for part in call.headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == wanted and 20 <= len(value) <= 200:
            return value
    return None


def secure(call: Call) -> bool:
    """Whether the browser came over https; behind a proxy that is named, the proxy says so."""
    return bool(call.scope.get("scheme") == "https")


def cookie_name(call: Call) -> str:
    """The name of the session's cookie: over plain http with the port, because ports of one machine share cookies."""
    return COOKIE if secure(call) else f"ninefold-{call.headers.get('host', '').rpartition(':')[2]}"


def cookie(call: Call, text: str, seconds: int, *, name: str | None = None) -> tuple[str, str]:
    """The header that sets a session's cookie, or with an empty text takes it away.

    Raises DeniedError over plain http from elsewhere: everybody on the way could read it.
    """
    if not secure(call) and call.headers.get("host", "").lower().rpartition(":")[0] not in _LOOPBACK:
        hint = "put a proxy with https before it and name the proxy: ninefold up --proxies ADDRESS"
        raise DeniedError("signing in over plain http would show the password to everybody on the way", hint=hint)
    marks = "; Secure" if secure(call) else ""
    return "set-cookie", f"{name or cookie_name(call)}={text}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds if text else 0}{marks}"


def check_same_site(call: Call) -> None:
    """DeniedError unless the browser says that one of this server's own pages sends this: without a word from it, it does not pass."""
    origin, host = call.headers.get("origin"), call.headers.get("host", "").lower()
    if origin is not None:
        parts = urlsplit(origin.lower())
        # behind a proxy that is not named the scheme that we see is not the browser's
        fine = parts.scheme in {"http", "https"} and parts.netloc == host
    else:
        fine = call.headers.get("sec-fetch-site") == "same-origin"
    if not fine:
        raise DeniedError("only a page of this server may send this", hint="open the page again; programs send a token: Authorization: Bearer ...")


def check_json(call: Call) -> None:
    """MediaTypeError where a session sends something else than JSON to what takes JSON: a form of another page cannot."""
    given = call.headers.get("content-type", "").split(";")[0].strip().lower()
    empty = call.headers.get("content-length", "0") == "0" and "transfer-encoding" not in call.headers
    if call.route.accepts and not empty and given != "application/json":
        raise MediaTypeError(f'the body is "{given[:80]}"', hint="send application/json")


def local_path(given: str) -> str:
    r"""Where to go after signing in: a path of this server, else its first page.

    >>> local_path("/runs?x=1"), local_path("//evil.example"), local_path("/\\evil.example"), local_path("https://evil.example")
    ('/runs?x=1', '/', '/', '/')
    """
    fine = given.startswith("/") and given[1:2] not in {"/", "\\"} and given.isascii() and given.isprintable() and "\\" not in given
    return given if fine and len(given) < 2000 else "/"


def _unread() -> UnknownCallerError:
    return UnknownCallerError("the Authorization header cannot be read", hint="send Authorization: Bearer TOKEN, or Basic with a name and a password")


def two_projects(path: str, header: str) -> UsageError:
    """The path names one project and a header another."""
    return UsageError(f'the path is about "{path[:60]}" and the header about "{header[:60]}"', hint="name one project")
