import json
import logging
import sys

import pytest
from arb_core.logs import Redactor, logging_to_stderr

log = logging.getLogger("arb_test.room")


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/v3/order?symbol=BTCUSDT&signature=SECRETSECRET&timestamp=1",
        "headers {'X-MEXC-APIKEY': 'SECRETSECRET', 'Accept': 'json'}",
        '{"listenKey":"SECRETSECRET"}',
        "wss://host/ws?listenKey=SECRETSECRET",
        "wss://host/endpoint?token=SECRETSECRET&connectId=1",
        "api_secret = SECRETSECRET",
        "ARB_MEXC_API_PASSPHRASE=SECRETSECRET",
        "Authorization: Bearer SECRETSECRET",
        "('OK-ACCESS-SIGN', 'SECRETSECRET')",
        "KC-API-PASSPHRASE: SECRETSECRET",
        "signed with pa55-phrase-known",
    ],
)
def test_what_looks_like_a_secret_is_blotted_out(text):
    redactor = Redactor()
    redactor.learn("pa55-phrase-known", None, "")
    clean = redactor.redact(text)
    assert "SECRET" not in clean.replace("API_SECRET", "").replace("api_secret", "")
    assert "pa55" not in clean
    assert "***" in clean


@pytest.mark.parametrize(
    "text", ["BTC/USDT gap at 17: resync", "design = 3", "assigned: mexc", "tokens: 12 left of 500"]
)
def test_plain_words_stay(text):
    assert Redactor().redact(text) == text


def test_text_goes_to_stderr_through_the_queue(capsys):
    with logging_to_stderr(logging.INFO):
        log.info("connected to %s", "mexc")
        log.debug("not at this level")
    out, err = capsys.readouterr()
    assert out == ""
    assert "INFO" in err
    assert "arb_test.room: connected to mexc" in err
    assert "not at this level" not in err


def test_json_has_one_object_a_line(capsys):
    with logging_to_stderr(logging.INFO, json=True):
        log.info("first\nwith a second line")
        try:
            int("signature=SECRETSECRET")
        except ValueError:
            log.exception("failed")
    first, second = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (first["level"], first["logger"], first["message"]) == ("INFO", "arb_test.room", "first\nwith a second line")
    assert first["ts"].endswith("+00:00")
    assert "invalid literal for int() with base 10: 'signature=***" in second["error"]
    assert "SECRET" not in second["error"]


def test_other_libraries_are_heard_from_warning_upwards(capsys):
    with logging_to_stderr(logging.DEBUG):
        logging.getLogger("asyncio").info("chatter")
        logging.getLogger("asyncio").warning("slow callback")
    err = capsys.readouterr().err
    assert "chatter" not in err
    assert "slow callback" in err


def test_everything_is_as_before_afterwards():
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    with logging_to_stderr(logging.DEBUG):
        assert root.level == logging.DEBUG
    assert (root.level, list(root.handlers)) == before


def test_the_stream_is_looked_up_for_each_line(monkeypatch, capsys):
    class Table:
        def __init__(self):
            self.text = ""

        def write(self, text):
            self.text += text

        def flush(self): ...

    table = Table()
    with logging_to_stderr(logging.INFO):
        monkeypatch.setattr(sys, "stderr", table)
        log.info("above the table")
    assert "above the table" in table.text
    assert capsys.readouterr().err == ""


def test_record_of_another_handler_stays_untouched():
    seen = []

    class Keep(logging.Handler):
        def emit(self, record):
            seen.append(record.getMessage())

    root = logging.getLogger()
    with logging_to_stderr(logging.INFO):
        keep = Keep()
        root.addHandler(keep)
        try:
            log.info("token=%s", "SECRETSECRET")
        finally:
            root.removeHandler(keep)
    assert seen == ["token=SECRETSECRET"]
