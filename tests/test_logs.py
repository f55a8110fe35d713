"""Logs: plain or JSON, and never with a secret."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from ninefold import logs


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    logger = logging.getLogger("ninefold")
    before = (list(logger.handlers), logger.level, logger.propagate)
    yield
    logger.handlers[:], logger.level, logger.propagate = before
    logs._secrets.clear()


@pytest.mark.parametrize("form", ["plain", "json"])
@pytest.mark.parametrize(
    "text",
    [
        "postgresql://me:s3cret-x@db/x",
        "Authorization: Bearer s3cret-x",
        '{"password": "s3cret-x"}',
        "AWS_SECRET_ACCESS_KEY=s3cret-x",
        "api-key: s3cret-x",
        "sent bearer s3cret-x",
    ],
)
def test_a_secret_is_not_logged(form: str, text: str) -> None:
    stream = io.StringIO()
    logs.setup(form, stream=stream)  # type: ignore[arg-type]
    logging.getLogger("ninefold.x").warning("%s", text, extra={"detail": text, "token": "s3cret-x"})
    assert "s3cret-x" not in stream.getvalue()
    assert "***" in stream.getvalue()


def test_a_secret_inside_of_what_is_logged_beside_is_not_logged() -> None:
    stream = io.StringIO()
    logs.hide("hunter22")
    logs.setup("json", stream=stream)
    beside = {"body": {"password": "s3cret-x", "note": "it is hunter22"}, "urls": ["postgresql://me:s3cret-x@db/x"]}
    logging.getLogger("ninefold.x").warning("sent", extra=beside)
    said = json.loads(stream.getvalue())
    assert (said["body"], said["urls"]) == ({"password": "***", "note": "it is ***"}, ["postgresql://me:***@db/x"])


def test_a_resolved_secret_is_hidden_wherever_it_appears() -> None:
    logs.hide("hunter22")
    assert logs.redacted("odd place hunter22!") == "odd place ***!"


def test_json_lines_carry_extras_and_errors() -> None:
    stream = io.StringIO()
    logs.setup("json", stream=stream)
    try:
        raise KeyError("x")
    except KeyError:
        logging.getLogger("ninefold.x").exception("it failed", extra={"step": "table departures"})
    said = json.loads(stream.getvalue())
    assert (said["level"], said["message"], said["step"]) == ("error", "it failed", "table departures")
    assert "KeyError" in said["error"]


def test_setting_up_twice_says_things_once() -> None:
    first, second = io.StringIO(), io.StringIO()
    logs.setup(stream=first)
    logs.setup(stream=second)
    logging.getLogger("ninefold.x").warning("once")
    assert (first.getvalue(), second.getvalue().count("once")) == ("", 1)
