"""What the engine meets: delays, answers, events and errors of an account on paper, on virtual time."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import pytest
from arb_core.engine.paper import PaperTerms
from arb_core.errors import (
    DuplicateOrder,
    ExchangeUnavailable,
    InsufficientBalance,
    InvalidOrder,
    InvalidSymbol,
    NotSupported,
    OrderNotFound,
    OutcomeUnknown,
    TradingDisabled,
)
from arb_core.structs.book import BookFault
from arb_core.structs.card import Capability, ClientIdRule, ExchangeCard
from arb_core.structs.market import Asset, InstrumentKind, Side, Symbol, TradingStatus
from arb_core.structs.order import LiquidityRole, OrderStatus, OrderType, TimeInForce

pytestmark = pytest.mark.looptime(noop_cycles=2)

MS = 1_000_000
BTC = Symbol("BTC", "USDT")
ETH = Symbol("ETH", "USDT")
Opened = Callable[..., Any]


async def test_an_order_meets_the_book_as_it_is_when_it_arrives(stage: Opened) -> None:
    async with stage() as it:
        placing = asyncio.create_task(it.private.place_order(it.request(Side.BUY, "2", "101")))
        await it.clock.sleep(49 * MS)
        it.show([(99.0, 4.0)], [(101.0, 0.5), (102.0, 6.0)])  # most of what was seen is gone before the order is there
        ack = await placing
        assert (ack.status, ack.filled) == (OrderStatus.CANCELED, Decimal("0.5"))


async def test_request_and_answer_take_their_time(stage: Opened) -> None:
    async with stage(terms=PaperTerms(to_venue_ns=30 * MS, from_venue_ns=20 * MS)) as it:
        began = it.clock.monotonic_ns()
        await it.private.place_order(it.request(Side.BUY, "1", "101"))
        assert it.clock.monotonic_ns() - began == 50 * MS
        assert {at - began for at, _, _ in it.ear.heard} == {50 * MS}


async def test_events_come_in_the_order_in_which_a_venue_tells_them(stage: Opened) -> None:
    async with stage() as it:
        await it.private.place_order(it.request(Side.BUY, "5", "101.5"))
        assert it.ear.kinds() == ["order", "fill", "order", "order", "balance", "balance"]
        assert [(order.status, order.filled) for order in it.ear.of("order")] == [
            (OrderStatus.OPEN, 0),
            (OrderStatus.PARTIALLY_FILLED, 4),
            (OrderStatus.CANCELED, 4),
        ]
        assert [balance.asset for balance in it.ear.of("balance")] == ["USDT", "BTC"]


async def test_jitter_delays_events_without_reordering_them_and_is_the_same_for_the_same_seed(stage: Opened) -> None:
    async def run(seed: int) -> tuple[list[int], list[str]]:
        terms = PaperTerms(jitter_ns=40 * MS)
        async with stage(terms=terms, random=Random(seed)) as it:
            began = it.clock.monotonic_ns()
            for _ in range(3):
                await it.private.place_order(it.request(Side.BUY, "1.5", "102"))
            return [at - began for at, _, _ in it.ear.heard], it.ear.kinds()

    first, again, other = await run(1), await run(1), await run(2)
    assert first == again
    assert first[0] == sorted(first[0])
    assert first[0] != other[0]


async def test_fees_are_taken_in_what_an_order_brings(stage: Opened) -> None:
    async with stage() as it:
        await it.private.place_order(it.request(Side.BUY, "1", "101"))
        assert await it.held() == {"BTC": ("10.998", "0"), "USDT": ("9899", "0")}
        await it.private.place_order(it.request(Side.SELL, "1", "99"))
        assert await it.held() == {"BTC": ("9.998", "0"), "USDT": ("9997.802", "0")}
        assert [(fill.fee_asset, fill.role) for fill in it.ear.of("fill")] == [
            ("BTC", LiquidityRole.TAKER),
            ("USDT", LiquidityRole.TAKER),
        ]
        assert {fill.client_order_id for fill in it.ear.of("fill")} == {"order1", "order2"}


async def test_fees_in_quote_are_locked_with_a_purchase(stage: Opened) -> None:
    terms = PaperTerms(fee_in="quote", taker=Decimal("0.01"), maker=Decimal(0))
    async with stage(terms=terms, balances={Asset("USDT"): Decimal(102)}) as it:
        with pytest.raises(InsufficientBalance, match=r"needs 102.01 USDT, 102 is free"):
            await it.private.place_order(it.request(Side.BUY, "1", "101"))
        await it.private.place_order(it.request(Side.BUY, "0.5", "101"))
        assert await it.held() == {"BTC": ("0.5", "0"), "USDT": ("50.995", "0")}


async def test_fees_are_those_of_the_terms_else_of_the_instrument_else_of_the_card(stage: Opened) -> None:
    async with stage() as it:
        assert (await it.private.get_trading_fees(BTC)).taker == Decimal("0.002")
        it.list(taker_fee=Decimal("0.0007"))
        assert (await it.private.get_trading_fees(BTC)).taker == Decimal("0.0007")
        assert (await it.private.get_trading_fees(BTC)).maker == Decimal("0.001")
    async with stage(terms=PaperTerms(taker=Decimal(0))) as it:
        assert (await it.private.get_trading_fees(BTC)).taker == 0


async def test_a_rebate_is_paid_out(stage: Opened) -> None:
    async with stage(terms=PaperTerms(taker=Decimal("-0.001"))) as it:
        await it.private.place_order(it.request(Side.BUY, "1", "101"))
        assert (await it.held())["BTC"] == ("11.001", "0")


async def test_the_same_displayed_size_is_not_taken_twice(stage: Opened) -> None:
    async with stage(terms=PaperTerms(memory_ns=10_000 * MS)) as it:
        first = await it.private.place_order(it.request(Side.BUY, "3", "101"))
        second = await it.private.place_order(it.request(Side.BUY, "3", "101"))
        third = await it.private.place_order(it.request(Side.BUY, "3", "101"))
        assert [first.filled, second.filled, third.filled] == [3, 1, 0]
        it.show([(99.0, 4.0)], [(101.0, 5.5)])  # somebody added to what is displayed
        assert (await it.private.place_order(it.request(Side.BUY, "3", "101"))).filled == Decimal("1.5")
        await it.clock.sleep(10_000 * MS)
        assert (await it.private.place_order(it.request(Side.BUY, "3", "101"))).filled == 3


async def test_fok_is_filled_whole_or_not_at_all(stage: Opened) -> None:
    async with stage() as it:
        fok = {"time_in_force": TimeInForce.FOK}
        killed = await it.private.place_order(it.request(Side.BUY, "4.001", "101", **fok))
        assert (killed.status, killed.filled) == (OrderStatus.CANCELED, 0)
        whole = await it.private.place_order(it.request(Side.BUY, "10", "102", **fok))
        assert (whole.status, whole.filled) == (OrderStatus.FILLED, 10)
        assert [fill.price for fill in it.ear.of("fill")] == [101, 102]


async def test_post_only_rests_or_is_refused(stage: Opened) -> None:
    async with stage() as it:
        post = {"time_in_force": TimeInForce.POST_ONLY}
        with pytest.raises(InvalidOrder, match="it would take: the best price is 101"):
            await it.private.place_order(it.request(Side.BUY, "1", "101", **post))
        ack = await it.private.place_order(it.request(Side.BUY, "1", "100.99", **post))
        assert (ack.status, ack.filled) == (OrderStatus.OPEN, 0)
        assert await it.held() == {"BTC": ("10", "0"), "USDT": ("9899.01", "100.99")}


async def test_what_rests_is_filled_at_its_own_price_when_the_book_moves_through(stage: Opened) -> None:
    async with stage() as it:
        ack = await it.private.place_order(it.request(Side.BUY, "5", "101.5", time_in_force=TimeInForce.GTC))
        assert (ack.status, ack.filled) == (OrderStatus.PARTIALLY_FILLED, 4)
        it.show([(99.0, 4.0)], [(101.0, 4.0), (102.0, 6.0)])  # still only what it took already
        assert len(await it.private.get_open_orders()) == 1
        it.show([(99.0, 4.0)], [(101.4, 0.25), (101.5, 0.25), (102.0, 6.0)])
        (open_order,) = await it.private.get_open_orders(BTC)
        assert open_order.filled == Decimal("4.5")
        it.show([(98.0, 4.0)], [(99.0, 8.0)])
        assert await it.private.get_open_orders() == []
        fills = await it.private.get_fills(BTC, 0)
        assert [(fill.price, fill.quantity, fill.role) for fill in fills] == [
            (101, 4, LiquidityRole.TAKER),
            (Decimal("101.5"), Decimal("0.5"), LiquidityRole.MAKER),
            (Decimal("101.5"), Decimal("0.5"), LiquidityRole.MAKER),
        ]
        assert (await it.held())["USDT"] == ("9494.5", "0")


async def test_a_better_price_is_filled_first_and_the_older_of_two(stage: Opened) -> None:
    async with stage() as it:
        for price in ("99.5", "100", "100"):
            await it.private.place_order(it.request(Side.BUY, "1", price, time_in_force=TimeInForce.GTC))
        it.show([(98.0, 4.0)], [(99.0, 2.5)])
        await it.clock.sleep(100 * MS)
        assert [(fill.client_order_id, fill.price, fill.quantity) for fill in it.ear.of("fill")] == [
            ("order2", 100, 1),
            ("order3", 100, 1),
            ("order1", Decimal("99.5"), Decimal("0.5")),
        ]


async def test_sales_rest_and_are_filled_likewise(stage: Opened) -> None:
    async with stage() as it:
        await it.private.place_order(it.request(Side.SELL, "3", "100", time_in_force=TimeInForce.GTC))
        assert (await it.held())["BTC"] == ("7", "3")
        it.show([(100.5, 1.0), (100.0, 1.0), (99.0, 5.0)], [(101.0, 1.0)])
        await it.clock.sleep(100 * MS)
        (fill,) = it.ear.of("fill")
        assert (fill.price, fill.quantity, fill.fee, fill.fee_asset) == (100, 2, Decimal("0.2"), "USDT")


async def test_market_orders_take_what_is_there(stage: Opened) -> None:
    async with stage() as it:
        ack = await it.private.place_order(it.request(Side.BUY, "5", None))
        assert (ack.status, ack.filled) == (OrderStatus.FILLED, 5)
        ack = await it.private.place_order(it.request(Side.SELL, None, None, quote_quantity=Decimal(198)))
        assert (ack.status, ack.filled) == (OrderStatus.FILLED, 2)
        ack = await it.private.place_order(it.request(Side.BUY, None, None, quote_quantity=Decimal("204.05")))
        assert (ack.status, ack.filled) == (OrderStatus.FILLED, 2)  # 0.05 is too little for another lot
        ack = await it.private.place_order(it.request(Side.SELL, "12", None))
        assert (ack.status, ack.filled) == (OrderStatus.CANCELED, 8)
        ack = await it.private.place_order(it.request(Side.BUY, None, None, quote_quantity=Decimal(1000)))
        assert (ack.status, ack.filled) == (OrderStatus.CANCELED, 3)
        with pytest.raises(InsufficientBalance):
            await it.private.place_order(it.request(Side.BUY, None, None, quote_quantity=Decimal(999_999)))


async def test_a_book_that_is_not_live_fills_nothing_and_says_why(stage: Opened) -> None:
    async with stage() as it:
        placing = asyncio.create_task(it.private.place_order(it.request(Side.BUY, "1", "101")))
        await it.clock.sleep(10 * MS)
        it.book.lose(BookFault.GAP)
        with pytest.raises(ExchangeUnavailable, match=r"BTC/USDT is not LIVE \(gap\)"):
            await placing
        with pytest.raises(ExchangeUnavailable, match="nobody follows the book of ETH/USDT"):
            await it.private.place_order(it.request(Side.BUY, "1", "101", symbol=ETH))
        assert it.ear.heard == []
        assert (await it.held())["USDT"] == ("10000", "0")


@pytest.mark.parametrize(
    ("quantity", "price", "changes", "told"),
    [
        ("1", "101.001", {}, "price 101.001 is no multiple of the tick 0.01"),
        ("1.0001", "101", {}, "quantity 1.0001 is no multiple of the lot 0.001"),
        ("0.0", "101", {}, "a quantity is above 0"),
        ("1", "-1", {}, "a price is above 0"),
        ("1", "NaN", {}, "a price is above 0"),
        ("1001", "101", {}, "quantity 1001 is above the most, 1000"),
        ("0.04", "101", {}, "the order is worth 4.04, the least is 5"),
        ("1000", "1001", {}, "the order is worth 1001000, the most is 1000000"),
        ("0.04", None, {}, "the order is worth 4.04, the least is 5"),
        (None, None, {"quote_quantity": Decimal(1)}, "the order is worth 1, the least is 5"),
        (None, "101", {"quote_quantity": Decimal(9)}, "a limit order counts base"),
        ("1", None, {"time_in_force": TimeInForce.POST_ONLY}, "a market order cannot be post-only"),
        ("1", "101", {"time_in_force": TimeInForce.UNKNOWN}, "no order LIMIT UNKNOWN"),
        ("1", "101", {"type": OrderType.UNKNOWN}, "no order UNKNOWN IOC"),
        ("1", "101", {"side": Side.UNKNOWN}, "an order buys or sells"),
        ("1", "101", {"client_order_id": "x" * 33}, "1 to 32 characters, found 33"),
    ],
)
async def test_a_filter_that_is_not_kept_is_refused(
    stage: Opened, quantity: str | None, price: str | None, changes: dict[str, Any], told: str
) -> None:
    async with stage() as it:
        facts = {"side": Side.BUY, **changes}
        with pytest.raises(InvalidOrder, match=told):
            await it.private.place_order(it.request(facts.pop("side"), quantity, price, **facts))
        assert it.ear.heard == []


async def test_sizes_below_the_least_are_refused(stage: Opened) -> None:
    async with stage() as it:
        it.list(min_quantity=Decimal("0.5"))
        with pytest.raises(InvalidOrder, match=r"quantity 0.499 is below the least, 0.5"):
            await it.private.place_order(it.request(Side.BUY, "0.499", "101"))


async def test_what_does_not_trade_is_refused(stage: Opened) -> None:
    async with stage() as it:
        with pytest.raises(InvalidSymbol):
            await it.private.place_order(it.request(Side.BUY, "1", "101", symbol=Symbol("XYZ", "USDT")))
        it.list(status=TradingStatus.HALTED)
        with pytest.raises(TradingDisabled, match="BTC/USDT is halted now"):
            await it.private.place_order(it.request(Side.BUY, "1", "101"))
        it.list(status=TradingStatus.SELL_ONLY)
        with pytest.raises(TradingDisabled, match="sell_only"):
            await it.private.place_order(it.request(Side.BUY, "1", "101"))
        await it.private.place_order(it.request(Side.SELL, "1", "99"))
        it.list(status=TradingStatus.TRADING, kind=InstrumentKind.PERPETUAL)
        with pytest.raises(InvalidOrder, match="only spot"):
            await it.private.place_order(it.request(Side.BUY, "1", "101"))


async def test_an_order_that_the_card_does_not_claim_is_refused(stage: Opened, card: ExchangeCard) -> None:
    plain = msgspec.structs.replace(card, capabilities=frozenset({Capability.TRADING, Capability.IOC}))
    async with stage(card=plain) as it:
        for facts in (
            {"time_in_force": TimeInForce.FOK},
            {"time_in_force": TimeInForce.POST_ONLY},
            {"type": OrderType.MARKET},
        ):
            with pytest.raises(InvalidOrder, match="its card does not claim"):
                await it.private.place_order(it.request(Side.BUY, "1", "101", **facts))
        with pytest.raises(NotSupported):
            await it.private.arm_countdown(1)
        with pytest.raises(NotSupported):
            await it.private.modify_order(BTC, "1", price=Decimal(1))
        ack = await it.private.place_order(it.request(Side.BUY, "1", "101"))
        assert ack.filled == 1
        assert it.ear.heard == []  # it claims no private stream
        assert it.account.listening


async def test_money_that_is_not_there_is_refused_before_anything_happens(stage: Opened) -> None:
    async with stage(balances={Asset("USDT"): Decimal(100), Asset("BTC"): Decimal("0.5")}) as it:
        with pytest.raises(InsufficientBalance, match="needs 101 USDT, 100 is free"):
            await it.private.place_order(it.request(Side.BUY, "1", "101"))
        with pytest.raises(InsufficientBalance, match=r"needs 1 BTC, 0.5 is free"):
            await it.private.place_order(it.request(Side.SELL, "1", "99"))
        assert it.ear.heard == []
        assert await it.held() == {"BTC": ("0.5", "0"), "USDT": ("100", "0")}


async def test_an_id_is_used_once(stage: Opened) -> None:
    async with stage() as it:
        request = it.request(Side.BUY, "1", "101")
        await it.private.place_order(request)
        with pytest.raises(DuplicateOrder):
            await it.private.place_order(request)
        assert len(it.ear.of("fill")) == 1


async def test_a_cancelled_caller_takes_nothing_back(stage: Opened) -> None:
    async with stage() as it:
        placing = asyncio.create_task(it.private.place_order(it.request(Side.BUY, "1", "101")))
        await it.clock.sleep(10 * MS)
        placing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await placing
        order = await it.private.get_order(BTC, client_order_id="order1")
        assert order.status is OrderStatus.FILLED


async def test_orders_are_cancelled_and_their_money_is_free_again(stage: Opened) -> None:
    async with stage() as it:
        gtc = {"time_in_force": TimeInForce.GTC}
        first = await it.private.place_order(it.request(Side.BUY, "1", "90", **gtc))
        await it.private.place_order(it.request(Side.SELL, "1", "110", **gtc))
        await it.private.place_order(it.request(Side.SELL, "1", "111", **gtc))
        await it.private.cancel_order(BTC, order_id=first.order_id)
        assert it.ear.of("order")[-1].status is OrderStatus.CANCELED
        with pytest.raises(OrderNotFound, match="it has ended"):
            await it.private.cancel_order(BTC, order_id=first.order_id)
        with pytest.raises(OrderNotFound, match="no such order"):
            await it.private.cancel_order(ETH, client_order_id="order2")
        await it.private.cancel_order(BTC, client_order_id="order2")
        await it.private.cancel_all_orders(BTC)
        assert await it.private.get_open_orders() == []
        assert await it.held() == {"BTC": ("10", "0"), "USDT": ("10000", "0")}
        with pytest.raises(ValueError, match="exactly one"):
            await it.private.cancel_order(BTC)


async def test_an_order_is_changed_in_place_and_may_take_then(stage: Opened) -> None:
    async with stage() as it:
        ack = await it.private.place_order(it.request(Side.BUY, "1", "90", time_in_force=TimeInForce.GTC))
        with pytest.raises(InsufficientBalance):
            await it.private.modify_order(BTC, ack.order_id, quantity=Decimal(1000))
        assert (await it.held())["USDT"] == ("9910", "90")
        with pytest.raises(InvalidOrder, match="tick"):
            await it.private.modify_order(BTC, ack.order_id, price=Decimal("90.001"))
        changed = await it.private.modify_order(BTC, ack.order_id, price=Decimal(101), quantity=Decimal(5))
        assert (changed.order_id, changed.status, changed.filled) == (ack.order_id, OrderStatus.PARTIALLY_FILLED, 4)
        assert (await it.held())["USDT"] == ("9495", "101")
        with pytest.raises(InvalidOrder, match=r"4.000 is filled already"):
            await it.private.modify_order(BTC, ack.order_id, quantity=Decimal(4))
        await it.private.cancel_all_orders(BTC)
        with pytest.raises(OrderNotFound):
            await it.private.modify_order(BTC, ack.order_id, price=Decimal(90))


async def test_the_countdown_cancels_unless_it_is_armed_again(stage: Opened) -> None:
    async with stage() as it:
        await it.private.place_order(it.request(Side.BUY, "1", "90", time_in_force=TimeInForce.GTC))
        await it.private.arm_countdown(1000 * MS)
        await it.clock.sleep(500 * MS)
        await it.private.arm_countdown(1000 * MS)
        await it.clock.sleep(500 * MS)
        assert len(await it.private.get_open_orders()) == 1
        await it.private.arm_countdown(0)
        await it.clock.sleep(5000 * MS)
        assert len(await it.private.get_open_orders()) == 1
        await it.private.arm_countdown(1000 * MS)
        await it.clock.sleep(1000 * MS)
        assert await it.private.get_open_orders() == []
        assert it.ear.of("order")[-1].reason == "the countdown ran out"


async def test_history_and_fills_tell_what_was_since_then(stage: Opened) -> None:
    async with stage() as it:
        first = await it.private.place_order(it.request(Side.BUY, "1", "101"))
        since_ns = it.clock.now_ns()
        second = await it.private.place_order(it.request(Side.BUY, "2", "101"))
        assert [order.order_id for order in await it.private.get_order_history(BTC, 0)] == [
            first.order_id,
            second.order_id,
        ]
        assert [order.order_id for order in await it.private.get_order_history(BTC, since_ns)] == [second.order_id]
        assert await it.private.get_order_history(ETH, 0) == []
        assert [fill.quantity for fill in await it.private.get_fills(BTC, since_ns)] == [2]
        assert [fill.quantity for fill in await it.private.get_fills(BTC, 0, order_id=first.order_id)] == [1]
        assert (await it.private.get_permissions()).withdraw is False


@pytest.mark.parametrize(("lookup", "open_found", "ended_found"), [("while_open", 1, 0), ("none", 0, 0)])
async def test_client_ids_resolve_as_the_card_says(
    stage: Opened, card: ExchangeCard, lookup: Any, open_found: int, ended_found: int
) -> None:
    rule = ClientIdRule(max_length=32, lookup=lookup)
    async with stage(card=msgspec.structs.replace(card, client_ids=rule)) as it:

        async def found() -> int:
            try:
                await it.private.get_order(BTC, client_order_id="order1")
            except OrderNotFound:
                return 0
            return 1

        ack = await it.private.place_order(it.request(Side.BUY, "1", "90", time_in_force=TimeInForce.GTC))
        assert await found() == open_found
        await it.private.cancel_order(BTC, order_id=ack.order_id)
        assert await found() == ended_found
        assert (await it.private.get_order(BTC, order_id=ack.order_id)).status is OrderStatus.CANCELED


async def test_ids_of_two_runs_differ(stage: Opened) -> None:
    async with stage(epoch_ns=1_700_000_000_000 * MS) as it:
        first = await it.private.place_order(it.request(Side.BUY, "1", "101"))
    async with stage(epoch_ns=1_700_000_000_001 * MS) as it:
        second = await it.private.place_order(it.request(Side.BUY, "1", "101"))
    assert (first.order_id, second.order_id) == ("1700000000000-1", "1700000000001-1")


async def test_who_waits_when_the_account_closes_is_told_that_no_answer_came(stage: Opened) -> None:
    async with stage() as it:
        placing = asyncio.create_task(it.private.place_order(it.request(Side.BUY, "1", "101")))
        asking = asyncio.create_task(it.private.get_balances())
        await it.clock.sleep(10 * MS)
    with pytest.raises(OutcomeUnknown) as unknown:
        await placing
    assert unknown.value.client_order_id == "order1"
    with pytest.raises(ExchangeUnavailable):
        await asking


async def test_a_listener_that_raises_ends_the_account_in_its_owners_face(stage: Opened) -> None:
    class Broken:
        def on_order(self, *_: object) -> None:
            raise RuntimeError("a defect of the listener")

        on_fill = on_balance = on_order

    async def trade() -> None:
        async with stage() as it:
            it.account.listen(Broken())
            await it.private.place_order(it.request(Side.BUY, "1", "101"))
            await it.clock.sleep(1000 * MS)
            raise AssertionError("not reached")

    with pytest.raises(RuntimeError, match="a defect of the listener"):
        await trade()


async def test_a_listener_is_told_until_it_ends_and_never_twice(stage: Opened) -> None:
    async with stage() as it:
        with pytest.raises(ValueError, match="listens already"):
            it.account.listen(it.ear)
        other = type(it.ear)(it.clock)
        end = it.account.listen(other)
        await it.private.place_order(it.request(Side.BUY, "1", "101"))
        end()
        end()
        await it.private.place_order(it.request(Side.BUY, "1", "101"))
        assert len(it.ear.of("fill")) == 2
        assert len(other.of("fill")) == 1


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="memory_ns must be at least 0, found -1"):
        PaperTerms(memory_ns=-1)


async def test_a_balance_below_zero_is_refused(stage: Opened) -> None:
    with pytest.raises(ValueError, match="USDT = -1"):
        async with stage(balances={Asset("USDT"): Decimal(-1)}):
            raise AssertionError("not reached")


async def test_ended_orders_are_forgotten_one_day_and_open_ones_never(
    stage: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arb_core.engine.paper.orders.KEPT", 2)
    async with stage() as it:
        await it.private.place_order(it.request(Side.BUY, "1", "90", time_in_force=TimeInForce.GTC))
        for _ in range(4):
            await it.private.place_order(it.request(Side.BUY, "1", "91"))
        names = [order.client_order_id for order in await it.private.get_order_history(BTC, 0)]
        assert names == ["order1", "order4", "order5"]
        with pytest.raises(OrderNotFound):
            await it.private.get_order(BTC, client_order_id="order2")


async def test_an_instrument_without_lot_takes_any_size(stage: Opened) -> None:
    async with stage() as it:
        it.list(lot=Decimal(0), tick=Decimal(0), min_quantity=Decimal(0))
        ack = await it.private.place_order(it.request(Side.BUY, "0.123456789", "101.00001"))
        assert ack.filled == Decimal("0.123456789")
        ack = await it.private.place_order(it.request(Side.BUY, None, None, quote_quantity=Decimal(10)))
        assert (ack.status, ack.filled) == (OrderStatus.FILLED, Decimal("0.099009900990"))
