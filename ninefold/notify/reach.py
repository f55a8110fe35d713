"""Which addresses a request that a client asked for may go to: public ones alone, checked again and pinned when it goes."""

import ipaddress
import socket
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from ninefold.errors import UsageError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_HINT = 'such as https://hooks.example.org/models; private addresses need the setting webhook_addresses = "any"'


class Pinned(NamedTuple):
    """A URL whose host is an address, and the host that was asked for (for the Host header and the certificate)."""

    url: str
    host: str
    name: str


def host_of(url: str) -> str:
    """The host of a URL, which may be shown; the rest may be secret."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def reachable(url: str, *, private: bool = False) -> Pinned:
    """The URL with the address that its host has now, if all of its addresses may be reached.

    UsageError for another scheme than https, a host that is not found, and (unless ``private``) for addresses of this machine, of private
    networks, of clouds' metadata, and of everything else that is not the public network.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UsageError("the webhook's URL cannot be read", hint=_HINT, where="url") from None
    schemes = {"https", "http"} if private else {"https"}
    if parts.scheme not in schemes or not parts.hostname or parts.username is not None or any(c in url for c in "\r\n\x00 "):
        raise UsageError(f"a webhook needs {' or '.join(sorted(schemes))}:// and a host, without a password", hint=_HINT, where="url")
    try:
        found = [_address(str(info[4][0])) for info in socket.getaddrinfo(parts.hostname, port or 443, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise UsageError(f"the host {parts.hostname[:80]} is not found", hint=_HINT, where="url") from None
    if not private and not all(public(address) for address in found):
        raise UsageError(f"{parts.hostname[:80]} is not on the public network", hint=_HINT, where="url")
    address = found[0]
    shown = f"[{address}]" if address.version == 6 else str(address)
    netloc = f"{shown}:{port}" if port else shown
    return Pinned(urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, "")), parts.netloc, parts.hostname)


def public(address: Address) -> bool:
    """Whether an address is one of the public network, also where it stands for another one.

    >>> [public(ipaddress.ip_address(a)) for a in ("93.184.216.34", "10.0.0.1", "169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::")]
    [True, False, False, False, False]
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _address(text: str) -> Address:
    return ipaddress.ip_address(text.partition("%")[0])
