"""What a follower makes of a stream is the venue's book, at every speed, from whatever moment it joins."""

import json
from collections import Counter
from itertools import pairwise

import pytest
from arb_sim.kernel.candles import MONTH, WEEK, Candles, Interval
from arb_sim.kernel.history import History
from arb_sim.kernel.sources import TopDeltas
from arb_sim.venue import Request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MS = 1_000_000
SECOND = 1_000_000_000
PAIR = "BTC-USDT"


def snapshot(venue):
    response = venue.http(Request(method="GET", path="/depth", query=f"pair={PAIR}"), venue.timeline.now_ns)
    shown = json.loads(response.body)
    return shown["id"], dict(map(tuple, shown["bids"])), dict(map(tuple, shown["asks"]))


def follow(start, messages, depth=None):
    """The plain rule: drop what is old, then every message must continue the last one."""
    version, bids, asks = start
    states = [(version, dict(bids), dict(asks))]
    for message in messages:
        if message["last"] <= version:
            continue
        assert message["first"] <= version + 1
        if len(states) > 1:
            assert message["first"] == version + 1
        for side, levels, down in ((bids, message["bids"], True), (asks, message["asks"], False)):
            for price, size in levels:
                side.pop(price, None)
                if size:
                    side[price] = size
            if depth is not None:
                for price in sorted(side, reverse=down)[depth:]:
                    del side[price]
        version = message["last"]
        states.append((version, dict(bids), dict(asks)))
    return states


@pytest.mark.parametrize("speed", ["book", "slow"])
def test_every_speed_leads_through_the_venues_own_book(toy, connect, speed):
    venue = toy(steps_per_s=50)
    history = History(venue.by_pair[PAIR].book)
    client = connect(venue)
    client.say(f"join {speed} {PAIR}")
    client.wait(1)
    start = snapshot(venue)
    client.wait(10)
    states = follow(start, client.messages)
    assert len(states) > 50
    for version, bids, asks in states:
        assert (bids, asks) == history.at(version)


def test_speeds_cut_the_same_counter_differently(toy, connect):
    venue = toy(steps_per_s=50)
    fast, slow = connect(venue, 1), connect(venue, 2)
    fast.say(f"join book {PAIR}")
    slow.say(f"join slow {PAIR}")
    while venue.timeline.now_ns < venue.timeline.start_ns + 5 * SECOND:
        for conn, frame in venue.due(venue.next_due_ns):
            (fast if conn == 1 else slow).got.append(frame)
    ends = {message["last"] for message in fast.messages}
    assert len(fast.messages) > 3 * len(slow.messages) > 30
    assert {message["last"] for message in slow.messages[:-1]} <= ends
    for messages in (fast.messages, slow.messages):
        assert all(after["first"] == before["last"] + 1 for before, after in pairwise(messages))


def test_late_listener_goes_on_from_a_snapshot(toy, connect):
    venue = toy(steps_per_s=50)
    history = History(venue.by_pair[PAIR].book)
    early, late = connect(venue, 1), connect(venue, 2)
    early.say(f"join slow {PAIR}")
    early.wait(2.03)
    late.say(f"join slow {PAIR}")
    late.wait(1)
    start = snapshot(venue)
    late.wait(2)
    version, bids, asks = follow(start, late.messages)[-1]
    assert (bids, asks) == history.at(version)
    assert len(late.messages) < 40


def test_follower_of_a_bounded_depth_keeps_no_more_than_that(toy, connect):
    venue = toy(steps_per_s=50, volatility=5e-4)
    market = venue.by_pair[PAIR]
    history = History(market.book)
    client = connect(venue)
    client.say(f"join top10 {PAIR}")
    client.wait(0.5)
    bids, asks = dict(market.book.bids.top(10)), dict(market.book.asks.top(10))
    start = market.book.version, bids, asks
    client.wait(20)
    careless = 0
    for (version, bids, asks), (_, more_bids, _) in zip(
        follow(start, client.messages, 10), follow(start, client.messages), strict=True
    ):
        assert (sorted(bids.items(), reverse=True), sorted(asks.items())) == history.top(version, 10)
        careless += sorted(more_bids.items(), reverse=True)[:10] != history.top(version, 10)[0]
    assert careless  # who keeps more than the stream maintains has levels that no longer exist


@pytest.mark.parametrize("ends_told", [False, True])
def test_follower_of_a_bounded_depth_may_begin_from_any_moment(toy, ends_told):
    venue = toy(steps_per_s=50, volatility=5e-4)
    market = venue.by_pair[PAIR]
    history = History(market.book)
    source = TopDeltas(market, 10, ends_told=ends_told)
    source.attach()
    followers = []
    for step in range(400):
        venue.due(venue.timeline.now_ns + 20 * MS)
        followers.append((dict(market.book.bids.top(10)), dict(market.book.asks.top(10))))
        if step % 5 != 4 or (update := source.take()) is None:
            continue
        for sides in followers:
            for side, levels in zip(sides, (update.bids, update.asks), strict=True):
                side.update(levels)
            bids = sorted((level for level in sides[0].items() if level[1]), reverse=True)
            asks = sorted(level for level in sides[1].items() if level[1])
            sides[0].clear()
            sides[0].update(bids[:10])
            sides[1].clear()
            sides[1].update(asks[:10])
            assert (bids[:10], asks[:10]) == history.top(update.last, 10)
            assert not ends_told or len(bids) == len(asks) == 10
    assert len(followers) == 400


def test_nothing_is_pushed_when_nothing_changed(toy, connect):
    venue = toy(steps_per_s=0)
    client = connect(venue)
    client.say(f"join book {PAIR}")
    client.wait(10)
    assert client.messages == []
    market = venue.by_pair[PAIR]
    market.change([(market.book.bids.best, 5)], [], venue.timeline.now_ns)
    client.wait(1)
    (message,) = client.messages
    assert message["first"] == message["last"] == market.book.version
    assert message["bids"] == [[market.book.bids.best, 5]]


def test_idle_venue_has_nothing_on_its_timeline_but_house_rules(toy, connect):
    venue = toy(steps_per_s=0)
    client = connect(venue)
    client.say(f"join book {PAIR}")
    moments = []
    while (due := venue.next_due_ns) is not None and due < venue.timeline.start_ns + 60 * SECOND:
        moments.append(due)
        venue.due(due)
    assert len(moments) <= 5


def test_frame_is_made_once_for_all_listeners(toy, connect):
    venue = toy(steps_per_s=0)
    rendered = Counter()
    clients = [connect(venue, conn) for conn in range(1, 5)]
    for client in clients:
        client.say(f"join book {PAIR}")
    stream = venue._streams[f"book {PAIR}"]
    render = stream.render
    stream.render = lambda taken, now: rendered.update(["made"]) or render(taken, now)
    market = venue.by_pair[PAIR]
    market.change([(market.book.bids.best, 5)], [], venue.timeline.now_ns)
    outputs = venue.due(venue.timeline.now_ns + SECOND)
    assert len(outputs) == 4
    assert len({id(frame) for _, frame in outputs}) == 1
    assert rendered["made"] == 1


def test_trades_come_at_once_and_in_order(toy, connect):
    venue = toy(steps_per_s=20)
    client = connect(venue)
    client.say(f"join trades {PAIR}")
    client.wait(20)
    market = venue.by_pair[PAIR]
    assert [number for number, _ in client.messages] == [trade.number for trade in market.latest(len(client.messages))]
    assert len(client.messages) > 50


def test_depth_is_pushed_whole_whenever_it_changed(toy, connect):
    venue = toy(steps_per_s=20)
    history = History(venue.by_pair[PAIR].book)
    client = connect(venue)
    client.say(f"join depth {PAIR}")
    client.wait(10)
    assert len(client.messages) > 50
    for version, bids, asks in client.messages:
        assert ([tuple(level) for level in bids], [tuple(level) for level in asks]) == history.top(version, 5)


def test_candle_is_shown_once_more_when_it_has_ended(toy, connect):
    venue = toy(steps_per_s=20)
    client = connect(venue)
    client.say(f"join bars {PAIR}")
    client.wait(5.5)
    last = {}
    order = []
    for start, opened, close, count in client.messages:
        last[start] = (opened, close, count)
        if start not in order:
            order.append(start)
    assert order == sorted(order)
    assert len(order) >= 5
    candles = venue.by_pair[PAIR].candles(Interval(SECOND), venue.timeline.now_ns)
    for candle in candles.between(order[0], order[-2], 100, venue.timeline.now_ns):
        assert last[candle.start_ns] == (candle.open, candle.close, candle.count)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(
    joins=st.lists(
        st.sampled_from(["join book", "leave book", "join slow", "leave slow", "join trades", "leave trades"])
    )
)
def test_market_rests_when_the_last_listener_left(toy, connect, joins):
    venue = toy()
    client = connect(venue)
    following = set()
    for join in joins:
        verb, kind = join.split()
        client.say(f"{verb} {kind} {PAIR}")
        (following.add if verb == "join" else following.discard)(kind)
        client.wait(0.15)
        assert venue.by_pair[PAIR].watched == len(following)
    venue.closed(1)
    assert venue.by_pair[PAIR].watched == 0
    assert not venue.by_pair[PAIR].book.watchers
    assert not venue.by_pair[PAIR].trade_watchers


def test_rest_shows_a_cached_copy_when_the_venue_caches(toy, connect):
    venue = toy(steps_per_s=20, snapshot_age_ns=2 * SECOND)
    client = connect(venue)
    client.say(f"join book {PAIR}")
    first = snapshot(venue)
    client.wait(1.9)
    assert snapshot(venue) == first
    assert venue.by_pair[PAIR].book.version > first[0]
    client.wait(0.2)
    assert snapshot(venue)[0] == venue.by_pair[PAIR].book.version


@pytest.mark.parametrize("interval", [Interval(SECOND), Interval(60 * SECOND), WEEK, MONTH])
def test_past_is_whole_ascending_and_ends_at_the_present(interval):
    now_ns = 1_700_000_123 * SECOND
    candles = Candles(interval, 5_000, now_ns, seed="a", volatility=1e-4, lot_volume=10)
    past = candles.between(None, None, 1000, now_ns)
    assert len(past) == 1000
    assert past[-1].start_ns <= now_ns < past[-1].end_ns
    assert past[-1].open == 5_000
    for before, after in pairwise(past):
        assert before.end_ns == after.start_ns
        assert before.close == after.open
        assert before.low <= min(before.open, before.close) <= max(before.open, before.close) <= before.high
        assert (after.start_ns - interval.offset_ns) % interval.span_ns == 0


def test_candles_between_two_moments():
    minute = 60 * SECOND
    now_ns = 1_700_000_123 * SECOND
    candles = Candles(Interval(minute), 5_000, now_ns, seed="a", volatility=1e-4, lot_volume=10)
    everything = candles.between(None, None, 2000, now_ns)
    first = everything[100].start_ns
    assert candles.between(first, None, 3, now_ns) == everything[100:103]
    assert candles.between(first, first + minute, 10, now_ns) == everything[100:102]
    assert candles.between(None, first, 2, now_ns) == everything[99:101]
    assert candles.last(now_ns + 5 * minute).start_ns == everything[-1].start_ns + 5 * minute
