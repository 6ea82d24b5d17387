"""Journals on both kinds of database, and what is written into them."""

import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from arb_core.engine.episodes import Episode, episode_key
from arb_core.engine.ids import IntentId
from arb_core.engine.orders import Filled, Reported, Sent, TrackedOrder, apply
from arb_core.engine.trade import Intent, OrderPlan, Outcome, TradeResult
from arb_core.structs.market import Asset, Pair, Side, Symbol, VenueName
from arb_core.structs.opportunity import Leg, Opportunity, Plan
from arb_core.structs.order import ClientOrderId, Fill, Order, OrderId, OrderStatus

sys.path.insert(0, str(Path(__file__).parents[1]))
from databases import place, postgres

__all__ = ["place", "postgres"]

SECOND = 1_000_000_000
EPOCH = 1_700_000_000 * SECOND
PAIR = Symbol("BTC", "USDT")


class Samples:
    """A small trade: 0.5 BTC bought on mexc and sold on gateio."""

    def intent(self, number: int = 1) -> Intent:
        return Intent(
            id=IntentId(number),
            strategy="spatial",
            symbol=PAIR,
            plan=Plan.TOGETHER,
            money=Asset("USDT"),
            notional=Decimal("50.123456789012345678901234567890123"),
            edge_bps=12.5,
            created_ns=EPOCH + number,
            detected_ns=EPOCH,
        )

    def plan(self, number: int = 1, leg: int = 0, **changes: Any) -> OrderPlan:
        facts: dict[str, Any] = {
            "client_order_id": ClientOrderId(f"order{number}leg{leg}"),
            "intent": IntentId(number),
            "leg": leg,
            "attempt": 0,
            "venue": VenueName(("mexc", "gateio")[leg]),
            "symbol": PAIR,
            "side": (Side.BUY, Side.SELL)[leg],
            "quantity": Decimal("0.50"),
            "price": Decimal("100.0000000000000000000000000000001"),
            "intended_ns": EPOCH + number,
        }
        return OrderPlan(**{**facts, **changes})

    def filled(self, plan: OrderPlan) -> TrackedOrder:
        fill = Fill(
            pair=Pair("BTCUSDT"),
            trade_id="t1",
            order_id=OrderId("77"),
            side=plan.side,
            price=plan.price,
            quantity=plan.quantity,
            fee=Decimal("0.000500"),
            fee_asset=Asset("BTC"),
            exchange_ns=EPOCH + 5,
        )
        report = Order(pair=fill.pair, order_id=fill.order_id, status=OrderStatus.FILLED, filled=plan.quantity)
        order = TrackedOrder.planned(plan)
        for event in (Sent(EPOCH + 2), Filled(fill), Reported(report)):
            order = apply(order, event)
        return order

    def episode(self) -> Episode:
        """One that was seen four times, and refused for its size."""
        opportunity = Opportunity(
            strategy="spatial",
            symbol=PAIR,
            legs=(
                Leg(VenueName("mexc"), PAIR, Side.BUY, 100.0, 1.0, 100.0),
                Leg(VenueName("gateio"), PAIR, Side.SELL, 101.0, 1.0, 101.0),
            ),
            plan=Plan.TOGETHER,
            edge_bps=12.5,
            size=1.0,
            profit=0.5,
            detected_ns=0,
        )
        episode = Episode(episode_key("spatial", opportunity), opportunity, 10)
        episode.last_ns, episode.sightings, episode.refused_by = 35, 4, "size"
        return episode

    def result(self, number: int = 1, pnl: str = "0.1", **changes: Any) -> TradeResult:
        facts: dict[str, Any] = {
            "intent": IntentId(number),
            "outcome": Outcome.DONE,
            "money": Asset("USDT"),
            "moves": {Asset("USDT"): Decimal(pnl)},
            "fees": {Asset("BTC"): Decimal("0.0005")},
            "residue_value": Decimal("-0.0000000000000000000000000000000001"),
            "pnl": Decimal(pnl),
            "ended_ns": EPOCH + number,
        }
        return TradeResult(**{**facts, **changes})


@pytest.fixture
def samples() -> Samples:
    return Samples()


@pytest.fixture
def drain() -> Callable[[], Any]:
    """Let the loop turn often enough for everything that waits on nothing but the loop."""

    async def turn() -> None:
        import asyncio

        for _ in range(100):
            await asyncio.sleep(0)

    return turn
