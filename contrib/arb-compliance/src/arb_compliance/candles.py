"""Candles as the contract names them and as a simulated venue keeps them. Entered by the cases about either side.

A venue's own spelling of an interval is its plugin's business; what an interval means is the contract's.
"""

from math import isnan

from arb_core.structs.market import Kline
from arb_sim.kernel.candles import MONTH, WEEK, Candle, Interval

from arb_compliance.oracle import Floats

__all__ = ["INTERVALS", "flaw"]

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

INTERVALS = {
    "1s": Interval(SECOND),
    "1m": Interval(MINUTE),
    "3m": Interval(3 * MINUTE),
    "5m": Interval(5 * MINUTE),
    "15m": Interval(15 * MINUTE),
    "30m": Interval(30 * MINUTE),
    "1h": Interval(HOUR),
    "2h": Interval(2 * HOUR),
    "4h": Interval(4 * HOUR),
    "6h": Interval(6 * HOUR),
    "8h": Interval(8 * HOUR),
    "12h": Interval(12 * HOUR),
    "1d": Interval(DAY),
    "3d": Interval(3 * DAY),
    "1w": WEEK,
    "1M": MONTH,
}
"""The contract's interval -> the windows that it means."""


def flaw(kline: Kline, candle: Candle, floats: Floats, now_ns: int) -> str | None:
    """Return what of a candle is not the venue's, None = all of it is. Volumes may be unknown (NaN, None)."""
    price, size, quote = floats.price, floats.size, floats.quote
    compared = {
        "open_ns": (kline.open_ns, candle.start_ns),
        "open": (kline.open, price(candle.open)),
        "high": (kline.high, price(candle.high)),
        "low": (kline.low, price(candle.low)),
        "close": (kline.close, price(candle.close)),
    }
    if not isnan(kline.volume):
        compared["volume"] = (kline.volume, size(candle.volume))
    if kline.quote_volume is not None:
        compared["quote_volume"] = (kline.quote_volume, quote(candle.quote_volume))
    for name, (found, wanted) in compared.items():
        if found != wanted:
            return f"{name}: expected {wanted}, found {found}"
    if kline.closed and candle.end_ns > now_ns:
        return f"closed, and it ends in {(candle.end_ns - now_ns) / SECOND:g} s"
    return None
