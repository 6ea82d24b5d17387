"""Error answers, by what to do next."""

import json

import pytest
from arb_bitget import faults
from arb_core import errors


def body(code: object, message: str = "text") -> bytes:
    return json.dumps({"code": code, "msg": message, "requestTime": 1, "data": None}).encode()


@pytest.mark.parametrize(
    ("status", "answered", "kind"),
    [
        (400, body("40034", "Parameter BTCUSDX does not exist"), errors.InvalidSymbol),
        (400, body("40034", "Parameter type does not exist"), errors.Rejected),
        (400, body("43012", "Insufficient balance"), errors.InsufficientBalance),
        (400, body("43001", "The order does not exist"), errors.OrderNotFound),
        (400, body("43118", "clientOrderId duplicate"), errors.DuplicateOrder),
        (400, body("45110", "less than the minimum amount 5 USDT"), errors.InvalidOrder),
        (400, body("43120", "not open"), errors.TradingDisabled),
        (400, body("40009", "sign signature error"), errors.AuthenticationFailed),
        (400, body("40008", "Request timestamp expired"), errors.ClockSkew),
        (200, body("43012", "Insufficient balance"), errors.InsufficientBalance),
        (400, body(43012, "a number"), errors.InsufficientBalance),
        (400, body("40010", "Request timed out"), errors.ExchangeUnavailable),
        (429, body("429", "Too Many Requests"), errors.RateLimitError),
        (400, body("99999", "something new"), errors.Rejected),
        (400, b'{"requestTime":1}', errors.ExchangeAPIError),
        (400, b"<html>a proxy does not like it</html>", errors.ExchangeAPIError),
        (401, b"", errors.AuthenticationFailed),
        (502, b"<html>bad gateway</html>", errors.ExchangeUnavailable),
        (429, b"", errors.RateLimitError),
        (418, b"", errors.RateLimitError),
    ],
)
def test_error_is_told_by_its_code(answer, status, answered, kind):
    error = faults.read(answer(status, answered))
    assert error is not None
    assert type(error) is kind
    assert error.http_status == status


def test_message_may_be_called_otherwise(answer):
    error = faults.read(answer(400, b'{"code":"43001","message":"The order does not exist"}'))
    assert error is not None
    assert error.message == "The order does not exist"


@pytest.mark.parametrize("answered", [body("00000", "success"), b'{"code":"00000","message":"success"}', b"{}"])
def test_success_is_told_by_its_code(answer, answered):
    assert faults.read(answer(200, answered)) is None


DOCUMENTED = {
    errors.InvalidSymbol: "40102 42016 40072 43048",
    errors.InsufficientBalance: "43012 40754 45002 43132 25202",
    errors.OrderNotFound: "43001 31007 25204 22001",
    errors.DuplicateOrder: "43118 40786 25212",
    errors.InvalidOrder: (
        "40304 40305 43008 43009 43039 43040 43028 40815 40816 25205 25206 25244 43006 40808 40809 22038 25207 25208 "
        "43010 43027 43037 43042 45110 45113 25611"
    ),
    errors.TradingDisabled: "41113 41114 43120 25101 25102 25103",
    errors.AuthenticationFailed: "40001 40002 40003 40006 40009 40011 40012 40036 40014 40018 40038 40037",
    errors.ClockSkew: "40005 40008",
    errors.RateLimitError: "429 25004",
    errors.ExchangeUnavailable: "40015 40010 40725 25000 25001 45001",
    errors.Rejected: "40034 40017 40019 40020 40404",
}
"""Bitget's error table and what users report, by what it means."""


def test_every_documented_code_is_in_the_table():
    assert {code: kind for kind, codes in DOCUMENTED.items() for code in codes.split()} == faults.CODES


@pytest.mark.parametrize(("code", "kind"), faults.CODES.items())
def test_every_code_makes_its_error(code, kind):
    error = faults.error(code, "text")
    assert type(error) is kind
    assert error.api_code == code
