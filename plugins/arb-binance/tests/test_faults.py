"""Error answers, by what to do next."""

import pytest
from arb_binance import faults
from arb_core import errors


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"code":-1121,"msg":"Invalid symbol."}', errors.InvalidSymbol),
        (400, b'{"code":-2010,"msg":"Market is closed."}', errors.TradingDisabled),
        (
            400,
            b'{"code":-2010,"msg":"Account has insufficient balance for requested action."}',
            errors.InsufficientBalance,
        ),
        (400, b'{"code":-2010,"msg":"Duplicate order sent."}', errors.DuplicateOrder),
        (400, b'{"code":-2010,"msg":"Order would immediately match and take."}', errors.InvalidOrder),
        (400, b'{"code":-1013,"msg":"Filter failure: LOT_SIZE"}', errors.InvalidOrder),
        (400, b'{"code":-2011,"msg":"Unknown order sent."}', errors.OrderNotFound),
        (400, b'{"code":-2011,"msg":"Something else."}', errors.Rejected),
        (400, b'{"code":-2013,"msg":"Order does not exist."}', errors.OrderNotFound),
        (401, b'{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}', errors.AuthenticationFailed),
        (400, b'{"code":-1022,"msg":"Signature for this request is not valid."}', errors.AuthenticationFailed),
        (400, b'{"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}', errors.ClockSkew),
        (400, b'{"code":-1102,"msg":"Mandatory parameter was not sent"}', errors.Rejected),
        (400, b'{"code":-9999,"msg":"something new"}', errors.Rejected),
        (400, b"<html>a proxy does not like it</html>", errors.ExchangeAPIError),
        (400, b'{"msg":"who speaks here?"}', errors.ExchangeAPIError),
        (401, b"", errors.AuthenticationFailed),
        (429, b'{"code":-1003,"msg":"Too many requests"}', errors.RateLimitError),
        (418, b'{"code":-1003,"msg":"IP banned"}', errors.RateLimitError),
        (429, b'{"code":-1015,"msg":"Too many new orders"}', errors.RateLimitError),
        (403, b"<html>firewall</html>", errors.RateLimitError),
        (503, b'{"code":-1007,"msg":"Timeout waiting for response from backend server."}', errors.ExchangeUnavailable),
        (502, b"<html>bad gateway</html>", errors.ExchangeUnavailable),
    ],
)
def test_error_is_told_by_code_and_text(answer, status, body, kind):
    error = faults.read(answer(status, body))
    assert error is not None
    assert type(error) is kind
    assert error.http_status == status


def test_error_of_the_documentation(answer, sample):
    error = faults.read(answer(400, sample("rest_error.json")))
    assert type(error) is errors.InvalidSymbol
    assert (error.api_code, error.message) == (-1121, "Invalid symbol.")


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"serverTime":1}'])
def test_success_is_told_by_the_status(answer, body):
    assert faults.read(answer(200, body)) is None


def test_ban_is_told_by_the_status(answer):
    limited = faults.read(answer(429, b'{"code":-1003,"msg":"Too many requests"}'))
    banned = faults.read(answer(418, b'{"code":-1003,"msg":"IP banned"}'))
    assert isinstance(limited, errors.RateLimitError)
    assert isinstance(banned, errors.RateLimitError)
    assert (limited.banned, banned.banned) == (False, True)


DOCUMENTED = {
    errors.InvalidSymbol: {-1121, -1220},
    errors.OrderNotFound: {-2013, -2026, -2039},
    errors.InvalidOrder: {-1013, -1111, -1115, -1116, -1117, -2010},
    errors.AuthenticationFailed: {-1002, -1022, -2014, -2015},
    errors.ClockSkew: {-1021},
    errors.RateLimitError: {-1003, -1015, -1034},
    errors.Rejected: {-1100, -1102, -1104, -1106, -1114, -1120, -1128, -1130, -2011, -2035},
    # Nobody knows what became of the request, or it may have been too busy to say.
    errors.ExchangeUnavailable: {-1000, -1001, -1006, -1007, -1008, -1016},
}
"""Binance's error table, by what it means; -2010 and -2011 have texts besides."""


def test_every_documented_code_is_in_the_table():
    assert {code: kind for kind, codes in DOCUMENTED.items() for code in codes} == faults.CODES


@pytest.mark.parametrize(("code", "kind"), faults.CODES.items())
def test_every_code_makes_its_error(code, kind):
    error = faults.error(code, "text")
    assert type(error) is kind
    assert error.api_code == code


@pytest.mark.parametrize(("code_and_text", "kind"), faults.TEXTS.items())
def test_every_text_makes_its_error(code_and_text, kind):
    assert type(faults.error(*code_and_text)) is kind
