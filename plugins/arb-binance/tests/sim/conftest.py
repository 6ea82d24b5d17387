"""What the tests of the simulated side share: a client with a key, before a venue of its own."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from arb_binance.sim import BinanceVenue
from arb_sim.direct import DirectClient
from arb_sim.faults import Faults
from arb_sim.kernel.venue import SimulationContext
from arb_sim.venue import Keys, Response
from arb_sim.world import Pace, World


class Trader(DirectClient):
    """A client of the simulated venue that signs as Binance's documentation says, and shares nothing with our own."""

    def __init__(self, venue: BinanceVenue, url: str | None = "/ws-api/v3", *, conn: int = 1) -> None:
        super().__init__(venue, url, conn=conn)
        assert venue.keys is not None
        self.key: Keys = venue.keys

    def signature(self, text: str) -> str:
        return hmac.new(self.key.api_secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    def call(self, method: str, path: str, params: Mapping[str, object] | None = None, **headers: str) -> Response:
        """Send a signed request. A header given here replaces the right one, an empty one leaves it out."""
        text = urlencode({"timestamp": self.venue.now_ms, **(params or {})})
        worn = {"x-mbx-apikey": self.key.api_key, **{name.replace("_", "-"): value for name, value in headers.items()}}
        worn = {name: value for name, value in worn.items() if value}
        where = path if path.startswith("/") else f"/api/v3/{path}"
        return self.ask(method, where, f"{text}&signature={self.signature(text)}", headers=worn)

    def fetch(self, method: str, path: str, **params: object) -> Any:
        """Send a signed request and read what it brings."""
        answer = self.call(method, path, params)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def denied(self, method: str, path: str, **params: object) -> tuple[int, str]:
        """Send a signed request that is refused; return code and text."""
        answer = self.call(method, path, params)
        assert 400 <= answer.status < 500, answer.body
        told = json.loads(answer.body)
        assert set(told) == {"code", "msg"}
        return told["code"], told["msg"]

    def place(self, **order: object) -> Any:
        """Place an order: by default one that rests, below the market. None leaves a parameter out."""
        return self.fetch("POST", "order", **wanted(order))

    def refused_order(self, **order: object) -> tuple[int, str]:
        """Place an order that is refused."""
        return self.denied("POST", "order", **wanted(order))

    def best(self) -> tuple[tuple[Decimal, Decimal], tuple[Decimal, Decimal]]:
        """Best bid and ask as (price, size)."""
        row = json.loads(self.get("/api/v3/ticker/bookTicker", symbol="BTCUSDT").body)
        bid, ask = (
            (Decimal(row["bidPrice"]), Decimal(row["bidQty"])),
            (Decimal(row["askPrice"]), Decimal(row["askQty"])),
        )
        return bid, ask

    def request(self, method: str, params: Mapping[str, object] | None = None, **more: object) -> list[Any]:
        """Say something over the WebSocket API as it is, and return what comes at once."""
        frame = json.dumps({"id": 1, "method": method, "params": dict(params or {}), **more})
        return [json.loads(str(text)) for text in self.say(frame)]

    def over_socket(self, method: str, **params: object) -> Any:
        """Send a signed request over the WebSocket API and return its answer."""
        full = {"apiKey": self.key.api_key, "timestamp": self.venue.now_ms, **params}
        text = "&".join(f"{name}={value}" for name, value in sorted(full.items()))
        (answer,) = self.request(method, {**full, "signature": self.signature(text)})
        return answer

    def follow(self) -> Any:
        """Subscribe to the user data stream."""
        return self.over_socket("userDataStream.subscribe.signature")

    def events(self, kind: str) -> list[Any]:
        """The events of one kind that were pushed so far."""
        self.wait(0)
        told = [json.loads(text)["event"] for text in self.texts if '"event":' in text]
        return [event for event in told if event["e"] == kind]


def wanted(order: Mapping[str, object]) -> dict[str, object]:
    """An order that rests unless it is told otherwise."""
    usual = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    full = {**usual, "quantity": "0.01", "price": "80000", **order}
    return {name: value for name, value in full.items() if value is not None}


@pytest.fixture
def traders() -> Callable[[], Trader]:
    """Make traders, each before a venue of its own whose market stands still."""

    def make() -> Trader:
        world = World(seed=5, symbols=["BTC/USDT", "LINK/USDT"], pace=Pace(steps_per_s=0))
        return Trader(BinanceVenue(SimulationContext(world=world, faults=Faults())))

    return make


@pytest.fixture
def trader(traders) -> Trader:
    return traders()
