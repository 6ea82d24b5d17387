"""`arb orders`, `trades`, `pnl`, `export` and `kill` over a journal with one trade that ended and one under way."""

import asyncio
import csv
import json
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
from arb_core.engine.ids import IntentId
from arb_core.engine.journal.opening import open_journal, open_reader
from arb_core.engine.orders import Filled, Reported, Sent, TrackedOrder, apply
from arb_core.engine.trade import Intent, OrderPlan, Outcome, TradeResult
from arb_core.structs.market import Asset, Pair, Side, Symbol, VenueName
from arb_core.structs.opportunity import Plan
from arb_core.structs.order import Fill, Order, OrderId, OrderStatus

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
EPOCH = round(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()) * SECOND
BTC, USDT = Asset("BTC"), Asset("USDT")


def plans(journal, number, at_ns):
    return [
        OrderPlan(
            client_order_id=journal.client_order_id(number, leg, 0),
            intent=number,
            leg=leg,
            attempt=0,
            venue=VenueName(venue),
            symbol=Symbol("BTC", "USDT"),
            side=side,
            quantity=Decimal("0.50"),
            price=Decimal("100.10"),
            intended_ns=at_ns,
        )
        for leg, (venue, side) in enumerate((("mexc", Side.BUY), ("gateio", Side.SELL)))
    ]


def filled(plan):
    fill = Fill(
        pair=Pair("BTCUSDT"),
        trade_id="t1",
        order_id=OrderId("77"),
        side=plan.side,
        price=plan.price,
        quantity=plan.quantity,
        fee=Decimal("0.0005"),
        fee_asset=BTC,
        exchange_ns=plan.intended_ns + 5,
    )
    report = Order(pair=fill.pair, order_id=fill.order_id, status=OrderStatus.FILLED, filled=plan.quantity)
    order = TrackedOrder.planned(plan)
    for event in (Sent(plan.intended_ns + 2), Filled(fill), Reported(report)):
        order = apply(order, event)
    return order


def intent(number, at_ns):
    return Intent(
        id=number,
        strategy="spatial",
        symbol=Symbol("BTC", "USDT"),
        plan=Plan.TOGETHER,
        money=USDT,
        notional=Decimal("50.05"),
        edge_bps=12.5,
        created_ns=at_ns,
        detected_ns=at_ns,
    )


def result(number, at_ns, pnl, outcome=Outcome.DONE):
    return TradeResult(
        intent=number,
        outcome=outcome,
        money=USDT,
        moves={USDT: Decimal(pnl)},
        fees={BTC: Decimal("0.001")},
        residue_value=Decimal(0),
        pnl=Decimal(pnl),
        ended_ns=at_ns + 250_000_000,
        detail="",
    )


async def fill_journal(place, many=0):
    journal = open_journal(str(place), threaded=False)
    for number, (at_ns, pnl) in enumerate([(EPOCH, "0.1000000000000000000000000000001"), (EPOCH + DAY, "-0.3")], 1):
        made = plans(journal, IntentId(number), at_ns)
        await journal.intend(intent(IntentId(number), at_ns), made)
        for plan in made:
            journal.order(filled(plan), at_ns + 9)
        journal.result(result(IntentId(number), at_ns, pnl, Outcome.DONE if number == 1 else Outcome.STOPPED))
    for number in range(3, 4 + many):
        at_ns = EPOCH + 2 * DAY + number
        await journal.intend(intent(IntentId(number), at_ns), plans(journal, IntentId(number), at_ns))
    await journal.close()


@pytest.fixture
def place(tmp_path):
    path = tmp_path / "a.db"
    asyncio.run(fill_journal(path))
    return path


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The state folder of a user who has nothing yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("ARB_CONFIG", raising=False)
    folder = tmp_path / "arb"
    folder.mkdir()
    return folder


def objects(done):
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


def test_orders_are_listed_newest_first_with_what_became_of_them(arb, place):
    done = arb("orders", "--journal", place)
    lines = done.out.splitlines()
    assert done.code == 0
    assert [line.split()[0] for line in lines if line.startswith("2026")] == ["2026-02-02"] * 2 + ["2026-02-01"] * 2 + [
        "2026-01-31"
    ] * 2
    assert "0.0 entry" in done.out
    assert lines[-1] == "6 orders: 4 filled, 2 intended"


def test_orders_as_json_have_exact_money_and_names(arb, place):
    *orders, total = objects(arb("orders", "--journal", place, "--json"))
    assert {order["kind"] for order in orders} == {"order"}
    assert [orders[-1][key] for key in ("side", "state", "quantity", "filled", "purpose")] == [
        "BUY",
        "filled",
        "0.50",
        "0.50",
        "entry",
    ]
    assert total == {"kind": "total", "orders": 6, "states": {"filled": 4, "intended": 2}}


def test_trades_add_up_exactly(arb, place):
    *trades, total = objects(arb("trades", "--journal", place, "--json"))
    assert [(trade["intent"], trade["outcome"]) for trade in trades] == [(3, None), (2, "stopped"), (1, "done")]
    assert (total["trades"], total["under_way"], total["pnl"]) == (3, 1, "-0.1999999999999999999999999999999")
    assert total["fees"] == {"BTC": "0.002"}
    done = arb("trades", "--journal", place)
    assert done.out.splitlines()[-1] == (
        "3 trades in USDT, 1 under way: P&L -0.1999999999999999999999999999999 USDT, fees 0.002 BTC"
    )
    assert "under way" in done.out


def test_pnl_has_a_row_for_each_day(arb, place):
    *days, total = objects(arb("pnl", "--journal", place, "--json"))
    assert [(day["day"], day["pnl"], day["stopped"]) for day in days] == [
        ("2026-02-01", "-0.3", 1),
        ("2026-01-31", "0.1000000000000000000000000000001", 0),
    ]
    assert (total["days"], total["trades"], total["stopped"]) == (2, 2, 1)
    assert arb("pnl", "--journal", place).out.splitlines()[-1].startswith("-0.19999")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--limit", 1), [3]),
        (("--since", "2026-02-01"), [3, 2]),
        (("--since", "2026-02-01T13:00:00+02:00"), [3, 2]),
        (("--since", "2026-02-01T12:00:00.001"), [3]),
        (("--since", "24h"), []),
    ],
)
def test_since_and_limit_choose(arb, place, options, expected):
    lines = objects(arb("trades", "--journal", place, "--json", *options))
    assert [line["intent"] for line in lines if line["kind"] == "trade"] == expected


@pytest.mark.parametrize("options", [("--since", "soon"), ("--limit", 0), ("--since", "5")])
def test_wrong_choice_is_bad_use(arb, place, options):
    done = arb("trades", "--journal", place, *options)
    assert (done.code, done.out) == (2, "")


def test_table_is_short_and_says_so_while_programs_get_everything(arb, tmp_path):
    path = tmp_path / "many.db"
    asyncio.run(fill_journal(path, many=60))
    done = arb("trades", "--journal", path)
    assert len([line for line in done.out.splitlines() if line.startswith("2026")]) == 50
    assert "... the newest 50; --limit and --since choose others" in done.out
    assert "50 trades in USDT" in done.out.splitlines()[-1]
    assert len(objects(arb("trades", "--journal", path, "--json"))) == 63 + 1
    assert "63 trades" in arb("trades", "--journal", path, "--limit", 100).out


def test_nothing_yet_is_said(arb, tmp_path):
    path = tmp_path / "empty.db"
    asyncio.run(open_journal(str(path), threaded=False).close())
    assert arb("trades", "--journal", path).out == "no trade yet\n"
    assert objects(arb("orders", "--journal", path, "--json")) == [{"kind": "total", "orders": 0, "states": {}}]


def test_table_in_a_pipe_is_never_cut_off(arb, place, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert "…" not in arb("orders", "--journal", place).out


def test_records_go_to_files(arb, place, tmp_path):
    done = arb("trades", "--journal", place, "--csv", tmp_path / "t.csv", "--parquet", tmp_path / "t.parquet")
    assert done.out.splitlines() == [f"{tmp_path}/t.csv: 3 rows", f"{tmp_path}/t.parquet: 3 rows"]
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["pnl"] for row in rows] == ["", "-0.3", "0.1000000000000000000000000000001"]
    assert pq.read_table(tmp_path / "t.parquet").column("pnl").to_pylist()[2] == "0.1000000000000000000000000000001"
    (line,) = objects(arb("pnl", "--journal", place, "--csv", tmp_path / "p.csv", "--json"))
    assert line == {"kind": "exported", "file": f"{tmp_path}/p.csv", "rows": 2}


def test_parquet_without_its_extra_is_answered_with_the_pip_line(arb, place, tmp_path, monkeypatch):
    monkeypatch.setattr("arb_core.engine.journal.opening.find_spec", lambda name: None if name == "pyarrow" else True)
    done = arb("trades", "--journal", place, "--parquet", tmp_path / "t.parquet")
    assert (done.code, "pip install 'arb-core[export]'" in done.err) == (2, True)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_whole_journal_is_copied(arb, place, tmp_path, form):
    options = ["--parquet"] if form == "parquet" else []
    (line,) = objects(arb("export", tmp_path / "out", "--journal", place, "--json", *options))
    assert (line["rows"]["orders"], line["rows"]["fills"], line["rows"]["results"]) == (6, 4, 2)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{name}.{form}" for name in line["rows"]}
    assert "fills" in arb("export", tmp_path / "out", "--journal", place).out


@pytest.mark.parametrize("command", ["orders", "trades", "pnl", "kill"])
def test_without_a_journal_it_is_told_what_makes_one(arb, home, command):
    done = arb(command)
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"arb: there is no journal at {home}/live.db nor at {home}/paper.db: `arb run` makes one when it first starts; "
        "--config FILE or --journal PLACE names another\n"
    )


@pytest.mark.parametrize("command", ["orders", "trades", "pnl", "export here", "kill", "kill status"])
def test_without_the_extra_the_pip_line_is_told(arb, home, monkeypatch, command):
    monkeypatch.setattr("arb_core.engine.journal.opening.find_spec", lambda _: None)
    done = arb(*command.split())
    assert (done.code, done.out) == (2, "")
    assert "pip install 'arb-core[journal]'" in done.err


def test_real_trading_is_read_before_paper_trading(arb, home):
    for use in ("live", "paper"):
        asyncio.run(fill_journal(home / f"{use}.db"))
    assert arb("trades").err == f"live journal: {home}/live.db\n"
    assert arb("trades", "--paper").err == f"paper journal: {home}/paper.db\n"
    (home / "live.db").unlink()
    assert arb("trades").err == f"paper journal: {home}/paper.db\n"
    assert arb("trades", "--live").code == 1


def test_place_comes_from_the_settings_file_whatever_its_plugins(arb, place, tmp_path, monkeypatch):
    settings = tmp_path / "arb.toml"
    settings.write_text(f"[journal]\nplace = '{place}'\n[venues.nobody-has-this]\n")
    assert arb("trades", "--config", settings).err == f"live journal: {place}\n"
    monkeypatch.setenv("ARB_CONFIG", str(settings))
    assert arb("pnl").err == f"live journal: {place}\n"


def test_password_of_a_database_is_not_shown(arb, monkeypatch):
    monkeypatch.setattr(
        "arb_core.cli.journals.open_reader",
        lambda _: type("R", (), {"trades": lambda *_, **__: [], "close": lambda _: None})(),
    )
    done = arb("trades", "--journal", "postgresql://arb:hunter2hunter2@db.example/arb")
    assert done.err == "journal: postgresql://db.example/arb\n"


# Kill.


def kills(place):
    reader = open_reader(str(place))
    try:
        return [kill.reason for kill in reader.kills()]
    finally:
        reader.close()


def test_kill_sets_the_latch_in_every_journal_there_is(arb, home):
    for use in ("live", "paper"):
        asyncio.run(fill_journal(home / f"{use}.db"))
    done = arb("kill", "--reason", "the exchange is on fire")
    assert done.code == 0
    assert [line.split(" since ")[0] for line in done.out.splitlines()] == [
        f"live journal {home}/live.db: killed",
        f"paper journal {home}/paper.db: killed",
    ]
    assert kills(home / "live.db") == kills(home / "paper.db") == ["the exchange is on fire"]
    assert "(the exchange is on fire)" in arb("kill", "status").out


def test_kill_of_one_journal_leaves_the_other_alone(arb, home):
    for use in ("live", "paper"):
        asyncio.run(fill_journal(home / f"{use}.db"))
    assert arb("kill", "--paper").code == 0
    live, paper = objects(arb("kill", "status", "--json"))
    assert (live["journal"], live["killed"], live["reason"]) == ("live journal", False, None)
    assert (paper["kind"], paper["journal"], paper["killed"]) == ("kill", "paper journal", True)
    assert paper["reason"].startswith("by hand")
    assert abs(paper["since_ns"] - round(datetime.now(UTC).timestamp() * SECOND)) < 60 * SECOND


def test_only_a_reason_lifts_it(arb, place):
    arb("kill", "--journal", place)
    arb("kill", "--journal", place, "--reason", "twice")
    for wrong in (("--clear",), ("--clear", "--reason", " "), ("status", "--clear", "--reason", "x"), ("lift",)):
        assert arb("kill", "--journal", place, *wrong).code == 2
    assert len(kills(place)) == 2
    done = arb("kill", "--journal", place, "--clear", "--reason", "looked into it")
    assert done.out == f"journal {place}: 2 kills lifted, trading may begin\n"
    assert kills(place) == []
    assert arb("kill", "status", "--journal", place).out == f"journal {place}: not killed\n"


def test_kill_that_fails_somewhere_acts_elsewhere_and_says_so(arb, home):
    (home / "live.db").write_text("this is no database, " * 100)
    asyncio.run(fill_journal(home / "paper.db"))
    done = arb("kill")
    assert done.code == 1
    assert kills(home / "paper.db")
    assert f"arb: live journal {home}/live.db: the journal cannot be read" in done.err
    assert done.err.endswith("arb: not everywhere: stop the process itself, by SIGTERM or Ctrl-C\n")
