"""What goes wrong around orders: requests, answers, private pushes, the venue's memory. The venue itself stays right."""

import json
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from arb_sim.faults import Fault, FaultKind, FaultScript
from arb_sim.kernel.orders import NewOrder, Refused, Why
from arb_sim.venue import Close, Request

PAIR = "BTC-USDT"
SECOND = 1_000_000_000


@pytest.fixture
def scene(toy, connect):
    """A venue whose market stands still, and a client that follows its account."""

    def make(*faults, channels=("orders", "fills", "balances")):
        venue = toy(script=FaultScript(seed=1, faults=faults), steps_per_s=0)
        client = connect(venue, 1, f"/ws?ticket={venue.tickets.make(venue.account).text}")
        for channel in channels:
            assert client.say(f"join {channel}") == [f"joined {channel}"]
        client.got.clear()
        return venue, client

    return make


def ask(client, method="POST", /, **asked):
    market = client.venue.by_pair[PAIR]
    if method == "POST":
        best = market.book.bids.best if asked.get("side", "buy") == "buy" else market.book.asks.best
        asked = {"pair": PAIR, "side": "buy", "price": str(best * market.listing.tick), "size": "0.001", **asked}
    response = client.ask(method, "/order", urlencode(asked))
    return response.status, json.loads(response.body)


def taking(client, size="0.001"):
    """The parameters of an order that takes as deep as it must."""
    market = client.venue.by_pair[PAIR]
    return {"price": str(market.book.asks.at(20) * market.listing.tick), "size": size}


def told(client, what=None):
    client.wait(0)
    return [message for message in client.messages if what in (None, message["what"])]


# Requests


@pytest.mark.parametrize(
    ("kind", "more", "stands"),
    [
        (FaultKind.ANSWER_LOST, {}, True),
        (FaultKind.ERROR_AFTER, {"status": 502}, True),
        (FaultKind.NO_ANSWER, {"path": "/order"}, False),
        (FaultKind.SERVER_ERROR, {"path": "/order", "status": 502}, False),
    ],
)
def test_order_stands_or_not_whatever_its_client_hears(scene, kind, more, stands):
    venue, client = scene(Fault(kind=kind, **more))
    if "status" in more:
        request = Request(
            method="POST", path="/order", query=urlencode({"pair": PAIR, "side": "buy", **taking(client)})
        )
        assert venue.http(request, venue.timeline.now_ns).status == 502
    else:
        with pytest.raises(TimeoutError):
            ask(client, client="a")
    assert len(venue.inspection.orders()) == stands
    assert venue.faults.counts == {kind: 1}
    assert ask(client, client="b")[0] == 200


def test_answer_comes_late_and_the_order_at_once(scene):
    venue, client = scene(Fault(kind=FaultKind.ANSWER_LATE, hold_s=3))
    market = venue.by_pair[PAIR]
    price = market.book.bids.best * market.listing.tick
    request = Request(
        method="POST", path="/order", query=urlencode({"pair": PAIR, "side": "buy", "price": price, "size": "0.001"})
    )
    assert venue.http(request, venue.timeline.now_ns).late_ns == 3 * SECOND
    assert [message["what"] for message in told(client)] == ["placed", "moved"]


def test_fault_after_acceptance_waits_for_a_request_that_changes_something_and_is_accepted(scene):
    venue, client = scene(Fault(kind=FaultKind.ANSWER_LOST))
    assert client.get("/time").status == 200
    assert ask(client, size="0.0000001") == (400, {"why": "size_step"})
    with pytest.raises(TimeoutError):
        ask(client)
    venue.faults.arm(Fault(kind=FaultKind.ANSWER_LOST, method="DELETE"))
    status, order = ask(client)
    assert status == 200
    with pytest.raises(TimeoutError):
        ask(client, "DELETE", order=order["id"])
    assert venue.inspection.orders()[-1].end == "client"


@pytest.mark.parametrize("why", list(Why))
def test_leg_is_rejected_in_the_venues_own_words(scene, why):
    venue, client = scene(Fault(kind=FaultKind.ORDER_REJECTED, why=why, pair="BTC/USDT"))
    statement = venue.inspection.statement()
    assert ask(client) == (400, {"why": why.value})
    assert (venue.inspection.orders(), venue.inspection.statement()) == ([], statement)
    assert ask(client)[0] == 200
    assert venue.faults.counts == {FaultKind.ORDER_REJECTED: 1}


@pytest.mark.parametrize("size", ["1", "0.001"])
@pytest.mark.parametrize("left", [0.0, 0.3, 0.99])
def test_others_are_faster(scene, left, size):
    venue, client = scene(Fault(kind=FaultKind.PARTIAL_FILL, left=left))
    wanted = taking(client, size)
    shown = sum(size for _, size in venue.by_pair[PAIR].book.asks.top(21))
    best = venue.by_pair[PAIR].book.asks.best
    version = venue.by_pair[PAIR].book.version
    _, order = ask(client, force="ioc", **wanted)
    lots = min(shown, int(Decimal(size) * 1_000_000))
    assert order["filled"] == int(lots * left)
    assert venue.by_pair[PAIR].book.version > version  # followers of the book are told what is gone
    assert all(fill.price >= best * venue.by_pair[PAIR].listing.tick for fill in venue.inspection.fills())
    assert venue.faults.counts == {FaultKind.PARTIAL_FILL: 1}


def test_connection_is_cut_between_acknowledgement_and_fill(scene, connect):
    venue, client = scene(Fault(kind=FaultKind.DISCONNECT_AFTER_ACK))
    public = connect(venue, 2)
    public.say(f"join trades {PAIR}")
    status, order = ask(client, **taking(client))
    assert (status, order["status"]) == (200, "filled")
    assert told(client) == []
    assert client.ended == Close(1006)
    public.wait(1)
    assert public.ended is None
    assert len(venue.inspection.fills()) == 1


# Private pushes


def test_without_faults_everything_is_told_once_and_in_order(scene):
    _, client = scene(channels=["private"])
    ask(client, **taking(client))
    assert [message["what"] for message in told(client)] == ["placed", "moved", "filled", "moved"]


@pytest.mark.parametrize("feed", ["orders", "fills", "balances", "private"])
@pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.DUPLICATE])
def test_private_push_is_lost_or_comes_twice(scene, feed, kind):
    venue, client = scene(Fault(kind=kind, feed=feed))
    ask(client, **taking(client))
    wanted = {"orders": 2, "fills": 1, "balances": 2}
    changed = "orders" if feed == "private" else feed  # the channel that was joined first is pushed first
    wanted[changed] += 1 if kind is FaultKind.DUPLICATE else -1
    messages = told(client)
    fills = sum(message["what"] == "filled" for message in messages)
    placed = sum(message["what"] == "placed" for message in messages)
    moved = sum(message["what"] == "moved" for message in messages)
    assert (fills + placed, moved) == (wanted["orders"] + wanted["fills"], wanted["balances"])
    assert venue.faults.counts == {kind: 1}
    assert len(venue.inspection.fills()) == 1


def test_private_pushes_are_reordered_and_late(scene):
    venue, client = scene(
        Fault(kind=FaultKind.REORDER, feed="orders"), Fault(kind=FaultKind.DELAY, feed="balances", hold_s=2)
    )
    ask(client, **taking(client))
    assert [message["what"] for message in told(client)] == ["filled", "placed", "filled"]
    client.wait(2)
    assert [message["what"] for message in told(client)][3:] == ["moved", "moved"]
    assert venue.faults.counts == {FaultKind.REORDER: 1, FaultKind.DELAY: 1}


def test_fault_of_a_book_spares_what_is_private(scene):
    venue, client = scene(Fault(kind=FaultKind.DROP, count=None))
    ask(client)
    assert len(told(client)) == 2
    assert not venue.faults.counts


def test_only_private_connections_are_cut(scene, connect):
    venue, client = scene(Fault(kind=FaultKind.DISCONNECT, feed="private", at_s=1))
    public = connect(venue, 2)
    public.say(f"join trades {PAIR}")
    client.wait(2)
    assert client.ended == Close(1006)
    assert public.ended is None
    assert venue.faults.counts == {FaultKind.DISCONNECT: 1}


# The venue's memory


def test_client_id_stops_resolving_when_the_order_ends(scene):
    _, client = scene(Fault(kind=FaultKind.CLIENT_IDS_FORGOTTEN, at_s=1, hold_s=10))
    _, order = ask(client, client="a")
    client.wait(1)
    assert ask(client, "GET", client="a")[0] == 200
    ask(client, "DELETE", order=order["id"])
    assert ask(client, "GET", client="a") == (400, {"why": "not_found"})
    assert ask(client, "GET", order=order["id"])[0] == 200
    client.wait(10)
    assert ask(client, "GET", client="a")[0] == 200


def test_lagging_reader_shows_the_past_and_then_the_present(scene):
    venue, client = scene(
        Fault(kind=FaultKind.LOOKUP_LAG, at_s=1, hold_s=10, lag_s=2),
        Fault(kind=FaultKind.HISTORY_LAG, at_s=1, hold_s=5, lag_s=3),
    )
    trading, account = venue.trading, venue.account
    client.wait(1)
    _, order = ask(client, client="a")
    assert ask(client, "GET", client="a") == (400, {"why": "not_found"})
    assert trading.open_orders(account) == []
    client.wait(2)
    assert ask(client, "GET", client="a")[1]["status"] == "open"
    assert (len(trading.open_orders(account)), trading.history(account)) == (1, [])
    market = venue.by_pair[PAIR]
    market.trade(market.book.bids.best, 10**9, venue.timeline.now_ns, taker_buys=False)
    assert ask(client, "GET", order=order["id"])[1]["status"] == "open"
    assert trading.fills(account) == []
    client.wait(2)
    assert ask(client, "GET", order=order["id"])[1]["status"] == "filled"
    client.wait(1)
    assert [order.status for order in trading.history(account)] == ["filled"]
    assert len(trading.fills(account)) == 1
    client.wait(5)
    ask(client, client="b")
    assert ask(client, "GET", client="b")[0] == 200
    assert len(trading.open_orders(account)) == 1


def test_doing_something_to_an_order_never_lags(scene):
    venue, client = scene(Fault(kind=FaultKind.LOOKUP_LAG, hold_s=10, lag_s=2))
    _, order = ask(client)
    assert ask(client, "DELETE", order=order["id"])[0] == 200
    assert ask(client, "DELETE", order=order["id"]) == (400, {"why": "ended"})
    assert venue.inspection.open_orders() == []


def test_faults_compose_with_those_of_market_data(scene):
    venue, client = scene(
        Fault(kind=FaultKind.PARTIAL_FILL, left=0.5),
        Fault(kind=FaultKind.ANSWER_LOST),
        Fault(kind=FaultKind.DROP, feed="fills", count=None),
        Fault(kind=FaultKind.DISCONNECT, feed="private", at_s=1),
        Fault(kind=FaultKind.HALT, pair=PAIR, at_s=1),
        Fault(kind=FaultKind.LOOKUP_LAG, lag_s=1),
    )
    with pytest.raises(TimeoutError):
        ask(client, force="ioc", client="a", **taking(client, "1"))
    assert [message["what"] for message in told(client)].count("filled") == len(venue.inspection.fills())  # of orders
    client.wait(1)
    assert ask(client) == (400, {"why": "halted"})
    assert client.ended is not None
    assert 0 < venue.inspection.orders()[0].filled < 1
    assert venue.faults.counts == dict.fromkeys(venue.faults.counts, 1) | {
        FaultKind.DROP: len(venue.inspection.fills())
    }
    assert len(venue.faults.counts) == 6


def test_script_of_trading_faults_is_refused_where_it_says_nothing(scene):
    for wrong in ({"left": 1.0}, {"lag_s": -1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Fault(kind=FaultKind.PARTIAL_FILL, **wrong)


# Tickets


def test_ticket_ends_when_it_is_not_kept_alive_and_takes_its_connections_along(scene, connect):
    venue, client = scene()
    (ticket,) = venue.tickets.of(venue.account)
    for _ in range(7):
        client.wait(80)
        client.say("join orders")  # it would be idle else
    assert client.ended is None
    venue.tickets.extend(ticket)
    client.wait(80)
    assert client.ended is None
    other = connect(venue, 2, f"/ws?ticket={ticket.text}")
    assert connect(venue, 3, f"/ws?ticket={ticket.text}").refused.status == 401  # two connections is what it bears
    venue.tickets.end(ticket)
    other.wait(0)
    assert other.ended == Close(4001, "ticket expired")
    assert connect(venue, 4, f"/ws?ticket={ticket.text}").refused.status == 401


def test_ticket_ends_at_its_time(scene):
    venue, client = scene()
    (ticket,) = venue.tickets.of(venue.account)
    for _ in range(8):
        client.wait(80)
        client.say("join orders")
    assert client.ended == Close(4001, "ticket expired")
    assert venue.tickets.find(ticket.text) is None


def test_account_has_so_many_tickets_and_no_more(scene):
    venue, _ = scene()
    made = [venue.tickets.make(venue.account) for _ in range(3)]
    assert [ticket is None for ticket in made] == [False, False, True]
    assert len({ticket.text for ticket in venue.tickets.of(venue.account)}) == 3
    assert {len(ticket.text) for ticket in venue.tickets.of(venue.account)} == {64}
    assert venue.tickets.make(venue.trading.accounts.open("other")) is not None


# Inspection


def test_served_venue_shows_the_same_as_the_one_at_hand(scene):
    venue, client = scene(Fault(kind=FaultKind.NO_ANSWER, count=None), Fault(kind=FaultKind.BANNED, count=None))
    market = venue.by_pair[PAIR]
    venue.trading.place(
        venue.account,
        NewOrder(market=market, buys=True, price=market.book.asks.best * market.listing.tick, size=Decimal("0.001")),
    )
    shown = json.loads(client.get("/_sim/account").body)  # no fault keeps one from it
    assert shown["exchange"] == "toy"
    assert len(shown["statement"]) == len(venue.inspection.statement())
    (fill,) = venue.inspection.fills()
    assert Decimal(shown["fills"][0]["fee"]) == fill.fee == Decimal("0.000001")
    assert {asset: Decimal(held["free"]) for asset, held in shown["balances"].items()} == {
        asset: held.free for asset, held in venue.inspection.balances().items()
    }
    for page in ("balances", "statement", "orders", "open_orders", "fills"):
        assert client.get(f"/_sim/{page}").status == 200
    assert client.get("/_sim/nothing").status == 404
    assert client.get("/_sim/orders", account="nobody").status == 400


def test_fault_is_armed_from_outside_and_counted(scene):
    _, client = scene()
    fault = b'{"kind": "answer_lost", "path": "/order"}'
    assert client.ask("POST", "/_sim/faults", body=fault).status == 200
    with pytest.raises(TimeoutError):
        ask(client)
    assert json.loads(client.get("/_sim/faults").body) == {"counts": {"answer_lost": 1}}
    assert client.ask("POST", "/_sim/faults", body=b'{"kind": "nonsense"}').status == 400


def test_refusal_names_its_reason():
    assert str(Refused(Why.FUNDS)) == "funds"
