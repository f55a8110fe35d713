"""Messages reach log, webhooks and mail; servers on this machine take them."""

import email
import hashlib
import hmac
import json
import logging
import ssl
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ninefold import config
from ninefold.config import Settings
from ninefold.errors import DeniedError, UsageError
from ninefold.ledger import Ledger
from ninefold.notify import outbox
from ninefold.notify.channels import channel
from ninefold.notify.courier import Courier

sys.path.append(str(Path(__file__).parent))

from listening import certificate, hook_server, mail_server

MESSAGE = outbox.Message("m1", "shop", "", "Quality fell", {"text": "Calibration is off."}, "waiting", 0, 0, 0, None, "")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return config.load(tmp_path)


@pytest.fixture
def ledger(tmp_path: Path) -> Any:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}", home=tmp_path) as opened:
        yield opened


def mailing(settings: Settings, server: Any, user: str = "") -> Settings:
    return replace(settings, smtp=f"smtp://{user}127.0.0.1:{server.server_address[1]}/?from=ninefold@example.org")


def test_a_letter_says_what_happened(settings: Settings) -> None:
    with mail_server() as server:
        channel("mailto:ada@example.org", mailing(settings, server))(MESSAGE)
    letter = email.message_from_string(server.letters[0][1])
    assert (letter["To"], letter["From"], letter["Subject"]) == ("ada@example.org", "ninefold@example.org", "Quality fell")
    assert "Calibration is off." in letter.get_payload()


def test_a_subject_of_several_lines_makes_no_header(settings: Settings) -> None:
    with mail_server() as server:
        channel("mailto:ada@example.org", mailing(settings, server))(outbox.Message(**{**as_dict(), "subject": "a\r\nBcc: eve@example.org"}))
    assert email.message_from_string(server.letters[0][1])["Bcc"] is None


def as_dict() -> dict[str, Any]:
    return {name: getattr(MESSAGE, name) for name in MESSAGE.__struct_fields__}


def test_mail_is_encrypted_where_the_server_offers_it(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with mail_server(path) as server:
        channel("mailto:ada@example.org", mailing(settings, server, "me:s3cret@"))(MESSAGE)
    assert [encrypted for encrypted, _ in (*server.passwords, *server.letters)] == [True, True]


def test_a_mail_server_that_nobody_vouches_for_gets_nothing(settings: Settings, tmp_path: Path) -> None:
    with mail_server(certificate(tmp_path)) as server, pytest.raises(ssl.SSLCertVerificationError):
        channel("mailto:ada@example.org", mailing(settings, server, "me:s3cret@"))(MESSAGE)
    assert (server.passwords, server.letters) == ([], [])


def test_without_a_mail_server_the_setting_is_named(settings: Settings) -> None:
    with pytest.raises(UsageError) as caught:
        channel("mailto:ada@example.org", settings)(MESSAGE)
    assert "NINEFOLD_SMTP" in caught.value.hint


def test_a_webhook_is_signed_and_carries_its_key(settings: Settings) -> None:
    with hook_server() as server:
        channel(f"http://127.0.0.1:{server.server_port}/alerts", replace(settings, webhook_secret="k3y"))(MESSAGE)
    headers, body = server.taken[0]
    at, mac = (part.partition("=")[2] for part in headers["Ninefold-Signature"].split(","))
    assert mac == hmac.new(b"k3y", f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert (headers["Idempotency-Key"], json.loads(body)["text"]) == ("m1", "Calibration is off.")


def test_a_connection_is_a_webhook(settings: Settings) -> None:
    with hook_server() as server:
        told = replace(settings, connections={"slack": f"http://127.0.0.1:{server.server_port}/T0/B0"})
        channel("slack:replenishment", told)(MESSAGE)
    assert json.loads(server.taken[0][1]) == {"channel": "replenishment", "text": "Quality fell\n\nCalibration is off."}


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest/meta-data", "http://0.0.0.0/x", "http://192.0.2.1/x", "https://[::ffff:169.254.169.254]/"]
)
def test_what_is_no_webhook_is_refused(settings: Settings, url: str) -> None:
    with pytest.raises(DeniedError):
        channel(url, settings)(MESSAGE)


def test_a_refused_message_goes_again_under_its_key_until_it_is_taken(settings: Settings, ledger: Ledger) -> None:
    clock = [outbox.now()]
    courier = Courier(ledger, settings, clock=lambda: clock[0])
    with hook_server(503) as server:
        ledger.write(lambda tx: outbox.post(tx, "shop", [f"http://127.0.0.1:{server.server_port}/x"], "Quality fell", {}, at=1))
        clock[0] += 1_000_000
        assert (courier.deliver(), courier.deliver()) == (0, 0)
        assert "answered 503" in outbox.undelivered(ledger, "shop")[0].error
        clock[0] += 11_000_000
        assert courier.deliver() == 1
    assert len({headers["Idempotency-Key"] for headers, _ in server.taken}) == 1
    assert (len(server.taken), outbox.undelivered(ledger, "shop")) == (2, [])


def test_a_replay_tells_nobody_outside(settings: Settings, ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    with hook_server() as server, caplog.at_level(logging.INFO, "ninefold.notify"):
        urls = [f"http://127.0.0.1:{server.server_port}/x", "log://"]
        ledger.write(lambda tx: outbox.post(tx, "shop", urls, "Quality fell", {"text": "Calibration is off."}, at=1))
        Courier(ledger, settings, quiet=True).deliver()
    assert (server.taken, [r.getMessage() for r in caplog.records]) == ([], ["Quality fell: Calibration is off."])


def test_a_courier_ends_with_its_ledger(ledger: Ledger, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    courier = Courier(ledger, settings)
    courier.start()
    thread = courier._thread
    assert thread is not None
    ledger.close()
    courier.wake()
    thread.join(5)
    assert not thread.is_alive()
    assert caplog.records == []
