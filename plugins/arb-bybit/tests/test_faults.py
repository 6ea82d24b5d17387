"""Error answers, by what to do next."""

import msgspec
import pytest
from arb_bybit import faults
from arb_core import errors


def body(code: int, message: str) -> bytes:
    return msgspec.json.encode({"retCode": code, "retMsg": message, "result": {}, "retExtInfo": {}, "time": 1})


@pytest.mark.parametrize(
    ("status", "answered", "kind"),
    [
        (200, body(170121, "Invalid symbol."), errors.InvalidSymbol),
        (200, body(10001, "params error: symbol invalid"), errors.InvalidSymbol),
        (200, body(10001, "Not supported symbols"), errors.InvalidSymbol),
        (200, body(10001, "params error: orderLinkId invalid"), errors.InvalidOrder),
        (200, body(10001, "params error: qty invalid"), errors.InvalidOrder),
        (200, body(10001, "Illegal category"), errors.Rejected),
        (200, body(170151, "The trading pair is not open yet"), errors.TradingDisabled),
        (200, body(170131, "Balance insufficient"), errors.InsufficientBalance),
        (200, body(170140, "Order value exceeded lower limit"), errors.InvalidOrder),
        (200, body(170213, "Order does not exist."), errors.OrderNotFound),
        (200, body(170141, "Duplicate clientOrderId"), errors.DuplicateOrder),
        (200, body(10004, "Error sign"), errors.AuthenticationFailed),
        (401, body(10003, "API key is invalid."), errors.AuthenticationFailed),
        (200, body(10002, "The request time exceeds the time window range."), errors.ClockSkew),
        (200, body(10006, "Too many visits!"), errors.RateLimitError),
        (200, body(10016, "Server error."), errors.ExchangeUnavailable),
        (200, body(429, "The trading service is experiencing a high server load."), errors.ExchangeUnavailable),
        (200, body(10000, "Server Timeout"), errors.ExchangeUnavailable),
        (200, body(170146, "Order creation timeout"), errors.ExchangeUnavailable),
        (200, body(999_999, "?"), errors.Rejected),
        (401, b"", errors.AuthenticationFailed),
        (404, b"404 page not found", errors.ExchangeAPIError),
        (429, b"", errors.RateLimitError),
        (502, b"<html>bad gateway</html>", errors.ExchangeUnavailable),
        (400, b"<html>a proxy does not like it</html>", errors.ExchangeAPIError),
    ],
)
def test_error_is_told_by_its_code(answer, status, answered, kind):
    error = faults.read(answer(status, answered))
    assert error is not None
    assert type(error) is kind
    assert error.http_status == status


def test_success_is_told_by_its_code(answer):
    assert faults.read(answer(200, body(0, "OK"))) is None


@pytest.mark.parametrize("answered", [b"", b"<html>", b"{}", b'{"retCode":null}', b'{"retCode":"x"}', b"[]"])
def test_answer_without_a_code_is_no_success(answer, answered):
    with pytest.raises(msgspec.MsgspecError):
        faults.read(answer(200, answered))


@pytest.mark.parametrize("said", [b"access too frequent", b'{"retCode":10018,"retMsg":"Access too frequent"}'])
def test_ban_of_an_address_lasts_ten_minutes(answer, said):
    error = faults.read(answer(403, said))
    assert isinstance(error, errors.RateLimitError)
    assert (error.banned, error.retry_after_ns) == (True, 600 * 10**9)


def test_country_that_is_refused_is_no_ban(answer):
    refused = faults.read(answer(403, b"<html>configured to block access from your country</html>"))
    assert type(refused) is errors.ExchangeAPIError


def test_limit_of_an_account_is_no_ban(answer):
    error = faults.read(answer(200, body(10006, "Too many visits!")))
    assert isinstance(error, errors.RateLimitError)
    assert (error.banned, error.retry_after_ns, error.api_code) == (False, None, 10006)


DOCUMENTED = {
    errors.InvalidSymbol: "10029 170121 170221",
    errors.TradingDisabled: ("10008 10024 10027 170151 170157 170209 170217 170219 170220 170224 170241 3100197"),
    errors.InsufficientBalance: "170131 170033 110004 110007 110012",
    errors.OrderNotFound: "170213 170143 110001 170139 170142 170190 110008 110010",
    errors.DuplicateOrder: "170141 110072",
    errors.InvalidOrder: (
        "170132 170133 170134 170192 170193 170194 170218 110003 170136 170135 170124 170137 170148 110017 170140 110094 "
        "170115 170116 170117 170130 170105 170159 170195 170196 170197 170198 170199 170200 170210 170228 170229 170313 "
        "170341 170371 170372 170381 170382"
    ),
    errors.AuthenticationFailed: "10003 10004 10005 10007 10009 10010 10028 33004 -2015 100028",
    errors.ClockSkew: "10002 -1",
    errors.RateLimitError: "10006 170005 170222 10018 10403 10429 20003",
    errors.Rejected: "10001 10014 10017 20006 110020 170144 170145 170149 170150 170227 170311 170312 170810",
    errors.ExchangeUnavailable: (
        "10016 10019 429 170001 170031 170032 170234 10000 170007 170035 170146 170147 170191 170212 170310"
    ),
}
"""Bybit's error table, as far as spot is concerned, by what it means."""


def test_every_documented_code_is_in_the_table():
    assert {int(code): kind for kind, codes in DOCUMENTED.items() for code in codes.split()} == faults.CODES


@pytest.mark.parametrize(("code", "kind"), faults.CODES.items())
def test_every_code_makes_its_error(code, kind):
    error = faults.error(code, "text")
    assert type(error) is kind
    assert error.api_code == code
