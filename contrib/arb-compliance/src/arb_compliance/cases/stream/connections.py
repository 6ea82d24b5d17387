"""How a socket lives and ends: silence, disconnects, pings, limits of topics, a lifetime."""

from collections import Counter
from itertools import pairwise

import msgspec
from arb_core.runtime.stream.events import Closed, Malformed, Rotated, Subscribed, TopicRefused, UnknownRefusal
from arb_core.structs.book import BookFault, BookState
from arb_core.structs.card import Capability
from arb_core.structs.stream import Topic
from arb_sim.faults import FaultKind

from arb_compliance.case import Proof, Tier, case
from arb_compliance.cases.stream.feeds import Everything
from arb_compliance.expect import NotAsked, equal, fail, true
from arb_compliance.stage import Stage
from arb_compliance.subject import Subject

SECOND = 1_000_000_000

FROZEN_S = 75.0
"""Longer than any connection may be silent without being taken for dead."""

DEAD_WITHIN_S = 125.0
"""A connection that is dead must be found so: nobody may trade on what it last said for longer."""

MANY = 50
"""Topics at most that are asked for; where a connection bears more, its limit is compared with the venue's own."""

HASTE = 100
"""By how much a day is shortened, on both sides of the wire."""


@case("STREAM-009", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.VENUE)
async def a_frozen_feed_is_stale_where_that_can_be_known(subject: Subject) -> None:
    """A feed that falls silent on a connection that lives is a quiet market, unless the venue promises more.

    Steps: the venue pushes nothing for 75 s, while it answers every ping.
    Expect: where `book_rule.idle_ns` says so, the book is lost as STALE in time; else it stays LIVE. The connection
        stays; afterwards the book is LIVE and the venue's.
    When this fails: the answer to a ping is called malformed, or `idle_ns` promises what the venue does not keep.
    Source: contract, BookRule.idle_ns
    """
    idle_ns = subject.dialect().book_rule.idle_ns
    async with Stage(subject, symbols=("BTC/USDT", "ETH/USDT"), steps_per_s=1) as stage:
        await stage.live()
        stage.arm(FaultKind.FREEZE, pair=None, hold_s=FROZEN_S)
        await stage.pass_(FROZEN_S - 1)
        stale = [symbol for symbol, fault in stage.lost if fault is BookFault.STALE]
        if idle_ns is None or idle_ns >= (FROZEN_S - 5) * SECOND:
            equal(stage.lost, [], "books that were lost in a quiet market")
        else:
            equal(
                sorted(set(stale)), sorted(stage.symbols), f"books that are stale after {idle_ns / 1e9:g} s of silence"
            )
            true(
                all(stage.book(symbol).state is BookState.SYNCING for symbol in stage.symbols),
                "a book that is stale can be read",
                found=stage.how_it_stands(),
            )
        equal(stage.told(Closed), [], "connections that ended, though pings are answered")
        equal(stage.told(Malformed), [], "frames that are called malformed")
        await stage.recover()


@case("STREAM-010", Tier.STREAM, proof=Proof.VENUE)
async def everything_comes_back_after_a_disconnect(subject: Subject) -> None:
    """After a disconnect every topic is subscribed again and brings something.

    Steps: every feed of the card for one symbol; the venue ends the connection, politely or not.
    Expect: books lost at once; a new connection; each topic acknowledged again; each feed goes on, as the venue's.
    When this fails: the dialect remembers what it subscribed to and does not say it again.
    Source: contract, StreamDialect
    """
    for code in (1006, 1000, 1001, 1012)[: subject.times(4)]:
        await _after_a_disconnect(subject, code)


@case("STREAM-011", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.VENUE)
async def a_half_open_connection_is_found_dead(subject: Subject) -> None:
    """A connection on which nothing passes any more, and nobody says so, is cut and replaced.

    Steps: nothing arrives any more, in either direction.
    Expect: within two minutes the book is lost, and LIVE and the venue's again on a new connection.
    When this fails: `stream.quiet_ns` of the card is too long, and a book shows what was long ago.
    Source: contract, StreamLimits.quiet_ns
    """
    async with Stage(subject, steps_per_s=1) as stage:
        await stage.live()
        await stage.strike(FaultKind.HALF_OPEN)
        await stage.until(lambda: bool(stage.lost), "a dead connection is found so", at_most_s=DEAD_WITHIN_S)
        await stage.recover(at_most_s=60)


@case("STREAM-012", Tier.STREAM, proof=Proof.VENUE)
async def more_topics_than_a_connection_bears_take_several(subject: Subject) -> None:
    """Topics are spread over connections, and none carries more than the card says nor than the venue bears.

    Steps: half as many topics again as one connection may have, at most 50.
    Expect: every topic acknowledged, none refused; connections as few as the limit allows for each socket that the card
        names; no connection with more than the card says.
    When this fails: `stream.topics_per_connection` of the card is more than the venue bears.
    Source: contract, StreamLimits
    """
    most = subject.card.stream.topics_per_connection
    wanted = MANY if most is None else min(MANY, most + most // 2)
    symbols = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "ADA/USDT", "DOGE/USDT", "LINK/USDT", "UNI/USDT")
    async with Stage(subject, symbols=symbols, steps_per_s=0) as stage:
        theirs = stage.kernel.rules.max_streams
        if theirs is not None and (most is None or most > theirs):
            raise fail("the card says more topics than the venue bears on a connection", expected=theirs, found=most)
        await stage.venue.connect()
        topics: list[Topic] = []
        for symbol in stage.symbols:
            everything = Everything(stage, symbol)
            share = [
                topic for topic in everything.topics if topic.interval in {None, *subject.card.kline_intervals[:1]}
            ]
            share = share[: wanted - len(topics)]
            topics += share
            await everything.follow(share)
        await stage.until(
            lambda: set(topics) <= {event.topic for event in stage.told(Subscribed)},
            f"{len(topics)} topics acknowledged",
            at_most_s=120,
        )
        equal(stage.told(TopicRefused), [], "topics that were refused")
        equal(stage.told(Closed), [], "connections that ended")
        carried = [connection.topics for connection in stage.venue.health().stream.connections]
        equal(sum(carried), len(topics), "the topics that connections carry")
        if most is not None:
            true(max(carried) <= most, "a connection carries more than the card says", found=carried)
            on_each = Counter(subject.card.hosts.ws_feeds.get(topic.feed) for topic in topics)
            fewest = sum(-(-count // most) for count in on_each.values())
            equal(len(carried), fewest, "the number of connections")


@case("STREAM-013", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.VENUE)
async def the_connection_is_kept_alive_as_the_venue_wants_it(subject: Subject) -> None:
    """Pings go out as often as the venue wants them and are answered, in a lively market and in a silent one.

    Steps: three minutes of a market that moves, then three of one that does not.
    Expect: the venue ends no connection and refuses nothing; where the venue has a ping of its own, it is sent as
        often as the card says and answered.
    When this fails: `ping` is not what the venue calls one, or the card's `ping_every_ns` is too long or missing.
    Source: contract, StreamLimits.ping_every_ns
    """
    async with Stage(subject, steps_per_s=0.3) as stage:
        await stage.live()
        for lively in (True, False):
            if not lively:
                stage.world.rest()
            await stage.pass_(180)
            equal(stage.told(Closed), [], f"connections that ended in a {'lively' if lively else 'silent'} market")
            equal(stage.told(UnknownRefusal), [], "what the venue refused")
            equal(stage.told(Malformed), [], "frames that are called malformed")
        every_ns = subject.card.stream.ping_every_ns
        if every_ns is not None:
            ping = subject.dialect().ping(stage.clock.now_ns())
            true(ping is not None, "the card says how often to ping, and `ping` returns nothing")
            (connection,) = stage.venue.health().stream.connections
            true(connection.round_trip_ns is not None, "pings are sent, and none is known to be answered", frame=ping)
            sent = _silences(stage)
            true(max(sent) <= every_ns * 1.1, "the client says nothing for longer than the card's ping", found=sent)
        await stage.recover()


@case("STREAM-014", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.VENUE)
async def a_connection_is_replaced_before_its_time_ends(subject: Subject) -> None:
    """A connection that the venue ends at a certain age is replaced before, and no book notices.

    Steps: a connection's whole life, a hundred times as fast on both sides.
    Expect: `Rotated`; no book is lost; at each update the book is the venue's.
    When this fails: the card's `stream.lifetime_ns` is missing or longer than the venue's.
    Source: contract, StreamLimits.lifetime_ns
    """
    ours = subject.card.stream.lifetime_ns
    limits = subject.card.stream
    if ours is not None:
        limits = msgspec.structs.replace(limits, lifetime_ns=ours // HASTE)
    async with Stage(subject, steps_per_s=0.1, symbols=("BTC/USDT", "ETH/USDT"), limits=limits) as stage:
        theirs = stage.kernel.rules.lifetime_ns
        longest_ns = max(ours or 0, theirs or 0) // HASTE
        if not longest_ns:
            raise NotAsked("connections may live for ever")
        if theirs is not None:
            stage.kernel.rules = msgspec.structs.replace(stage.kernel.rules, lifetime_ns=theirs // HASTE)
        await stage.live()
        await stage.pass_(longest_ns / SECOND + 30)
        equal(stage.lost, [], "books that were lost when a connection grew old")
        true(bool(stage.told(Rotated)), "no connection was replaced", found=stage.how_it_stands())
        await stage.recover()


async def _after_a_disconnect(subject: Subject, code: int) -> None:
    async with Stage(subject, seed=code, steps_per_s=3) as stage:
        await stage.venue.connect()
        everything = Everything(stage, stage.symbols[0])
        await everything.follow()
        has_book = subject.claims(Capability.BOOK)
        if has_book:
            await stage.until(stage.all_live, "the book LIVE")
        await stage.pass_(1)
        mark, lost, wanted = len(stage.events), len(stage.lost), set(everything.topics)
        await stage.strike(FaultKind.DISCONNECT, code=code)
        await stage.until(lambda: bool(stage.told(Closed, since=mark)), "the connection ends")
        if has_book:
            equal(stage.lost[lost:], [(stage.symbols[0], BookFault.DISCONNECTED)], "books that were lost")
        await stage.until(
            lambda: wanted <= {event.topic for event in stage.told(Subscribed, since=mark)},
            f"all of {len(wanted)} topics acknowledged again",
            at_most_s=60,
        )
        everything.heard.clear()
        await stage.until(everything.all_heard, "every feed brings something again", at_most_s=120)
        everything.judge()
        if has_book:
            await stage.recover()


def _silences(stage: Stage) -> list[int]:
    """Return how long the client of the first connection was silent, each time, in nanoseconds."""
    moments = [said.at_ns for said in stage.seen.said if said.connection == 1]
    return [later - earlier for earlier, later in pairwise(moments)]
