"""What is asked for: granted, refused, ignored, ended; how fast; and tickets that end."""

import asyncio

from arb_core.errors import Refused
from arb_core.runtime.stream.events import (
    Closed,
    Malformed,
    Subscribed,
    TicketEnded,
    TopicRefused,
    Unanswered,
    UnknownRefusal,
)
from arb_core.structs.book import BookFault, BookState
from arb_core.structs.card import Capability
from arb_core.structs.market import Symbol
from arb_core.structs.stream import KLINE_INTERVALS, Feed, Topic
from arb_sim.faults import FaultKind

from arb_compliance.case import Proof, Tier, case
from arb_compliance.cases.stream.feeds import Everything
from arb_compliance.expect import NotAsked, equal, fail, true
from arb_compliance.stage import Stage
from arb_compliance.subject import Subject

SECOND = 1_000_000_000

TWO = ("BTC/USDT", "ETH/USDT")

ASKED_AGAIN_S = 60.0
"""A subscription that got no answer must be asked again by then."""

REFUSED_UNTIL_S = 90.0
"""A refused subscription is asked for again each minute."""

LONGER_NS = 2 * 3600 * SECOND
"""How long a connection is watched beyond the life of its first ticket, at most."""


@case("STREAM-015", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.VENUE)
async def a_refused_subscription_is_told_by_name(subject: Subject) -> None:
    """A refusal is told of the very topic that was refused; everything else goes on, and it is asked for again.

    Steps: the venue refuses one of two books.
    Expect: `TopicRefused` and `Refused` for that one, with the venue's reason; the other LIVE; a minute later both.
    When this fails: `decode` takes the venue's refusal for an acknowledgement, or does not say which topic is meant.
    Source: contract, Sink.refused
    """
    async with Stage(subject, symbols=TWO, steps_per_s=3) as stage:
        refused, other = stage.symbols
        await stage.venue.connect()
        # In parts, as one request of two topics is asked again alone, and refused again.
        stage.arm(FaultKind.SUBSCRIPTION_REFUSED, count=2)
        stage.venue.follow(other)
        watching = asyncio.ensure_future(stage.venue.watch_orderbook(refused))
        await stage.until(lambda: bool(stage.told(TopicRefused)), "a refusal is told", at_most_s=ASKED_AGAIN_S)
        stage.kernel.faults.disarm()
        try:
            await watching
        except Refused as error:
            told = stage.told(TopicRefused)[0].reason
            true(bool(told.strip()) and told in str(error), "a refusal without the venue's reason", found=error)
        else:
            raise fail(f"{refused} was refused, and watching it did not raise `Refused`")
        topic = Topic(Feed.BOOK, stage.venue.markets.pair(refused))
        equal([event.topic for event in stage.told(TopicRefused)], [topic], "the topics that are told as refused")
        await stage.until(lambda: stage.book(other).state is BookState.LIVE, f"the book of {other} LIVE")
        equal(stage.told(Malformed), [], "frames that are called malformed")
        stage.venue.follow(refused)
        await stage.recover(at_most_s=REFUSED_UNTIL_S)


@case("STREAM-016", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.VENUE)
async def a_subscription_without_an_answer_is_asked_again(subject: Subject) -> None:
    """A subscription that is neither acknowledged nor refused is a fault, and is asked for again.

    Steps: the venue ignores the subscription of one of two books, once.
    Expect: `Unanswered` for it within a minute; then both LIVE.
    When this fails: the dialect calls something an acknowledgement that is none, or the card's `ack_timeout_ns` is so
        long that a book is missing for minutes.
    Source: contract, StreamLimits.ack_timeout_ns
    """
    async with Stage(subject, symbols=TWO, steps_per_s=3) as stage:
        await stage.venue.connect()
        stage.arm(FaultKind.SUBSCRIPTION_IGNORED)
        for symbol in stage.symbols:
            stage.venue.follow(symbol)
        await stage.until(lambda: bool(stage.told(Unanswered)), "silence is told", at_most_s=ASKED_AGAIN_S)
        topic = Topic(Feed.BOOK, stage.venue.markets.pair(stage.symbols[0]))
        true(
            topic in stage.told(Unanswered)[0].topics,
            "another topic is called unanswered",
            found=stage.told(Unanswered),
        )
        await stage.recover(at_most_s=ASKED_AGAIN_S)


@case("STREAM-017", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.VENUE)
async def unsubscribing_ends_a_feed(subject: Subject) -> None:
    """What nobody wants any more the venue is told to end, and it does; it can be asked for again.

    Steps: every feed of two symbols; those of one are left; then its book is watched again.
    Expect: the venue pushes nothing more of that symbol, and refuses nothing; the other goes on; then both books LIVE.
    When this fails: `unsubscribe` writes another request than the venue knows, and the connection fills up.
    Source: contract, StreamDialect.unsubscribe
    """
    async with Stage(subject, symbols=TWO, steps_per_s=3) as stage:
        await stage.venue.connect()
        both = [Everything(stage, symbol) for symbol in stage.symbols]
        for everything in both:
            await everything.follow(everything.few)
        await stage.until(stage.all_live, "both books LIVE")
        left, kept = both
        left.leave()
        await stage.pass_(5)
        carried = _followed(stage, left.symbol)
        equal(carried, [], f"channels of {left.symbol} that the venue still pushes, 5 s after they were left")
        equal([*stage.told(UnknownRefusal), *stage.told(TopicRefused)], [], "what the venue refused")
        equal(stage.told(Malformed), [], "frames that are called malformed")
        kept.heard.clear()
        before = stage.updates
        await stage.pass_(2)
        still = bool(kept.heard) or stage.updates > before
        true(still, f"nothing is heard of {kept.symbol}, which is still wanted")
        stage.venue.follow(left.symbol)
        await stage.recover()


@case("STREAM-018", Tier.STREAM, proof=Proof.VENUE)
async def every_answer_finds_its_topic(subject: Subject) -> None:
    """Topics asked for together are each acknowledged once, by name or by request, at once.

    Steps: every feed of two symbols, asked for in the same moment.
    Expect: distinct channels for distinct topics; one `Subscribed` for each; nothing unanswered, refused or unknown.
    When this fails: the name by which an answer calls a topic is not what `channel` returns for it.
    Source: contract, StreamDialect.channel
    """
    async with Stage(subject, symbols=TWO, steps_per_s=0) as stage:
        await stage.venue.connect()
        both = [Everything(stage, symbol) for symbol in stage.symbols]
        topics = [topic for everything in both for topic in everything.topics]
        names = [subject.dialect().channel(topic) for topic in topics]
        equal(len(set(names)), len(topics), "distinct channels", frame=names)
        # What becomes of each, the events tell.
        each = [everything.follow([topic]) for everything in both for topic in everything.topics]
        await asyncio.gather(*each, return_exceptions=True)
        await stage.pass_(subject.card.stream.ack_timeout_ns / SECOND + 2)
        acknowledged = sorted(str(event.topic) for event in stage.told(Subscribed))
        equal(acknowledged, sorted(map(str, topics)), "the topics that were acknowledged")
        for kind in (Unanswered, UnknownRefusal, TopicRefused, Malformed, Closed):
            equal(stage.told(kind), [], f"events of kind {kind.__name__}")


@case("STREAM-022", Tier.STREAM, proof=Proof.VENUE)
async def a_client_says_no_more_than_the_venue_bears(subject: Subject) -> None:
    """Subscriptions are paced: no second holds more frames of one connection than the card allows and the venue bears.

    Steps: thirty topics, each asked for by itself, in the same moment; all are left, and asked for again.
    Expect: in no second more frames than the card's `messages_per_second`, pings included; no connection is ended.
    When this fails: the card's limit is missing or too high, and the venue cuts the client off when it starts.
    Source: contract, StreamLimits.messages_per_second
    """
    ours = subject.card.stream.messages_per_second
    symbols = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "ADA/USDT", "DOGE/USDT", "LINK/USDT", "UNI/USDT")
    async with Stage(subject, symbols=symbols, steps_per_s=0) as stage:
        if ours is None and stage.kernel.rules.messages_per_s is None:
            raise NotAsked("no limit of frames is known")
        await stage.venue.connect()
        each = [Everything(stage, symbol) for symbol in stage.symbols]
        asked = [(one, [topic]) for one in each for topic in one.few][:30]
        for again in (False, True):
            if again:
                for one in each[1:]:
                    one.leave()
            following = [one.follow(topics) for one, topics in asked if one is not each[0] or not again]
            await asyncio.gather(*following, return_exceptions=True)
        await stage.pass_(10)
        equal([event for event in stage.told(Closed) if not event.planned], [], "connections that ended")
        for connection in {said.connection for said in stage.seen.said}:
            moments = [said.at_ns for said in stage.seen.said if said.connection == connection]
            busiest = max(sum(begin <= moment < begin + SECOND for moment in moments) for begin in moments)
            if ours is not None:
                true(busiest <= ours, f"more than {ours} frames in one second", found=busiest)


@case("STREAM-023", Tier.STREAM, needs=[Capability.BOOK], proof=Proof.VENUE, limit_s=120.0)
async def a_ticket_is_kept_alive_and_replaced(subject: Subject) -> None:
    """Where a public socket stands on a ticket, it is renewed in time, and a lost one is replaced.

    Steps: twice the ticket's life, of one that lasts for a day some hours more; then the venue ends it before its time.
    Expect: no book is lost while it is renewed; then `TicketEnded` or a disconnect, a new ticket, LIVE and the venue's.
    When this fails: `ticket` does not tell how long it lasts, or `renew` does not renew it.
    Source: contract, StreamTicket
    """
    async with Stage(subject, steps_per_s=0.02) as stage:
        await stage.live()
        ticketed = [conn for conn in stage.kernel.followers(None) if stage.kernel.ticketed(conn)]
        if not ticketed:
            raise NotAsked("public sockets need no ticket")
        lifetime_ns = stage.kernel.tickets.rules.lifetime_ns
        await stage.pass_((lifetime_ns + min(lifetime_ns, LONGER_NS)) / SECOND)
        # A book of few levels is outrun by a market that moves for so long, whatever its ticket.
        lost = [fault for _, fault in stage.lost if fault is not BookFault.EXHAUSTED]
        equal(lost, [], "books that were lost while their ticket grew old")
        await stage.strike(FaultKind.TICKET_EXPIRED)
        await stage.until(
            lambda: bool(stage.told(TicketEnded) or stage.told(Closed)), "a lost ticket is noticed", at_most_s=120
        )
        await stage.recover()


@case("STREAM-025", Tier.STREAM)
def what_the_card_does_not_list_has_no_channel(subject: Subject) -> None:
    """A depth or an interval that is not on the card is refused before anything is sent.

    Steps: ask the dialect for the channels of depths and intervals beside those of the card.
    Expect: `ValueError` for each; a channel that is there all the same is told as a warning.
    When this fails: a wrong number in a settings file ends a connection in place of being named.
    Source: contract, StreamDialect.channel
    """
    card, dialect = subject.card, subject.dialect()
    pair = subject.public().symbol_to_pair(Symbol("BTC", "USDT"))
    topics: list[Topic] = []
    if subject.claims(Capability.DEPTH):
        topics += [Topic(Feed.DEPTH, pair, depth=depth) for depth in (0, 7, 1001) if depth not in card.depths]
    if subject.claims(Capability.KLINES):
        topics += [
            Topic(Feed.KLINES, pair, interval=interval)
            for interval in (*KLINE_INTERVALS, "7m", "")
            if interval not in card.kline_intervals
        ]
    if not topics:
        raise NotAsked("the card claims neither depths nor candles")
    for topic in topics:
        try:
            name = dialect.channel(topic)
        except ValueError:
            continue
        except Exception as error:
            raise fail(f"{topic} is not on the card", expected="ValueError", found=repr(error)) from error
        subject.warn(f"{topic} is not on the card, and has a channel: {name}")


def _followed(stage: Stage, symbol: Symbol) -> list[str]:
    """The venue's channels of a symbol that somebody listens to."""
    market = stage.market(symbol)
    return [name for name, about in stage.kernel.channels() if about is market]
