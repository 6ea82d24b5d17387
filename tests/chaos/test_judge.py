"""The judge condemns: every breach that chaos looks for is forged here, one at a time, in a world that is in order.

The world: 2 LINK are bought on mexc at 10; on gateio only 1 of 2 is sold at 11, and a second attempt sells the other.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from arb_core.engine.ids import IntentId, OrderKey, encode, owner_of
from arb_core.engine.orders import Acked, Filled, Gone, OrderEvent, Reported, Sent, TrackedOrder, apply
from arb_core.engine.risk import Day, RiskState
from arb_core.engine.trade import Intent, OrderPlan, OrderState, Purpose
from arb_core.structs.market import Asset, Pair, Side, Symbol, VenueName
from arb_core.structs.opportunity import Plan
from arb_core.structs.order import Fill, Order, OrderAck, OrderId, OrderStatus
from arb_sim import inspection
from msgspec.structs import replace

from .judge import Kept, Records, VenueTruth, judge
from .witness import Witness, seen, seen_in

OWNER = owner_of(b"somebody")
EPOCH = 1_700_000_000 * 1_000_000_000
MS = 1_000_000
SYMBOL = Symbol("LINK", "USDT")
TRADE = IntentId(7)
FEE = Decimal("0.01")


def order(leg: int, attempt: int, at_ms: int, size: str, filled: str) -> tuple[TrackedOrder, inspection.OrderState]:
    """Return an order of the trade as the journal and as its venue have it."""
    venue, side, price = (("mexc", Side.BUY, "10"), ("gateio", Side.SELL, "11"))[leg]
    plan = OrderPlan(
        client_order_id=encode(OrderKey(OWNER, TRADE, leg, attempt)),
        intent=TRADE,
        leg=leg,
        attempt=attempt,
        purpose=Purpose.HEDGE if attempt else Purpose.ENTRY,
        venue=VenueName(venue),
        symbol=SYMBOL,
        side=side,
        quantity=Decimal(size),
        price=Decimal(price),
        intended_ns=EPOCH + at_ms * MS + leg,
    )
    id_ = OrderId(f"{leg}{attempt}")
    fill = Fill(
        pair=Pair("LINKUSDT"),
        trade_id=f"t{id_}",
        order_id=id_,
        side=side,
        price=plan.price,
        quantity=Decimal(filled),
        fee=FEE,
        fee_asset=Asset("USDT"),
        exchange_ns=EPOCH,
    )
    status = OrderStatus.FILLED if filled == size else OrderStatus.CANCELED
    events: tuple[OrderEvent, ...] = (
        Sent(plan.intended_ns),
        Acked(OrderAck(order_id=id_)),
        Filled(fill),
        Reported(Order(pair=fill.pair, order_id=id_, status=status, filled=fill.quantity)),
    )
    ours = TrackedOrder.planned(plan)
    for event in events:
        ours = apply(ours, event)
    theirs = inspection.OrderState(
        id=id_,
        client_id=plan.client_order_id,
        symbol=str(SYMBOL),
        pair="LINKUSDT",
        side=side.name.lower(),
        kind="limit",
        force="ioc",
        price=plan.price,
        size=plan.quantity,
        budget=None,
        filled=fill.quantity,
        spent=fill.quantity * fill.price,
        locked=Decimal(0),
        fees={"USDT": FEE},
        status="filled" if filled == size else "canceled",
        end=None,
        created_ns=plan.intended_ns + 5 * MS,
        updated_ns=plan.intended_ns + 5 * MS,
    )
    return ours, theirs


def fill_of(theirs: inspection.OrderState, number: int) -> inspection.FillState:
    """Return the one fill of an order as its venue has it."""
    assert theirs.price is not None
    return inspection.FillState(
        trade=number,
        order=theirs.id,
        client_id=theirs.client_id,
        symbol=theirs.symbol,
        pair=theirs.pair,
        side=theirs.side,
        price=theirs.price,
        size=theirs.filled,
        quote=theirs.filled * theirs.price,
        fee=FEE,
        fee_asset="USDT",
        maker=False,
        self_trade=False,
        at_ns=theirs.created_ns,
    )


class World:
    """Venues and journal in order; a forger changes what is in it."""

    def __init__(self) -> None:
        entries = [order(0, 0, 0, "2", "2"), order(1, 0, 0, "2", "1"), order(1, 1, 100, "1", "1")]
        self.ours = [each[0] for each in entries]
        self.theirs = {"mexc": [entries[0][1]], "gateio": [entries[1][1], entries[2][1]]}
        self.fills = {name: [fill_of(each, n) for n, each in enumerate(orders)] for name, orders in self.theirs.items()}
        self.before = {name: {"LINK": Decimal(50), "USDT": Decimal(500)} for name in self.theirs}
        self.now = {
            "mexc": {"LINK": Decimal(52), "USDT": Decimal("479.99")},
            "gateio": {"LINK": Decimal(48), "USDT": Decimal("521.98")},
        }
        self.balances = {
            (venue, asset): (EPOCH - MS, amount)
            for venue, held in self.before.items()
            for asset, amount in held.items()
        }
        self.result = Kept("done", "USDT", Decimal("1.97"), {"LINK": Decimal(0), "USDT": Decimal("1.97")}, EPOCH + MS)
        self.results = {int(TRADE): self.result}
        self.drifts: list[str] = []
        self.told: set[int] = set()
        self.counted = Decimal("1.97")
        self.plan = Plan.TOGETHER

    def judged(self) -> dict[str, int]:
        """Hear the judge."""
        smallest = {str(SYMBOL): Decimal(5)}
        truths = [
            VenueTruth(name, "", self.theirs[name], self.fills[name], self.before[name], self.now[name], smallest)
            for name in self.theirs
        ]
        intent = Intent(
            id=TRADE,
            strategy="spatial",
            symbol=SYMBOL,
            plan=self.plan,
            money=Asset("USDT"),
            notional=Decimal(20),
            edge_bps=1.0,
            created_ns=EPOCH,
            detected_ns=EPOCH,
        )
        day = Day(number=EPOCH // (86_400 * 1_000_000_000), pnl={Asset("USDT"): self.counted})
        return judge(
            truths,
            Records(
                orders=self.ours,
                intents={int(TRADE): intent},
                results=self.results,
                balances=self.balances,
                drifts=self.drifts,
                told=self.told,
                risk=RiskState(day=day),
                owner=OWNER,
            ),
        )

    def change(self, venue: str, number: int, **changes: Any) -> None:
        """Let a venue say something else of one of its orders."""
        self.theirs[venue][number] = replace(self.theirs[venue][number], **changes)


def test_a_world_that_is_in_order_is_let_go() -> None:
    assert World().judged()["orders"] == 3


def unknown_to_the_journal(world: World) -> None:
    world.ours.pop()


def filled_more_than_told(world: World) -> None:
    world.change("gateio", 0, filled=Decimal("1.5"))


def fills_not_listed(world: World) -> None:
    world.ours[0] = replace(world.ours[0], fills={})


def one_that_never_settled(world: World) -> None:
    ours, _ = order(0, 1, 200, "1", "1")
    world.ours.append(apply(TrackedOrder.planned(ours.plan), Sent(EPOCH)))


def filled_where_no_venue_had_it(world: World) -> None:
    world.theirs["gateio"].pop()
    fill = world.fills["gateio"].pop()
    world.now["gateio"]["LINK"] += fill.size
    world.now["gateio"]["USDT"] -= fill.quote - fill.fee
    # what the journal accounts for is another check's matter
    del world.balances["gateio", "LINK"], world.balances["gateio", "USDT"]
    world.now["gateio"] = {asset: Decimal(0) for asset in world.now["gateio"]}
    world.before["gateio"] = {"LINK": Decimal(1), "USDT": Decimal("-10.99")}


def absent_though_it_was_there(world: World) -> None:
    late, theirs = order(0, 1, 200, "1", "1")
    gone = apply(apply(TrackedOrder.planned(late.plan), Sent(EPOCH)), Gone(EPOCH))
    assert gone.state is OrderState.ABSENT
    world.ours.append(gone)
    world.theirs["mexc"].append(replace(theirs, filled=Decimal(0), status="canceled"))


def money_from_nowhere(world: World) -> None:
    world.now["mexc"]["USDT"] += 1


def balance_on_record_is_wrong(world: World) -> None:
    world.balances["mexc", "LINK"] = (EPOCH - MS, Decimal("50.001"))


def asset_nobody_wrote_down(world: World) -> None:
    world.before["mexc"]["SOL"] = world.now["mexc"]["SOL"] = Decimal(1)


def hedge_before_the_entry_ended(world: World) -> None:
    world.change("gateio", 0, updated_ns=world.theirs["gateio"][1].created_ns)


def hedge_before_the_other_venues_entry_ended(world: World) -> None:
    world.change("mexc", 0, updated_ns=world.theirs["gateio"][1].created_ns + 1)


def entry_that_arrives_after_the_hedge(world: World) -> None:
    world.change("gateio", 0, created_ns=EPOCH + 900 * MS, updated_ns=EPOCH + 900 * MS)


def second_leg_in_turn_before_the_first_ended(world: World) -> None:
    world.plan = Plan.IN_TURN
    world.change("mexc", 0, updated_ns=world.theirs["gateio"][0].created_ns)


def naked_and_done(world: World) -> None:
    """The second attempt was never made, and nobody says that 1 LINK is left."""
    world.ours.pop()
    world.theirs["gateio"].pop()
    world.fills["gateio"].pop()
    world.now["gateio"] = {"LINK": Decimal(49), "USDT": Decimal("510.99")}
    moves = {"LINK": Decimal(1), "USDT": Decimal("-9.02")}
    world.results = {int(TRADE): world.result._replace(moves=moves)}


def stopped_in_silence(world: World) -> None:
    naked_and_done(world)
    world.results = {key: result._replace(outcome="stopped") for key, result in world.results.items()}


BREACHES: dict[str, tuple[Callable[[World], object], str]] = {
    "a trade without a result": (lambda world: world.results.clear(), "without a result"),
    "an order of a stranger": (lambda world: world.change("mexc", 0, client_id="by-hand"), "is not ours"),
    "one id twice": (lambda world: world.theirs["mexc"].append(world.theirs["mexc"][0]), "was placed twice"),
    "an order that nobody wrote down": (unknown_to_the_journal, "is not in the journal"),
    "an open order": (lambda world: world.change("mexc", 0, status="open"), "stands open and nobody owns it"),
    "another price": (lambda world: world.change("mexc", 0, price=Decimal(11)), "is another order than"),
    "another size": (lambda world: world.change("mexc", 0, size=Decimal(3)), "is another order than"),
    "the other side": (lambda world: world.change("mexc", 0, side="sell"), "is another order than"),
    "another id of the venue": (lambda world: world.change("mexc", 0, id="99"), "99 is called 00"),
    "another amount": (filled_more_than_told, "1 != 1.5"),
    "fills that are not listed": (fills_not_listed, "fills missing"),
    "proved absent though it was there": (absent_though_it_was_there, "was there, and the journal says absent"),
    "an order that is not settled": (one_that_never_settled, "is not settled: sent"),
    "a fill that no venue knows": (filled_where_no_venue_had_it, "was filled, but no venue has it"),
    "money from nowhere": (money_from_nowhere, "mexc: USDT does not add up"),
    "a wrong balance on record": (balance_on_record_is_wrong, "52.001 LINK on record, 52.0 there"),
    "an asset that nobody wrote down": (asset_nobody_wrote_down, r"\['SOL'\] are not in the journal"),
    "a drift": (lambda world: world.drifts.append("mexc LINK 50 51"), "drifts"),
    "a hedge before the entry ended": (hedge_before_the_entry_ended, "while .* stood"),
    "a hedge before the other leg ended": (hedge_before_the_other_venues_entry_ended, "while .* stood"),
    "an entry that arrives after the hedge": (entry_that_arrives_after_the_hedge, "while .* stood"),
    "two legs in turn at once": (second_leg_in_turn_before_the_first_ended, "while .* stood"),
    "a result that tells another sum": (lambda world: world.result.moves.update(USDT=Decimal("1.98")), "USDT: told"),
    "a naked leg that is called done": (naked_and_done, "1.0 LINK are naked and nobody was told"),
    "a naked leg that no note tells of": (stopped_in_silence, "was stopped, and no note says so"),
    "a result counted twice": (
        lambda world: setattr(world, "counted", Decimal("3.94")),
        "3.94 USDT count for today, the results say 1.97",
    ),
}


@pytest.mark.parametrize(("forge", "words"), BREACHES.values(), ids=BREACHES)
def test_each_breach_is_condemned(forge: Callable[[World], object], words: str) -> None:
    world = World()
    forge(world)
    with pytest.raises(AssertionError, match=words):
        world.judged()


def test_what_was_left_and_told_is_let_go() -> None:
    world = World()
    stopped_in_silence(world)
    world.told.add(int(TRADE))
    assert world.judged()["trades stopped"] == 1


def test_a_new_attempt_beside_one_in_doubt_is_seen() -> None:
    first, second = World().ours[1:]
    in_doubt = apply(TrackedOrder.planned(first.plan), Sent(EPOCH))
    sent = apply(TrackedOrder.planned(second.plan), Sent(EPOCH + 1))
    for known, wrong in ((first, 0), (in_doubt, 1)):
        witness = Witness()
        witness.recall([known, TrackedOrder.planned(second.plan)])
        witness.hear(seen(sent))
        witness.hear(seen(second))  # heard of again: it was sent once
        assert len(witness.wrong) == wrong


@pytest.mark.parametrize(
    ("state", "wrong"), [("in_doubt", 1), ("open", 1), ("sent", 1), ("canceled", 0), ("absent", 0)]
)
def test_a_new_attempt_is_seen_in_lines(state: str, wrong: int) -> None:
    witness = Witness()
    line = {"client_order_id": "one", "intent": 7, "attempt": 0, "state": state}
    witness.hear(seen_in(line))
    witness.hear(seen_in({**line, "client_order_id": "two", "attempt": 1, "state": "intended"}))
    witness.hear(seen_in({**line, "client_order_id": "two", "attempt": 1, "state": "sent"}))
    assert len(witness.wrong) == wrong
