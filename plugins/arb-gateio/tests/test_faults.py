"""Error answers, by what to do next."""

import pytest
from arb_core import errors
from arb_gateio import faults


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, b'{"label":"INVALID_CURRENCY_PAIR","message":"no such pair"}', errors.InvalidSymbol),
        (400, b'{"label":"TRADE_RESTRICTED","message":"closed"}', errors.TradingDisabled),
        (400, b'{"label":"BALANCE_NOT_ENOUGH","message":"not enough"}', errors.InsufficientBalance),
        (404, b'{"label":"ORDER_NOT_FOUND","message":"order not found"}', errors.OrderNotFound),
        (400, b'{"label":"REPEATED_CREATION","message":"again"}', errors.DuplicateOrder),
        (
            400,
            b'{"label":"INVALID_PARAM_VALUE","message":"Your order size 0.003749448 USDT is too small. The minimum is 3 USDT"}',
            errors.InvalidOrder,
        ),
        (400, b'{"label":"INVALID_PARAM_VALUE","message":"Invalid parameter `limit` with value: x"}', errors.Rejected),
        (401, b'{"label":"INVALID_SIGNATURE","message":"Signature mismatch"}', errors.AuthenticationFailed),
        (403, b'{"label":"IP_FORBIDDEN","detail":"not in the list"}', errors.AuthenticationFailed),
        (
            400,
            b'{"label":"REQUEST_EXPIRED","message":"gap between request Timestamp and server time"}',
            errors.ClockSkew,
        ),
        (429, b'{"label":"TOO_MANY_REQUESTS","message":"Request Rate limit Exceeded (211)"}', errors.RateLimitError),
        (400, b'{"label":"SOMETHING_NEW","message":"?"}', errors.Rejected),
        (400, b"<html>a proxy does not like it</html>", errors.ExchangeAPIError),
        (400, b'{"message":"who speaks here?"}', errors.ExchangeAPIError),
        (401, b"", errors.AuthenticationFailed),
        (500, b'{"label":"SERVER_ERROR","message":"?"}', errors.ExchangeUnavailable),
        (502, b"<html>bad gateway</html>", errors.ExchangeUnavailable),
        (429, b"", errors.RateLimitError),
        (418, b"", errors.RateLimitError),
    ],
)
def test_error_is_told_by_its_label(answer, status, body, kind):
    error = faults.read(answer(status, body))
    assert error is not None
    assert type(error) is kind
    assert error.http_status == status


def test_bad_client_id_of_the_documentation(answer, sample):
    error = faults.read(answer(400, sample("rest_error.json")))
    assert type(error) is errors.InvalidOrder
    assert (error.api_code, error.message) == ("INVALID_PARAM_VALUE", "Invalid parameter `text` with value: abc")


def test_detail_stands_in_for_the_message(answer):
    error = faults.read(answer(403, b'{"label":"IP_FORBIDDEN","detail":"not in the list"}'))
    assert error is not None
    assert error.message == "not in the list"


@pytest.mark.parametrize(("status", "body"), [(200, b"[]"), (200, b'{"server_time":1}'), (201, b"{}"), (204, b"")])
def test_success_is_told_by_the_status(answer, status, body):
    assert faults.read(answer(status, body)) is None


DOCUMENTED = {
    errors.InvalidSymbol: "INVALID_CURRENCY_PAIR INVALID_CURRENCY",
    errors.TradingDisabled: "TRADE_RESTRICTED",
    errors.InsufficientBalance: "BALANCE_NOT_ENOUGH MARGIN_BALANCE_NOT_ENOUGH",
    errors.OrderNotFound: "ORDER_NOT_FOUND CLIENT_ID_NOT_FOUND ORDER_CLOSED ORDER_CANCELLED CANCEL_FAIL",
    errors.DuplicateOrder: "REPEATED_CREATION ORDER_EXISTS DUPLICATE_REQUEST",
    errors.InvalidOrder: (
        "INVALID_CLIENT_ORDER_ID INVALID_PRECISION PRICE_TOO_DEVIATED PRICE_THRESHOLD_EXCEEDED QUANTITY_NOT_ENOUGH "
        "AMOUNT_TOO_LITTLE AMOUNT_TOO_MUCH POC_FILL_IMMEDIATELY FOK_NOT_FILL ORDER_BOOK_NOT_FOUND NO_CHANGE"
    ),
    errors.AuthenticationFailed: (
        "INVALID_KEY INVALID_SIGNATURE INVALID_CREDENTIALS MISSING_REQUIRED_HEADER AUTHENTICATION_FAILED IP_FORBIDDEN "
        "READ_ONLY FORBIDDEN ACCOUNT_LOCKED"
    ),
    errors.ClockSkew: "REQUEST_EXPIRED",
    errors.RateLimitError: "TOO_MANY_REQUESTS TOO_FAST",
    errors.Rejected: (
        "INVALID_PARAM_VALUE INVALID_PROTOCOL INVALID_ARGUMENT INVALID_REQUEST_BODY MISSING_REQUIRED_PARAM BAD_REQUEST "
        "INVALID_CONTENT_TYPE NOT_ACCEPTABLE METHOD_NOT_ALLOWED NOT_FOUND TOO_MANY_ORDERS TOO_MANY_CURRENCY_PAIRS "
        "MIXED_ACCOUNT_TYPE"
    ),
    errors.ExchangeUnavailable: "INTERNAL SERVER_ERROR TOO_BUSY FAILED_RETRIEVE_ASSETS",
}
"""Gate.io's error table and what users report, by what it means."""


def test_every_documented_label_is_in_the_table():
    assert {label: kind for kind, labels in DOCUMENTED.items() for label in labels.split()} == faults.CODES


@pytest.mark.parametrize(("code", "kind"), faults.CODES.items())
def test_every_label_makes_its_error(code, kind):
    error = faults.error(code, "text")
    assert type(error) is kind
    assert error.api_code == code
