"""Error answers, by what to do next."""

import pytest
from arb_core import errors
from arb_kucoin import faults


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'{"code":"400100","msg":"Unsupported trading pair."}', errors.InvalidSymbol),
        (200, b'{"code":"900001","msg":"symbol not exists"}', errors.InvalidSymbol),
        (200, b'{"code":"200004","msg":"Balance insufficient!"}', errors.InsufficientBalance),
        (200, b'{"code":"100001","msg":"error.getOrder.orderNotExist"}', errors.OrderNotFound),
        (200, b'{"code":"400100","msg":"order_not_exist_or_not_allow_to_cancel"}', errors.OrderNotFound),
        (200, b'{"code":"400100","msg":"validation.createOrder.clientOidDuplicated"}', errors.DuplicateOrder),
        (200, b'{"code":"600100","msg":"Order price increment invalid."}', errors.InvalidOrder),
        (200, b'{"code":"400100","msg":"Order size below the minimum requirement."}', errors.InvalidOrder),
        (200, b'{"code":"400100","msg":"price not in the given range!"}', errors.InvalidOrder),
        (400, b'{"code":"400100","msg":"Parameter error"}', errors.Rejected),
        (401, b'{"code":"400002","msg":"Invalid KC-API-TIMESTAMP"}', errors.ClockSkew),
        (401, b'{"code":"400004","msg":"KC-API-PASSPHRASE error"}', errors.AuthenticationFailed),
        (429, b'{"code":"429000","msg":"Too many requests"}', errors.RateLimitError),
        (500, b'{"code":"500000","msg":"Internal Server Error"}', errors.ExchangeUnavailable),
        (200, b'{"code":"999999","msg":"something new"}', errors.Rejected),
        (400, b"<html>a proxy does not like it</html>", errors.ExchangeAPIError),
        (400, b'{"message":"who speaks here?"}', errors.ExchangeAPIError),
        (401, b"", errors.AuthenticationFailed),
        (502, b"<html>bad gateway</html>", errors.ExchangeUnavailable),
        (429, b"", errors.RateLimitError),
        (418, b"", errors.RateLimitError),
    ],
)
def test_error_is_told_by_its_code_and_where_that_is_vague_by_its_text(answer, status, body, kind):
    error = faults.read(answer(status, body))
    assert error is not None
    assert type(error) is kind
    assert error.http_status == status


@pytest.mark.parametrize(
    "body",
    [
        b'{"code":"200000","data":1}',
        b'{"data":[],"code":"200000"}',
        b'{"success":true,"code":"200","msg":"success","data":{}}',
        b"not JSON: the parser says so",
    ],
)
def test_success_is_told_by_the_code(answer, body):
    assert faults.read(answer(200, body)) is None


DOCUMENTED = {
    errors.InvalidSymbol: "900001 400600",
    errors.InsufficientBalance: "200004 230003 300003",
    errors.OrderNotFound: "100001 100004",
    errors.DuplicateOrder: "126044",
    errors.InvalidOrder: "600100 400370 400760 600101 600103 600104",
    errors.TradingDisabled: "200009 300000 400200 600203",
    errors.AuthenticationFailed: "400001 400003 400004 400005 400006 400007 411100",
    errors.ClockSkew: "400002",
    errors.RateLimitError: "429000",
    errors.Rejected: "400000 400100 404000 415000",
    errors.ExchangeUnavailable: "500000 503",
}
"""KuCoin's error table and what users report, by what it means."""


def test_every_documented_code_is_in_the_table():
    assert {code: kind for kind, codes in DOCUMENTED.items() for code in codes.split()} == faults.CODES


@pytest.mark.parametrize(("code", "kind"), faults.CODES.items())
def test_every_code_makes_its_error(code, kind):
    error = faults.error(code, "text")
    assert type(error) is kind
    assert error.api_code == code


@pytest.mark.parametrize(("text", "kind"), faults.TEXTS.items())
def test_every_text_of_a_parameter_error_makes_its_error(text, kind):
    assert type(faults.error("400100", f"Say: {text.upper()}!")) is kind
    assert type(faults.error("400000", text)) is errors.Rejected
