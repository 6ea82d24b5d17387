"""Error answers, by what to do next."""

import msgspec
import pytest
from arb_core import errors
from arb_okx import faults, wire


def refused(code: str, text: str = "no", *, outer: str = "1") -> bytes:
    """Make the answer to an order that was not taken."""
    row = {"clOrdId": "a1", "ordId": "", "tag": "", "ts": "1695190491421", "sCode": code, "sMsg": text}
    return msgspec.json.encode({"code": outer, "msg": "All operations failed", "data": [row]})


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'{"code":"51001","msg":"no such instrument","data":[]}', errors.InvalidSymbol),
        (200, b'{"code":"51603","msg":"Order does not exist","data":[]}', errors.OrderNotFound),
        (200, refused("51008"), errors.InsufficientBalance),
        (200, refused("51016"), errors.DuplicateOrder),
        (200, refused("51020"), errors.InvalidOrder),
        (200, refused("51400"), errors.OrderNotFound),
        (200, refused("51022"), errors.TradingDisabled),
        (200, refused("50037"), errors.InvalidOrder),
        (200, refused("51000", "Parameter clOrdId error"), errors.InvalidOrder),
        (400, b'{"code":"51000","msg":"Parameter instId error","data":[]}', errors.InvalidSymbol),
        (400, b'{"code":"51000","msg":"Parameter limit error","data":[]}', errors.Rejected),
        (200, b'{"code":"1","msg":"Operation failed.","data":[]}', errors.Rejected),
        (401, b'{"code":"50111","msg":"Invalid OK-ACCESS-KEY"}', errors.AuthenticationFailed),
        (401, b'{"code":"50105","msg":"Request header OK-ACCESS-PASSPHRASE incorrect."}', errors.AuthenticationFailed),
        (401, b'{"code":"50102","msg":"Timestamp request expired"}', errors.ClockSkew),
        (429, b'{"code":"50011","msg":"Too Many Requests"}', errors.RateLimitError),
        (200, b'{"code":"50011","msg":"Rate limit reached","data":[]}', errors.RateLimitError),
        (200, refused("50061"), errors.RateLimitError),
        (400, b'{"code":"50004","msg":"timeout"}', errors.ExchangeUnavailable),
        (503, b'{"code":"50001","msg":"Service temporarily unavailable"}', errors.ExchangeUnavailable),
        (200, b'{"code":"99999","msg":"?"}', errors.Rejected),
        (404, b'{"code":404,"data":{},"detailMsg":"","error_code":"404","msg":"Not Found"}', errors.Rejected),
        (400, b"<html>a proxy does not like it</html>", errors.ExchangeAPIError),
        (401, b"", errors.AuthenticationFailed),
        (502, b"<html>bad gateway</html>", errors.ExchangeUnavailable),
        (429, b"", errors.RateLimitError),
    ],
)
def test_error_is_told_by_its_code(answer, status, body, kind):
    error = faults.read(answer(status, body))
    assert error is not None
    assert type(error) is kind
    assert error.http_status == status


def test_the_reason_of_an_order_stands_above_that_of_the_answer(answer):
    error = faults.read(answer(200, refused("51008", "Insufficient USDT balance")))
    assert error is not None
    assert (error.api_code, error.message) == ("51008", "Insufficient USDT balance")


def test_orders_of_one_answer_are_left_to_its_parser(answer):
    body = refused("51400", outer="2")
    assert faults.read_each(answer(200, body)) is None
    assert type(faults.read(answer(200, body))) is errors.OrderNotFound
    assert type(faults.read_each(answer(200, b'{"code":"50011","msg":"slow down","data":[]}'))) is errors.RateLimitError
    assert type(faults.read_each(answer(200, b'{"code":"1","msg":"failed","data":[]}'))) is errors.Rejected


@pytest.mark.parametrize("code", [None, "", "0"])
def test_outcome_without_a_code_is_none(code):
    assert faults.outcome(wire.Outcome(sCode=code)) is None


@pytest.mark.parametrize("body", [b'{"code":"0","msg":"","data":[]}', b'{"code":0,"data":[["1"]]}'])
def test_success_is_told_by_the_code(answer, body):
    assert faults.read(answer(200, body)) is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"msg":""}', b'{"code":null}'])
def test_success_of_another_shape_is_no_success(answer, body):
    with pytest.raises(msgspec.MsgspecError):
        faults.read(answer(200, body))


DOCUMENTED = {
    errors.InvalidSymbol: "51001 51015",
    errors.InsufficientBalance: "51008 51119 51127 51131 51502",
    errors.OrderNotFound: "51063 51400 51401 51402 51410 51503 51509 51510 51603",
    errors.DuplicateOrder: "51011 51016",
    errors.InvalidOrder: (
        "50037 50122 51004 51005 51006 51020 51025 51100 51102 51109 51110 51116 51120 51121 51122 51124 51136 51137 "
        "51138 51140 51150 51201 51202 51203 51511"
    ),
    errors.TradingDisabled: "50032 50033 50052 51021 51022 51087 51155",
    errors.AuthenticationFailed: (
        "50007 50012 50027 50028 50029 50030 50035 50100 50101 50103 50104 50105 50106 50107 50110 50111 50112 50113 "
        "50114 50119 50120 50121 51024"
    ),
    errors.ClockSkew: "50036 50102",
    errors.RateLimitError: "50011 50040 50061",
    errors.Rejected: "1 2 50000 50002 50006 50014 50015 50016 50024 50025 50115 51000 51003 51010 51500 51513",
    errors.ExchangeUnavailable: "50001 50004 50005 50013 50026 51054 51149 51412",
}
"""OKX's error table, as far as spot accounts can meet it, by what it means."""


def test_every_documented_code_is_in_the_table():
    assert {code: kind for kind, codes in DOCUMENTED.items() for code in codes.split()} == faults.CODES


@pytest.mark.parametrize(("code", "kind"), faults.CODES.items())
def test_every_code_makes_its_error(code, kind):
    error = faults.error(code, "text")
    assert type(error) is kind
    assert error.api_code == code
