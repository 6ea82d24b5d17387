"""From OKX's error codes to `arb_core.errors`. Entered by the core with every answer, through `read`.

Source: https://www.okx.com/docs-v5/en/#error-code ; [S] marks meanings told by users only. The code decides, not the
HTTP status: most refusals of orders come with 200, the reason in `sCode` of each order.
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

from arb_okx import wire
from arb_okx.card import ID

__all__ = ["CODES", "error", "outcome", "read", "read_each"]

CODES: dict[str, type[ExchangeAPIError]] = {
    "51001": InvalidSymbol,
    "51015": InvalidSymbol,
    "51008": InsufficientBalance,
    "51119": InsufficientBalance,
    "51127": InsufficientBalance,
    "51131": InsufficientBalance,
    "51502": InsufficientBalance,
    # Unknown, or ended already.
    "51063": OrderNotFound,
    "51400": OrderNotFound,
    "51401": OrderNotFound,
    "51402": OrderNotFound,
    "51410": OrderNotFound,
    "51503": OrderNotFound,
    "51509": OrderNotFound,
    "51510": OrderNotFound,
    "51603": OrderNotFound,
    "51011": DuplicateOrder,
    "51016": DuplicateOrder,
    # Came later than it allowed itself.
    "50037": InvalidOrder,
    # Price: band, precision, least; size: least, lot, most; value; how many stand; post-only.
    "50122": InvalidOrder,
    "51004": InvalidOrder,
    "51005": InvalidOrder,
    "51006": InvalidOrder,
    "51020": InvalidOrder,
    "51025": InvalidOrder,
    "51100": InvalidOrder,
    "51102": InvalidOrder,
    "51109": InvalidOrder,
    "51110": InvalidOrder,
    "51116": InvalidOrder,
    "51120": InvalidOrder,
    "51121": InvalidOrder,
    "51122": InvalidOrder,
    "51124": InvalidOrder,
    "51136": InvalidOrder,
    "51137": InvalidOrder,
    "51138": InvalidOrder,
    "51140": InvalidOrder,
    "51150": InvalidOrder,
    "51201": InvalidOrder,
    "51202": InvalidOrder,
    "51203": InvalidOrder,
    "51511": InvalidOrder,
    # This symbol is not traded, now or here.
    "51021": TradingDisabled,
    "51022": TradingDisabled,
    "51087": TradingDisabled,
    "51155": TradingDisabled,
    "50032": TradingDisabled,
    "50033": TradingDisabled,
    "50052": TradingDisabled,
    # Key, passphrase, signature, permission, address list, environment, state of the account.
    "50007": AuthenticationFailed,
    "50012": AuthenticationFailed,
    "50027": AuthenticationFailed,
    "50028": AuthenticationFailed,
    "50029": AuthenticationFailed,
    "50030": AuthenticationFailed,
    "50035": AuthenticationFailed,
    "50100": AuthenticationFailed,
    "50101": AuthenticationFailed,
    "50103": AuthenticationFailed,
    "50104": AuthenticationFailed,
    "50105": AuthenticationFailed,
    "50106": AuthenticationFailed,
    "50107": AuthenticationFailed,
    "50110": AuthenticationFailed,
    "50111": AuthenticationFailed,
    "50112": AuthenticationFailed,
    "50113": AuthenticationFailed,
    "50114": AuthenticationFailed,
    "50119": AuthenticationFailed,
    "50120": AuthenticationFailed,
    "50121": AuthenticationFailed,
    "51024": AuthenticationFailed,
    "50102": ClockSkew,
    "50036": ClockSkew,
    "50011": RateLimitError,
    "50040": RateLimitError,
    "50061": RateLimitError,
    # The request itself is wrong.
    "1": Rejected,
    "2": Rejected,
    "50000": Rejected,
    "50002": Rejected,
    "50006": Rejected,
    "50014": Rejected,
    "50015": Rejected,
    "50016": Rejected,
    "50024": Rejected,
    "50025": Rejected,
    "50115": Rejected,
    "51000": Rejected,
    "51003": Rejected,
    "51010": Rejected,
    "51500": Rejected,
    "51513": Rejected,
    # Their side; of 50004, 51054, 51149 and 51412 nobody knows whether the request took effect.
    "50001": ExchangeUnavailable,
    "50004": ExchangeUnavailable,
    "50005": ExchangeUnavailable,
    "50013": ExchangeUnavailable,
    "50026": ExchangeUnavailable,
    "51054": ExchangeUnavailable,
    "51149": ExchangeUnavailable,
    "51412": ExchangeUnavailable,
}

_PARAMETERS: dict[str, type[ExchangeAPIError]] = {
    "instId": InvalidSymbol,
    "clOrdId": InvalidOrder,
    "px": InvalidOrder,
    "sz": InvalidOrder,
    "newPx": InvalidOrder,
    "newSz": InvalidOrder,
}
"""What 51000 means, by the parameter that its text names."""

_BY_ORDER = {"1", "2"}
"""The codes of an answer in which each order says for itself what became of it."""
_TAKEN = {None, "", "0"}

_envelope = msgspec.json.Decoder(wire.Envelope)
_outcomes = msgspec.json.Decoder(list[wire.Outcome] | None)


def read(answer: RestAnswer) -> ExchangeAPIError | None:
    """Return the error an answer stands for, None for a success.

    Raises a msgspec error for a success of another shape.
    """
    return _read(answer, by_order=False)


def read_each(answer: RestAnswer) -> ExchangeAPIError | None:
    """Do the same for a request about several orders: what became of each is for its parser."""
    return _read(answer, by_order=True)


def outcome(row: wire.Outcome) -> ExchangeAPIError | None:
    """Return the error of one order of a request, None where it was taken."""
    return None if row.sCode in _TAKEN else error(row.sCode, row.sMsg or "no reason given")


def error(code: str | None, message: str, http_status: int | None = None) -> ExchangeAPIError:
    """Return the error for a code, of an answer or of one order; an unknown one is told by its HTTP status."""
    kind = _parameter(code, message) or CODES.get(code or "") or unlisted(worded=code is not None, status=http_status)
    return kind(message, exchange=ID, api_code=code, http_status=http_status)


def _read(answer: RestAnswer, *, by_order: bool) -> ExchangeAPIError | None:
    try:
        envelope = _envelope.decode(answer.body)
    except msgspec.MsgspecError:
        if answer.status < 300:
            raise
        # From what stands before OKX: firewall or proxy.
        return error(None, f"HTTP {answer.status} without a reason", answer.status)
    code = str(envelope.code)
    if code == "0" and answer.status < 300:
        return None
    if code in _BY_ORDER:
        outcomes = _outcomes.decode(envelope.data) or []
        if by_order and outcomes:
            return None
        for row in outcomes:
            if row.sCode not in _TAKEN:
                return error(row.sCode, row.sMsg or envelope.msg or "no reason given", answer.status)
    return error(code, envelope.msg or f"HTTP {answer.status}", answer.status)


def _parameter(code: str | None, message: str) -> type[ExchangeAPIError] | None:
    if code != "51000":
        return None
    return next((_PARAMETERS[word] for word in message.split() if word in _PARAMETERS), None)
