"""Connections: opened, subscribed, watched over, replaced. The double of `fake_venue` on virtual time."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from arb_core.errors import ExchangeUnavailable, RateLimitError
from arb_core.runtime.book import SortedBook
from arb_core.runtime.booksync import BookSync
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.dispatch import Dispatch
from arb_core.runtime.stream import StreamSession
from arb_core.runtime.stream.events import (
    Closed,
    LoginRefused,
    Malformed,
    OpenFailed,
    Rotated,
    Subscribed,
    TicketEnded,
    TopicRefused,
    Unanswered,
    VenueEvent,
)
from arb_core.runtime.stream.vitals import Vitals
from arb_core.runtime.tasks import TaskOwner
from arb_core.structs.book import BookFault, BookRule, BookSnapshot, BookState
from arb_core.structs.card import RateLimit
from arb_core.structs.market import Pair, Symbol, Trade, VenueName
from arb_core.structs.stream import Feed, Topic
from fake_venue import MS, PLAIN_RULE, REST_RULE, SECOND, STREAM_RULE, Dialect, FakeVenue, card

pytestmark = pytest.mark.looptime(noop_cycles=2)  # 42 by default: most of the run, and nothing here needs them

BTC = "BTCUSDT"
BTC_BOOK = Topic(Feed.BOOK, Pair(BTC))


class Desk:
    """A session with its venue, books and events."""

    def __init__(self, rule: BookRule = REST_RULE, ws_url: str | None = None, **limits: Any) -> None:
        self.clock = LoopClock()
        self.venue = FakeVenue(self.clock)
        self.dialect = Dialect(rule)
        self.venue.books_first = rule is not REST_RULE
        self.events: list[VenueEvent] = []
        self.broken: list[Exception] = []
        self.lost: list[tuple[str, BookFault]] = []
        self.dispatch = Dispatch(lambda _consumer, error: self.broken.append(error))
        self.tasks = TaskOwner()
        self.trades: list[Trade] = []
        self.listen: Callable[[VenueEvent], None] = self.events.append
        self.session = StreamSession(
            venue=VenueName("fake"),
            card=card(**limits),
            dialect=self.dialect,
            transport=self.venue,
            clock=self.clock,
            dispatch=self.dispatch,
            listener=self._hear,
            tasks=self.tasks,
            ws_url=ws_url,
            random=Random(7),
        )

    def _hear(self, event: VenueEvent) -> None:
        self.listen(event)

    def book(self, pair: str = BTC) -> BookSync:
        """Watch a book; its snapshots arrive 20 ms after they are asked for."""
        book = BookSync(
            VenueName("fake"),
            Symbol(pair.removesuffix("USDT"), "USDT"),
            self.dialect.rule,
            SortedBook(),
            self.clock,
            on_book=lambda _book: None,
            on_lost=lambda book, fault: self.lost.append((book.symbol.base, fault)),
            need_snapshot=lambda book: self.venue.later(20 * MS, lambda: self._answer(book, pair)),
            need_resubscribe=lambda _book: self.session.resubscribe(Topic(Feed.BOOK, Pair(pair))),
        )
        self.dispatch.books[pair] = book
        self.session.subscribe([Topic(Feed.BOOK, Pair(pair))])
        return book

    def _answer(self, book: BookSync, pair: str) -> None:
        market = self.venue.market(pair)
        bids, asks = market.levels()
        book.rest_snapshot(BookSnapshot(symbol=book.symbol, bids=bids, asks=asks, last_id=market.last_id))

    async def run(self, seconds: float, *, ticks: str | None = BTC, every_ms: int = 50) -> None:
        """Let time go by while the market moves."""
        end_ns = self.clock.monotonic_ns() + round(seconds * SECOND)
        while (left_ns := end_ns - self.clock.monotonic_ns()) > 0:
            await self.clock.sleep(left_ns if ticks is None else min(every_ms * MS, left_ns))
            if ticks is not None:
                self.venue.tick(ticks)

    def of(self, kind: type[VenueEvent]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def equals_market(self, pair: str = BTC) -> bool:
        """Whether the book is the venue's own, as of the id it stands at (call when nothing is on its way)."""
        book, market = self.dispatch.books[pair], self.venue.market(pair)
        right_id = self.dialect.rule is PLAIN_RULE or book.last_id == market.last_id
        return right_id and (book.bids(0), book.asks(0)) == market.levels()

    @property
    def socket(self) -> Any:
        return self.venue.sockets[-1]


@asynccontextmanager
async def desk(rule: BookRule = REST_RULE, **limits: Any) -> AsyncIterator[Desk]:
    made = Desk(rule, **limits)
    async with made.tasks:
        yield made


# -- subscribing ------------------------------------------------------------------------------------------------------


async def test_a_subscribed_book_goes_live_and_follows_the_market() -> None:
    async with desk() as it:
        book = it.book()
        await it.run(2)
        await it.run(0.1, ticks=None)
        assert book.state is BookState.LIVE
        assert it.equals_market()
        assert it.of(Subscribed) == [Subscribed(venue=VenueName("fake"), connection=1, topic=BTC_BOOK)]


async def test_nothing_is_opened_before_something_is_wanted() -> None:
    async with desk() as it:
        await it.run(5)
        assert it.venue.attempts == []


async def test_topics_go_out_in_frames_of_topics_per_request() -> None:
    async with desk(topics_per_request=4) as it:
        it.session.subscribe([Topic(Feed.TRADES, Pair(f"P{i}")) for i in range(10)])
        await it.run(1, ticks=None)
        assert [len(channels) for channels in it.socket.asked("sub")] == [4, 4, 2]
        assert len(it.of(Subscribed)) == 10


async def test_topics_spread_over_connections_by_the_cards_limit() -> None:
    async with desk(topics_per_connection=3) as it:
        it.session.subscribe([Topic(Feed.TRADES, Pair(f"P{i}")) for i in range(7)])
        await it.run(1, ticks=None)
        assert sorted(len(socket.channels) for socket in it.venue.sockets) == [1, 3, 3]
        it.session.subscribe([Topic(Feed.TRADES, Pair("LATE"))])
        await it.run(1, ticks=None)
        assert len(it.venue.sockets) == 3


@pytest.mark.parametrize(
    ("ws_url", "urls"),
    [
        (None, ["wss://ws.fake.example/path?token=t2", "wss://candles.fake.example/other"]),
        ("ws://127.0.0.1:5/base", ["ws://127.0.0.1:5/base/path?token=t2", "ws://127.0.0.1:5/base/other"]),
    ],
)
async def test_a_feed_with_a_socket_of_its_own_is_never_asked_for_elsewhere(
    ws_url: str | None, urls: list[str]
) -> None:
    elsewhere = {Feed.KLINES: "wss://candles.fake.example/other"}
    async with desk(ws_url=ws_url, ws_feeds=elsewhere, topics_per_connection=2) as it:
        names = [Pair(name) for name in "ABC"]
        candles = [Topic(Feed.KLINES, name, interval="1m") for name in names]
        trades = [Topic(Feed.TRADES, name) for name in names[:2]]
        it.session.subscribe([candles[0], trades[0], *candles[1:], trades[1]])
        await it.run(1, ticks=None)
        told = sorted((sorted(socket.channels), socket.url) for socket in it.venue.sockets)
        assert [channels for channels, _ in told] == [["klines:A", "klines:B"], ["klines:C"], ["trades:A", "trades:B"]]
        assert [url for _, url in told] == [urls[1], urls[1], urls[0]]
        assert all(it.session.stands(topic) for topic in (*candles, *trades))
        it.session.unsubscribe(candles)
        await it.run(1, ticks=None)
        assert [socket.url for socket in it.venue.sockets] == urls[:1]


async def test_a_socket_of_its_own_is_opened_again_and_replaced_like_any_other() -> None:
    url = "wss://candles.fake.example/other"
    async with desk(ws_feeds={Feed.KLINES: url}, lifetime_ns=100 * SECOND) as it:
        it.session.subscribe([Topic(Feed.KLINES, Pair("A"), interval="1m")])
        await it.run(1, ticks=None)
        it.socket.end("by the venue")
        await it.run(300, ticks=None)
        assert len(it.of(Rotated)) >= 2
        assert {socket.url for socket in it.venue.history} == {url}
        assert [socket.channels for socket in it.venue.sockets] == [{"klines:A"}]


async def test_a_connection_without_topics_is_closed() -> None:
    async with desk(topics_per_connection=1) as it:
        first, second = (Topic(Feed.TRADES, Pair(name)) for name in ("A", "B"))
        it.session.subscribe([first, second])
        await it.run(1, ticks=None)
        it.session.unsubscribe([first])
        await it.run(1, ticks=None)
        assert [socket.channels for socket in it.venue.sockets] == [{"trades:B"}]
        assert [event.planned for event in it.of(Closed)] == [True]


async def test_frames_are_paced_and_leave_room_for_pings() -> None:
    async with desk(messages_per_second=5, ping_every_ns=SECOND) as it:
        it.session.subscribe([Topic(Feed.TRADES, Pair(f"P{i}")) for i in range(40)])
        await it.run(20, ticks=None)
        times = [at_ns for at_ns, _ in it.socket.frames]
        assert max(sum(start <= at < start + SECOND for at in times) for start in times) <= 5
        asked = [at_ns for at_ns, said in it.socket.frames if said["op"] == "sub"]
        assert max(sum(start <= at < start + SECOND for at in asked) for start in asked) == 4
        pings = [at_ns for at_ns, said in it.socket.frames if said["op"] == "ping"]
        assert max(later - earlier for earlier, later in pairwise(pings)) < 1.5 * SECOND
        assert len(it.of(Subscribed)) == 40


async def test_an_unknown_depth_is_told_to_the_caller_and_harms_nobody() -> None:
    async with desk() as it:
        book = it.book()
        with pytest.raises(ValueError, match="depth 5 only"):
            it.session.subscribe([Topic(Feed.DEPTH, Pair(BTC), depth=7)])
        await it.run(1)
        assert book.state is BookState.LIVE


# -- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by_id", "whole"),
    [(True, False), (False, False), (True, True)],
    ids=["by id and name", "by name", "by id, the whole request"],
)
async def test_a_refused_topic_does_not_bring_the_others_down(by_id: bool, whole: bool) -> None:
    async with desk(topics_per_request=50) as it:
        it.dialect.names_answers_by_id = by_id
        it.venue.refuses = {"trades:P17": "no such pair"}
        it.venue.refuses_whole = whole
        it.session.subscribe([Topic(Feed.TRADES, Pair(f"P{i}")) for i in range(50)])
        await it.run(30, ticks=None)
        assert len(it.socket.channels) == 49
        assert [(event.topic.pair, event.reason) for event in it.of(TopicRefused)] == [("P17", "no such pair")]
        assert [refused.topic.pair for refused in it.session.health().refused] == ["P17"]
        assert len(it.socket.asked("sub")) < 20


async def test_a_silently_refused_topic_is_found_and_the_others_stand() -> None:
    async with desk(topics_per_request=8, ack_timeout_ns=5 * SECOND) as it:
        it.venue.mute = {"trades:P3"}
        it.venue.refuses_whole = True
        it.session.subscribe([Topic(Feed.TRADES, Pair(f"P{i}")) for i in range(8)])
        await it.run(45, ticks=None)
        assert len(it.socket.channels) == 7
        assert [event.topic.pair for event in it.of(TopicRefused)] == ["P3"]
        assert "neither acknowledged nor refused within 5 s" in it.of(TopicRefused)[0].reason
        assert it.of(Unanswered)


async def test_a_refused_book_is_reported_and_asked_for_again() -> None:
    async with desk() as it:
        it.venue.refuses = {f"book:{BTC}": "halted"}
        book = it.book()
        await it.run(2)
        assert book.fault is BookFault.REFUSED
        it.venue.refuses = {}
        await it.run(61)
        assert book.state is BookState.LIVE
        assert it.session.health().refused == ()


async def test_an_answer_to_a_request_that_was_settled_before_changes_nothing() -> None:
    async with desk() as it:
        book = it.book()
        await it.run(1)
        it.socket.say(ack=1, channels=[f"book:{BTC}"])
        it.socket.say(refuse=1, channels=[f"book:{BTC}"], why="late")
        it.socket.say(ack=999, channels=["book:NOBODY"])
        await it.run(1)
        assert book.state is BookState.LIVE
        assert it.of(TopicRefused) == []


# -- lost connections -------------------------------------------------------------------------------------------------


async def test_a_disconnect_loses_the_books_at_once_and_they_come_back() -> None:
    async with desk() as it:
        book = it.book()
        await it.run(2)
        it.venue.cut_all()
        assert (book.state, book.fault, it.lost) == (BookState.SYNCING, BookFault.DISCONNECTED, [("BTC", book.fault)])
        await it.run(3)
        await it.run(0.1, ticks=None)
        assert it.equals_market()
        assert it.session.health().reconnects == 1


async def test_reconnects_back_off_with_full_jitter_while_the_venue_is_down() -> None:
    async with desk() as it:
        it.venue.down = True
        it.book()
        await it.run(600, ticks=None)
        gaps = [later - earlier for earlier, later in pairwise(it.venue.attempts)]
        assert all(gap <= 30.1 * SECOND for gap in gaps)
        assert max(gaps) > 10 * SECOND
        assert 25 < len(gaps) < 90
        assert all(event.retry_ns <= 30 * SECOND for event in it.of(OpenFailed))
        it.venue.down = False
        await it.run(31)
        assert it.dispatch.books[BTC].state is BookState.LIVE


async def test_connections_that_end_at_once_back_off_too() -> None:
    async with desk() as it:
        it.book()
        for _ in range(600):
            await it.run(1, ticks=None)
            it.venue.cut_all("maintenance")
        assert len(it.venue.attempts) < 100


async def test_connection_attempts_keep_the_venues_limit() -> None:
    connects = RateLimit(name="connects", limit=5, window_ns=60 * SECOND)
    async with desk(topics_per_connection=1, connects=connects) as it:
        it.session.subscribe([Topic(Feed.TRADES, Pair(f"P{i}")) for i in range(12)])
        await it.run(240, ticks=None)
        times = it.venue.attempts
        assert len(it.venue.sockets) == 12
        assert max(sum(start <= at < start + 60 * SECOND for at in times) for start in times) <= 5


async def test_a_venue_that_limits_tickets_is_asked_when_it_said() -> None:
    async with desk() as it:
        it.dialect.ticket_error = RateLimitError("slow down", exchange="fake", retry_after_ns=90 * SECOND)
        it.book()
        await it.run(89)
        assert len(it.of(OpenFailed)) == 1
        it.dialect.ticket_error = None
        await it.run(3)
        assert it.dispatch.books[BTC].state is BookState.LIVE


# -- pings and the watchdog -------------------------------------------------------------------------------------------


async def test_the_venues_own_ping_is_sent_as_often_as_it_wants() -> None:
    async with desk(ping_every_ns=20 * SECOND) as it:
        it.book()
        await it.run(101)
        assert [said for _, said in it.socket.frames if said["op"] == "ping"] == [{"op": "ping"}] * 5
        assert it.session.health().connections[0].round_trip_ns == 20 * MS


async def test_the_tickets_ping_interval_overrides_the_cards() -> None:
    async with desk(ping_every_ns=20 * SECOND) as it:
        it.dialect.ticket_terms = {"ping_every_ns": 5 * SECOND}
        it.book()
        await it.run(51)
        assert sum(said["op"] == "ping" for _, said in it.socket.frames) == 10


async def test_a_quiet_connection_is_probed_and_kept() -> None:
    async with desk(quiet_ns=60 * SECOND) as it:
        it.dialect.own_ping = False
        it.book()
        await it.run(600, ticks=None)
        assert it.venue.history == it.venue.sockets
        assert it.socket.pings == 600 // 30 - 1


async def test_a_quiet_connection_whose_answers_take_no_time_is_kept() -> None:
    async with desk(quiet_ns=60 * SECOND) as it:
        it.venue.latency_ns = 0
        it.dialect.own_ping = False
        it.book()
        await it.run(600, ticks=None)
        assert it.venue.history == it.venue.sockets


async def test_a_quiet_connection_is_kept_though_this_process_looks_late() -> None:
    vitals = Vitals(0, 60 * SECOND, None)
    now_ns = 0
    for late_ns in (0, 1, 5 * MS, SECOND, 20 * SECOND, 0, 29 * SECOND):
        now_ns = vitals.next_ns() + late_ns
        assert not vitals.is_dead(now_ns)
        assert vitals.wants_probe(now_ns)
        assert not vitals.wants_probe(now_ns + 1)
        vitals.pinged(now_ns, probe=True)
        vitals.answered(now_ns + 50_000)
    assert vitals.wants_probe(vitals.next_ns())
    assert vitals.is_dead(vitals.next_ns()), "nobody has answered"


@pytest.mark.parametrize("own_ping", [True, False])
async def test_a_ping_to_a_connection_that_has_just_ended_is_no_failure(own_ping: bool) -> None:
    failures: list[Mapping[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    async with desk(quiet_ns=60 * SECOND) as it:
        it.dialect.own_ping = own_ping
        book = it.book()
        await it.run(5)
        ended = it.socket
        ended.open = False  # as it is between the end and the moment at which we are told of it
        await it.run(40, ticks=None)
        ended.open = True
        ended.end("cut")
        await it.run(30)
        assert failures == []
        assert book.state is BookState.LIVE


async def test_a_half_open_connection_is_cut_after_quiet_ns() -> None:
    async with desk(quiet_ns=60 * SECOND) as it:
        book = it.book()
        await it.run(5)
        dead = it.socket
        it.venue.frozen = True
        await it.run(59)
        assert dead.open
        await it.run(2)
        assert (dead.open, dead.how, book.fault) == (False, "abort", BookFault.DISCONNECTED)
        assert it.session.health().silent == 1
        it.venue.frozen = False
        await it.run(30)
        assert book.state is BookState.LIVE


# -- malformed frames -------------------------------------------------------------------------------------------------


async def test_a_malformed_frame_loses_the_books_and_keeps_the_connection() -> None:
    async with desk() as it:
        book = it.book()
        await it.run(2)
        it.socket.raw(b'{"delta":["BTCUSDT",')
        await it.run(0.02, ticks=None)
        assert it.lost == [("BTC", BookFault.MALFORMED)]
        await it.run(2)
        await it.run(0.1, ticks=None)
        assert it.equals_market()
        assert len(it.venue.history) == 1
        assert it.session.health().wire_errors == 1
        assert "JSONDecodeError" in it.of(Malformed)[0].error
        assert book.state is BookState.LIVE


async def test_many_malformed_frames_in_a_row_replace_the_connection() -> None:
    async with desk() as it:
        it.book()
        await it.run(2)
        for _ in range(4):
            it.socket.raw(b"\x00")
        it.socket.say(pong=1)
        for _ in range(4):
            it.socket.raw(b"\x00")
        await it.run(0.5, ticks=None)
        assert len(it.venue.history) == 1
        for _ in range(5):
            it.socket.raw(b"\x00")
        await it.run(3)
        assert len(it.venue.history) == 2
        assert it.dispatch.books[BTC].state is BookState.LIVE


async def test_a_defect_behind_the_sink_is_raised_and_not_taken_for_a_bad_frame() -> None:
    made = Desk()

    def listen(event: VenueEvent) -> None:
        if isinstance(event, Subscribed):
            raise KeyError("a defect")

    made.listen = listen

    async def use() -> None:
        async with made.tasks:
            made.book()
            await made.run(60)

    with pytest.raises(KeyError, match="a defect"):
        await use()
    assert made.clock.monotonic_ns() < 2 * SECOND
    assert made.venue.sockets == []


# -- rotation ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [REST_RULE, STREAM_RULE, PLAIN_RULE], ids=["rest", "stream", "without ids"])
async def test_rotation_keeps_books_live(rule: BookRule) -> None:
    async with desk(rule, lifetime_ns=600 * SECOND) as it:
        book = it.book()
        await it.run(1800, every_ms=500)
        await it.run(0.1, ticks=None)
        assert it.lost == []
        assert it.equals_market()
        assert len(it.of(Rotated)) >= 3
        assert all(event.planned for event in it.of(Closed))
        assert all(closed.age_ns < 600 * SECOND and closed.age_ns > 480 * SECOND for closed in it.of(Closed))
        assert book.stats.gaps == 0
        assert book.overlapping is False


async def test_rotation_joins_streams_that_are_cut_at_other_ids() -> None:
    async with desk(lifetime_ns=600 * SECOND) as it:
        it.book()
        await it.run(1, every_ms=10)
        random = Random(3)
        await it.run(400, every_ms=5000)
        while not it.of(Rotated):
            await it.clock.sleep(10 * MS)
            it.venue.tick(BTC, push=False)
            for socket in list(it.venue.sockets):
                if random.random() < 0.3:
                    it.venue.push(socket, BTC)
        await it.run(10)
        await it.run(0.1, ticks=None)
        assert it.lost == []
        assert it.equals_market()


@pytest.mark.parametrize(("old_ms", "new_ms"), [(10, 400), (400, 10)])
async def test_rotation_bears_connections_of_unlike_speed(old_ms: int, new_ms: int) -> None:
    async with desk() as it:
        it.book()
        it.venue.latency_ns = old_ms * MS
        await it.run(5)
        it.venue.latency_ns = new_ms * MS
        it.socket.say(closing="maintenance")
        await it.run(30)
        await it.run(1, ticks=None)
        assert it.lost == []
        assert it.equals_market()
        (rotated,) = it.of(Rotated)
        assert rotated.took_ns < 2 * SECOND


async def test_an_announced_close_moves_the_books_before_it_comes() -> None:
    async with desk() as it:
        it.book()
        await it.run(2)
        old = it.socket
        it.socket.say(closing="serverShutdown")
        await it.run(3)
        assert not old.open
        old.end("shutdown")
        await it.run(1)
        assert it.lost == []


async def test_a_quiet_book_moves_as_well() -> None:
    async with desk() as it:
        it.book()
        await it.run(2)
        it.socket.say(closing="soon")
        await it.run(30, ticks=None)
        assert len(it.of(Rotated)) == 1
        await it.run(5)
        await it.run(0.1, ticks=None)
        assert it.lost == []
        assert it.equals_market()


@pytest.mark.parametrize("rule", [REST_RULE, STREAM_RULE, PLAIN_RULE], ids=["rest", "stream", "without ids"])
@pytest.mark.parametrize("after_ms", range(10, 200, 15))
async def test_rotation_survives_the_death_of_the_new_connection(after_ms: int, rule: BookRule) -> None:
    async with desk(rule) as it:
        it.book()
        await it.run(12)
        it.socket.say(closing="soon")
        while len(it.venue.sockets) < 2 and len(it.venue.history) < 2:
            await it.clock.sleep(MS)
        await it.run(after_ms / 1000, every_ms=10)
        died_before_the_move = not it.of(Rotated)
        it.venue.history[1].end("died young")
        await it.run(30)
        await it.run(0.1, ticks=None)
        assert it.equals_market()
        # A book without ids has moved with the first snapshot, and nothing proves that the old stream goes on from there.
        assert (it.lost == []) is died_before_the_move or rule is PLAIN_RULE


@pytest.mark.parametrize("rule", [REST_RULE, STREAM_RULE, PLAIN_RULE], ids=["rest", "stream", "without ids"])
@pytest.mark.parametrize("after_ms", range(1, 200, 15))
async def test_rotation_survives_the_death_of_the_old_connection(after_ms: int, rule: BookRule) -> None:
    async with desk(rule) as it:
        it.book()
        await it.run(12)
        old = it.socket
        it.socket.say(closing="soon")
        await it.run(after_ms / 1000, every_ms=10)
        old.end("died early")
        if not any(event.connection == 2 for event in it.of(Subscribed)):
            assert it.lost == [("BTC", BookFault.DISCONNECTED)]
        await it.run(5)
        await it.run(0.1, ticks=None)
        assert it.equals_market()
        assert it.dispatch.books[BTC].stats.gaps == 0


@pytest.mark.parametrize("dies", [None, 0, 1])
@pytest.mark.parametrize("spoilt", [(0, 1), (1, 0)])
@pytest.mark.parametrize("after_ms", [1, 25, 49])
async def test_a_book_of_the_stream_survives_bad_frames_during_a_rotation(
    after_ms: int, spoilt: tuple[int, int], dies: int | None
) -> None:
    """What it asked for anew may have been asked on the connection that is left: it is asked again on the other one."""
    async with desk(STREAM_RULE) as it:
        it.book()
        await it.run(12)
        it.socket.say(closing="soon")
        await it.run(after_ms / 1000, every_ms=10)
        for which in spoilt:
            if which < len(it.venue.history):
                it.venue.history[which].raw(b"not a message")
            await it.run(0.025, every_ms=5)
        if dies is not None and dies < len(it.venue.history):
            it.venue.history[dies].end("died")
        await it.run(15)
        await it.run(0.1, ticks=None)
        assert it.equals_market()
        # And it can ask again.
        it.socket.raw(b"not a message")
        await it.run(12)
        await it.run(0.1, ticks=None)
        assert it.dispatch.books[BTC].state is BookState.LIVE
        assert it.equals_market()


@pytest.mark.parametrize("rule", [REST_RULE, STREAM_RULE, PLAIN_RULE], ids=["rest", "stream", "without ids"])
async def test_the_old_connection_goes_on_alone_when_no_new_one_is_to_be_had(rule: BookRule) -> None:
    async with desk(rule) as it:
        it.book()
        await it.run(12)
        it.socket.say(closing="in a while")
        while not any(event.connection == 2 for event in it.of(Subscribed)):
            await it.run(0.01, every_ms=10)
        it.venue.history[1].end("died young")
        it.venue.down = True
        await it.run(20)
        await it.run(0.1, ticks=None)
        assert len(it.venue.sockets) == 1
        assert it.equals_market()


async def test_rotation_waits_for_a_venue_that_is_down_and_keeps_the_old_connection() -> None:
    async with desk(lifetime_ns=600 * SECOND) as it:
        it.book()
        await it.run(450, every_ms=500)
        it.venue.down = True
        await it.run(140, every_ms=500)
        it.venue.down = False
        await it.run(60, every_ms=500)
        assert it.lost == []
        assert len(it.of(Rotated)) == 1


async def test_trades_pass_once_each_during_a_rotation() -> None:
    async with desk() as it:
        symbol = Symbol("BTC", "USDT")
        it.dispatch.on_trade(BTC, symbol, it.trades.append)
        it.session.subscribe([Topic(Feed.TRADES, Pair(BTC))])
        await it.run(1, ticks=None)
        it.socket.say(closing="soon")
        sent: list[float] = []
        for number in range(2000):
            await it.clock.sleep(10 * MS)
            for socket in list(it.venue.sockets):
                if f"trades:{BTC}" in socket.channels:
                    # Two trades in three are equal in everything, and none has an id.
                    socket.say(trade=[BTC, 100.0, float(number // 3), None, number // 3])
            sent.append(float(number // 3))
        await it.run(1, ticks=None)
        assert len(it.of(Rotated)) == 1
        assert [trade.size for trade in it.trades] == sent


async def test_a_topic_wanted_during_a_rotation_is_carried_by_the_new_connection() -> None:
    async with desk() as it:
        it.book()
        await it.run(2)
        it.socket.say(closing="soon")
        while len(it.venue.sockets) < 2:
            await it.clock.sleep(MS)
        # A topic that the venue does not answer keeps the rotation waiting.
        it.venue.mute = {"trades:SLOW"}
        it.session.subscribe([Topic(Feed.TRADES, Pair("SLOW"))])
        late = it.book("ETHUSDT")
        for _ in range(20):
            await it.run(0.1)
            it.venue.tick("ETHUSDT")
        await it.run(0.1, ticks=None)
        assert len(it.venue.sockets) == 2
        assert late.state is BookState.LIVE
        assert it.equals_market("ETHUSDT")
        assert it.lost == []


async def refused_on_the_fresh(it: Desk) -> None:
    """Begin a rotation whose new connection is refused the book; return when the refusal has arrived."""
    await it.run(12)
    it.socket.say(closing="soon")
    while len(it.venue.history) < 2:
        await it.clock.sleep(MS)
    it.venue.history[1].refuses = {f"book:{BTC}": "not here"}
    while not it.of(TopicRefused):
        await it.run(0.005, every_ms=5)


@pytest.mark.parametrize("rule", [REST_RULE, STREAM_RULE, PLAIN_RULE], ids=["rest", "stream", "without ids"])
async def test_a_book_refused_to_the_new_connection_goes_with_the_old_one_and_is_asked_for_again(
    rule: BookRule,
) -> None:
    async with desk(rule) as it:
        book = it.book()
        await refused_on_the_fresh(it)
        # The old connection is asked anew, grants it and feeds it: that says nothing of the new one.
        it.session.resubscribe(BTC_BOOK)
        await it.run(1)
        assert book.state is BookState.LIVE
        assert [refused.topic for refused in it.session.health().refused] == [BTC_BOOK]
        await it.run(15)
        assert len(it.of(Rotated)) == 1
        assert (book.state, book.fault) == (BookState.SYNCING, BookFault.REFUSED)
        it.socket.refuses = {}
        await it.run(60)
        await it.run(0.1, ticks=None)
        assert it.session.health().refused == ()
        assert it.equals_market()
        assert book.state is BookState.LIVE


@pytest.mark.parametrize("rule", [REST_RULE, STREAM_RULE, PLAIN_RULE], ids=["rest", "stream", "without ids"])
async def test_a_book_refused_to_a_new_connection_that_dies_comes_back_on_the_old_one(rule: BookRule) -> None:
    async with desk(rule) as it:
        book = it.book()
        await refused_on_the_fresh(it)
        assert book.fault is BookFault.REFUSED
        it.venue.history[1].end("died young")
        it.venue.down = True
        await it.run(2)
        await it.run(0.1, ticks=None)
        assert len(it.venue.sockets) == 1
        assert book.state is BookState.LIVE
        assert it.equals_market()
        assert it.session.health().refused == ()


# -- tickets ----------------------------------------------------------------------------------------------------------


async def test_tickets_are_renewed_and_given_back() -> None:
    async with desk() as it:
        it.dialect.ticket_terms = {"renew_every_ns": 30 * SECOND, "expires_ns": 60 * SECOND}
        it.book()
        await it.run(100)
        assert it.dialect.renewed == ["t1", "t1", "t1"]
        it.venue.cut_all()
        await it.run(20)
        assert (it.dialect.created, it.dialect.released) == (["t1", "t2"], ["t1"])
        assert it.socket.url.endswith("token=t2")
    assert it.dialect.released == ["t1", "t2"]


async def test_a_ticket_that_cannot_be_renewed_leads_to_a_new_one_without_losing_books() -> None:
    async with desk() as it:
        it.dialect.ticket_terms = {"renew_every_ns": 30 * SECOND, "expires_ns": 60 * SECOND}
        it.book()
        await it.run(20)
        it.dialect.renew_error = ExchangeUnavailable("down", exchange="fake")
        await it.run(70)
        assert it.dialect.created == ["t1", "t2"]
        assert it.lost == []
        assert "not renewed" in it.of(TicketEnded)[0].reason


async def test_a_ticket_that_only_expires_is_replaced_before() -> None:
    async with desk() as it:
        it.dialect.ticket_terms = {"expires_ns": 100 * SECOND}
        it.book()
        await it.run(99)
        assert it.dialect.created == ["t1", "t2"]
        assert it.lost == []


async def test_a_lost_ticket_is_replaced_at_once() -> None:
    async with desk() as it:
        book = it.book()
        await it.run(20)
        it.socket.say(lost="listen key expired")
        await it.run(0.02, ticks=None)
        assert book.fault is BookFault.DISCONNECTED
        await it.run(2)
        assert book.state is BookState.LIVE
        assert it.dialect.created == ["t1", "t2"]


async def test_login_comes_first_and_subscriptions_wait_for_its_answer() -> None:
    async with desk() as it:
        it.dialect.logins = (json.dumps({"op": "login"}),)
        it.venue.latency_ns = 100 * MS
        it.book()
        await it.run(2)
        (first_ns, login), (second_ns, subscribe) = it.socket.frames[:2]
        assert (login["op"], subscribe["op"]) == ("login", "sub")
        assert second_ns - first_ns == 200 * MS
        assert it.dispatch.books[BTC].state is BookState.LIVE


@pytest.mark.parametrize(
    "answer", [{"refuse": None, "channels": [], "why": "bad key"}, None], ids=["refused", "silent"]
)
async def test_a_refused_login_is_reported_and_tried_again(answer: dict[str, Any] | None) -> None:
    async with desk(ack_timeout_ns=5 * SECOND) as it:
        it.dialect.logins = (json.dumps({"op": "login"}),)
        it.venue.login_answer = answer
        it.book()
        await it.run(7)
        assert it.of(LoginRefused)
        it.venue.login_answer = {"reply": "welcome"}
        await it.run(30)
        assert it.dispatch.books[BTC].state is BookState.LIVE


async def test_nothing_is_asked_of_a_venue_that_greets_before_it_has() -> None:
    async with desk(greets=True, ack_timeout_ns=5 * SECOND) as it:
        it.book()
        await it.run(2)
        assert it.socket.frames == []
        it.socket.say(reply="welcome")
        await it.run(2)
        assert it.dispatch.books[BTC].state is BookState.LIVE
        assert it.of(LoginRefused) == []


async def test_a_greeting_that_does_not_come_is_reported_and_waited_for_on_another_connection() -> None:
    async with desk(greets=True, ack_timeout_ns=5 * SECOND) as it:
        it.book()
        await it.run(7)
        (refused,) = it.of(LoginRefused)
        assert refused.reason == "no answer in time"
        assert len(it.dialect.created) == 2


# -- the end ----------------------------------------------------------------------------------------------------------


async def test_leaving_closes_every_connection_and_leaves_no_task() -> None:
    made = Desk(topics_per_connection=1)
    async with made.tasks:
        for number in range(5):
            made.book(f"P{number}USDT")
        await made.run(2)
    assert made.venue.sockets == []
    assert {socket.how for socket in made.venue.history} == {"close"}


async def test_leaving_takes_a_second_at_most_when_the_venue_does_not_answer() -> None:
    made = Desk()
    async with made.tasks:
        made.book()
        await made.run(2)
        made.venue.answers_close = False
        began_ns = made.clock.monotonic_ns()
    assert made.clock.monotonic_ns() - began_ns <= 1.1 * SECOND
    assert made.venue.history[0].how == "abort"


async def test_leaving_while_a_connection_is_being_opened_is_clean() -> None:
    made = Desk()
    made.venue.down = True
    async with made.tasks:
        made.book()
        await made.run(0.005)
    assert made.dialect.released == made.dialect.created == ["t1"]


async def test_health_shows_connections_and_counts() -> None:
    async with desk() as it:
        it.book()
        await it.run(10)
        health = it.session.health()
        (connection,) = health.connections
        assert (connection.host, connection.topics, connection.acknowledged) == ("ws.fake.example", 1, 1)
        assert connection.age_ns == pytest.approx(10 * SECOND, rel=0.01)
        assert connection.message_ns is not None
        assert connection.message_ns < SECOND
        assert health.messages == connection.messages > 150
        assert (health.opened, health.connecting, health.reconnects) == (1, 0, 0)
