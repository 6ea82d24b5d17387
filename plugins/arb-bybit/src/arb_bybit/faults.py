"""From Bybit's codes to `arb_core.errors`. Entered by the core with every answer, through `read`.

Source: https://bybit-exchange.github.io/docs/v5/error . A business failure is HTTP 200 with a `retCode`: the code
decides. What has another HTTP status comes from what stands before the exchange, and often has no code.
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

from arb_bybit import wire
from arb_bybit.card import BAN_NS, ID

__all__ = ["CODES", "TEXTS", "error", "read"]

CODES: dict[int, type[ExchangeAPIError]] = {
    10029: InvalidSymbol,
    170121: InvalidSymbol,
    170221: InvalidSymbol,
    # The symbol, or the account, may not trade now.
    10008: TradingDisabled,
    10024: TradingDisabled,
    10027: TradingDisabled,
    170151: TradingDisabled,
    170157: TradingDisabled,
    170209: TradingDisabled,
    170217: TradingDisabled,
    170219: TradingDisabled,
    170220: TradingDisabled,
    170224: TradingDisabled,
    170241: TradingDisabled,
    3100197: TradingDisabled,
    110004: InsufficientBalance,
    110007: InsufficientBalance,
    110012: InsufficientBalance,
    170033: InsufficientBalance,
    170131: InsufficientBalance,
    # Unknown, filled, canceled, ended in another way.
    110001: OrderNotFound,
    110008: OrderNotFound,
    110010: OrderNotFound,
    170139: OrderNotFound,
    170142: OrderNotFound,
    170143: OrderNotFound,
    170190: OrderNotFound,
    170213: OrderNotFound,
    110072: DuplicateOrder,
    170141: DuplicateOrder,
    # Price, quantity, notional, type, time in force, side.
    110003: InvalidOrder,
    110017: InvalidOrder,
    110094: InvalidOrder,
    170105: InvalidOrder,
    170115: InvalidOrder,
    170116: InvalidOrder,
    170117: InvalidOrder,
    170124: InvalidOrder,
    170130: InvalidOrder,
    170132: InvalidOrder,
    170133: InvalidOrder,
    170134: InvalidOrder,
    170135: InvalidOrder,
    170136: InvalidOrder,
    170137: InvalidOrder,
    170140: InvalidOrder,
    170148: InvalidOrder,
    170159: InvalidOrder,
    170192: InvalidOrder,
    170193: InvalidOrder,
    170194: InvalidOrder,
    170195: InvalidOrder,
    170196: InvalidOrder,
    170197: InvalidOrder,
    170198: InvalidOrder,
    170199: InvalidOrder,
    170200: InvalidOrder,
    170210: InvalidOrder,
    170218: InvalidOrder,
    170228: InvalidOrder,
    170229: InvalidOrder,
    170313: InvalidOrder,
    170341: InvalidOrder,
    170371: InvalidOrder,
    170372: InvalidOrder,
    170381: InvalidOrder,
    170382: InvalidOrder,
    # Key, signature, permission, address, region, kind of account.
    -2015: AuthenticationFailed,
    10003: AuthenticationFailed,
    10004: AuthenticationFailed,
    10005: AuthenticationFailed,
    10007: AuthenticationFailed,
    10009: AuthenticationFailed,
    10010: AuthenticationFailed,
    10028: AuthenticationFailed,
    33004: AuthenticationFailed,
    100028: AuthenticationFailed,
    -1: ClockSkew,
    10002: ClockSkew,
    10006: RateLimitError,
    10018: RateLimitError,
    170005: RateLimitError,
    170222: RateLimitError,
    # The order entry socket's.
    10403: RateLimitError,
    10429: RateLimitError,
    20003: RateLimitError,
    # The request itself is wrong, or asks for what cannot be done with this order.
    10001: Rejected,
    10014: Rejected,
    10017: Rejected,
    20006: Rejected,
    110020: Rejected,
    170144: Rejected,
    170145: Rejected,
    170149: Rejected,
    170150: Rejected,
    170227: Rejected,
    170311: Rejected,
    170312: Rejected,
    170810: Rejected,
    # Their side: restarting, overloaded, suspended. Of time-outs nobody knows whether the request took effect.
    429: ExchangeUnavailable,
    10000: ExchangeUnavailable,
    10016: ExchangeUnavailable,
    10019: ExchangeUnavailable,
    170001: ExchangeUnavailable,
    170007: ExchangeUnavailable,
    170031: ExchangeUnavailable,
    170032: ExchangeUnavailable,
    170035: ExchangeUnavailable,
    170146: ExchangeUnavailable,
    170147: ExchangeUnavailable,
    170191: ExchangeUnavailable,
    170212: ExchangeUnavailable,
    170234: ExchangeUnavailable,
    170310: ExchangeUnavailable,
}

TEXTS: dict[int, tuple[tuple[str, type[ExchangeAPIError]], ...]] = {
    10001: (("symbol", InvalidSymbol), ("orderlinkid", InvalidOrder), ("price", InvalidOrder), ("qty", InvalidOrder)),
}
"""Codes that say different things in words, and which of them name the thing: in lower case, the first that fits."""

_BANNED = b"too frequent"
"""What a 403 says that is a ban of the address for its requests; others are for its country."""

_envelope = msgspec.json.Decoder(wire.Envelope)


def read(answer: RestAnswer) -> ExchangeAPIError | None:
    """Return the error an answer stands for, None for a success.

    Raises:
        MsgspecError: an answer of HTTP 200 is not what Bybit documents.
    """
    if answer.status < 300:
        envelope = _envelope.decode(answer.body)
        if envelope.retCode == 0:
            return None
        return error(envelope.retCode, envelope.retMsg or f"code {envelope.retCode}", answer.status)
    if answer.status == 403 and _BANNED in answer.body.lower():
        return _ban("access too frequent", None, answer.status)
    try:
        envelope = _envelope.decode(answer.body)
    except msgspec.MsgspecError:
        # From what stands before Bybit: firewall or proxy.
        return error(None, f"HTTP {answer.status} without a reason", answer.status)
    return error(envelope.retCode or None, envelope.retMsg or f"HTTP {answer.status}", answer.status)


def error(code: int | None, message: str, http_status: int | None = None) -> ExchangeAPIError:
    """Return the error for a code; an unknown one is told by its HTTP status."""
    if code == 10018:
        return _ban(message, code, http_status)
    kind = _by_text(code, message) or CODES.get(code or 0) or unlisted(worded=code is not None, status=http_status)
    if kind is RateLimitError:
        return RateLimitError(message, exchange=ID, api_code=code, http_status=http_status)
    return kind(message, exchange=ID, api_code=code, http_status=http_status)


def _by_text(code: int | None, message: str) -> type[ExchangeAPIError] | None:
    said = message.lower()
    return next((kind for text, kind in TEXTS.get(code or 0, ()) if text in said), None)


def _ban(message: str, code: int | None, http_status: int | None) -> RateLimitError:
    return RateLimitError(
        message, exchange=ID, retry_after_ns=BAN_NS, banned=True, api_code=code, http_status=http_status
    )
