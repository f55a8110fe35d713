"""Who may speak to this server from where: Host and Origin, on every route and verb.

A page anywhere on the web can make its visitor's browser call ``localhost``; a name that its owner re-points can even make
that look like the same site (DNS rebinding). Both show in these headers, which a page cannot forge.
"""

import ipaddress
from collections.abc import Collection, Mapping
from typing import Any

from ninefold.errors import DeniedError, UsageError


class ForeignHostError(DeniedError):
    """The request came under a name that is not served here."""

    code = "foreign_host"


class ForeignOriginError(DeniedError):
    """A page of another site sent the request."""

    code = "foreign_origin"


_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """Exact lists: ``hosts`` as they stand in Host (``ml.example.com``, ``ml.example.com:9009``), ``origins`` of other sites
    whose pages may call (``https://shop.example.com``). Loopback names and the address that was connected to are right
    with the port that was connected to.

    >>> guard = Guard(hosts={"ml.example.com"})
    >>> guard.check({"method": "GET", "server": ("127.0.0.1", 9009), "scheme": "http", "headers": [(b"host", b"localhost:9009")]})
    >>> guard.check({"method": "GET", "server": ("127.0.0.1", 9009), "scheme": "http", "headers": [(b"host", b"evil.example")]})
    Traceback (most recent call last):
    ninefold.web.guard.ForeignHostError: the host "evil.example" is not served here
    """

    def __init__(self, hosts: Collection[str] = (), origins: Collection[str] = ()) -> None:
        self.hosts = frozenset(host.lower() for host in hosts)
        self.origins = frozenset(origin.lower().rstrip("/") for origin in origins)
        self._known: dict[Any, frozenset[str]] = {}

    def check(self, scope: Mapping[str, Any]) -> str | None:
        """Raise DeniedError for a foreign host or origin; return the foreign origin if it is an allowed one."""
        host, origin, site, mode = None, None, b"", b""
        for name, value in scope["headers"]:
            if name == b"host":
                if host is not None:
                    raise UsageError("there are two Host headers", hint="send one")
                host = value
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                site = value
            elif name == b"sec-fetch-mode":
                mode = value
        text = (host or b"").decode("latin-1").lower()
        if text not in self._allowed(scope.get("server")):
            hint = f"call it by its address, or say the name when it starts: ninefold up --allow-host {text[:100] or 'NAME'}"
            raise ForeignHostError(f'the host "{text[:100]}" is not served here', hint=hint)
        if origin is not None:
            return self._origin(origin.decode("latin-1").lower(), text)
        if site == b"cross-site" and not (scope["method"] in _SAFE and mode == b"navigate"):
            raise ForeignOriginError("a page of another site may not call this", hint="open the pages of this server itself")
        return None

    def _origin(self, origin: str, host: str) -> str | None:
        # only the host is compared: behind a proxy that ends TLS the scheme that we see is not the browser's
        if origin in (f"http://{host}", f"https://{host}"):
            return None
        if origin in self.origins:
            return origin
        hint = "open the pages of this server itself; another site's are allowed when it starts: ninefold up --allow-origin URL"
        raise ForeignOriginError(f'the origin "{origin[:100]}" may not call this', hint=hint)

    def _allowed(self, server: Any) -> frozenset[str]:
        key = tuple(server) if server else None
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self.hosts | _own_names(key, self.hosts)
        return found


def _own_names(server: Any, hosts: Collection[str]) -> frozenset[str]:
    if not server or server[1] is None:
        return frozenset(_LOOPBACK)
    names = set(_LOOPBACK) | {host for host in hosts if ":" not in host}
    try:
        address = ipaddress.ip_address(str(server[0]).split("%")[0])
        names.add(f"[{address}]" if address.version == 6 else str(address))
    except ValueError:
        pass  # a Unix socket or a test client has a name there
    port = int(server[1])
    return frozenset({f"{name}:{port}" for name in names} | (names if port in (80, 443) else set()))
