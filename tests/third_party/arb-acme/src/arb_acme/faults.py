"""From Acme's error codes to `arb_core.errors`. Entered by the core with every answer."""

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
)
from arb_core.interfaces.context import RestAnswer

from arb_acme import text, wire
from arb_acme.card import ID

CODES: dict[str, type[ExchangeAPIError]] = {
    "unknown-market": InvalidSymbol,
    "unknown-order": OrderNotFound,
    "ended-order": OrderNotFound,
    "no-funds": InsufficientBalance,
    "bad-order": InvalidOrder,
    "would-take": InvalidOrder,
    "taken-tag": DuplicateOrder,
    "paused-market": TradingDisabled,
    "unknown-key": AuthenticationFailed,
    "wrong-proof": AuthenticationFailed,
    "wrong-time": ClockSkew,
    "not-permitted": AuthenticationFailed,
    "too-fast": RateLimitError,
    "shut-out": RateLimitError,
    "bad-request": Rejected,
}


def read(answer: RestAnswer) -> ExchangeAPIError | None:
    """Return the error an answer stands for, None for a success."""
    if answer.status < 300:
        return None
    try:
        problem = next(iter(text.rows(answer.body, "error", wire.Problem)), None)
    except (msgspec.MsgspecError, ValueError):  # what stands in front of Acme answers in HTML
        problem = None
    if problem is not None and problem.code in CODES:
        kind = CODES[problem.code]
    elif answer.status in {418, 429}:
        kind = RateLimitError
    elif answer.status >= 500:
        kind = ExchangeUnavailable
    else:
        # Only the venue's own word is a refusal: what a proxy says of an order proves nothing.
        kind = ExchangeAPIError if problem is None else Rejected
    return kind(
        "no reason given" if problem is None else problem.why or problem.code,
        exchange=ID,
        api_code=None if problem is None else problem.code,
        http_status=answer.status,
    )
