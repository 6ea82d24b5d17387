"""From MEXC's error codes to `arb_core.errors`. Entered by the core with every answer, through `read`.

Source: https://www.mexc.com/api-docs/spot-v3/general-info#error-code ; [S] marks codes seen by users only.
"""

import msgspec
from arb_core.errors import (
    AuthenticationFailed,
    ClockSkew,
    DuplicateOrder,
    ExchangeAPIError,
    ExchangeUnavailable,
    InsufficientBalance,
    InvalidOrder,
    InvalidSymbol,
    OrderNotFound,
    RateLimitError,
    Rejected,
    TradingDisabled,
    unlisted,
)
from arb_core.interfaces.context import RestAnswer

from arb_mexc import wire
from arb_mexc.card import ID

__all__ = ["CODES", "error", "read"]

CODES: dict[int, type[ExchangeAPIError]] = {
    # No such symbol. 10007 is also the answer for a pair whose API trading is off.
    -1121: InvalidSymbol,
    10007: InvalidSymbol,
    30014: InvalidSymbol,
    30021: InvalidSymbol,
    730001: InvalidSymbol,
    # The symbol does not trade, or not so, or not for this key.
    30000: TradingDisabled,
    30001: TradingDisabled,
    30016: TradingDisabled,
    30018: TradingDisabled,
    30019: TradingDisabled,
    30020: TradingDisabled,
    30041: TradingDisabled,
    70011: TradingDisabled,
    11444: TradingDisabled,  # [S]
    10101: InsufficientBalance,
    30004: InsufficientBalance,
    30005: InsufficientBalance,
    -2011: OrderNotFound,
    -2013: OrderNotFound,  # [S]
    22222: OrderNotFound,
    30026: OrderNotFound,
    # Price, quantity, notional, caps on open orders, no liquidity.
    10095: InvalidOrder,
    10096: InvalidOrder,
    10097: InvalidOrder,
    10102: InvalidOrder,
    30002: InvalidOrder,
    30003: InvalidOrder,
    30010: InvalidOrder,
    30025: InvalidOrder,
    30027: InvalidOrder,
    30028: InvalidOrder,
    30029: InvalidOrder,
    30032: InvalidOrder,
    30087: InvalidOrder,  # [S]
    88013: InvalidOrder,  # [S]
    # Key, signature, address list, permission, state of the account.
    400: AuthenticationFailed,
    401: AuthenticationFailed,
    402: AuthenticationFailed,  # [S]
    403: AuthenticationFailed,
    602: AuthenticationFailed,
    10001: AuthenticationFailed,
    10072: AuthenticationFailed,
    60005: AuthenticationFailed,
    700001: AuthenticationFailed,
    700002: AuthenticationFailed,
    700006: AuthenticationFailed,
    700007: AuthenticationFailed,
    700013: AuthenticationFailed,  # [S]
    730100: AuthenticationFailed,
    730706: AuthenticationFailed,
    10073: ClockSkew,
    700003: ClockSkew,
    # A parameter is missing or wrong.
    -1128: Rejected,
    26: Rejected,
    33333: Rejected,
    44444: Rejected,
    700004: Rejected,
    700005: Rejected,
    700008: Rejected,
    730002: Rejected,
    # The listen key is not known (any more): the private stream takes a new one.
    730708: Rejected,  # [S]
    429: RateLimitError,
    510: RateLimitError,  # [S]
    # Their side.
    500: ExchangeUnavailable,
    503: ExchangeUnavailable,
    504: ExchangeUnavailable,
    604: ExchangeUnavailable,  # [S]
    801: ExchangeUnavailable,  # [S]
    20002: ExchangeUnavailable,
    730000: ExchangeUnavailable,
}

_SUCCESS = (None, 0, 200)
"""Codes that wrap an answer which is none the worse for it."""

_envelope = msgspec.json.Decoder(wire.Envelope)

_LIMITED = (403, 418, 429)
"""403 = the firewall, which counts requests too."""


def read(answer: RestAnswer) -> ExchangeAPIError | None:
    """Return the error an answer stands for, None for a success. A refusal may come with HTTP 200."""
    try:
        envelope = _envelope.decode(answer.body)
    except msgspec.MsgspecError:
        # A list is a success; an error without MEXC's envelope comes from what stands before it (firewall, proxy).
        return None if answer.status < 300 else error(None, f"HTTP {answer.status} without a reason", answer.status)
    code = _number(envelope.code)
    if answer.status < 300 and code in _SUCCESS:
        return None
    return error(code, envelope.msg or f"HTTP {answer.status}", answer.status)


def error(code: int | str | None, message: str, http_status: int | None = None) -> ExchangeAPIError:
    """Return the error for a code, or for an item of a batch; an unknown one is told by its HTTP status."""
    # A code in an answer of HTTP 200 does not say that it was refused, where nobody documents it.
    worded = code is not None and (http_status is None or http_status >= 400)
    kind = (
        _duplicate(message)
        or CODES.get(code if isinstance(code, int) else 0)
        or unlisted(worded=worded, status=http_status, limited=_LIMITED)
    )
    if kind is RateLimitError:
        return RateLimitError(message, exchange=ID, banned=http_status == 418, api_code=code, http_status=http_status)
    return kind(message, exchange=ID, api_code=code, http_status=http_status)


def _number(code: int | str | None) -> int | str | None:
    return int(code) if isinstance(code, str) and code.lstrip("-").isdecimal() else code


def _duplicate(message: str) -> type[ExchangeAPIError] | None:
    """A client order id that was used before has no documented code: the text must do."""
    text = message.lower().replace(" ", "")
    return DuplicateOrder if "clientorderid" in text and ("exist" in text or "duplicate" in text) else None
