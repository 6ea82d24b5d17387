"""How much somebody may ask: request weights by address, new orders by account. Entered by whatever answers.

Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits
"""

from collections.abc import Callable

from arb_sim.kernel.accounts import Account
from arb_sim.kernel.happenings import Happening, What
from arb_sim.kernel.limits import Ban, Window
from arb_sim.kernel.rest import Refusal, json
from arb_sim.venue import Response

__all__ = ["RATE_LIMITS", "WEIGHT_LIMIT", "Limits", "OrderCounts", "too_many"]

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE

WEIGHT_LIMIT = 6000
RAW_LIMIT = 61_000
ORDERS = {"10S": (100, 10 * SECOND), "1D": (200_000, DAY)}

RATE_LIMITS = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": WEIGHT_LIMIT},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": ORDERS["10S"][0]},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": ORDERS["1D"][0]},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": RAW_LIMIT},
]


def too_many(now_ms: int, retry_after_s: int | None, *, banned: bool) -> Response:
    """Say that an address asks too much, or is shut out."""
    headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
    if banned:
        message = f"Way too much request weight used; IP banned until {now_ms + (retry_after_s or 120) * 1000}."
    else:
        message = f"Too much request weight used; current limit is {WEIGHT_LIMIT} request weight per 1 MINUTE."
    return json({"code": -1003, "msg": message}, status=418 if banned else 429, headers=headers)


class Limits:
    """What each address has used. `now` is venue time, `now_ms` what the venue's clock says."""

    def __init__(self, now: Callable[[], int], now_ms: Callable[[], int]) -> None:
        self._now = now
        self._now_ms = now_ms
        self._weights: dict[str, Window] = {}
        self._requests: dict[str, Window] = {}
        self._bans: dict[str, Ban] = {}

    def spend(self, client: str, weight: int) -> None:
        """Count a request.

        Raises:
            Refusal: the address asks too much, or is shut out because it went on after it was told to wait.
        """
        now_ns = self._now()
        weights = self._weights.setdefault(client, Window(WEIGHT_LIMIT, MINUTE, aligned=True))
        requests = self._requests.setdefault(client, Window(RAW_LIMIT, 5 * MINUTE, aligned=True))
        ban = self._bans.setdefault(client, Ban(patience=10, span_ns=2 * MINUTE))
        if ban.holds(now_ns):
            raise self._refusal(ban.wait_s(now_ns), banned=True)
        within = weights.spend(weight, now_ns)
        if requests.spend(1, now_ns) and within:
            ban.forgive()
            return
        if ban.offend(now_ns):
            raise self._refusal(ban.wait_s(now_ns), banned=True)
        raise self._refusal((requests if within else weights).wait_s(now_ns), banned=False)

    def used(self, client: str) -> int:
        """The weight that an address has used in this minute."""
        window = self._weights.get(client)
        return 0 if window is None else window.used

    def _refusal(self, wait_s: int, *, banned: bool) -> Refusal:
        return Refusal(too_many(self._now_ms(), wait_s, banned=banned))


class OrderCounts:
    """How many orders of one account stand unfilled since the windows began; an order's first fill gives it back."""

    def __init__(self, account: Account, now: Callable[[], int]) -> None:
        self._now = now
        self._windows = {name: Window(limit, span_ns, aligned=True) for name, (limit, span_ns) in ORDERS.items()}
        account.listeners.append(self._hear)

    def spend(self) -> None:
        """Count an order that is about to be placed.

        Raises:
            Refusal: it is one too many.
        """
        for name, window in self._windows.items():
            if not window.spend(1, self._now()):
                self.give_back()
                limit, unit = window.limit, {"S": "SECOND", "D": "DAY"}[name[-1]]
                message = f"Too many new orders; current limit is {limit} orders per {name[:-1]} {unit}."
                headers = {"retry-after": str(window.wait_s(self._now()))}
                raise Refusal(json({"code": -1015, "msg": message}, status=429, headers=headers))

    def give_back(self) -> None:
        """Let one of them not count."""
        for window in self._windows.values():
            window.used = max(0, window.used - 1)

    def _hear(self, happening: Happening) -> None:
        order, fill = happening.order, happening.fill
        if happening.what is What.FILLED and order is not None and fill is not None and order.filled == fill.size:
            self.give_back()

    @property
    def counts(self) -> dict[str, int]:
        """Orders by window, named as in the headers."""
        return {name: window.used if self._now() < window.ends_ns else 0 for name, window in self._windows.items()}

    @property
    def rows(self) -> list[dict[str, object]]:
        """The same as the account is told of it."""
        shown = [row for row in RATE_LIMITS if row["rateLimitType"] == "ORDERS"]
        return [{**row, "count": count} for row, count in zip(shown, self.counts.values(), strict=True)]
