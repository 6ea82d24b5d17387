"""What the headers of an answer say of limits: how long to wait, how much was counted. Pure."""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

__all__ = ["LONGEST_NS", "reset_wait_ns", "retry_after_ns", "whole_number"]

_MS = 1_000_000
_SECOND = 1_000_000_000

LONGEST_NS = 7 * 24 * 3600 * _SECOND
"""No venue bans for longer than three days (Binance, MEXC); a longer time is a misread header."""


def retry_after_ns(headers: Mapping[str, str], now_ns: int) -> int | None:
    """Return what a Retry-After header asks for; None without one that can be read.

    Seconds, or an HTTP date (RFC 9110, 10.2.3). A date is compared with the answer's own Date header where there is
    one, so that our clock may be wrong. Never below 0, never above a week.
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    number, _point, fraction = text.partition(".")
    if number.isdecimal() and number.isascii() and (not fraction or fraction.isdecimal()):
        # A fraction of a second is not in the standard, and is rounded up.
        return min((int(number[:12]) + bool(fraction.strip("0"))) * _SECOND, LONGEST_NS)
    until_ns = _http_date_ns(text)
    if until_ns is None:
        return None
    sent_ns = _http_date_ns(headers.get("date", ""))
    return min(max(0, until_ns - (now_ns if sent_ns is None else sent_ns)), LONGEST_NS)


def reset_wait_ns(value: int, now_ns: int) -> int:
    """Return how long until a budget refills, by the magnitude of what the header says.

    Below 10^9 a duration in ms (KuCoin: `gw-ratelimit-reset`), below 10^11 epoch seconds, else epoch ms (Gate.io: the
    unit is not stated, the samples are ms).
    """
    if value < 1_000_000_000:
        return value * _MS
    epoch_ns = value * (_SECOND if value < 100_000_000_000 else _MS)
    return max(0, epoch_ns - now_ns)


def _http_date_ns(text: str) -> int | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return round(moment.timestamp()) * _SECOND


def whole_number(text: str | None) -> int | None:
    """Return a header's count; None where it is no whole number, for a venue's header must not break its answer."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None
