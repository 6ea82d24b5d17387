"""What trading costs, and whether an asset can move: from whichever side tells it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from arb_core.errors import ExchangeUnavailable, InvalidSymbol, NotSupported, SettingsError
from arb_core.structs.account import TradingFees
from arb_core.structs.card import ExchangeSettings
from arb_core.structs.market import Asset, AssetNetwork, Symbol
from fake_account import CLAIMS, KEY
from fake_venue import REST_RULE
from shop import BTC, ETH, Shop

pytestmark = pytest.mark.looptime(noop_cycles=2)  # 42 by default: most of the run, and nothing here needs them


@asynccontextmanager
async def account(*, settings: ExchangeSettings | None = None, **facts: Any) -> AsyncIterator[Shop]:
    options = {"credentials": KEY, "settings": settings or ExchangeSettings()}
    made = Shop((BTC, ETH), REST_RULE, options, {"claims": CLAIMS, **facts})
    made.private.fees = {
        BTC: TradingFees(maker=Decimal("-0.0001"), taker=Decimal("0.0004")),
        ETH: TradingFees(maker=Decimal(0), taker=Decimal("0.0005")),
    }
    async with made.venue:
        await made.venue.connect()
        yield made


def listed(shop: Shop, symbol: Symbol, taker: str) -> None:
    """Let the list of instruments tell a rate."""
    known = shop.public.instruments[symbol]
    shop.public.instruments[symbol] = msgspec.structs.replace(known, taker_fee=Decimal(taker))


async def test_fees_are_the_cards_then_the_lists_then_the_accounts() -> None:
    async with account() as it:
        assert it.venue.fees(BTC) == TradingFees(maker=Decimal("0.001"), taker=Decimal("0.001"))
        listed(it, BTC, "0.0008")
        await it.venue.load_markets()
        assert it.venue.fees(BTC) == TradingFees(maker=Decimal("0.001"), taker=Decimal("0.0008"))
        known = await it.venue.load_fees([BTC])
        assert known == {BTC: it.private.fees[BTC]}
        assert it.venue.fees(BTC) == it.private.fees[BTC]
        assert it.venue.fees(ETH).taker == Decimal("0.001")


async def test_what_the_settings_say_stands_above_all_with_its_own_digits() -> None:
    async with account(settings=ExchangeSettings(taker_bps=2.1)) as it:
        await it.venue.load_fees([BTC])
        assert it.venue.fees(BTC) == TradingFees(maker=Decimal("-0.0001"), taker=Decimal("0.00021"))


async def test_a_failure_keeps_what_was_answered_before() -> None:
    async with account() as it:
        await it.venue.load_fees([BTC])
        it.private.error = ExchangeUnavailable("down", exchange="fake")
        with pytest.raises(ExchangeUnavailable):
            await it.venue.load_fees([ETH, BTC])
        assert it.venue.fees(BTC) == it.private.fees[BTC]
        assert it.venue.fees(ETH).taker == Decimal("0.001")


async def test_fees_need_a_key_and_a_listed_symbol() -> None:
    made = Shop((BTC,), REST_RULE, {}, {"claims": CLAIMS})
    async with made.venue as venue:
        with pytest.raises(InvalidSymbol, match="not been fetched"):
            venue.fees(BTC)
        with pytest.raises(SettingsError, match="pass credentials"):
            await venue.load_fees([BTC])


async def test_asset_networks_come_from_the_side_that_the_card_names() -> None:
    networks = {Asset("BTC"): (AssetNetwork(asset=Asset("BTC"), network="BTC"),)}
    async with account(asset_networks="signed") as it:
        it.private.networks = networks
        assert it.venue.tells_networks
        assert await it.venue.get_asset_networks() == networks
    async with account() as it:
        assert not it.venue.tells_networks
        with pytest.raises(NotSupported):
            await it.venue.get_asset_networks()
    made = Shop((BTC,), REST_RULE, {}, {"claims": CLAIMS, "asset_networks": "signed"})
    async with made.venue as venue:
        assert not venue.tells_networks
        with pytest.raises(SettingsError, match="pass credentials"):
            await venue.get_asset_networks()
