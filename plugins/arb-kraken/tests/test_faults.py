"""Error answers, by what to do next."""

import pytest
from arb_core import errors
from arb_core.interfaces.context import RestAnswer
from arb_kraken import faults

TEXTS = [
    ("EQuery:Unknown asset pair", errors.InvalidSymbol),
    ("EQuery:Invalid asset pair", errors.InvalidSymbol),
    ("EGeneral:Invalid arguments:pair", errors.InvalidSymbol),
    ("EOrder:Insufficient funds", errors.InsufficientBalance),
    ("EOrder:Unknown order", errors.OrderNotFound),
    ("EOrder:Invalid order", errors.OrderNotFound),
    ("EOrder:Duplicate order", errors.DuplicateOrder),
    ("EOrder:Invalid price", errors.InvalidOrder),
    ("EOrder:Tick size check failed", errors.InvalidOrder),
    ("EOrder:Order minimum not met", errors.InvalidOrder),
    ("EOrder:Cost minimum not met", errors.InvalidOrder),
    ("EGeneral:Invalid arguments:volume", errors.InvalidOrder),
    ("EGeneral:Invalid arguments:price", errors.InvalidOrder),
    ("EGeneral:Invalid arguments:something", errors.Rejected),
    ("EOrder:Post only order", errors.InvalidOrder),
    ("EOrder:Orders limit exceeded", errors.Rejected),
    ("EAPI:Invalid key", errors.AuthenticationFailed),
    ("EAPI:Invalid signature", errors.AuthenticationFailed),
    ("EGeneral:Permission denied", errors.AuthenticationFailed),
    ("EGeneral:Temporary lockout", errors.AuthenticationFailed),
    ("EAPI:Invalid nonce", errors.ClockSkew),
    ("EAPI:Rate limit exceeded", errors.RateLimitError),
    ("EOrder:Rate limit exceeded", errors.RateLimitError),
    ("EGeneral:Too many requests", errors.RateLimitError),
    ("EService:Throttled: 1700000010", errors.RateLimitError),
    ("EService:Unavailable", errors.ExchangeUnavailable),
    ("EService:Busy", errors.ExchangeUnavailable),
    ("EService:Market in cancel_only mode", errors.TradingDisabled),
    ("EService:Market in post_only mode", errors.TradingDisabled),
    ("EService:Market in limit_only mode", errors.TradingDisabled),
    ("EGeneral:Internal error", errors.ExchangeUnavailable),
    ("EGeneral:Internal error:7", errors.ExchangeUnavailable),
    ("EService:Deadline elapsed", errors.ExchangeUnavailable),
    ("EService:Something new", errors.ExchangeUnavailable),
    ("ESomething:New", errors.Rejected),
]


@pytest.mark.parametrize(("text", "kind"), TEXTS, ids=[text for text, _ in TEXTS])
def test_error_is_told_by_its_text(answer, text, kind):
    error = faults.read(answer(200, b'{"error":["%s"]}' % text.encode()))
    assert error is not None
    assert type(error) is kind
    assert (error.api_code, error.http_status) == (text, 200)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (502, b"<html>bad gateway</html>", errors.ExchangeUnavailable),
        (520, b"", errors.ExchangeUnavailable),
        (429, b"", errors.RateLimitError),
        (403, b"<html>a proxy does not like it</html>", errors.AuthenticationFailed),
        (404, b"<html>nothing here</html>", errors.ExchangeAPIError),
        (500, b'{"error":[]}', errors.ExchangeUnavailable),
    ],
)
def test_what_stands_before_the_venue_is_told_by_the_status(answer, status, body, kind):
    error = faults.read(answer(status, body))
    assert type(error) is kind


def test_a_warning_is_no_error(answer):
    assert faults.read(answer(200, b'{"error":["WOrder:Something"],"result":{}}')) is None
    error = faults.read(answer(200, b'{"error":["WOrder:Something","EOrder:Insufficient funds"]}'))
    assert type(error) is errors.InsufficientBalance


def test_success_says_so(answer):
    assert faults.read(answer(200, b'{"error":[],"result":{"unixtime":1}}')) is None


def test_how_long_it_is_throttled_stands_in_the_text():
    body = b'{"error":["EService:Throttled: 1700000010"]}'
    error = faults.read(RestAnswer(status=200, headers={}, body=body, received_ns=1_700_000_007_500_000_000))
    assert isinstance(error, errors.RateLimitError)
    assert error.retry_after_ns == 2_500_000_000


def test_a_success_that_the_venue_did_not_word_is_none(answer):
    with pytest.raises(ValueError, match="malformed"):
        faults.read(answer(200, b"<html>hello</html>"))
