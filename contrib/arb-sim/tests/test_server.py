"""The server shell carries the same payloads as the memory shell, on real sockets."""

import asyncio
import json
from decimal import Decimal

import aiohttp
import msgspec
import pytest
from arb_sim.faults import Fault, FaultKind, FaultScript
from arb_sim.inspection import AccountState
from arb_sim.kernel.connections import SocketRules
from arb_sim.server import Servers
from arb_sim.venue import Ping, Pong, Request

PAIR = "BTC-USDT"
SECOND = 1_000_000_000


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


def url(server, path, scheme="http"):
    return f"{scheme}://127.0.0.1:{server.port}{path}"


async def test_answers_are_those_of_the_venue(toy, http):
    venue = toy(steps_per_s=0)
    async with Servers([venue]) as servers, http.get(url(servers.venues[0], f"/depth?pair={PAIR}")) as answer:
        expected = venue.http(Request(method="GET", path="/depth", query=f"pair={PAIR}"), servers.now_ns)
        assert await answer.read() == expected.body
        assert answer.content_type == "application/json"


async def test_status_and_headers_of_a_refusal_arrive(toy, http):
    fault = Fault(kind=FaultKind.RATE_LIMITED, retry_after_s=9)
    venue = toy(script=FaultScript(faults=(fault,)))
    async with Servers([venue]) as servers, http.get(url(servers.venues[0], "/time")) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "9")


async def test_request_without_answer_hangs_until_the_client_gives_up(toy, http):
    async with Servers([toy(script=FaultScript(faults=(Fault(kind=FaultKind.NO_ANSWER),)))]) as servers:
        with pytest.raises(TimeoutError):
            await http.get(url(servers.venues[0], "/time"), timeout=aiohttp.ClientTimeout(total=0.2))
        async with http.get(url(servers.venues[0], "/time")) as answer:
            assert answer.status == 200


async def test_late_answer_is_kept_back(toy, http):
    fault = Fault(kind=FaultKind.ANSWER_LATE, path="/time", hold_s=0.3)
    async with Servers([toy(script=FaultScript(faults=(fault,)))]) as servers:
        place = url(servers.venues[0], "/time")
        with pytest.raises(TimeoutError):
            await http.get(place, timeout=aiohttp.ClientTimeout(total=0.1))
        async with http.get(place) as answer:
            assert answer.status == 200


async def test_account_is_shown_by_the_served_venue_as_by_the_one_at_hand(toy, http):
    venue = toy(steps_per_s=0)
    market = venue.by_pair[PAIR]
    price = market.book.asks.best * market.listing.tick
    async with Servers([venue]) as servers:
        order = f"/order?pair={PAIR}&side=buy&price={price}&size=0.001"
        async with http.post(url(servers.venues[0], order)) as answer:
            assert answer.status == 200
        async with http.get(url(servers.venues[0], "/_sim/account")) as answer:
            shown = msgspec.json.decode(await answer.read(), type=AccountState)
    assert shown == msgspec.structs.replace(venue.inspection.account(), at_ns=shown.at_ns)
    assert [fill.quote for fill in shown.fills] == [price * Decimal("0.001")]


async def test_pushes_over_a_socket_are_those_of_the_venue(toy, connect, http):
    """Two worlds of one seed, one behind a socket and one called directly."""
    over_socket = []
    venue, twin = toy(steps_per_s=200), toy(steps_per_s=200)
    for each in (venue, twin):
        each.by_pair[PAIR].watch()  # the market moves from the start on, whenever the client comes
    async with Servers([venue]) as servers:
        servers._offset_ns += venue.timeline.start_ns - servers.now_ns
        async with http.ws_connect(url(servers.venues[0], "/ws", "ws")) as socket:
            await socket.send_str(f"join book {PAIR}")
            async for message in socket:
                over_socket.append(message.data)
                if len(over_socket) == 30:
                    break
    client = connect(twin)
    client.say(f"join book {PAIR}")
    client.wait(2)
    directly = client.frames
    assert over_socket[0] == directly[0] == f"joined book {PAIR}"

    def changes(frames):
        """All but the first message, whose beginning depends on the moment of joining."""
        return [{name: each[name] for name in ("bids", "asks")} for each in map(json.loads, frames)]

    first = changes(over_socket[2:3])[0]
    everything = changes(directly[1:])
    begin = everything.index(first)
    assert everything[begin : begin + 28] == changes(over_socket[2:])


async def test_pings_pass_in_both_directions(toy, http):
    venue = toy(steps_per_s=0)
    venue.rules = SocketRules(ping_every_ns=SECOND // 10)
    heard = []
    hear = venue._hear
    venue._hear = lambda peer, frame: heard.append(frame) or hear(peer, frame)
    async with (
        Servers([venue]) as servers,
        http.ws_connect(url(servers.venues[0], "/ws", "ws"), autoping=False) as socket,
    ):
        await socket.ping(b"mine")
        mine = await socket.receive(timeout=2)
        assert (mine.type, bytes(mine.data)) == (aiohttp.WSMsgType.PONG, b"mine")
        its = await socket.receive(timeout=2)
        assert its.type is aiohttp.WSMsgType.PING
        await socket.pong(its.data)
        await socket.receive(timeout=2)
    assert Ping(b"mine") in heard
    assert Pong(bytes(its.data)) in heard


@pytest.mark.parametrize(("code", "seen"), [(1012, 1012), (1006, 1006)])
async def test_venue_ends_a_connection(toy, http, code, seen):
    venue = toy(steps_per_s=0)
    async with Servers([venue]) as servers, http.ws_connect(url(servers.venues[0], "/ws", "ws")) as socket:
        venue.faults.arm(Fault(kind=FaultKind.DISCONNECT, code=code))
        servers.rearm()
        end = await socket.receive(timeout=2)
        assert end.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
        await socket.close()
        assert socket.close_code == seen
    assert not venue._peers


async def test_venue_forgets_a_client_that_is_gone(toy, http):
    venue = toy(steps_per_s=50)
    gone = asyncio.Event()
    closed = venue.closed
    venue.closed = lambda conn: (closed(conn), gone.set())
    async with Servers([venue]) as servers:
        async with http.ws_connect(url(servers.venues[0], "/ws", "ws")) as socket:
            await socket.send_str(f"join book {PAIR}")
            await socket.receive(timeout=2)
            assert venue.by_pair[PAIR].watched == 1
        await asyncio.wait_for(gone.wait(), 2)
        assert venue.by_pair[PAIR].watched == 0


async def test_refused_handshake(toy, http):
    async with Servers([toy()]) as servers:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await http.ws_connect(url(servers.venues[0], "/elsewhere", "ws"))
        assert caught.value.status == 404


async def test_stopping_leaves_no_connection_and_no_task(toy, http):
    venue = toy(steps_per_s=50)
    async with Servers([venue]) as servers:
        sockets = [await http.ws_connect(url(servers.venues[0], "/ws", "ws")) for _ in range(3)]
        for socket in sockets:
            await socket.send_str(f"join book {PAIR}")
            await socket.receive(timeout=2)
    for socket in sockets:
        await socket.close()
    assert not venue._peers
    assert {task for task in asyncio.all_tasks() if "writer" in task.get_name()} == set()


async def test_venues_of_one_world_have_a_port_each_and_one_time(toy, http):
    venue = toy()
    other = toy(world=venue.world)
    async with Servers([venue, other]) as servers:
        ports = [server.port for server in servers.venues]
        assert len(set(ports)) == 2
        for server in servers.venues:
            async with http.get(url(server, "/time")) as answer:
                assert answer.status == 200
        assert venue.timeline is other.timeline
