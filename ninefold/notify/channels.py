"""Ways out of the outbox: the log, signed webhooks, mail, connections that are webhooks. Only to URLs that project or settings name."""

import hashlib
import hmac
import ipaddress
import json
import logging
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from ninefold.config import Settings
from ninefold.errors import DeniedError, UsageError
from ninefold.notify.outbox import Message
from ninefold.secret import Secret, resolve

_log = logging.getLogger("ninefold.notify")
SECONDS = 10.0
SIGNATURE, KEY = "Ninefold-Signature", "Idempotency-Key"


def channel(url: str, settings: Settings) -> Callable[[Message], None]:
    """What delivers a message to ``url``: it returns when the other side has taken it, and raises where it has not.

    ``log://``, ``https://`` (``http://`` to this machine only), ``mailto:name@host``, or ``connection:target`` where the settings
    give the connection a webhook's URL. Raises UsageError for anything else.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "log":
        return _to_log
    if scheme in {"https", "http"}:
        return lambda message: _post(url, _body(message), message, settings)
    if scheme == "mailto":
        if not settings.smtp:
            raise UsageError("mail needs a server", hint="NINEFOLD_SMTP=smtp://user:password@host:587/?from=ninefold@example.org")
        smtp = resolve(settings.smtp)
        return lambda message: _hidden(smtp, lambda: _mail(unquote(rest), message, smtp.value))
    hook = settings.connection(scheme)
    if hook is None:
        hint = f'[tool.ninefold.connections] {scheme} = "env:{scheme.upper()}_WEBHOOK"'
        raise UsageError(f'nothing can be told to "{url}": there is no connection "{scheme}"', hint=hint)
    return lambda message: _hidden(hook, lambda: _post(hook.value, {"channel": rest, "text": text_of(message)}, message, settings))


def _hidden(used: Secret, deliver: Callable[[], None]) -> None:
    """Delivers; whatever goes wrong is told without the secret that was used."""
    try:
        deliver()
    except Exception as error:  # whatever it is, its text may hold what must not be shown
        if (told := used.hide(str(error))) == str(error):
            raise
        raise OSError(f"{type(error).__name__}: {told}") from None


def text_of(message: Message) -> str:
    """The message in words: its subject, then what happened."""
    told = str(message.body.get("text", ""))
    return f"{message.subject}\n\n{told}" if told and told not in message.subject else message.subject


def signed(body: bytes, key: str, at: int) -> str:
    """The value of the signature's header: ``t=<seconds>,v1=<HMAC-SHA256 of "t.body" in hexadecimal>``.

    >>> signed(b"{}", "key", 1)[:12]
    't=1,v1=1ba6b'
    """
    mac = hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


def _to_log(message: Message) -> None:
    _log.info("%s", text_of(message).replace("\n\n", ": "), extra={"message_id": message.id, "project": message.project})


def _body(message: Message) -> dict[str, Any]:
    return {"id": message.id, "project": message.project, "subject": message.subject, **message.body}


def _post(url: str, value: dict[str, Any], message: Message, settings: Settings) -> None:
    import httpx2

    allowed(url)
    body = json.dumps(value, ensure_ascii=False, sort_keys=True).encode()
    headers = {"Content-Type": "application/json", KEY: message.id, "User-Agent": "ninefold"}
    if settings.webhook_secret:
        headers[SIGNATURE] = signed(body, resolve(settings.webhook_secret).value, int(time.time()))
    # no proxy of the environment, no redirect: the bytes go where the project says, or nowhere
    client = httpx2.Client(timeout=SECONDS, follow_redirects=False, trust_env=False)
    # only the status is read: what else the other side says, and how much of it, is its own affair
    with client, client.stream("POST", url, content=body, headers=headers) as answer:
        if not 200 <= answer.status_code < 300:
            raise OSError(f"{urlsplit(url).hostname} answered {answer.status_code}")


def allowed(url: str) -> None:
    """Refuses with DeniedError what no webhook is: plain HTTP to another machine, link-local addresses (there is the metadata of
    clouds), addresses that name no host.
    """
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in {"https", "http"}:
        raise DeniedError("a webhook needs https:// and a host", hint="such as https://chat.example.org/hooks/7")
    try:
        found = {_address(info[4][0]) for info in socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise OSError(f"{parts.hostname} is not found: {error}") from None
    if any(a.is_link_local or a.is_multicast or a.is_unspecified for a in found):
        raise DeniedError(f"{parts.hostname} has an address that no webhook has", hint="name a host that is reached over the network")
    if parts.scheme == "http" and not all(a.is_loopback for a in found):
        raise DeniedError(f"{parts.hostname} is another machine, and http:// can be read on the way", hint="use https://")


def _address(text: str | int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address that a packet goes to: an IPv4 address may be written as an IPv6 one."""
    address = ipaddress.ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def _mail(to: str, message: Message, smtp: str) -> None:
    server = urlsplit(smtp)
    if server.scheme not in {"smtp", "smtps"} or not server.hostname:
        raise UsageError("the mail server's URL is not understood", hint="smtp://host:587 or smtps://host:465")
    sender = (parse_qs(server.query).get("from") or [f"ninefold@{server.hostname}"])[0]
    letter = EmailMessage()
    # a header ends at a line's end: what comes after it would be another header
    letter["Subject"], letter["From"], letter["To"] = " ".join(message.subject.split())[:200], sender, to
    letter["Message-ID"] = f"<{message.id}@ninefold>"
    letter.set_content(text_of(message) + "\n")
    with _connected(server) as connection:
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(letter)


def _connected(server: SplitResult) -> smtplib.SMTP:
    """A connection to a mail server: encrypted from the start (smtps), or as soon as the server offers it. Certificates are checked,
    and a password goes in the clear to this machine only.
    """
    host, trust = server.hostname or "", ssl.create_default_context()
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(host, server.port or 465, timeout=SECONDS, context=trust)
    connection = smtplib.SMTP(host, server.port or 587, timeout=SECONDS)
    try:
        connection.ehlo()  # what the server offers is known only after this
        if connection.has_extn("starttls"):
            connection.starttls(context=trust)
        elif server.username and not _this_machine(host):
            raise DeniedError(f"{host} offers no encryption, and the password can be read on the way", hint="use smtps://, or a server with STARTTLS")
    except BaseException:  # whatever it is, it goes on to the caller; nobody else would close it
        connection.close()
        raise
    return connection


def _this_machine(host: str) -> bool:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return all(_address(info[4][0]).is_loopback for info in found)
