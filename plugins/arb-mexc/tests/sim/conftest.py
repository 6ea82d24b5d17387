"""What the tests of the simulated side share: a client with a key, before a venue of its own."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from arb_mexc._proto.push_pb2 import PushDataV3ApiWrapper
from arb_mexc.sim import MexcVenue
from arb_sim.direct import DirectClient
from arb_sim.faults import Faults
from arb_sim.kernel.venue import SimulationContext
from arb_sim.venue import Response
from arb_sim.world import Pace, World
from google.protobuf.json_format import MessageToDict


class Trader(DirectClient):
    """A client of the simulated venue with a key, that signs as the documentation says. Nothing of ours takes part."""

    def __init__(self, venue: MexcVenue, url: str | None = None, *, conn: int = 1) -> None:
        super().__init__(venue, url, conn=conn)
        assert venue.keys is not None
        self.key = venue.keys

    def call(self, method: str, path: str, params: Mapping[str, object] | None = None, **headers: str) -> Response:
        """Send a signed request. A header given here replaces the right one, an empty one leaves it out."""
        query = urlencode({"timestamp": self.venue.now_ms, **(params or {})})
        signed = hmac.new(self.key.api_secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        right = {"x-mexc-apikey": self.key.api_key, "content-type": "application/json"}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        worn = {name: value for name, value in {**right, **given}.items() if value}
        return self.ask(method, f"/api/v3/{path}", f"{query}&signature={signed}", headers=worn)

    def fetch(self, method: str, path: str, **params: object) -> Any:
        """Send a signed request and read what it brings."""
        answer = self.call(method, path, params)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def denied(self, method: str, path: str, **params: object) -> Any:
        """Send a signed request that is refused; return the code."""
        answer = self.call(method, path, params)
        assert answer.status == 400, answer.body
        told = json.loads(answer.body)
        assert set(told) == {"code", "msg"}
        return told["code"]

    def place(self, **order: object) -> Any:
        """Place an order: by default one that rests, below the market."""
        wanted = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "0.01", "price": "80000", **order}
        return self.fetch("POST", "order", **{name: value for name, value in wanted.items() if value is not None})

    def best(self) -> tuple[Decimal, Decimal]:
        """Best bid and ask."""
        row = json.loads(self.get("/api/v3/ticker/bookTicker", symbol="BTCUSDT").body)
        return Decimal(row["bidPrice"]), Decimal(row["askPrice"])

    def listen(self, *channels: str) -> "Trader":
        """Open a connection with a fresh listen key that follows these private channels."""
        key = self.fetch("POST", "userDataStream")["listenKey"]
        listener = Trader(cast("MexcVenue", self.venue), f"/ws?listenKey={key}", conn=self.conn + 100)
        for channel in channels:
            frame = {"method": "SUBSCRIPTION", "params": [f"spot@private.{channel}.v3.api.pb"]}
            (answer,) = listener.say(json.dumps(frame))
            assert json.loads(str(answer))["msg"] == f"spot@private.{channel}.v3.api.pb"
        return listener

    def pushed(self) -> list[dict[str, Any]]:
        """What was pushed so far."""
        self.wait(0)
        return [MessageToDict(PushDataV3ApiWrapper.FromString(frame)) for frame in self.binaries]


@pytest.fixture
def trader() -> Trader:
    """Before a venue whose market stands still."""
    world = World(seed=5, symbols=["BTC/USDT", "LINK/USDT"], pace=Pace(steps_per_s=0))
    return Trader(MexcVenue(SimulationContext(world=world, faults=Faults())))
