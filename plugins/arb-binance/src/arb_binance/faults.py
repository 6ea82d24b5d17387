"""From Binance's error codes to `arb_core.errors`. Entered by the core with every answer, through `read`.

Source: https://developers.binance.com/docs/binance-spot-api-docs/errors
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

from arb_binance import wire
from arb_binance.card import ID

__all__ = ["CODES", "TEXTS", "error", "read"]

CODES: dict[int, type[ExchangeAPIError]] = {
    -1121: InvalidSymbol,
    -1220: InvalidSymbol,
    -2013: OrderNotFound,
    -2026: OrderNotFound,
    -2039: OrderNotFound,
    # Filters, decimals, type, side, time in force, order refused by the engine.
    -1013: InvalidOrder,
    -1111: InvalidOrder,
    -1115: InvalidOrder,
    -1116: InvalidOrder,
    -1117: InvalidOrder,
    -2010: InvalidOrder,
    # Key, signature, permission, address list.
    -1002: AuthenticationFailed,
    -1022: AuthenticationFailed,
    -2014: AuthenticationFailed,
    -2015: AuthenticationFailed,
    -1021: ClockSkew,
    -1003: RateLimitError,
    -1015: RateLimitError,
    -1034: RateLimitError,
    # A parameter is missing, wrong or too much.
    -1100: Rejected,
    -1102: Rejected,
    -1104: Rejected,
    -1106: Rejected,
    -1114: Rejected,
    -1120: Rejected,
    -1128: Rejected,
    -1130: Rejected,
    -2011: Rejected,
    -2035: Rejected,
    # Their side; of -1006 and -1007 nobody knows whether the request took effect.
    -1000: ExchangeUnavailable,
    -1001: ExchangeUnavailable,
    -1006: ExchangeUnavailable,
    -1007: ExchangeUnavailable,
    -1008: ExchangeUnavailable,
    -1016: ExchangeUnavailable,
}

TEXTS: dict[tuple[int, str], type[ExchangeAPIError]] = {
    (-2010, "Account has insufficient balance for requested action."): InsufficientBalance,
    (-2010, "Duplicate order sent."): DuplicateOrder,
    (-2010, "Market is closed."): TradingDisabled,
    (-2011, "Unknown order sent."): OrderNotFound,
}
"""Codes that say different things in words."""

_envelope = msgspec.json.Decoder(wire.Envelope)

_LIMITED = (403, 418, 429)
"""403 = the firewall, which counts requests too."""


def read(answer: RestAnswer) -> ExchangeAPIError | None:
    """Return the error an answer stands for, None for a success."""
    if answer.status < 300:
        return None
    try:
        envelope = _envelope.decode(answer.body)
    except msgspec.MsgspecError:
        # From what stands before Binance: firewall or proxy.
        return error(None, f"HTTP {answer.status} without a reason", answer.status)
    return error(envelope.code, envelope.msg or f"HTTP {answer.status}", answer.status)


def error(code: int | None, message: str, http_status: int | None = None) -> ExchangeAPIError:
    """Return the error for a code, or for an item of a batch; an unknown one is told by its HTTP status."""
    kind = (
        TEXTS.get((code or 0, message))
        or CODES.get(code or 0)
        or unlisted(worded=code is not None, status=http_status, limited=_LIMITED)
    )
    if kind is RateLimitError:
        return RateLimitError(message, exchange=ID, banned=http_status == 418, api_code=code, http_status=http_status)
    return kind(message, exchange=ID, api_code=code, http_status=http_status)
