"""What the tests of the simulated side share: a client with a key, before a venue of its own."""

import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from arb_bitget.sim import BitgetVenue, SummedBitgetVenue
from arb_sim.direct import DirectClient
from arb_sim.faults import Faults
from arb_sim.kernel.venue import SimulationContext
from arb_sim.venue import Keys, Response
from arb_sim.world import Pace, World


def proof(secret: str, text: str) -> str:
    """Sign as Bitget's documentation says."""
    return b64encode(hmac.digest(secret.encode(), text.encode(), "sha256")).decode()


class Trader(DirectClient):
    """A client of the simulated venue that signs as Bitget's documentation says, and shares nothing with our own."""

    def __init__(
        self, venue: BitgetVenue, url: str | None = "/v2/ws/private", *, conn: int = 1, key: Keys | None = None
    ) -> None:
        super().__init__(venue, url, conn=conn)
        assert venue.keys is not None
        self.key = key or venue.keys

    def call(
        self,
        method: str,
        path: str,
        params: Mapping[str, object] | None = None,
        body: object = None,
        **headers: str,
    ) -> Response:
        """Send a signed request. A header given here replaces the right one, an empty one leaves it out."""
        query = "&".join(f"{name}={value}" for name, value in (params or {}).items())
        content = b"" if body is None else json.dumps(body).encode()
        now = headers.get("access_timestamp", str(self.venue.now_ns // 10**6))
        target = f"/api/v2{path}?{query}" if query else f"/api/v2{path}"
        right = {
            "access-key": self.key.api_key,
            "access-passphrase": self.key.passphrase or "",
            "access-timestamp": now,
            "access-sign": proof(self.key.api_secret, f"{now}{method}{target}{content.decode()}"),
            "content-type": "application/json",
        }
        worn = right | {name.replace("_", "-"): value for name, value in headers.items()}
        worn = {name: value for name, value in worn.items() if value}
        return self.ask(method, f"/api/v2{path}", query, headers=worn, body=content)

    def fetch(self, *asked: Any, **named: Any) -> Any:
        """Send a signed request and read what it brings."""
        answer = self.call(*asked, **named)
        told = json.loads(answer.body)
        assert (answer.status, told["code"]) == (200, "00000"), told
        return told["data"]

    def denied(self, *asked: Any, **named: Any) -> tuple[int, str]:
        """Send a signed request that is refused; return status and code."""
        answer = self.call(*asked, **named)
        told = json.loads(answer.body)
        assert set(told) == {"code", "msg", "requestTime", "data"}
        assert told["code"] != "00000"
        return answer.status, told["code"]

    def order(self, **fields: str) -> dict[str, str]:
        """Write an order: by default one that rests, below the market."""
        wanted = {"symbol": "LINKUSDT", "side": "buy", "orderType": "limit", "force": "gtc", "size": "1", "price": "10"}
        return {name: value for name, value in (wanted | fields).items() if value}

    def place(self, **fields: str) -> Any:
        """Place it."""
        return self.fetch("POST", "/spot/trade/place-order", body=self.order(**fields))

    def shown(self, order_id: str) -> Any:
        """Ask for one order."""
        (row,) = self.fetch("GET", "/spot/trade/orderInfo", {"orderId": order_id})
        return row

    def hear(self, op: str, *args: Mapping[str, str]) -> list[Any]:
        """Say something, and return the answers."""
        came = self.say(json.dumps({"op": op, "args": args}))
        return [json.loads(text) for text in came if isinstance(text, str)]

    def login(self, **changed: str) -> list[Any]:
        """Log in, as the documentation has it but for what is changed."""
        now = changed.get("timestamp", str(self.venue.now_ns // 10**9))
        right = {
            "apiKey": self.key.api_key,
            "passphrase": self.key.passphrase or "",
            "timestamp": now,
            "sign": proof(self.key.api_secret, f"{now}GET/user/verify"),
        }
        return self.hear("login", right | changed)

    def pushed(self, channel: str) -> list[Any]:
        """What a channel has pushed so far, row by row."""
        self.wait(0)
        told = [json.loads(text) for text in self.texts if text != "pong"]
        return [row for each in told if "action" in each and each["arg"]["channel"] == channel for row in each["data"]]


@pytest.fixture
def world() -> Callable[..., World]:
    return lambda **pace: World(seed=5, symbols=["BTC/USDT", "LINK/USDT", "ETH/BTC"], pace=Pace(**pace))


@pytest.fixture
def venues(world) -> Callable[..., BitgetVenue]:
    """Make venues, by default with a market that stands still."""

    def make(*, summed: bool = False, steps_per_s: float = 0) -> BitgetVenue:
        kind = SummedBitgetVenue if summed else BitgetVenue
        return kind(SimulationContext(world=world(steps_per_s=steps_per_s), faults=Faults()))

    return make


@pytest.fixture
def trader(venues) -> Trader:
    return Trader(venues())
