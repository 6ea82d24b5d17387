"""Whether a key works and may do what trading needs, and nothing more; what the account holds and pays.

Each check asks and changes nothing. What a venue does not tell is said to be unknown, never taken for right.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal

from arb_core.cli.findings import Finding, State
from arb_core.cli.listing import number
from arb_core.errors import ArbError, AuthenticationFailed
from arb_core.interfaces.account import Account, AccountListener
from arb_core.interfaces.context import Clock
from arb_core.runtime.tasks import within
from arb_core.structs.account import Balance, KeyPermissions
from arb_core.structs.market import Asset, Symbol, VenueName

__all__ = ["check_account", "judge_fee", "judge_permissions"]

_STREAM_PATIENCE_NS = 15_000_000_000
_ASSETS_SHOWN = 8

_BPS = Decimal(10_000)
_SAME_BPS = Decimal("0.001")
"""Rates nearer to each other than this are the same, printed differently."""


async def check_account(account: Account, fees: Mapping[Symbol, Decimal | None], clock: Clock) -> list[Finding]:
    """Look at an account of an open venue whose instruments are known.

    Args:
        account: the account.
        fees: what is going to be traded, with the taker fee that the settings say, as a fraction; None = they say none,
            so the account's own is reckoned with.
        clock: time.
    """
    venue = account.venue
    try:
        balances = await account.private.get_balances()
    except AuthenticationFailed as error:
        cure = "the key, its secret, its permissions or its list of addresses is wrong"
        return [Finding(check="key", venue=venue, state="failed", detail=f"{error}; {cure}")]
    except ArbError as error:
        return [Finding(check="key", venue=venue, state="failed", detail=f"it could not be tried: {error}")]
    found = [
        Finding(check="key", venue=venue, state="ok", detail="works"),
        _holdings(venue, balances),
    ]
    try:
        found += judge_permissions(venue, await account.private.get_permissions())
    except ArbError as error:
        found.append(Finding(check="permissions", venue=venue, state="failed", detail=f"could not be asked: {error}"))
    found += [fee async for fee in _fees(account, fees)]
    found.append(await _stream(account, clock))
    return found


def judge_permissions(venue: VenueName, permissions: KeyPermissions) -> list[Finding]:
    """Refuse a key that can withdraw: who steals it takes everything. One that cannot trade is of no use."""

    def finding(what: str, state: State, detail: str) -> Finding:
        return Finding(check=f"key {what}", venue=venue, state=state, detail=detail)

    unknown = "unknown, the venue does not tell: see on its page that this key"
    found: list[Finding] = []
    for what, may in (("read", permissions.read), ("trade", permissions.trade)):
        if may is None:
            found.append(finding(what, "warning", f"{unknown} can"))
        else:
            found.append(finding(what, "ok", "can") if may else finding(what, "failed", "cannot: allow it to"))
    if permissions.withdraw is None:
        found.append(finding("withdraw", "warning", f"{unknown} cannot"))
    elif permissions.withdraw:
        found.append(finding("withdraw", "failed", "can: make a key that cannot, and delete this one"))
    else:
        found.append(finding("withdraw", "ok", "cannot"))
    return found


def judge_fee(venue: VenueName, symbol: Symbol, stated: Decimal | None, paid: Decimal) -> Finding:
    """Compare the taker fee of the account with the one of the settings, which comes first; both are fractions."""
    paid_bps = paid * _BPS
    detail = f"{_bps(paid_bps)} bp"
    state: State = "ok"
    if stated is not None and abs(paid_bps - stated * _BPS) > _SAME_BPS:
        # What is reckoned with too low makes losses look like gains; what is too high only misses chances.
        state = "failed" if paid > stated else "warning"
        cure = f"leave venues.{venue}.taker_bps out, or set it to {_bps(paid_bps)}"
        detail += f", the settings say {_bps(stated * _BPS)} bp: {cure}"
    return Finding(check=f"taker fee {symbol} bp", venue=venue, state=state, detail=detail, value=float(paid_bps))


def _bps(value: Decimal) -> str:
    return number(value.normalize())


def _holdings(venue: VenueName, balances: Mapping[Asset, Balance]) -> Finding:
    held = [balance for balance in balances.values() if balance.free or balance.locked]
    shown = [f"{number(balance.free)} {balance.asset}{_locked(balance)}" for balance in held[:_ASSETS_SHOWN]]
    if len(held) > _ASSETS_SHOWN:
        shown.append(f"{len(held) - _ASSETS_SHOWN} more")
    state: State = "ok" if held else "warning"
    return Finding(check="balances", venue=venue, state=state, detail=", ".join(shown) or "the account is empty")


def _locked(balance: Balance) -> str:
    return f" (and {number(balance.locked)} locked)" if balance.locked else ""


async def _fees(account: Account, fees: Mapping[Symbol, Decimal | None]) -> AsyncIterator[Finding]:
    for symbol, stated in fees.items():
        try:
            paid = await account.private.get_trading_fees(symbol)
        except ArbError as error:
            detail = f"could not be asked: {error}"
            yield Finding(check=f"taker fee {symbol} bp", venue=account.venue, state="warning", detail=detail)
        else:
            yield judge_fee(account.venue, symbol, stated, paid.taker)


class _Ear(AccountListener):
    """Waits until everything is heard."""

    def __init__(self) -> None:
        self.hears = asyncio.Event()
        self.trouble = "no answer"

    def on_listening(self, venue: VenueName) -> None:
        self.hears.set()

    def on_deaf(self, venue: VenueName, reason: str) -> None:
        self.trouble = reason


async def _stream(account: Account, clock: Clock) -> Finding:
    ear = _Ear()
    end = account.listen(ear)
    try:
        if account.listening:
            ear.hears.set()
        heard = await within(clock, _STREAM_PATIENCE_NS, _until(ear.hears))
    finally:
        end()
    if heard:
        return Finding(check="private stream", venue=account.venue, state="ok", detail="stands")
    detail = f"does not stand after {_STREAM_PATIENCE_NS / 1e9:g} s: {ear.trouble}"
    return Finding(check="private stream", venue=account.venue, state="failed", detail=detail)


async def _until(event: asyncio.Event) -> None:
    await event.wait()
