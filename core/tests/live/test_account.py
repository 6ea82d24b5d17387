"""The private half of an open venue: what is heard, when nothing is, and by which clock it signs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from arb_core.errors import (
    Disconnected,
    ExchangeUnavailable,
    NotSupported,
    PluginBroken,
    Refused,
    Rejected,
    SettingsError,
)
from arb_core.interfaces.account import Account, AccountListener
from arb_core.runtime.stream.events import Closed, LoginRefused, Malformed, Rotated, TicketEnded
from arb_core.structs.account import Balance
from arb_core.structs.card import Capability
from arb_core.structs.market import Asset, VenueName
from arb_core.structs.order import Fill, Order, OrderStatus
from arb_core.structs.stream import Feed, Topic
from arb_core.venue.events import AccountDeaf, AccountListening, ClockNotMeasured, ListenerBroken
from fake_account import CLAIMS, KEY, PRIVATE, SECRETS, AccountDialect
from fake_venue import MS, REST_RULE, SECOND, Socket
from shop import BTC, Shop

pytestmark = pytest.mark.looptime(noop_cycles=2)  # 42 by default: most of the run, and nothing here needs them

LISTENING, DEAF = "listening", "deaf"


class Ear(AccountListener):
    """Notes all it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def on_order(self, venue: VenueName, order: Order) -> None:
        self.told.append(("order", order))

    def on_fill(self, venue: VenueName, fill: Fill) -> None:
        self.told.append(("fill", fill))

    def on_balance(self, venue: VenueName, balance: Balance) -> None:
        self.told.append(("balance", balance))

    def on_listening(self, venue: VenueName) -> None:
        self.told.append((LISTENING, venue))

    def on_deaf(self, venue: VenueName, reason: str) -> None:
        self.told.append((DEAF, reason))

    @property
    def states(self) -> list[str]:
        return [what for what, _ in self.told if what in {LISTENING, DEAF}]


class Counter(Shop):
    """A shop with an account, and somebody who listens to it."""

    def __init__(self, claims: frozenset[Capability] = CLAIMS, **limits: Any) -> None:
        options = limits.pop("options", {})
        super().__init__((BTC,), REST_RULE, {"credentials": KEY, **options}, {"claims": claims, **limits})
        self.ear = Ear()

    @property
    def account(self) -> Account:
        return self.venue.account

    @property
    def sockets(self) -> list[Socket]:
        """The private ones that are open."""
        return [socket for socket in self.far.sockets if "/account" in socket.url]

    @property
    def socket(self) -> Socket:
        return self.sockets[-1]

    async def listening(self) -> Callable[[], None]:
        end = self.account.listen(self.ear)
        await self.run(1)
        assert self.account.listening
        assert self.ear.states == [LISTENING]
        return end


@asynccontextmanager
async def counter(claims: frozenset[Capability] = CLAIMS, **limits: Any) -> AsyncIterator[Counter]:
    made = Counter(claims, **limits)
    async with made.venue:
        yield made


# -- opening ----------------------------------------------------------------------------------------------------------


async def test_a_venue_with_a_key_has_an_account_and_a_private_side() -> None:
    async with counter() as it:
        assert it.venue.has_account
        assert it.venue.private is it.account.private is it.private
        assert (it.account.venue, it.account.card.id) == ("fake", "fake")
        assert (await it.venue.private.get_balances())[Asset("BTC")].free == 1


async def test_a_venue_without_a_key_says_what_is_missing() -> None:
    made = Shop((BTC,), REST_RULE, {}, {"claims": CLAIMS})
    async with made.venue as venue:
        assert not venue.has_account
        for ask in (lambda: venue.private, lambda: venue.account):
            with pytest.raises(SettingsError, match="pass credentials"):
                ask()
        with pytest.raises(SettingsError, match="pass credentials"):
            await venue.watch_orders(print)
        assert venue.health().account is None


async def test_a_key_for_an_exchange_without_a_private_side_is_refused() -> None:
    with pytest.raises(NotSupported, match="no private side"):
        Counter(claims=frozenset())


async def test_a_card_that_claims_a_stream_its_dialect_lacks_is_a_broken_plugin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(AccountDialect, "channel", _knows_no_fills)
    with pytest.raises(PluginBroken, match=r"fake: its card claims a stream that it does not have: no fills"):
        Counter()


def _knows_no_fills(_dialect: AccountDialect, topic: Topic) -> str:
    if topic.feed is Feed.FILLS:
        raise ValueError("no fills")
    return str(topic.feed)


async def test_nothing_private_is_opened_before_somebody_wants_it() -> None:
    async with counter() as it:
        await it.venue.watch_orderbook(BTC)
        await it.run(100)
        assert it.sockets == []
        assert it.account_dialect.created == []
        assert it.public.time_calls == 0


async def test_the_key_is_looked_for_where_the_caller_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_FAKE_API_KEY", KEY.api_key)
    monkeypatch.setenv("ARB_FAKE_API_SECRET", KEY.api_secret)
    assert Counter(options={"credentials": True}).venue.has_account
    assert not Counter(options={"credentials": None}).venue.has_account
    with pytest.raises(SettingsError, match="ARB_FAKE2_API_KEY"):
        Counter(options={"credentials": True, "venue": "fake2"})


async def test_private_sockets_have_their_own_host_and_ws_url_replaces_it_too() -> None:
    async with counter() as it:
        await it.listening()
        assert it.socket.url == f"{PRIVATE}?token=marked-token-1"
    async with counter(options={"ws_url": "ws://127.0.0.1:4001/prefix"}) as it:
        await it.listening()
        assert it.socket.url == "ws://127.0.0.1:4001/prefix/account?token=marked-token-1"


# -- what is heard ----------------------------------------------------------------------------------------------------


async def test_orders_fills_and_balances_reach_the_listener() -> None:
    async with counter() as it:
        end = await it.listening()
        it.socket.say(order=["7", "OPEN", "0"])
        it.socket.say(fill=["f1", "7", "100.5", "0.25"])
        it.socket.say(balance=["BTC", "1.25"])
        await it.run(0.1)
        (_, order), (_, fill), (_, balance) = it.ear.told[1:]
        assert (order.order_id, order.status) == ("7", OrderStatus.OPEN)
        assert (fill.trade_id, fill.price, fill.quantity) == ("f1", Decimal("100.5"), Decimal("0.25"))
        assert (balance.asset, balance.free) == ("BTC", Decimal("1.25"))
        end()
        end()
        await it.run(0.1)
        assert it.sockets == []
        assert len(it.ear.told) == 4


async def test_two_listeners_share_the_streams_and_one_may_leave() -> None:
    async with counter() as it:
        end = await it.listening()
        other = Ear()
        it.account.listen(other)
        with pytest.raises(ValueError, match="listens already"):
            it.account.listen(other)
        end()
        it.socket.say(balance=["BTC", "1"])
        await it.run(0.1)
        assert (len(it.ear.told), len(other.told)) == (1, 1)
        assert len(it.far.history) == 1


@pytest.mark.parametrize("what", ["on_order", "on_listening", "on_deaf"])
async def test_what_the_listener_raises_comes_out_of_the_venue(what: str) -> None:
    made = Counter()

    def explode(*_: object) -> None:
        raise ZeroDivisionError(what)

    setattr(made.ear, what, explode)

    async def use() -> None:
        async with made.venue:
            made.account.listen(made.ear)
            await made.run(1)
            made.socket.say(order=["7", "OPEN", "0"])
            await made.run(1)
            made.far.cut_all()
            await made.run(100)

    with pytest.raises(ZeroDivisionError, match=what):
        await use()
    assert made.clock.monotonic_ns() < 3 * SECOND


async def test_callbacks_and_iterators_of_the_library_hear_too() -> None:
    async with counter() as it:
        heard: list[Any] = []
        ends = [
            await it.venue.watch_orders(heard.append),
            await it.venue.watch_fills(heard.append),
            await it.venue.watch_balances(heard.append),
        ]
        fills: list[str] = []

        async def read() -> None:
            fills.extend([fill.trade_id async for fill in it.venue.fills()])

        async with it.venue.balances() as balances, it.venue.orders() as orders:
            balance, order = asyncio.ensure_future(anext(balances)), asyncio.ensure_future(anext(orders))
            reading = asyncio.create_task(read())
            await it.run(0.5)
            assert it.socket.channels == {"orders", "fills", "balances"}
            for free in ("1", "2", "3"):
                it.socket.say(balance=["BTC", free])
                it.socket.say(fill=[f"f{free}", "7", "100", free])
            it.socket.say(order=["7", "OPEN", "0"])
            await it.run(0.2)
            assert (await balance).free == 3
            assert balances.coalesced == 2
            assert (await order).order_id == "7"
        assert [type(update).__name__ for update in heard].count("Balance") == 3
        for end in ends:
            end()
    await reading
    assert fills == ["f1", "f2", "f3"]


async def test_a_callback_that_raises_is_unplugged_and_the_account_goes_on() -> None:
    async with counter() as it:
        await it.listening()

        def explode(balance: object) -> None:
            raise ZeroDivisionError(balance)

        await it.venue.watch_balances(explode)
        it.socket.say(balance=["BTC", "1"])
        it.socket.say(balance=["BTC", "2"])
        await it.run(0.1)
        assert len(it.of(ListenerBroken)) == 1
        assert [balance.free for _, balance in it.ear.told[1:]] == [1, 2]


async def test_a_stream_that_the_card_does_not_claim_is_refused_and_not_waited_for() -> None:
    async with counter(CLAIMS - {Capability.FILLS_STREAM}) as it:
        with pytest.raises(NotSupported, match="no stream of fills"):
            await it.venue.watch_fills(print)
        await it.listening()
        assert it.socket.channels == {"orders", "balances"}


async def test_an_account_without_any_stream_always_counts_as_listening() -> None:
    async with counter(frozenset({Capability.TRADING})) as it:
        assert it.account.listening
        it.account.listen(it.ear)
        await it.run(100)
        assert (it.ear.told, it.far.attempts) == ([], [])


async def test_watching_says_why_a_venue_cannot_be_heard() -> None:
    async with counter() as it:
        it.far.refuses = {"orders": "no permission"}
        with pytest.raises(Refused, match="fake: orders: no permission"):
            await it.venue.watch_orders(print)
        it.far.no_sockets = True
        it.far.cut_all()
        with pytest.raises(Disconnected, match="connection refused"):
            await it.venue.watch_fills(print, timeout_ns=5 * SECOND)


# -- listening and deaf -----------------------------------------------------------------------------------------------


async def test_every_stream_must_stand_before_it_is_listening() -> None:
    async with counter(ack_timeout_ns=5 * SECOND) as it:
        it.far.mute = {"fills"}
        it.account.listen(it.ear)
        await it.run(4)
        assert it.socket.channels == {"orders", "balances"}
        assert (it.account.listening, it.ear.told) == (False, [])
        it.far.mute = set()
        await it.run(5)
        assert (it.account.listening, it.ear.states) == (True, [LISTENING])


async def test_a_lost_connection_is_told_at_once_and_so_is_its_successor() -> None:
    async with counter() as it:
        await it.listening()
        it.far.cut_all("power cut")
        assert (it.account.listening, it.ear.told[-1]) == (False, (DEAF, "power cut"))
        await it.run(3)
        assert it.account.listening
        assert it.ear.states == [LISTENING, DEAF, LISTENING]
        assert [type(event) for event in it.events if isinstance(event, AccountDeaf | AccountListening)] == [
            AccountListening,
            AccountDeaf,
            AccountListening,
        ]
        health = it.venue.health().account
        assert health is not None
        assert (health.listening, health.losses, health.stream.reconnects) == (True, 1, 1)
        assert health.since_ns < 3 * SECOND


async def test_a_lost_public_connection_makes_nobody_deaf() -> None:
    async with counter() as it:
        await it.venue.watch_orderbook(BTC)
        await it.listening()
        for socket in [socket for socket in it.far.sockets if socket not in it.sockets]:
            socket.end("public only")
        await it.run(3)
        assert it.ear.states == [LISTENING]


async def test_a_connection_that_stands_still_is_deaf_when_that_is_found_out() -> None:
    async with counter(quiet_ns=60 * SECOND) as it:
        await it.listening()
        it.far.frozen = True
        await it.run(61)
        assert it.ear.told[-1] == (DEAF, "nothing arrived for 60 s")


async def test_a_refused_stream_is_deaf_until_it_is_granted() -> None:
    async with counter() as it:
        await it.listening()
        it.far.refuses = {"fills": "not now"}
        it.far.cut_all()
        await it.run(3)
        assert not it.account.listening
        health = it.venue.health().account
        assert health is not None
        assert [(refused.topic.feed, refused.reason) for refused in health.stream.refused] == [("fills", "not now")]
        it.far.refuses = {}
        await it.run(61)
        assert it.account.listening
        assert it.ear.states == [LISTENING, DEAF, LISTENING]


async def test_a_message_that_cannot_be_read_is_told_as_a_moment_of_deafness() -> None:
    async with counter() as it:
        await it.listening()
        it.socket.raw(b'{"order":["7","OPEN"')
        await it.run(0.1)
        assert it.ear.states == [LISTENING, DEAF, LISTENING]
        assert "could not be read" in it.ear.told[1][1]
        assert it.account.listening
        assert len(it.far.history) == 1


async def test_a_rotation_loses_nothing_and_tells_nobody() -> None:
    async with counter(lifetime_ns=600 * SECOND) as it:
        await it.listening()
        sent = 0
        while len(it.of(Rotated)) < 3:
            await it.run(1)
            sent += 1
            for socket in it.sockets:
                if "fills" in socket.channels:
                    socket.say(fill=[f"f{sent}", "7", "100", "1"])
        await it.run(1)
        fills = [fill.trade_id for what, fill in it.ear.told if what == "fill"]
        assert list(dict.fromkeys(fills)) == [f"f{number + 1}" for number in range(sent)]
        assert len(fills) > sent, "both connections told them for a while"
        assert it.ear.states == [LISTENING]
        assert all(closed.planned for closed in it.of(Closed))


async def test_a_rotation_waits_for_what_is_still_on_its_way_on_the_old_connection() -> None:
    async with counter() as it:
        it.far.latency_ns = 400 * MS
        it.account.listen(it.ear)
        await it.run(5)
        it.far.latency_ns = 5 * MS
        old = it.socket
        old.say(closing="maintenance")
        while len(it.sockets) < 2 or it.sockets[1].channels != {"orders", "fills", "balances"}:
            await it.run(0.001)
        # Said before the new connection stood, and heard after.
        old.say(fill=["late", "7", "100", "1"])
        await it.run(10)
        assert [fill.trade_id for what, fill in it.ear.told if what == "fill"] == ["late"]
        assert (len(it.sockets), it.ear.states) == (1, [LISTENING])


async def test_a_successor_that_is_refused_a_stream_makes_deaf_when_the_old_connection_goes() -> None:
    async with counter() as it:
        await it.listening()
        it.far.refuses = {"balances": "too many connections"}
        it.socket.say(closing="maintenance")
        await it.run(1.5)
        assert it.ear.states == [LISTENING]
        await it.run(3)
        assert it.ear.states == [LISTENING, DEAF]
        it.far.refuses = {}
        await it.run(61)
        assert it.ear.states == [LISTENING, DEAF, LISTENING]


async def test_after_the_machine_slept_the_account_is_deaf_and_comes_back() -> None:
    async with counter() as it:
        await it.listening()
        it.clock.jump(3600 * SECOND)
        it.far.skew_ns -= 3600 * SECOND
        await it.run(10)
        assert it.ear.states == [LISTENING, DEAF, LISTENING]


# -- tickets and logins -----------------------------------------------------------------------------------------------


async def test_a_ticket_is_renewed_in_time_and_given_back_at_the_end() -> None:
    made = Counter()
    made.account_dialect.ticket_terms = {"renew_every_ns": 30 * SECOND, "expires_ns": 60 * SECOND}
    async with made.venue:
        await made.listening()
        await made.run(299)
        assert made.account_dialect.renewed == ["marked-token-1"] * 9
        assert made.ear.states == [LISTENING]
    assert made.account_dialect.released == ["marked-token-1"]


async def test_a_lost_ticket_is_deaf_until_the_next_one_stands() -> None:
    async with counter() as it:
        await it.listening()
        it.socket.say(lost="listen key expired")
        await it.run(0.02)
        assert it.ear.told[-1] == (DEAF, "ticket lost: listen key expired")
        await it.run(2)
        assert it.account.listening
        assert it.account_dialect.created == ["marked-token-1", "marked-token-2"]


async def test_a_ticket_that_the_venue_does_not_know_any_more_is_lost_though_the_connection_is_open() -> None:
    async with counter() as it:
        it.account_dialect.ticket_terms = {"renew_every_ns": 30 * SECOND, "expires_ns": 60 * SECOND}
        await it.listening()
        it.account_dialect.renew_error = Rejected("no such key", exchange="fake")
        await it.run(30)
        assert it.ear.states[:2] == [LISTENING, DEAF]
        it.account_dialect.renew_error = None
        await it.run(3)
        assert it.account.listening
        assert "no such key" in it.of(TicketEnded)[0].reason


async def test_a_ticket_that_cannot_be_renewed_for_a_while_makes_nobody_deaf() -> None:
    async with counter() as it:
        it.account_dialect.ticket_terms = {"renew_every_ns": 30 * SECOND, "expires_ns": 60 * SECOND}
        await it.listening()
        it.account_dialect.renew_error = ExchangeUnavailable("down", exchange="fake")
        await it.run(70)
        it.account_dialect.renew_error = None
        await it.run(20)
        assert it.account_dialect.created == ["marked-token-1", "marked-token-2"]
        assert it.ear.states == [LISTENING]


async def test_an_expiring_ticket_is_replaced_without_a_hole() -> None:
    async with counter() as it:
        it.account_dialect.ticket_terms = {"expires_ns": 100 * SECOND}
        await it.listening()
        await it.run(99)
        assert len(it.account_dialect.created) == 2
        assert it.ear.states == [LISTENING]


async def test_each_connection_logs_in_again() -> None:
    async with counter() as it:
        it.account_dialect.logins = ('{"op":"login"}',)
        await it.listening()
        for _ in range(3):
            it.far.cut_all()
            await it.run(31)
            assert it.account.listening
            assert [said["op"] for _, said in it.socket.frames[:2]] == ["login", "sub"]


async def test_a_refused_login_is_told_and_tried_again() -> None:
    async with counter() as it:
        it.account_dialect.logins = ('{"op":"login"}',)
        it.far.login_answer = {"refuse": None, "channels": [], "why": "bad signature"}
        it.account.listen(it.ear)
        await it.run(10)
        assert it.of(LoginRefused)
        assert it.ear.told == []
        it.far.login_answer = {"reply": "welcome"}
        await it.run(31)
        assert it.ear.states == [LISTENING]


# -- the venue's clock ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew_s", [-30, 30, 0])
async def test_signed_frames_bear_the_venues_time(skew_s: int) -> None:
    async with counter() as it:
        it.far.skew_ns = skew_s * SECOND
        await it.listening()
        assert it.venue.health().rest.clock_offset_ns == skew_s * SECOND


async def test_a_clock_that_is_set_is_measured_anew() -> None:
    async with counter() as it:
        await it.listening()
        it.clock.jump(-20 * SECOND)
        it.far.skew_ns += 20 * SECOND
        await it.run(2)
        assert it.venue.health().rest.clock_offset_ns == 20 * SECOND
        it.far.cut_all()
        await it.run(2)
        assert it.account.listening


async def test_a_venue_that_does_not_tell_its_time_is_listened_to_all_the_same() -> None:
    async with counter() as it:
        it.far.down = True
        it.account.listen(it.ear)
        await it.run(5)
        assert it.of(ClockNotMeasured)
        it.far.down = False
        await it.run(31)
        assert it.ear.states == [LISTENING]
        assert it.venue.health().rest.clock_offset_ns == 0


async def test_a_stream_refused_for_its_time_is_asked_again_when_the_clock_was_measured() -> None:
    async with counter() as it:
        await it.listening()
        await it.run(100)
        it.far.skew_ns = 20 * SECOND
        it.far.cut_all()
        await it.run(5)
        assert it.account.listening
        assert it.venue.health().rest.clock_offset_ns == 20 * SECOND


# -- secrets ----------------------------------------------------------------------------------------------------------


async def test_no_secret_is_shown_by_anything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with counter() as it:
        await it.listening()
        token = it.account_dialect.created[0]
        it.socket.say(secret=KEY.api_secret)
        it.socket.say(lost="gone")
        await it.run(3)
        it.far.down = True
        it.far.cut_all()
        await it.run(40)
        shown = [
            *(record.getMessage() for record in caplog.records),
            *map(repr, it.events),
            *(repr(what) for what in it.ear.told),
            repr(it.venue),
            repr(it.account),
            repr(it.venue.health()),
            repr(KEY),
            str(it.of(Malformed)[0].error),
        ]
        assert len(it.events) > 10
        assert [text for text in shown for secret in (*SECRETS, token) if secret in text] == []
