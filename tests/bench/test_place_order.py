"""What placing an order takes of the processor: `place_order` beside ccxt's `create_order`, before the same simulated venue.

Over loopback, with the bare posting of a request that was signed before as the floor of both; and without any HTTP, where
each client is answered from memory with what the venue had answered before. Turn by turn in one run, in thread CPU time.
Every order is a limit IOC far below the market, with a client id of its own: it ends at once and changes nothing.
"""

import asyncio
import gc
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from random import Random
from typing import Any, Self

import aiohttp
import arb_core as arb
import msgspec
import pytest
import uvloop
from arb_core.interfaces.context import RestAnswer, RestRequest
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.sockets import SocketTransport
from arb_core.runtime.transport import Connection, Listener, TransportStats
from arb_core.structs.market import Side
from arb_core.structs.order import ClientOrderId, OrderId, OrderRequest, OrderStatus, TimeInForce
from yarl import URL

from .engine_stage import Roomy
from .venues import served

pytestmark = pytest.mark.bench

THEIR_NAMES = {"mexc": "mexc", "gateio": "gate", "binance": "binance"}
LINK = arb.Symbol("LINK", "USDT")
QUANTITY = 20
FAR = Decimal("0.8")
"""Of the best bid."""
ORDERS = 50
TURNS = 7

Place = Callable[[str], Awaitable[object]]
"""Places one order of that client id."""


class Switch:
    """A transport that remembers each answer, and with `stub` gives it again without asking."""

    def __init__(self) -> None:
        self.stub = False
        self.asked: list[tuple[str, RestRequest]] = []
        """Since the stub was set."""
        self._sockets = SocketTransport(SystemClock())
        self._answer: RestAnswer | None = None

    @property
    def stats(self) -> TransportStats:
        return self._sockets.stats

    async def request(self, base_url: str, request: RestRequest, timeout_ns: int) -> RestAnswer:
        if self.stub and self._answer is not None:
            self.asked.append((base_url, request))
            return self._answer
        self._answer = await self._sockets.request(base_url, request, timeout_ns)
        return self._answer

    async def connect(self, url: str, headers: dict[str, str], listener: Listener, timeout_ns: int) -> Connection:
        return await self._sockets.connect(url, headers, listener, timeout_ns)

    async def close(self) -> None:
        await self._sockets.close()


class CannedSession:
    """What ccxt uses of aiohttp's session; every answer is the same."""

    def __init__(self, text: str, headers: Any) -> None:
        self.status, self.reason, self.headers = 200, "OK", headers
        self._text = text

    def post(self, *_: object, **__: object) -> "CannedSession":
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def text(self, **_: object) -> str:
        return self._text


def moved(urls: Any, host: str) -> Any:
    """ccxt's table of addresses, with our host and its paths."""
    if isinstance(urls, dict):
        return {name: moved(url, host) for name, url in urls.items()}
    if isinstance(urls, str) and "://" in urls:
        return f"http://{host}" + "".join(urls.partition("://")[2].partition("/")[1:])
    return urls


class Stage:
    """Three ways to place an order with one simulated account."""

    def __init__(self, ours: Any, switch: Switch, theirs: Any, price: Decimal, prefix: str) -> None:
        self.switch = switch
        self.theirs = theirs
        self._ours = ours
        self._price = price
        self._prefix = prefix
        self._session = theirs.session
        self._bare = aiohttp.ClientSession()
        self._number = 0

    def ids(self) -> list[str]:
        """As many as a turn needs, none ever used before."""
        self._number += ORDERS
        return [f"b{number:017}" for number in range(self._number, self._number + ORDERS)]

    async def arb(self, name: str) -> str:
        ack = await self._ours.private.place_order(self._request(name))
        return ack.order_id

    async def ccxt(self, name: str) -> str:
        params = {"timeInForce": "IOC", "clientOrderId": f"{self._prefix}{name}"}
        placed = await self.theirs.create_order("LINK/USDT", "limit", "buy", QUANTITY, float(self._price), params)
        return placed["id"]

    async def signed(self, names: list[str]) -> dict[str, tuple[str, RestRequest]]:
        """Return requests that are ready to be posted."""
        self.switch.stub = True
        self.switch.asked.clear()
        for name in names:
            await self.arb(name)
        self.switch.stub = False
        return dict(zip(names, self.switch.asked, strict=True))

    async def post(self, base_url: str, request: RestRequest) -> bytes:
        """Send a request by aiohttp alone, and read the answer."""
        url = URL(f"{base_url}{request.path}{'?' if request.query else ''}{request.query}", encoded=True)
        async with self._bare.post(url, headers=request.headers, data=request.body or None) as answer:
            assert answer.status < 300
            return await answer.read()

    def can(self, *, stub: bool) -> None:
        """Let both be answered from memory, or by the venue again."""
        self.switch.stub = stub
        canned = CannedSession(self.theirs.last_http_response, self.theirs.last_response_headers)
        self.theirs.session = canned if stub else self._session

    async def agree(self) -> None:
        """Place an order in each way, and see that the venue took all three alike."""
        placed = [await self.arb("agree000000000arb1"), await self.ccxt("agree00000000ccxt1")]
        for base_url, request in (await self.signed(["agree00000000bare1"])).values():
            answer = msgspec.json.decode(await self.post(base_url, request))
            placed.append(str(answer.get("orderId") or answer["id"]))
        orders = [await self._ours.private.get_order(LINK, order_id=OrderId(id_)) for id_ in placed]
        assert len({(order.side, order.price, order.quantity, order.filled) for order in orders}) == 1
        assert {order.status for order in orders} == {OrderStatus.CANCELED}
        await self.arb("agree000000000arb2")  # for the stub to have an order's answer

    async def close(self) -> None:
        self.theirs.session = self._session
        await self._bare.close()

    def _request(self, name: str) -> OrderRequest:
        return OrderRequest(
            symbol=LINK,
            side=Side.BUY,
            client_order_id=ClientOrderId(name),
            time_in_force=TimeInForce.IOC,
            quantity=Decimal(QUANTITY),
            price=self._price,
        )


@asynccontextmanager
async def stage(exchange: str, host: str, key: Any) -> AsyncIterator[Stage]:
    pro = pytest.importorskip("ccxt.async_support", reason="ccxt is not installed: `tox -e bench` brings it")
    theirs = getattr(pro, THEIR_NAMES[exchange])(
        {"apiKey": key.api_key, "secret": key.api_secret, "enableRateLimit": False}
    )
    theirs.urls["api"] = moved(theirs.urls["api"], host)
    theirs.has["fetchCurrencies"] = False  # asks for much that is no spot trading
    switch = Switch()
    try:
        await theirs.load_markets()
        async with arb.open_exchange(
            exchange, rest_url=f"http://{host}", credentials=key, registry=Roomy(), transport=switch
        ) as ours:
            await ours.load_markets()
            book = await ours.public.get_orderbook(LINK, 5)
            price = round(Decimal(str(book.bids[0][0])) * FAR, 2)
            here = Stage(ours, switch, theirs, price, ours.card.client_ids.prefix)
            await here.agree()
            yield here
            await here.close()
    finally:
        await theirs.close()
        await switch.close()


async def spent(place: Place, names: list[str]) -> float:
    """Return microseconds an order."""
    gc.collect()
    began_ns = time.thread_time_ns()
    for name in names:
        await place(name)
    return (time.thread_time_ns() - began_ns) / len(names) / 1000


async def turns(here: Stage) -> dict[str, list[float]]:
    figures: dict[str, list[float]] = {}
    order = Random(2)

    async def bare() -> float:
        ready = await here.signed(here.ids())

        async def post(name: str) -> None:
            await here.post(*ready[name])

        return await spent(post, list(ready))

    async def canned(place: Place) -> float:
        here.can(stub=True)
        found = await spent(place, here.ids())
        here.can(stub=False)
        return found

    ways: dict[str, Callable[[], Awaitable[float]]] = {
        "arb, answered from memory": lambda: canned(here.arb),
        "ccxt, answered from memory": lambda: canned(here.ccxt),
        "bare": bare,
        "arb": lambda: spent(here.arb, here.ids()),
        "ccxt": lambda: spent(here.ccxt, here.ids()),
    }
    gc.freeze()  # ccxt's tables, which are large: to look through them again before each turn would take longer than it
    for turn in range(TURNS + 1):
        for name in order.sample(sorted(ways), len(ways)):
            took = await ways[name]()
            if turn:  # the first one warms up
                figures.setdefault(name, []).append(took)
    gc.unfreeze()
    return figures


def row(exchange: str, figures: dict[str, list[float]]) -> list[str]:
    """Ratios are of the same turn, so that a disturbance of one turn does not tilt them."""

    def told(name: str) -> str:
        each = figures[name]
        return f"{statistics.median(each):.0f} [{min(each):.0f}-{max(each):.0f}]"

    def ratio(mine: str, theirs: str) -> str:
        return f"{statistics.median(a / b for a, b in zip(figures[mine], figures[theirs], strict=True)):.2f}"

    memory = [f"{name}, answered from memory" for name in ("arb", "ccxt")]
    return [
        f"| {exchange}, from memory | | {told(memory[0])} | {told(memory[1])} | {ratio(*memory)} |",
        f"| {exchange}, over loopback | {told('bare')} | {told('arb')} | {told('ccxt')} | {ratio('arb', 'ccxt')} |",
    ]


def test_cost_of_an_order(publish) -> None:
    rows = ["| us an order: median [least-most] | bare aiohttp | arb | ccxt | arb : ccxt |", "|---|---|---|---|---|"]
    with served(list(THEIR_NAMES), [str(LINK)], per_minute=0) as venues:
        for exchange in THEIR_NAMES:

            async def measured(exchange: str = exchange) -> dict[str, list[float]]:
                async with stage(exchange, f"127.0.0.1:{venues.ports[exchange]}", venues.keys[exchange]) as here:
                    return await turns(here)

            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                rows += row(exchange, runner.run(measured()))
    publish("orders", "\n".join(rows))
