"""The page, scraped as Prometheus does it and read with the library's own parser."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from arb_core.errors import FiguresUnavailable
from arb_core.structs.book import BookFault, BookState
from arb_core.structs.figures import Figures
from arb_core.structs.market import Asset, Pair, Side, Symbol, VenueName
from arb_core.structs.notice import (
    BookNotice,
    FaultNotice,
    FillNotice,
    OpportunityNotice,
    OrderNotice,
    ResultNotice,
)
from arb_core.structs.opportunity import Opportunity, Plan, Verdict
from arb_core.structs.order import ClientOrderId, Fill, OrderId
from arb_core.structs.trade import OrderState, Outcome, Purpose
from arb_prometheus.metrics import METRICS, Kind
from arb_prometheus.samples import Samples

MEXC = VenueName("mexc")
BTC = Symbol("BTC", "USDT")
SECRET = "wonderland-0123456789abcdef"

EDGE = Opportunity(
    strategy="spatial", symbol=BTC, legs=(), plan=Plan.TOGETHER, edge_bps=7.5, size=1, profit=1, detected_ns=0
)
ORDER = OrderNotice(
    client_order_id=ClientOrderId("a" * 18),
    order_id=OrderId("9"),
    intent=1,
    leg=0,
    attempt=0,
    purpose=Purpose.ENTRY,
    venue=MEXC,
    symbol=BTC,
    side=Side.BUY,
    quantity=Decimal(1),
    price=Decimal(100),
    filled=Decimal(0),
    state=OrderState.SENT,
    former=OrderState.INTENDED,
    reasons=(SECRET,),
    at_ns=1,
)
FILL = FillNotice(
    venue=MEXC,
    symbol=BTC,
    fill=Fill(
        pair=Pair("BTCUSDT"),
        trade_id="1",
        order_id=OrderId("9"),
        side=Side.SELL,
        price=Decimal("100.5"),
        quantity=Decimal(2),
        exchange_ns=1,
    ),
)
RESULT = ResultNotice(
    intent=1,
    strategy="spatial",
    symbol=BTC,
    outcome=Outcome.DONE,
    money=Asset("USDT"),
    notional=Decimal(100),
    pnl=Decimal("-0.75"),
    fees={},
    residue_value=Decimal(0),
    created_ns=1,
    ended_ns=2,
    detail=SECRET,
)
FAULT = FaultNotice(name="deaf", detail=f"api_secret={SECRET}", venue=MEXC, symbol=BTC, at_ns=1)
LOST = BookNotice(venue=MEXC, symbol=BTC, state=BookState.SYNCING, fault=BookFault.GAP, at_ns=1)


def tell_everything(stage: Any) -> None:
    observer = stage.observer
    observer.opportunity(OpportunityNotice(opportunity=EDGE, verdict=Verdict((), executable=True)))
    observer.order(ORDER)
    observer.fill(FILL)
    observer.result(RESULT)
    observer.fault(FAULT)
    observer.book_state(LOST)


def test_every_metric_of_the_table_is_scraped_over_a_socket_with_its_kind_and_its_labels(
    serve: Callable[..., Any],
) -> None:
    stage = serve()
    tell_everything(stage)
    page = stage.page()
    for name, metric in METRICS.items():
        family = page[name.removesuffix("_total")]
        assert family.type == metric.kind.value, name
        assert family.documentation == metric.help, name
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(metric.labels), name
    own = {name.removesuffix("_total") for name in METRICS}
    assert {name for name in page if not name.startswith("process_")} == own


def test_every_name_follows_the_conventions_of_prometheus() -> None:
    for name, metric in METRICS.items():
        assert name.startswith("arb_")
        assert name.endswith("_total") == (metric.kind is Kind.COUNTER), name
        assert metric.help[0].isupper() or metric.help[0].isdigit()
        assert not metric.help.endswith(".")


def test_a_histogram_adds_up(stage: Any) -> None:
    family = stage.page()["arb_hop_seconds"]
    lines = [sample for sample in family.samples if sample.labels.get("hop") == "ack"]
    buckets = {sample.labels["le"]: sample.value for sample in lines if sample.name.endswith("_bucket")}
    # Two durations: 2 us and 3 ms.
    assert list(buckets.values()) == sorted(buckets.values())
    assert (buckets["1.023e-06"], buckets["2.047e-06"], buckets["+Inf"]) == (0, 1, 2)
    (count,) = [sample.value for sample in lines if sample.name.endswith("_count")]
    (total,) = [sample.value for sample in lines if sample.name.endswith("_sum")]
    assert count == 2
    assert total == pytest.approx(0.003002, rel=0.07)


def test_figures_of_a_venue(stage: Any) -> None:
    assert stage.value("arb_books", venue="mexc", state="live") == 2
    assert stage.value("arb_books", venue="mexc", state="syncing") == 1
    assert stage.value("arb_book_live", venue="mexc", symbol="SOL/USDT") == 0
    assert stage.value("arb_book_silent_seconds", venue="mexc") == 1.5
    assert stage.value("arb_messages_total", venue="mexc", kind="deltas") == 100
    assert stage.value("arb_messages_total", venue="mexc", kind="fills") == 4
    assert stage.value("arb_messages_unwanted_total", venue="mexc") == 1
    assert stage.value("arb_reconnects_total", venue="mexc", stream="public") == 2
    assert stage.value("arb_reconnects_total", venue="mexc", stream="private") == 0
    assert stage.value("arb_account_listening", venue="mexc") == 1
    assert stage.value("arb_clock_offset_seconds", venue="mexc") == -0.02
    assert stage.value("arb_rest_seconds", venue="mexc", endpoint="GET /depth", quantile="0.99") == 0.003
    assert stage.value("arb_rate_limit_used_ratio", venue="mexc", limit="weight") == 0.25
    assert stage.value("arb_rate_limit_closed_seconds", venue="mexc", limit="scope:ip") == 5


def test_a_venue_without_a_key_says_nothing_of_an_account(stage: Any) -> None:
    page = stage.page()
    assert {sample.labels["venue"] for sample in page["arb_account_listening"].samples} == {"mexc"}
    streams = {(sample.labels["venue"], sample.labels["stream"]) for sample in page["arb_connections"].samples}
    assert streams == {("mexc", "public"), ("mexc", "private"), ("gateio", "public")}


def test_figures_of_the_process(stage: Any) -> None:
    assert stage.value("arb_up") == 1
    assert stage.value("arb_event_loop_lag_seconds") == 0.002
    assert stage.value("arb_event_loop_lag_max_seconds") == 0.3
    assert stage.value("arb_opportunities_refused_total", check="quarantined") == 6
    assert stage.value("arb_trading_open") == 0
    assert stage.value("arb_trading_killed") == 1
    assert stage.value("arb_admission_refusals_total", reason="kill") == 8
    assert stage.value("arb_breaker", venue="gateio", state="open") == 1
    assert stage.value("arb_breaker", venue="gateio", state="closed") == 0
    assert stage.value("arb_limit_used_ratio", limit="max_daily_loss", of="USDT") == 0.025
    assert stage.value("arb_day_pnl", money="USDT") == -1.25
    assert stage.value("arb_orders_in_doubt") == 2
    assert stage.value("arb_journal_commit_seconds_count") == 1
    assert stage.value("arb_observer_dropped_total", observer="prometheus") == 6
    assert stage.value("process_cpu_seconds_total") > 0


def test_a_monitor_has_neither_an_account_nor_a_journal(stage: Any) -> None:
    figures = stage.context.answer()
    stage.context.answer = lambda: msgspec.structs.replace(figures, trading=None, journal=None)
    page = stage.page()
    assert not [name for name in page if name.startswith(("arb_trading", "arb_journal", "arb_limit", "arb_day"))]
    assert "arb_opportunities_seen" in page


def test_books_one_by_one_may_be_left_out(serve: Callable[..., Any]) -> None:
    page = serve(per_symbol=False).page()
    assert "arb_book_live" not in page
    assert "arb_books" in page


def test_what_is_told_is_tallied(stage: Any) -> None:
    tell_everything(stage)
    stage.observer.order(msgspec.structs.replace(ORDER, state=OrderState.PARTIALLY_FILLED, former=OrderState.SENT))
    # Filled further, and nothing else: it came into no other state.
    again = msgspec.structs.replace(ORDER, state=OrderState.PARTIALLY_FILLED, former=OrderState.PARTIALLY_FILLED)
    stage.observer.order(again)
    stage.observer.result(msgspec.structs.replace(RESULT, pnl=Decimal("1.00"), outcome=Outcome.STOPPED))
    stage.observer.book_state(msgspec.structs.replace(LOST, state=BookState.LIVE, fault=None))
    assert stage.value("arb_orders_total", venue="mexc", state="sent") == 1
    assert stage.value("arb_orders_total", venue="mexc", state="partially_filled") == 1
    assert stage.value("arb_fills_total", venue="mexc", side="sell") == 1
    assert stage.value("arb_turnover_total", venue="mexc", money="USDT") == 201
    assert stage.value("arb_trades_total", outcome="done") == 1
    assert stage.value("arb_trades_total", outcome="stopped") == 1
    assert stage.value("arb_realised_pnl", money="USDT") == 0.25
    assert stage.value("arb_faults_total", name="deaf", venue="mexc") == 1
    assert stage.value("arb_book_losses_total", venue="mexc", fault="gap") == 1
    assert stage.value("arb_opportunity_edge_bps_bucket", executable="true", le="5") == 0
    assert stage.value("arb_opportunity_edge_bps_bucket", executable="true", le="10") == 1
    assert stage.value("arb_opportunity_edge_bps_sum", executable="true") == 7.5


def test_what_may_happen_is_shown_as_none_before_it_happens(stage: Any) -> None:
    # Else the first trade that is stopped would be no increase, and no alert.
    assert stage.value("arb_trades_total", outcome="stopped") == 0
    assert stage.value("arb_orders_total", venue="gateio", state="rejected") == 0
    assert stage.value("arb_fills_total", venue="mexc", side="buy") == 0
    assert stage.value("arb_book_losses_total", venue="mexc", fault="disconnected") == 0
    assert stage.value("arb_opportunities_refused_total", check="absurd") == 0


def test_no_text_that_was_told_and_no_order_is_on_the_page(stage: Any) -> None:
    tell_everything(stage)
    text = stage.text()
    assert SECRET not in text
    assert ORDER.client_order_id not in text
    assert "unknown symbol" not in text


def test_the_number_of_lines_does_not_grow_with_what_happens(stage: Any) -> None:
    tell_everything(stage)
    before = len(stage.text().splitlines())
    for number in range(200):
        stage.observer.order(msgspec.structs.replace(ORDER, client_order_id=ClientOrderId(f"o{number:017}")))
        stage.observer.fault(msgspec.structs.replace(FAULT, detail=f"another {number}"))
        stage.observer.result(msgspec.structs.replace(RESULT, intent=number))
    assert len(stage.text().splitlines()) == before


def test_a_process_that_does_not_answer_is_told_with_the_tallies(stage: Any) -> None:
    def nobody() -> Figures:
        raise FiguresUnavailable("the event loop did not answer within 2 s")

    tell_everything(stage)
    stage.context.answer = nobody
    assert stage.value("arb_up") == 0
    assert stage.value("arb_orders_total", venue="mexc", state="sent") == 1
    assert "arb_books" not in stage.page()


def test_a_name_or_labels_that_the_table_does_not_have_are_refused() -> None:
    samples = Samples()
    with pytest.raises(KeyError):
        samples.add("arb_no_such_thing", 1)
    with pytest.raises(ValueError, match="arb_books has the labels"):
        samples.add("arb_books", 1, "mexc")
    with pytest.raises(TypeError, match="is a histogram"):
        samples.add("arb_journal_commit_seconds", 1)
    with pytest.raises(TypeError, match="is no histogram"):
        samples.histogram("arb_up", (1.0,), (1, 1), 1.0)
