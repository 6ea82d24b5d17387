"""From Kraken's error texts to `arb_core.errors`. Entered by the core with every answer, through `read`.

Source: https://docs.kraken.com/api/docs/guides/spot-errors ; [S] marks texts seen by users only. A failure is HTTP 200
with a list of texts: a letter for the severity (E, W), a category, what is wrong, and sometimes a detail behind another
colon. The text decides.
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

from arb_kraken import wire
from arb_kraken.card import ID

__all__ = ["CODES", "error", "read"]

_SECOND = 1_000_000_000

CODES: dict[str, type[ExchangeAPIError]] = {
    "EQuery:Unknown asset pair": InvalidSymbol,
    "EQuery:Invalid asset pair": InvalidSymbol,
    "EQuery:Unknown asset": InvalidSymbol,
    "EGeneral:Invalid arguments:pair": InvalidSymbol,
    "EOrder:Insufficient funds": InsufficientBalance,
    # Unknown, or ended already.
    "EOrder:Unknown order": OrderNotFound,
    "EOrder:Invalid order": OrderNotFound,
    "EOrder:Duplicate order": DuplicateOrder,  # [S]
    # Price, quantity, notional, post-only, client id, too many of them.
    "EOrder:Invalid price": InvalidOrder,
    "EOrder:Tick size check failed": InvalidOrder,
    "EOrder:Order minimum not met": InvalidOrder,
    "EOrder:Cost minimum not met": InvalidOrder,
    "EOrder:Post only order": InvalidOrder,
    "EGeneral:Invalid arguments:volume": InvalidOrder,
    "EGeneral:Invalid arguments:price": InvalidOrder,
    "EGeneral:Invalid arguments:cl_ord_id": InvalidOrder,
    "EGeneral:Invalid arguments:ordertype": InvalidOrder,
    "EGeneral:Invalid arguments:timeinforce": InvalidOrder,
    "EGeneral:Invalid arguments:oflags": InvalidOrder,
    "EOrder:Orders limit exceeded": Rejected,
    # Key, signature, permission, too many wrong ones.
    "EAPI:Invalid key": AuthenticationFailed,
    "EAPI:Invalid signature": AuthenticationFailed,
    "EGeneral:Permission denied": AuthenticationFailed,
    "EGeneral:Temporary lockout": AuthenticationFailed,
    "ESession:Invalid session": AuthenticationFailed,
    # Another request of the key overtook this one. It was refused: signed again, it has a higher nonce.
    "EAPI:Invalid nonce": ClockSkew,
    # It is not 2 to 60 s away: by the wrong clock, for ours always is. One that passes later is "elapsed", below.
    "EGeneral:Invalid arguments:deadline": ClockSkew,
    "EAPI:Rate limit exceeded": RateLimitError,
    "EOrder:Rate limit exceeded": RateLimitError,
    "EGeneral:Too many requests": RateLimitError,
    "EService:Throttled": RateLimitError,
    # The market takes no order of ours now.
    "EService:Market in cancel_only mode": TradingDisabled,
    "EService:Market in post_only mode": TradingDisabled,
    "EService:Market in limit_only mode": TradingDisabled,
    # Their side, or an order of which nobody knows what became.
    "EService:Unavailable": ExchangeUnavailable,
    "EService:Busy": ExchangeUnavailable,
    "EService:Deadline elapsed": ExchangeUnavailable,
    "EGeneral:Internal error": ExchangeUnavailable,
    # The request itself is wrong.
    "EGeneral:Invalid arguments": Rejected,
    "EGeneral:Unknown method": Rejected,
}

_envelope = msgspec.json.Decoder(wire.Envelope)


def read(answer: RestAnswer) -> ExchangeAPIError | None:
    """Return the error an answer stands for, None for a success.

    Raises:
        msgspec.MsgspecError: it is a success that Kraken did not word.
    """
    status = answer.status
    try:
        texts = _envelope.decode(answer.body).error
    except msgspec.MsgspecError:
        if status < 300:
            raise
        # From what stands before Kraken.
        return error(None, f"HTTP {status} without a reason", status)
    failed = [text for text in texts if not text.startswith("W")]
    if failed:
        return error(failed[0], "; ".join(failed), status, answer.received_ns)
    return None if status < 300 else error(None, f"HTTP {status} without a reason", status)


def error(
    code: str | None, message: str, http_status: int | None = None, received_ns: int | None = None
) -> ExchangeAPIError:
    """Return the error for a text; one that is not listed is told by its category, or by its HTTP status."""
    kind = _listed(code) or _unlisted(code, http_status)
    if kind is RateLimitError:
        wait_ns = _throttled(code, received_ns)
        return RateLimitError(message, exchange=ID, retry_after_ns=wait_ns, api_code=code, http_status=http_status)
    return kind(message, exchange=ID, api_code=code, http_status=http_status)


def _listed(code: str | None) -> type[ExchangeAPIError] | None:
    """Look a text up, then without the details behind its last colons."""
    while code:
        if code in CODES:
            return CODES[code]
        code = code.rpartition(":")[0]
    return None


def _throttled(code: str | None, received_ns: int | None) -> int | None:
    """Read until when `EService:Throttled: 1688669448` wants us to wait; None where it does not say."""
    until = (code or "").rpartition(":")[2].strip()
    if received_ns is None or not until.isdecimal():
        return None
    return max(0, int(until) * _SECOND - received_ns)


def _unlisted(code: str | None, status: int | None) -> type[ExchangeAPIError]:
    if code is not None and code.startswith("EService:"):
        return ExchangeUnavailable
    if code is None and status == 403:
        return AuthenticationFailed
    return unlisted(worded=code is not None, status=status)
