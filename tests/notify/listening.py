"""Servers on this machine that take mail and webhooks, and keep what they were sent."""

import datetime as dt
import ipaddress
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Mail(socketserver.StreamRequestHandler):
    """Enough of SMTP (RFC 5321, 3207) for a client to hand over a letter."""

    def handle(self) -> None:
        server: Any = self.server
        encrypted = False
        self.say("220 localhost")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "EHLO":
                offers = ["AUTH PLAIN", *(["STARTTLS"] if server.certificate and not encrypted else []), "8BITMIME"]
                for offer in ["localhost", *offers[:-1]]:
                    self.say(f"250-{offer}")
                self.say(f"250 {offers[-1]}")
            elif verb == "STARTTLS":
                self.say("220 go on")
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(server.certificate)
                try:
                    self.connection = context.wrap_socket(self.request, server_side=True)
                except OSError:
                    return
                self.rfile, self.wfile, encrypted = self.connection.makefile("rb"), self.connection.makefile("wb"), True
            elif verb == "AUTH":
                server.passwords.append((encrypted, line.split()[-1]))
                self.say("235 welcome")
            elif verb == "DATA":
                self.say("354 go on")
                server.letters.append((encrypted, self.letter()))
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 yes")

    def letter(self) -> str:
        lines = []
        while (line := self.rfile.readline().decode().rstrip("\r\n")) != ".":
            lines.append(line)
        return "\n".join(lines)

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()


class Hook(BaseHTTPRequestHandler):
    """Keeps headers and body; answers what ``statuses`` say in turn, then 204."""

    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.taken.append((dict(self.headers), body))
        self.send_response(server.statuses.pop(0) if server.statuses else 204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None: ...


@contextmanager
def serving(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def mail_server(certificate: Path | None = None) -> Any:
    server: Any = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
    server.certificate, server.letters, server.passwords = certificate, [], []
    return serving(server)


def hook_server(*statuses: int) -> Any:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.taken, server.statuses = [], list(statuses)
    return serving(server)


def certificate(folder: Path) -> Path:
    """A certificate for this machine that signs itself, with its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path
