"""From Gate.io's error labels to `arb_core.errors`. Entered by the core with every answer, through `read`.

Source: https://www.gate.com/docs/developers/apiv4/en/; [S] marks labels seen by users only. The label
decides, not the HTTP status, which differs from case to case.
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

from arb_gateio import wire
from arb_gateio.card import ID

__all__ = ["CODES", "error", "read"]

CODES: dict[str, type[ExchangeAPIError]] = {
    "INVALID_CURRENCY_PAIR": InvalidSymbol,
    "INVALID_CURRENCY": InvalidSymbol,
    "TRADE_RESTRICTED": TradingDisabled,
    "BALANCE_NOT_ENOUGH": InsufficientBalance,
    "MARGIN_BALANCE_NOT_ENOUGH": InsufficientBalance,
    # Unknown, or ended already.
    "ORDER_NOT_FOUND": OrderNotFound,
    "CLIENT_ID_NOT_FOUND": OrderNotFound,  # [S]
    "ORDER_CLOSED": OrderNotFound,
    "ORDER_CANCELLED": OrderNotFound,
    "CANCEL_FAIL": OrderNotFound,
    "REPEATED_CREATION": DuplicateOrder,
    "ORDER_EXISTS": DuplicateOrder,
    "DUPLICATE_REQUEST": DuplicateOrder,
    # Client id, price, quantity, notional, post-only, fill-or-kill, no liquidity, nothing to change.
    "INVALID_CLIENT_ORDER_ID": InvalidOrder,
    "INVALID_PRECISION": InvalidOrder,
    "PRICE_TOO_DEVIATED": InvalidOrder,
    "PRICE_THRESHOLD_EXCEEDED": InvalidOrder,  # [S]
    "QUANTITY_NOT_ENOUGH": InvalidOrder,
    "AMOUNT_TOO_LITTLE": InvalidOrder,
    "AMOUNT_TOO_MUCH": InvalidOrder,
    "POC_FILL_IMMEDIATELY": InvalidOrder,
    "FOK_NOT_FILL": InvalidOrder,
    "ORDER_BOOK_NOT_FOUND": InvalidOrder,
    "NO_CHANGE": InvalidOrder,
    # Key, signature, permission, address list, state of the account.
    "INVALID_KEY": AuthenticationFailed,
    "INVALID_SIGNATURE": AuthenticationFailed,
    "INVALID_CREDENTIALS": AuthenticationFailed,
    "MISSING_REQUIRED_HEADER": AuthenticationFailed,
    "AUTHENTICATION_FAILED": AuthenticationFailed,
    "IP_FORBIDDEN": AuthenticationFailed,
    "READ_ONLY": AuthenticationFailed,
    "FORBIDDEN": AuthenticationFailed,
    "ACCOUNT_LOCKED": AuthenticationFailed,
    "REQUEST_EXPIRED": ClockSkew,
    "TOO_MANY_REQUESTS": RateLimitError,
    "TOO_FAST": RateLimitError,
    # The request itself is wrong.
    "INVALID_PARAM_VALUE": Rejected,
    "INVALID_PROTOCOL": Rejected,
    "INVALID_ARGUMENT": Rejected,
    "INVALID_REQUEST_BODY": Rejected,
    "MISSING_REQUIRED_PARAM": Rejected,
    "BAD_REQUEST": Rejected,
    "INVALID_CONTENT_TYPE": Rejected,
    "NOT_ACCEPTABLE": Rejected,
    "METHOD_NOT_ALLOWED": Rejected,
    "NOT_FOUND": Rejected,
    "TOO_MANY_ORDERS": Rejected,
    "TOO_MANY_CURRENCY_PAIRS": Rejected,
    "MIXED_ACCOUNT_TYPE": Rejected,
    # Their side.
    "INTERNAL": ExchangeUnavailable,
    "SERVER_ERROR": ExchangeUnavailable,
    "TOO_BUSY": ExchangeUnavailable,
    "FAILED_RETRIEVE_ASSETS": ExchangeUnavailable,
}

_ORDER_TEXTS = ("order size", "parameter `text`")
"""What INVALID_PARAM_VALUE says when the order is meant: too small [S], or a bad client id."""

_envelope = msgspec.json.Decoder(wire.Envelope)


def read(answer: RestAnswer) -> ExchangeAPIError | None:
    """Return the error an answer stands for, None for a success."""
    if answer.status < 300:
        return None
    try:
        envelope = _envelope.decode(answer.body)
    except msgspec.MsgspecError:
        # From what stands before Gate.io: 502, 503, 504 come as plain text.
        return error(None, f"HTTP {answer.status} without a reason", answer.status)
    message = envelope.message or envelope.detail or f"HTTP {answer.status}"
    return error(envelope.label, message, answer.status)


def error(code: str | None, message: str, http_status: int | None = None) -> ExchangeAPIError:
    """Return the error for a label, or for an item of a batch; an unknown one is told by its HTTP status."""
    kind = _order(code, message) or CODES.get(code or "") or unlisted(worded=code is not None, status=http_status)
    if kind is RateLimitError:
        return RateLimitError(message, exchange=ID, banned=http_status == 418, api_code=code, http_status=http_status)
    return kind(message, exchange=ID, api_code=code, http_status=http_status)


def _order(code: str | None, message: str) -> type[ExchangeAPIError] | None:
    if code == "INVALID_PARAM_VALUE" and any(text in message for text in _ORDER_TEXTS):
        return InvalidOrder
    return None
