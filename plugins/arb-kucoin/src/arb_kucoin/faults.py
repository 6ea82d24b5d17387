"""From KuCoin's error codes to `arb_core.errors`. Entered by the core with every answer, through `read`.

Source: https://www.kucoin.com/docs-new/error-code ; [S] marks codes seen by users only. The code decides, not the HTTP
status, which is often 200 where an order is refused. Some codes stand for several things, told apart by their text.
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

from arb_kucoin import wire
from arb_kucoin.card import ID

__all__ = ["CODES", "TEXTS", "error", "read"]

CODES: dict[str, type[ExchangeAPIError]] = {
    "900001": InvalidSymbol,
    "400600": InvalidSymbol,  # [S]
    "200004": InsufficientBalance,
    "230003": InsufficientBalance,
    "300003": InsufficientBalance,  # [S]
    # Unknown, or ended already.
    "100001": OrderNotFound,
    "100004": OrderNotFound,
    "126044": DuplicateOrder,  # [S], of other accounts than ours
    # Increments, least funds, highest price.
    "600100": InvalidOrder,
    "400370": InvalidOrder,
    "400760": InvalidOrder,
    "600101": InvalidOrder,  # [S]
    "600103": InvalidOrder,  # [S]
    "600104": InvalidOrder,  # [S]
    "200009": TradingDisabled,
    "300000": TradingDisabled,
    "400200": TradingDisabled,
    "600203": TradingDisabled,  # [S]
    # Header missing, key, passphrase, signature, address, permission, state of the account.
    "400001": AuthenticationFailed,
    "400003": AuthenticationFailed,
    "400004": AuthenticationFailed,
    "400005": AuthenticationFailed,
    "400006": AuthenticationFailed,
    "400007": AuthenticationFailed,
    "411100": AuthenticationFailed,
    "400002": ClockSkew,
    "429000": RateLimitError,
    # The request itself is wrong.
    "400000": Rejected,
    "400100": Rejected,
    "404000": Rejected,
    "415000": Rejected,
    # Their side.
    "500000": ExchangeUnavailable,
    "503": ExchangeUnavailable,
}

TEXTS: dict[str, type[ExchangeAPIError]] = {
    "unsupported trading pair": InvalidSymbol,
    "symbolnotavailable": InvalidSymbol,
    "clientoidduplicated": DuplicateOrder,  # [S]
    "order_not_exist": OrderNotFound,  # also order_not_exist_or_not_allow_to_cancel
    "ordernotexist": OrderNotFound,
    "increment invalid": InvalidOrder,
    "below the minimum": InvalidOrder,
    "price not in the given range": InvalidOrder,
}
"""What 400100, the code of a parameter, says when something else is meant, in lower case."""

_GOOD = frozenset({"200000", "200"})
_SUCCESS = b'{"code":"200000"'
"""How almost every answer begins."""

_envelope = msgspec.json.Decoder(wire.Envelope)


def read(answer: RestAnswer) -> ExchangeAPIError | None:
    """Return the error an answer stands for, None for a success."""
    if answer.status < 300 and answer.body.startswith(_SUCCESS):
        return None
    try:
        envelope = _envelope.decode(answer.body)
    except msgspec.MsgspecError:
        if answer.status < 300:
            return None  # the parser says what is wrong with it
        # From what stands before KuCoin: 502, 503, 504 come as pages.
        return error(None, f"HTTP {answer.status} without a reason", answer.status)
    if answer.status < 300 and (envelope.code is None or envelope.code in _GOOD):
        return None
    return error(envelope.code, envelope.msg or f"HTTP {answer.status}", answer.status)


def error(code: str | None, message: str, http_status: int | None = None) -> ExchangeAPIError:
    """Return the error for a code and its text; an unknown one is told by its HTTP status."""
    kind = _worded(code, message) or CODES.get(code or "") or unlisted(worded=code is not None, status=http_status)
    if kind is RateLimitError:
        return RateLimitError(message, exchange=ID, banned=http_status == 418, api_code=code, http_status=http_status)
    return kind(message, exchange=ID, api_code=code, http_status=http_status)


def _worded(code: str | None, message: str) -> type[ExchangeAPIError] | None:
    if code != "400100":
        return None
    text = message.lower()
    return next((kind for words, kind in TEXTS.items() if words in text), None)
