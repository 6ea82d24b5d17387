"""What an account holds, pays and may do."""

from collections.abc import Mapping
from decimal import Decimal

from arb_core.structs.account import Balance
from arb_core.structs.card import Capability
from arb_core.structs.market import Asset, Side
from arb_sim.kernel.access import Permission

from arb_compliance.case import Proof, Tier, case
from arb_compliance.desk import BTC, LINK, Desk
from arb_compliance.expect import equal, true
from arb_compliance.subject import Subject

PENNY = Decimal("0.00000001")
"""Added to a balance so that it cannot pass through a float."""


@case("PRIVATE-002", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def balances_are_the_accounts(subject: Subject) -> None:
    """Every balance is exact, and what orders lock is told apart.

    Steps: read balances of an account with long decimals; with a purchase and a sale at rest; after a purchase.
    Expect: free and locked of every asset as the venue's account has them, to the last digit.
    When this fails: the engine reserves money that is not there; look for floats, for free and locked exchanged.
    Source: contract, `get_balances`
    """
    async with Desk(subject) as desk:
        for asset, much in (("BTC", PENNY), ("USDT", Decimal(987_654_321) + PENNY)):
            desk.kernel.trading.deposit(desk.kernel.account, asset, much)
        same_balances(desk, await desk.private.get_balances(), "at first")
        await desk.rests(LINK, Side.BUY)
        await desk.rests(BTC, Side.SELL)
        same_balances(desk, await desk.private.get_balances(), "with orders at rest")
        await desk.private.place_order(desk.taking(LINK))
        same_balances(desk, await desk.private.get_balances(), "after a purchase")


@case("PRIVATE-003", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def fees_are_those_of_the_account(subject: Subject) -> None:
    """What the account pays on a symbol is a fraction of the notional, maker and taker told apart.

    Steps: give the account rates of its own on one symbol; ask for both symbols.
    Expect: these rates there, the venue's usual ones on the other.
    When this fails: edges are judged by wrong costs; look for percent, for base rates, for maker and taker exchanged.
    Source: contract, `get_trading_fees`
    """
    async with Desk(subject) as desk:
        market = desk.market(LINK)
        desk.kernel.account.fees[market.pair] = (Decimal("0.00034"), Decimal("0.00071"))
        for symbol in (LINK, BTC):
            found = await desk.private.get_trading_fees(symbol)
            right = desk.kernel.trading.rates(desk.kernel.account, desk.market(symbol))
            equal((found.maker, found.taker), right, f"the rates of {symbol} (maker, taker) are others")


@case("PRIVATE-004", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def permissions_are_not_invented(subject: Subject) -> None:
    """What a key may do is told as the venue tells it, else as unknown.

    Steps: ask with a key that may read and trade, and with one that may only read.
    Expect: never True for what the key may not do, never False for what it may; None where the venue is silent.
    When this fails: live trading starts with a key that may withdraw, or refuses one that is right.
    Source: contract, `get_permissions`
    """
    for allowed in ({Permission.READ, Permission.TRADE}, {Permission.READ}):
        async with Desk(subject, permissions=allowed) as desk:
            found = await desk.private.get_permissions()
        for permission in Permission:
            told, may = getattr(found, permission.value), permission in allowed
            true(
                told in {None, may},
                f"a key that may {' and '.join(sorted(allowed))} is said to {'' if told else 'not '}{permission.value}",
                found=found,
                fix="None where the venue speaks of the account and not of the key",
            )


def same_balances(desk: Desk, found: Mapping[Asset, Balance], when: str) -> None:
    """Compare every balance with the account's own."""
    held = dict(found)
    for asset, right in desk.kernel.inspection.balances().items():
        balance = held.pop(Asset(asset), Balance(asset=Asset(asset), free=Decimal(0)))
        equal((balance.free, balance.locked), (right.free, right.locked), f"{when}: {asset} (free, locked)")
        equal(balance.asset, asset, f"{when}: the balance of {asset} bears another name")
    extra = {asset: balance for asset, balance in held.items() if balance.free or balance.locked}
    true(not extra, f"{when}: balances of what the account never had", found=extra)
