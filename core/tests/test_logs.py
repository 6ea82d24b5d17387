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
        "GET https://host/api/v4/spot/orders?currency_pair=BTC_USDT&sign=SECRETSECRET",
        "url=https%3A%2F%2Fhost%2F%3Fsignature%3DSECRETSECRET%26timestamp%3D1",
        "signature=SECRET%2BSECRET%3D%3D&x=1",
        "{'KEY': 'SECRETSECRET', 'SIGN': 'SECRETSECRET', 'Timestamp': '1'}",
        '{"method":"api_key","KEY":"SECRETSECRET","SIGN":"SECRETSECRET"}',
        "[('KEY', 'SECRETSECRET'), ('SIGN', 'SECRETSECRET')]",
        '{"apiKey":"SECRETSECRET","signature":"SECRETSECRET","timestamp":1}',
        "[('X-MBX-APIKEY', 'SECRETSECRET')]",
        "('api_secret', 'SECRETSECRET')",
        "Authorization: Basic SECRETSECRET",
        "postgresql://arb:SECRETSECRET@db.example/arb",
        "wss://stream.example:9443/ws/" + "SECRETSECRET" * 6,
    ],
)
def test_what_looks_like_a_secret_is_blotted_out(text):
    redactor = Redactor()
    redactor.learn("pa55-phrase-known", None, "")
    clean = redactor.redact(text)
    assert "SECRET" not in clean.replace("API_SECRET", "").replace("api_secret", "")
    assert "timestamp" not in text or "timestamp" in clean
    assert "pa55" not in clean
    assert "***" in clean


@pytest.mark.parametrize(
    "text",
    [
        "BTC/USDT gap at 17: resync",
        "design = 3",
        "assigned: mexc",
        "tokens: 12 left of 500",
        "wss://stream.example/ws/btcusdt@depth",
        "https://host:8443/path",
        "a basic rate of 0.1 %",
        "the key: works",
        "sha256 " + "ab" * 32,
    ],
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


KEY, SECRET, PHRASE = "marked-key-0123456789", "marked-secret-0123456789", "marked-phrase-0123456789"


def raise_through(depth):
    if depth:
        raise_through(depth - 1)
    error = ValueError(f"refused: {SECRET}")
    error.add_note(f"tried with {KEY}")
    try:
        raise error
    except ValueError as inner:
        raise RuntimeError(f"GET /account?timestamp=1&signature=deadbeefdeadbeef by {PHRASE}") from inner


@pytest.mark.parametrize("json", [True, False])
def test_learned_secrets_appear_nowhere_whatever_is_logged(capsys, json):
    with logging_to_stderr(logging.DEBUG, json=json) as redactor:
        redactor.learn(KEY, SECRET, PHRASE)
        log.debug("plain %s in %r", SECRET, {"a": [KEY]})
        log.info("%(key)s", {"key": KEY})
        log.warning("stack of %s", PHRASE, stack_info=True)
        try:
            raise_through(2)
        except RuntimeError:
            log.exception("failed for %s", KEY)
        record = logging.LogRecord("arb_x", logging.ERROR, __file__, 1, "ready made", None, None)
        record.exc_text = f"formatted before: {SECRET}"
        logging.getLogger("arb_x").handle(record)
        logging.getLogger("asyncio").error("Task exception was never retrieved: %r", ValueError(SECRET))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("***") >= 10
    for secret in (KEY, SECRET, PHRASE, "deadbeef"):
        assert secret not in err
    assert "timestamp=1" in err
    assert "Logging error" not in err


def test_arguments_that_do_not_fit_their_message_are_blotted_out_as_well():
    # `logging` itself would print them as they are
    redactor = Redactor()
    redactor.learn(KEY, SECRET)
    for message, arguments in (("number %d", (SECRET,)), ("nothing", (KEY, SECRET)), ("%(a)s", ({"b": KEY},))):
        record = logging.LogRecord("arb_x", logging.ERROR, __file__, 1, message, arguments, None)
        text = redactor.clean(record).getMessage()
        assert message in text
        assert "marked" not in text


def test_errors_that_reach_the_border_of_the_process_are_blotted_out(capsys, monkeypatch):
    import click
    from arb_core.cli import main as room
    from arb_core.cli.options import keep_secret, standard

    @click.command("leak")
    @standard
    def leak(*, as_json):
        keep_secret(SECRET, None)
        raise_through(0)

    monkeypatch.setattr(room.group, "get_command", lambda *_: leak)
    monkeypatch.setattr(room.group, "list_commands", lambda *_: ["leak"])
    for options in ([], ["--debug"]):
        with pytest.raises(SystemExit) as ended:
            room.main(["leak", *options])
        err = capsys.readouterr().err
        assert ended.value.code == 1
        assert "signature=***" in err
        assert "deadbeef" not in err
        assert SECRET not in err
    assert "refused: ***" in err
