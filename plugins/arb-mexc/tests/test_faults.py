"""Error answers, by what to do next."""

import pytest
from arb_core import errors
from arb_mexc import faults


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"code":-1121,"msg":"Invalid symbol."}', errors.InvalidSymbol),
        (400, b'{"code":10007,"msg":"bad symbol","_extend":null}', errors.InvalidSymbol),
        (400, b'{"code":30016,"msg":"trading disabled"}', errors.TradingDisabled),
        (400, b'{"code":30004,"msg":"Insufficient position"}', errors.InsufficientBalance),
        (400, b'{"code":-2011,"msg":"Unknown order sent"}', errors.OrderNotFound),
        (
            400,
            b'{"code":30002,"msg":"The minimum transaction volume cannot be less than:0.5USDT"}',
            errors.InvalidOrder,
        ),
        (400, b'{"code":700002,"msg":"Signature for this request is not valid."}', errors.AuthenticationFailed),
        (401, b'{"code":700006,"msg":"IP [1.2.3.4] not in the ip white list"}', errors.AuthenticationFailed),
        (400, b'{"code":700003,"msg":"Timestamp for this request is outside of the recvWindow."}', errors.ClockSkew),
        (400, b'{"code":"730708","msg":"listen key"}', errors.Rejected),
        (400, b'{"code":1234567,"msg":"clientOrderId already exists"}', errors.DuplicateOrder),
        (400, b'{"code":1234567,"msg":"something new"}', errors.Rejected),
        (200, b'{"code":1234567,"msg":"something new"}', errors.ExchangeAPIError),
        (400, b"<html>a proxy does not like it</html>", errors.ExchangeAPIError),
        (401, b"", errors.AuthenticationFailed),
        (429, b'{"code":429,"msg":"Too Many Requests"}', errors.RateLimitError),
        (418, b'{"code":429,"msg":"Too Many Requests"}', errors.RateLimitError),
        (403, b"<html>firewall</html>", errors.RateLimitError),
        (503, b'{"code":503,"msg":"service not available"}', errors.ExchangeUnavailable),
        (502, b"<html>bad gateway</html>", errors.ExchangeUnavailable),
        (200, b'{"code":10007,"msg":"bad symbol"}', errors.InvalidSymbol),
    ],
)
def test_error_is_told_by_its_code(answer, status, body, kind):
    error = faults.read(answer(status, body))
    assert error is not None
    assert type(error) is kind
    assert error.http_status == status


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b'{"serverTime":1645539742000}',
        b'{"code":0,"msg":"success","data":{}}',
        b'{"code":200,"data":["GENE1USDT"],"msg":null}',
    ],
)
def test_success_may_be_wrapped_in_a_code(answer, body):
    assert faults.read(answer(200, body)) is None


def test_ban_is_told_by_the_status(answer):
    limited = faults.read(answer(429, b'{"code":429,"msg":"Too Many Requests"}'))
    banned = faults.read(answer(418, b'{"code":429,"msg":"Too Many Requests"}'))
    assert isinstance(limited, errors.RateLimitError)
    assert isinstance(banned, errors.RateLimitError)
    assert (limited.banned, banned.banned) == (False, True)


def test_venue_code_and_text_are_kept(answer):
    error = faults.read(answer(400, b'{"code":"730708","msg":"listen key"}'))
    assert error is not None
    assert (error.api_code, error.message) == (730708, "listen key")


DOCUMENTED = {
    errors.InvalidSymbol: {-1121, 10007, 30014, 30021, 730001},
    errors.TradingDisabled: {30000, 30001, 30016, 30018, 30019, 30020, 30041, 70011, 11444},
    errors.InsufficientBalance: {10101, 30004, 30005},
    errors.OrderNotFound: {-2011, -2013, 30026, 22222},
    errors.InvalidOrder: {
        30010, 30087, 10095, 10096, 10097, 10102, 30002, 30003, 88013, 30027, 30028, 30029, 30032, 30025,
    },
    errors.AuthenticationFailed: {
        400, 401, 402, 403, 602, 10072, 700001, 700002, 700006, 700007, 700013, 730706, 10001, 60005, 730100,
    },
    errors.ClockSkew: {700003, 10073},
    errors.Rejected: {700004, 700005, 700008, 33333, 44444, -1128, 26, 730002, 730708},
    errors.RateLimitError: {429, 510},
    errors.ExchangeUnavailable: {500, 503, 504, 604, 801, 20002, 730000},
}  # fmt: skip
"""MEXC's error table and what users report, by what it means."""


def test_every_documented_code_is_in_the_table():
    assert {code: kind for kind, codes in DOCUMENTED.items() for code in codes} == faults.CODES


@pytest.mark.parametrize(("code", "kind"), faults.CODES.items())
def test_every_code_makes_its_error(code, kind):
    error = faults.error(code, "text")
    assert type(error) is kind
    assert error.api_code == code
