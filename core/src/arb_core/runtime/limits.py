"""Budgets: how much a venue lets us ask, what of it is spent, and who goes next. Pure: every method is told the time.

`Budgets` holds one window for each limit of the card (one for each endpoint where the card says so), obeys `share`, the
venue's own usage headers, Retry-After and bans, and can be saved and restored, so that a ban outlives the process.
`Turnstile` lets requests out first come, first served. `runtime.rest` enters for requests, `runtime.stream` may use a
`Window` alone (connection attempts, messages a second).

Why windows and not leaky buckets: a bucket that refills while it is drained lets through nearly twice its size in one
window, and venues count windows. Here no window of the length that the venue states, wherever it begins, ever holds
more than the limit. Rolling windows follow the monotonic clock, windows that begin on the wall clock follow that one.
"""

from collections import deque
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal

import msgspec

from arb_core.errors import SettingsError
from arb_core.structs.card import RateLimit, UsageHeader
from arb_core.structs.health import BudgetUse

__all__ = ["BudgetState", "Budgets", "Claim", "Turnstile", "Window", "reset_wait_ns", "retry_after_ns"]

_MS = 1_000_000
_SECOND = 1_000_000_000

_LONGEST_NS = 7 * 24 * 3600 * _SECOND
"""No venue bans for longer than three days (Binance, MEXC); a longer time is a misread header."""

_DEFAULT_BAN_NS = 120 * _SECOND
"""A ban without a stated end: Binance's and MEXC's shortest."""

_MARGIN_NS = 50 * _MS
"""Requests do not travel equally fast and two wall clocks never agree: units count this much longer, on either side."""

_SLOTS = 128
"""A rolling window remembers its units in this many slots, each of which counts until the end of its last moment."""

Scope = Literal["ip", "key"]


class _Spend(msgspec.Struct):
    """Units that count until a moment. `ours` = we spent them; else the venue says that somebody did."""

    until_ns: int
    units: int
    ours: bool


class Window:
    """One budget, in one window. `share` limits what we spend; what all together spend is limited by the whole."""

    __slots__ = ("_aligned", "_limit", "_ours", "_own_limit", "_slot_ns", "_spends", "_total", "_window_ns")

    def __init__(self, limit: RateLimit, share: float = 1.0) -> None:
        """Begin unspent."""
        self._limit = limit.limit
        self._own_limit = max(1, int(limit.limit * share))
        self._window_ns = limit.window_ns
        self._aligned = limit.aligned
        self._slot_ns = max(1, limit.window_ns // _SLOTS)
        self._spends: deque[_Spend] = deque()
        self._ours = 0
        self._total = 0

    @property
    def own_limit(self) -> int:
        """Units that we may spend in a window."""
        return self._own_limit

    @property
    def window_ns(self) -> int:
        """Its length."""
        return self._window_ns

    def spent(self, now_ns: int, monotonic_ns: int) -> int:
        """Return the units that count now, ours and those the venue told us of."""
        self._forget(now_ns if self._aligned else monotonic_ns)
        return self._total

    def wait_ns(self, units: int, now_ns: int, monotonic_ns: int) -> int:
        """Return how long until so many units are free, 0 = now. More than `own_limit` units are never free."""
        clock_ns = now_ns if self._aligned else monotonic_ns
        self._forget(clock_ns)
        ours, total = self._ours + units - self._own_limit, self._total + units - self._limit
        if ours <= 0 and total <= 0:
            return 0
        for spend in self._spends:
            total -= spend.units
            if spend.ours:
                ours -= spend.units
            if ours <= 0 and total <= 0:
                return spend.until_ns - clock_ns
        return self._window_ns

    def spend(self, units: int, now_ns: int, monotonic_ns: int) -> None:
        """Count units that leave now."""
        self._add(units, self._until(now_ns, monotonic_ns), ours=True)

    def report(self, used: int, now_ns: int, monotonic_ns: int) -> None:
        """Take the venue's word for the units that were spent in its window: the difference was somebody else's."""
        others = min(used, self._limit) - self.spent(now_ns, monotonic_ns)
        if others > 0:
            self._add(others, self._until(now_ns, monotonic_ns), ours=False)

    def until_fresh_ns(self, now_ns: int, monotonic_ns: int) -> int:
        """Return how long until whatever was spent up to now has gone."""
        return self._until(now_ns, monotonic_ns) - (now_ns if self._aligned else monotonic_ns)

    def save(self, now_ns: int, monotonic_ns: int) -> list[tuple[int, int, bool]]:
        """Return what counts: (wall time until which, units, whether ours)."""
        clock_ns = now_ns if self._aligned else monotonic_ns
        self._forget(clock_ns)
        return [(spend.until_ns - clock_ns + now_ns, spend.units, spend.ours) for spend in self._spends]

    def restore(self, saved: list[tuple[int, int, bool]], now_ns: int, monotonic_ns: int) -> None:
        """Count again what another process spent."""
        clock_ns = now_ns if self._aligned else monotonic_ns
        for until_ns, units, ours in sorted(saved):
            left_ns = min(until_ns - now_ns, self._window_ns + self._slot_ns + 2 * _MARGIN_NS)
            if left_ns > 0:
                self._add(units, left_ns + clock_ns, ours=ours)

    def _until(self, now_ns: int, monotonic_ns: int) -> int:
        """Return until when units that leave now count.

        In an aligned window the venue may stand a margin behind us, or ahead: units that leave just before a boundary
        may be counted after it, so they count until the end of the later window.
        """
        if self._aligned:
            return ((now_ns + _MARGIN_NS) // self._window_ns + 1) * self._window_ns + _MARGIN_NS
        return (monotonic_ns // self._slot_ns + 1) * self._slot_ns + self._window_ns + _MARGIN_NS

    def _add(self, units: int, until_ns: int, *, ours: bool) -> None:
        spends = self._spends
        last = spends[-1] if spends else None
        # Only a wall clock that was set back makes a later spend end earlier; then it ends with the one before.
        until_ns = max(until_ns, last.until_ns) if last else until_ns
        if last and last.until_ns == until_ns and last.ours is ours:
            last.units += units
        else:
            spends.append(_Spend(until_ns, units, ours))
        self._total += units
        if ours:
            self._ours += units

    def _forget(self, clock_ns: int) -> None:
        """Drop what no longer counts."""
        spends = self._spends
        longest_ns = self._window_ns + self._slot_ns + 2 * _MARGIN_NS
        while spends and (spends[0].until_ns <= clock_ns or spends[0].until_ns > clock_ns + 2 * longest_ns):
            # The second condition: a wall clock set far back must not freeze a budget until it is there again.
            gone = spends.popleft()
            self._total -= gone.units
            if gone.ours:
                self._ours -= gone.units


class Claim(msgspec.Struct, frozen=True, eq=False):
    """What one request takes: (bucket, units) of each budget, and the scopes whose bans hold it."""

    endpoint: str
    buckets: tuple[tuple[str, int], ...]
    scopes: frozenset[Scope]


class BudgetState(msgspec.Struct, frozen=True, kw_only=True):
    """What survives a restart. Times are nanoseconds since the epoch."""

    closed: dict[str, int] = {}
    spent: dict[str, list[tuple[int, int, bool]]] = {}


class Budgets:
    """Every budget of one venue, for one address and one key."""

    def __init__(self, limits: tuple[RateLimit, ...], usage: tuple[UsageHeader, ...] = (), share: float = 1.0) -> None:
        """Take the card's limits, its usage headers, and the part of it all that this process may use, in (0, 1]."""
        if not 0 < share <= 1:
            raise SettingsError(f"expected a number above 0 and at most 1, found {share}", key="share")
        self._limits = {limit.name: limit for limit in limits}
        self._usage = usage
        self._share = share
        self._windows: dict[str, Window] = {}
        self._closed: dict[str, int] = {}
        """Bucket or scope -> monotonic time until which it is closed."""

    def claim(self, endpoint: str, cost: Mapping[str, int]) -> Claim:
        """Return what a request takes; `cost` names limits, `endpoint` the budget where each endpoint has its own.

        Raises:
            SettingsError: it costs more than a whole window holds, or names a limit that the card lacks.
        """
        buckets: list[tuple[str, int]] = []
        scopes: set[Scope] = set()
        for name, units in cost.items():
            limit = self._limits.get(name)
            if limit is None:
                known = ", ".join(self._limits) or "none"
                raise SettingsError(f"{endpoint} takes from limit {name!r}, the card has {known}", key=name)
            bucket = _bucket(limit, endpoint)
            window = self._window(bucket, limit)
            if units > window.own_limit:
                raise SettingsError(
                    f"{endpoint} costs {units} units of limit {name!r}, of which this process may use "
                    f"{window.own_limit} at once; raise share",
                    key="share",
                )
            buckets.append((bucket, units))
            scopes.add(limit.scope)
        return Claim(endpoint, tuple(buckets), frozenset(scopes or {"ip"}))

    def wait_ns(self, claim: Claim, now_ns: int, monotonic_ns: int) -> int:
        """Return how long until the request may leave, 0 = now."""
        return max(self.blocked_by(claim, now_ns, monotonic_ns).values(), default=0)

    def blocked_by(self, claim: Claim, now_ns: int, monotonic_ns: int) -> dict[str, int]:
        """Return what holds a request back (buckets and scopes) and for how long; empty = it may leave."""
        blocked: dict[str, int] = {}
        for scope in claim.scopes:
            if (left_ns := self._closed_ns(_scope(scope), monotonic_ns)) > 0:
                blocked[_scope(scope)] = left_ns
        for bucket, units in claim.buckets:
            left_ns = max(
                self._closed_ns(bucket, monotonic_ns), self._windows[bucket].wait_ns(units, now_ns, monotonic_ns)
            )
            if left_ns > 0:
                blocked[bucket] = left_ns
        return blocked

    def take(self, claim: Claim, now_ns: int, monotonic_ns: int) -> None:
        """Spend what a request takes, at the moment when it leaves."""
        for bucket, units in claim.buckets:
            self._windows[bucket].spend(units, now_ns, monotonic_ns)

    def observe(self, claim: Claim, headers: Mapping[str, str], now_ns: int, monotonic_ns: int) -> None:
        """Learn from an answer's usage headers (names in lower case) what the venue has counted."""
        for usage in self._usage:
            value = _whole_number(headers.get(usage.header.lower()))
            limit = self._limits.get(usage.limit)
            if value is None or limit is None or usage.meaning == "reset_ms":
                continue
            bucket = _bucket(limit, claim.endpoint)
            if limit.per_endpoint and bucket not in dict(claim.buckets):
                continue  # the header speaks of another budget of this endpoint
            used = value if usage.meaning == "used" else limit.limit - value
            self._window(bucket, limit).report(used, now_ns, monotonic_ns)

    def refuse(
        self,
        claim: Claim,
        headers: Mapping[str, str],
        now_ns: int,
        monotonic_ns: int,
        *,
        banned: bool,
        stated_ns: int | None = None,
    ) -> int:
        """Close what a refused request took from, for everybody, and return for how long.

        A refusal (429) closes the request's own budgets; a ban (418) closes all that count by the same address or key,
        for going on elsewhere lengthens it. How long: Retry-After; else `stated_ns`; else the reset header; else
        until whatever was spent has left the window. A closing is never shortened.
        """
        header_ns = retry_after_ns(headers, now_ns)
        stated_ns = stated_ns if header_ns is None else header_ns
        longest_ns = 0
        for bucket, _units in claim.buckets:
            wait_ns = stated_ns
            if wait_ns is None:
                wait_ns = self._reset_ns(bucket, headers, now_ns)
            if wait_ns is None:
                wait_ns = self._windows[bucket].until_fresh_ns(now_ns, monotonic_ns)
            longest_ns = max(longest_ns, self._close(bucket, wait_ns, monotonic_ns))
        if banned:
            wait_ns = max(longest_ns, _DEFAULT_BAN_NS) if stated_ns is None else stated_ns
            for scope in claim.scopes:
                longest_ns = max(longest_ns, self._close(_scope(scope), wait_ns, monotonic_ns))
        elif not claim.buckets:
            # An endpoint without a price was refused all the same: only its scope is left to close.
            for scope in claim.scopes:
                longest_ns = max(longest_ns, self._close(_scope(scope), stated_ns or _SECOND, monotonic_ns))
        return longest_ns

    def use(self, now_ns: int, monotonic_ns: int) -> dict[str, BudgetUse]:
        """Return every budget that was ever used, by bucket; a banned scope shows as `scope:ip` or `scope:key`."""
        uses = {
            bucket: BudgetUse(
                spent=window.spent(now_ns, monotonic_ns),
                limit=window.own_limit,
                window_ns=window.window_ns,
                closed_ns=self._closed_ns(bucket, monotonic_ns),
            )
            for bucket, window in self._windows.items()
        }
        for key in self._closed:
            if key not in uses and (left_ns := self._closed_ns(key, monotonic_ns)) > 0:
                uses[key] = BudgetUse(spent=0, limit=0, window_ns=0, closed_ns=left_ns)
        return uses

    def save(self, now_ns: int, monotonic_ns: int) -> BudgetState:
        """Return what another process should know."""
        return BudgetState(
            closed={
                key: now_ns + left_ns for key in self._closed if (left_ns := self._closed_ns(key, monotonic_ns)) > 0
            },
            spent={
                bucket: saved
                for bucket, window in self._windows.items()
                if (saved := window.save(now_ns, monotonic_ns))
            },
        )

    def restore(self, state: BudgetState, now_ns: int, monotonic_ns: int) -> None:
        """Take up what `save` returned, in this process or an earlier one; limits that the card lost are left out."""
        for key, until_ns in state.closed.items():
            if until_ns > now_ns:
                self._close(key, until_ns - now_ns, monotonic_ns)
        for bucket, saved in state.spent.items():
            limit = self._limits.get(bucket.partition(_AT)[0])
            if limit is not None:
                self._window(bucket, limit).restore(saved, now_ns, monotonic_ns)

    def _window(self, bucket: str, limit: RateLimit) -> Window:
        window = self._windows.get(bucket)
        if window is None:
            window = self._windows[bucket] = Window(limit, self._share)
        return window

    def _close(self, key: str, wait_ns: int, monotonic_ns: int) -> int:
        """Close a bucket or a scope and return how long it is closed in all."""
        until_ns = monotonic_ns + min(wait_ns, _LONGEST_NS)
        self._closed[key] = max(self._closed.get(key, until_ns), until_ns)
        return self._closed[key] - monotonic_ns

    def _closed_ns(self, key: str, monotonic_ns: int) -> int:
        return max(0, self._closed.get(key, monotonic_ns) - monotonic_ns)

    def _reset_ns(self, bucket: str, headers: Mapping[str, str], now_ns: int) -> int | None:
        """Return how long until the venue says that this budget refills; never longer than its window lasts."""
        limit = self._limits[bucket.partition(_AT)[0]]
        for usage in self._usage:
            if usage.limit == limit.name and usage.meaning == "reset_ms":
                value = _whole_number(headers.get(usage.header.lower()))
                if value is not None:
                    return min(reset_wait_ns(value, now_ns), limit.window_ns) + _MARGIN_NS
        return None


_AT = " @ "
"""Stands between a limit and the endpoint that has it for itself."""


def _bucket(limit: RateLimit, endpoint: str) -> str:
    return f"{limit.name}{_AT}{endpoint}" if limit.per_endpoint else limit.name


def _scope(scope: Scope) -> str:
    return f"scope:{scope}"


class Turnstile:
    """Who goes next: first come, first served, at most `places` under way.

    A request held back by a budget holds back later ones that want the same budget (else small requests would starve a
    dear one for ever), and nobody else.
    """

    def __init__(self, budgets: Budgets, places: int) -> None:
        """Let at most `places` requests be under way."""
        self._budgets = budgets
        self._places = places
        self._waiting: dict[Claim, None] = {}
        self._soonest_ns: int | None = None
        self.under_way = 0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def join(self, claim: Claim) -> None:
        """Stand at the end of the line. A claim object stands there once."""
        self._waiting[claim] = None

    def give_up(self, claim: Claim) -> None:
        """Leave the line; harmless for one that has gone through."""
        self._waiting.pop(claim, None)

    def done(self) -> None:
        """One that was under way has its answer."""
        self.under_way -= 1

    def admit(self, now_ns: int, monotonic_ns: int) -> list[Claim]:
        """Let through all that may leave now, spend what they take, and return them in the order of the line."""
        admitted: list[Claim] = []
        held: set[str] = set()
        self._soonest_ns = None
        for claim in tuple(self._waiting):
            if self.under_way >= self._places:
                self._soonest_ns = None  # whoever is done calls again
                break
            blocked = self._budgets.blocked_by(claim, now_ns, monotonic_ns)
            if blocked:
                held.update(blocked)
                soon_ns = max(blocked.values())
                self._soonest_ns = soon_ns if self._soonest_ns is None else min(self._soonest_ns, soon_ns)
            elif held.isdisjoint(bucket for bucket, _units in claim.buckets):
                del self._waiting[claim]
                self._budgets.take(claim, now_ns, monotonic_ns)
                self.under_way += 1
                admitted.append(claim)
        return admitted

    @property
    def again_ns(self) -> int | None:
        """How long after the last `admit` the next one is worth while; None = not before somebody is done or joins."""
        return self._soonest_ns


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
        return min((int(number[:12]) + bool(fraction.strip("0"))) * _SECOND, _LONGEST_NS)
    until_ns = _http_date_ns(text)
    if until_ns is None:
        return None
    sent_ns = _http_date_ns(headers.get("date", ""))
    return min(max(0, until_ns - (now_ns if sent_ns is None else sent_ns)), _LONGEST_NS)


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


def _whole_number(text: str | None) -> int | None:
    """Return a header's count; None where it is no whole number, for a venue's header must not break its answer."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None
