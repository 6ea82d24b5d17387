"""From Bitget's error codes to `arb_core.errors`. Entered by the core with every answer, through `read`.

Source: https://www.bitget.com/api-doc/common/error-code-restapi and the pages of each endpoint; [S] marks codes seen by
users only. The code decides, which is text; the HTTP status is mostly 400.
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

from arb_bitget import wire
from arb_bitget.card import ID

__all__ = ["CODES", "error", "read"]

SUCCESS = "00000"

CODES: dict[str, type[ExchangeAPIError]] = {
    # 40034 says of any parameter that it does not exist; the text names which: see `_named`.
    "40034": Rejected,
    "40102": InvalidSymbol,
    "42016": InvalidSymbol,
    "40072": InvalidSymbol,
    "43048": InvalidSymbol,
    "43012": InsufficientBalance,
    "40754": InsufficientBalance,
    "45002": InsufficientBalance,
    "43132": InsufficientBalance,
    "25202": InsufficientBalance,
    # Unknown, or ended already.
    "43001": OrderNotFound,
    "31007": OrderNotFound,
    "25204": OrderNotFound,
    "22001": OrderNotFound,
    "43118": DuplicateOrder,
    "40786": DuplicateOrder,  # [S]
    "25212": DuplicateOrder,
    # Client id.
    "40304": InvalidOrder,
    "40305": InvalidOrder,
    # Price.
    "43008": InvalidOrder,
    "43009": InvalidOrder,
    "43039": InvalidOrder,
    "43040": InvalidOrder,
    "43028": InvalidOrder,
    "40815": InvalidOrder,
    "40816": InvalidOrder,
    "25205": InvalidOrder,
    "25206": InvalidOrder,
    "25244": InvalidOrder,
    # Quantity.
    "43006": InvalidOrder,
    "40808": InvalidOrder,  # [S]
    "40809": InvalidOrder,  # [S]
    "22038": InvalidOrder,
    "25207": InvalidOrder,
    "25208": InvalidOrder,
    # Value.
    "43010": InvalidOrder,
    "43027": InvalidOrder,
    "43037": InvalidOrder,
    "43042": InvalidOrder,
    "45110": InvalidOrder,  # [S]
    "45113": InvalidOrder,  # [S]
    "25611": InvalidOrder,
    # The symbol is not traded now.
    "41113": TradingDisabled,
    "41114": TradingDisabled,
    "43120": TradingDisabled,
    "25101": TradingDisabled,
    "25102": TradingDisabled,
    "25103": TradingDisabled,
    # Key, signature, passphrase, permission, address list.
    "40001": AuthenticationFailed,
    "40002": AuthenticationFailed,
    "40003": AuthenticationFailed,
    "40006": AuthenticationFailed,
    "40009": AuthenticationFailed,
    "40011": AuthenticationFailed,
    "40012": AuthenticationFailed,
    "40036": AuthenticationFailed,
    "40014": AuthenticationFailed,
    "40018": AuthenticationFailed,
    "40038": AuthenticationFailed,
    "40037": AuthenticationFailed,
    "40005": ClockSkew,
    "40008": ClockSkew,
    "429": RateLimitError,
    "25004": RateLimitError,
    # Their side; 40010 and 45001 say that nobody knows what became of the request.
    "40015": ExchangeUnavailable,
    "40010": ExchangeUnavailable,
    "40725": ExchangeUnavailable,
    "25000": ExchangeUnavailable,
    "25001": ExchangeUnavailable,
    "45001": ExchangeUnavailable,  # [S]
    # The request itself is wrong.
    "40017": Rejected,  # [S]
    "40019": Rejected,  # [S]
    "40020": Rejected,  # [S]
    "40404": Rejected,  # [S]
}

_envelope = msgspec.json.Decoder(wire.Envelope)


def read(answer: RestAnswer) -> ExchangeAPIError | None:
    """Return the error an answer stands for, None for a success."""
    try:
        envelope = _envelope.decode(answer.body)
    except msgspec.MsgspecError:
        if answer.status < 300:
            return None  # the parser says what is wrong with it
        # From what stands before Bitget: firewall or proxy.
        return error(None, f"HTTP {answer.status} without a reason", answer.status)
    code = None if envelope.code is None else str(envelope.code)
    if answer.status < 300 and code in {SUCCESS, None}:
        return None
    message = envelope.msg or envelope.message or f"HTTP {answer.status}"
    return error(None if code == SUCCESS else code, message, answer.status)


def error(code: str | None, message: str, http_status: int | None = None) -> ExchangeAPIError:
    """Return the error for a code; an unknown one is told by its HTTP status."""
    kind = _named(code, message) or CODES.get(code or "") or unlisted(worded=code is not None, status=http_status)
    if kind is RateLimitError:
        return RateLimitError(message, exchange=ID, banned=http_status == 418, api_code=code, http_status=http_status)
    return kind(message, exchange=ID, api_code=code, http_status=http_status)


def _named(code: str | None, message: str) -> type[ExchangeAPIError] | None:
    """Tell a symbol from other parameters that do not exist: symbols are upper case, names of parameters are not."""
    words = message.split()
    if code == "40034" and len(words) > 1 and words[1].isupper():
        return InvalidSymbol
    return None
