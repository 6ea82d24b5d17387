"""What the tests of the simulated side share: a client with a key, before a venue of its own."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from arb_kraken.sim import KrakenVenue
from arb_sim.direct import DirectClient
from arb_sim.faults import Faults
from arb_sim.kernel.venue import SimulationContext
from arb_sim.venue import Keys, Response
from arb_sim.world import Pace, World


class Trader(DirectClient):
    """A client of the simulated venue that signs as Kraken's documentation says, and shares nothing with our own."""

    def __init__(self, venue: KrakenVenue, url: str | None = "/v2", *, conn: int = 1, key: Keys | None = None) -> None:
        super().__init__(venue, url, conn=conn)
        assert venue.keys is not None
        self.key = key or venue.keys
        self.nonce = venue.now_ns // 10**6
        self.wait(0)  # the greeting

    def call(self, name: str, *, nonce: int | None = None, sent: bytes | None = None, **params: object) -> Response:
        """Send a signed request; `sent` is the body on the wire where it is not what was signed."""
        self.nonce += 1
        used = self.nonce if nonce is None else nonce
        body = urlencode({"nonce": used, **params}).encode()
        path = f"/0/private/{name}"
        digest = hashlib.sha256(f"{used}".encode() + body).digest()
        sign = hmac.digest(base64.b64decode(self.key.api_secret), path.encode() + digest, "sha512")
        headers = {
            "api-key": self.key.api_key,
            "api-sign": base64.b64encode(sign).decode(),
            "content-type": "application/x-www-form-urlencoded",
        }
        return self.ask("POST", path, "", headers=headers, body=body if sent is None else sent)

    def fetch(self, name: str, **params: Any) -> Any:
        """Send a signed request and read what it brings."""
        told = json.loads(self.call(name, **params).body)
        assert told["error"] == [], told
        return told["result"]

    def denied(self, name: str, **params: Any) -> str:
        """Send a signed request that is refused; return why."""
        answer = self.call(name, **params)
        assert answer.status == 200
        told = json.loads(answer.body)
        assert set(told) == {"error"}
        (why,) = told["error"]
        return why

    def public(self, name: str, query: str = "") -> Any:
        """Send a request that needs no key, and read it whole."""
        return json.loads(self.ask("GET", f"/0/public/{name}", query).body)

    def place(self, **order: str) -> str:
        """Place an order: by default one that rests, below the market. Return its id."""
        wanted = {"pair": "XBTUSDT", "type": "buy", "ordertype": "limit", "volume": "0.01", "price": "80000", **order}
        (txid,) = self.fetch("AddOrder", **wanted)["txid"]
        return txid

    def tell(self, method: str, **params: object) -> list[Any]:
        """Say something over the socket, and return what came at once."""
        frame = {"method": method, "params": params, "req_id": 7}
        return [json.loads(str(text)) for text in self.say(json.dumps(frame))]

    def pushed(self, channel: str) -> list[Any]:
        """What a channel has pushed so far, without snapshots."""
        self.wait(0)
        told = [json.loads(text) for text in self.texts]
        return [
            entry
            for each in told
            if each.get("channel") == channel and each["type"] == "update"
            for entry in each["data"]
        ]


@pytest.fixture
def traders() -> Callable[[], Trader]:
    """Make traders, each before a venue of its own whose market stands still."""

    def make() -> Trader:
        world = World(seed=5, symbols=["BTC/USDT", "LINK/USDT"], pace=Pace(steps_per_s=0))
        return Trader(KrakenVenue(SimulationContext(world=world, faults=Faults())))

    return make


@pytest.fixture
def trader(traders) -> Trader:
    return traders()
