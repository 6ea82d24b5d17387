"""All that one venue's requests take from: what each costs, whether it may leave, what answers teach. Pure."""

from collections.abc import Mapping

import msgspec

from arb_core.errors import SettingsError
from arb_core.runtime.limits.headers import reset_wait_ns, retry_after_ns, whole_number
from arb_core.runtime.limits.pool import Pool, Scope
from arb_core.runtime.limits.window import MARGIN_NS, Window
from arb_core.structs.card import RateLimit, UsageHeader
from arb_core.structs.health import BudgetUse

__all__ = ["Budgets", "Claim"]

_SECOND = 1_000_000_000

_DEFAULT_BAN_NS = 120 * _SECOND
"""A ban without a stated end: Binance's and MEXC's shortest."""


class Charge(msgspec.Struct, frozen=True, eq=False):
    """What is taken from one budget."""

    bucket: str
    units: int
    pool: Pool
    window: Window


class Claim(msgspec.Struct, frozen=True, eq=False):
    """What one request takes, and the scopes whose bans hold it, by name. Two claims are never the same one."""

    endpoint: str
    charges: tuple[Charge, ...]
    scopes: tuple[tuple[str, Pool], ...]
    urgent: bool = False
    """It changes something: an order, a cancellation, a token kept alive. It goes before those who only ask."""

    def again(self) -> "Claim":
        """Return the claim of another request that takes the same."""
        return Claim(self.endpoint, self.charges, self.scopes, self.urgent)


class Budgets:
    """Every budget of one venue: of its address, and of its key where it has one.

    The pools hold what is counted. Venues that an exchange counts together share them (`Allowances`).
    """

    def __init__(
        self,
        limits: tuple[RateLimit, ...],
        usage: tuple[UsageHeader, ...] = (),
        share: float = 1.0,
        *,
        ip: Pool | None = None,
        key: Pool | None = None,
    ) -> None:
        """Take the card's limits, its usage headers, and the part of it all that this process may use, in (0, 1].

        Raises:
            SettingsError: `share` is not such a part.
        """
        if not 0 < share <= 1:
            raise SettingsError(f"expected a number above 0 and at most 1, found {share}", key="share")
        self._limits = {limit.name: limit for limit in limits}
        self._usage = tuple((usage_.header.lower(), usage_) for usage_ in usage)
        counters = [header for header, usage_ in self._usage if usage_.meaning != "reset_ms"]
        self._shared = {header for header in counters if counters.count(header) > 1}
        """Headers that speak of one limit or another: of that which the request took from."""
        self._pools: dict[Scope, Pool] = {"ip": ip or Pool(), "key": key or Pool()}
        for pool in self._pools.values():
            pool.narrow(share)

    def claim(self, endpoint: str, cost: Mapping[str, int], *, urgent: bool = False) -> Claim:
        """Return what a request takes; `cost` names limits, `endpoint` the budget where each endpoint has its own.

        Raises:
            SettingsError: it costs more than a whole window holds, or names a limit that the card lacks.
        """
        charges: list[Charge] = []
        # Whatever a request costs, it comes from an address, and an address is what venues ban.
        scopes: dict[str, Pool] = {_scope("ip"): self._pools["ip"]}
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
            pool = self._pools[limit.scope]
            charges.append(Charge(bucket, units, pool, window))
            scopes[_scope(limit.scope)] = pool
        return Claim(endpoint, tuple(charges), tuple(scopes.items()), urgent)

    def wait_ns(self, claim: Claim, now_ns: int, monotonic_ns: int) -> int:
        """Return how long until the request may leave, 0 = now."""
        return max(self.blocked_by(claim, now_ns, monotonic_ns).values(), default=0)

    def blocked_by(self, claim: Claim, now_ns: int, monotonic_ns: int) -> dict[str, int]:
        """Return what holds a request back (buckets and scopes) and for how long; empty = it may leave."""
        blocked: dict[str, int] = {}
        for scope, pool in claim.scopes:
            if (left_ns := pool.closed_ns(scope, monotonic_ns)) > 0:
                blocked[scope] = left_ns
        for charge in claim.charges:
            closed_ns = charge.pool.closed_ns(charge.bucket, monotonic_ns)
            wait_ns = charge.window.wait_ns(charge.units, now_ns, monotonic_ns)
            if closed_ns or wait_ns:
                blocked[charge.bucket] = max(closed_ns, wait_ns)
        return blocked

    def take(self, claim: Claim, now_ns: int, monotonic_ns: int) -> None:
        """Spend what a request takes, at the moment when it leaves."""
        for charge in claim.charges:
            charge.window.spend(charge.units, now_ns, monotonic_ns)

    def observe(self, claim: Claim, headers: Mapping[str, str], now_ns: int, monotonic_ns: int) -> None:
        """Learn from an answer's usage headers (names in lower case) what the venue has counted."""
        for header, usage in self._usage:
            if usage.meaning == "reset_ms" or header not in headers:
                continue
            value = whole_number(headers[header])
            limit = self._limits.get(usage.limit)
            if value is None or limit is None:
                continue
            bucket = _bucket(limit, claim.endpoint)
            taken = any(charge.bucket == bucket for charge in claim.charges)
            if not taken and (limit.per_endpoint or header in self._shared):
                continue  # the header speaks of another budget
            used = value if usage.meaning == "used" else limit.limit - value
            refills_ns = self._reset_ns(bucket, headers, now_ns)
            self._window(bucket, limit).report(used, now_ns, monotonic_ns, refills_ns)

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

        A refusal (429) closes the request's own budgets; a ban (418) closes the address, and the key that the request
        counts by, for going on elsewhere lengthens it. How long: Retry-After; else `stated_ns`; else the reset header;
        else until whatever was spent has left the window. A closing is never shortened.
        """
        header_ns = retry_after_ns(headers, now_ns)
        stated_ns = stated_ns if header_ns is None else header_ns
        longest_ns = 0
        for charge in claim.charges:
            wait_ns = stated_ns
            if wait_ns is None:
                wait_ns = self._reset_ns(charge.bucket, headers, now_ns)
            if wait_ns is None:
                wait_ns = charge.window.until_fresh_ns(now_ns, monotonic_ns)
            longest_ns = max(longest_ns, charge.pool.close(charge.bucket, wait_ns, monotonic_ns))
        if banned:
            wait_ns = max(longest_ns, _DEFAULT_BAN_NS) if stated_ns is None else stated_ns
        elif not claim.charges:
            # An endpoint without a price was refused all the same: only its scope is left to close.
            wait_ns = stated_ns or _SECOND
        else:
            return longest_ns
        for scope, pool in claim.scopes:
            longest_ns = max(longest_ns, pool.close(scope, wait_ns, monotonic_ns))
        return longest_ns

    def use(self, now_ns: int, monotonic_ns: int) -> dict[str, BudgetUse]:
        """Return every budget that was ever used, by bucket; a banned scope shows as `scope:ip` or `scope:key`."""
        uses: dict[str, BudgetUse] = {}
        for pool in self._pools.values():
            uses |= pool.use(now_ns, monotonic_ns)
        return uses

    def _window(self, bucket: str, limit: RateLimit) -> Window:
        return self._pools[limit.scope].window(bucket, limit)

    def _reset_ns(self, bucket: str, headers: Mapping[str, str], now_ns: int) -> int | None:
        """Return how long until the venue says that this budget refills; never longer than its window lasts."""
        limit = self._limits[bucket.partition(_AT)[0]]
        for header, usage in self._usage:
            if usage.limit == limit.name and usage.meaning == "reset_ms":
                value = whole_number(headers.get(header))
                if value is not None:
                    return min(reset_wait_ns(value, now_ns), limit.window_ns) + MARGIN_NS
        return None


_AT = " @ "
"""Stands between a limit and the endpoint that has it for itself."""


def _bucket(limit: RateLimit, endpoint: str) -> str:
    return f"{limit.name}{_AT}{endpoint}" if limit.per_endpoint else limit.name


def _scope(scope: Scope) -> str:
    return f"scope:{scope}"
