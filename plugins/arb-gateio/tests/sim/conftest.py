"""What the tests of the simulated side share: a client with a key, before a venue of its own."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from arb_gateio.sim import GateioVenue
from arb_sim.direct import DirectClient
from arb_sim.faults import Faults
from arb_sim.kernel.venue import SimulationContext
from arb_sim.venue import Keys, Response
from arb_sim.world import Pace, World


class Trader(DirectClient):
    """A client of the simulated venue that signs as Gate.io's documentation says, and shares nothing with our own."""

    def __init__(
        self, venue: GateioVenue, url: str | None = "/ws/v4/", *, conn: int = 1, key: Keys | None = None
    ) -> None:
        super().__init__(venue, url, conn=conn)
        assert venue.keys is not None
        self.key = key or venue.keys

    @property
    def now_s(self) -> int:
        return self.venue.now_ns // 10**9

    def call(
        self,
        method: str,
        path: str,
        params: Mapping[str, object] | None = None,
        body: object = None,
        *,
        sent: str | None = None,
        **headers: str,
    ) -> Response:
        """Send a signed request.

        `sent` is the query on the wire where it is not what was signed. A header given here replaces the right one, an
        empty one leaves it out.
        """
        query = "&".join(f"{name}={value}" for name, value in (params or {}).items())
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        now = headers.get("timestamp", str(self.now_s))
        text = "\n".join([method, f"/api/v4{path}", query, hashlib.sha512(content).hexdigest(), now])
        sign = hmac.new(self.key.api_secret.encode(), text.encode(), hashlib.sha512).hexdigest()
        right = {"key": self.key.api_key, "timestamp": now, "sign": sign, "content-type": "application/json"}
        worn = {name.replace("_", "-"): value for name, value in {**right, **headers}.items() if value}
        return self.ask(method, f"/api/v4{path}", query if sent is None else sent, headers=worn, body=content)

    def fetch(self, *asked: Any, **named: Any) -> Any:
        """Send a signed request and read what it brings."""
        answer = self.call(*asked, **named)
        assert answer.status < 300, answer.body
        return json.loads(answer.body)

    def denied(self, *asked: Any, **named: Any) -> tuple[int, str]:
        """Send a signed request that is refused; return status and label."""
        answer = self.call(*asked, **named)
        assert answer.status >= 400, answer.body
        told = json.loads(answer.body)
        assert set(told) == {"label", "message"}
        return answer.status, told["label"]

    def place(self, **order: str) -> Any:
        """Place an order: by default one that rests, below the market."""
        wanted = {"currency_pair": "BTC_USDT", "side": "buy", "amount": "0.01", "price": "80000", **order}
        return self.fetch("POST", "/spot/orders", body={name: value for name, value in wanted.items() if value})

    def hear(self, channel: str, *payload: str, event: str = "subscribe", **more: object) -> Any:
        """Say something signed about a channel, and return the answer."""
        text = f"channel={channel}&event={event}&time={self.now_s}"
        sign = hmac.new(self.key.api_secret.encode(), text.encode(), hashlib.sha512).hexdigest()
        auth = {"method": "api_key", "KEY": self.key.api_key, "SIGN": sign}
        frame = {
            "time": self.now_s,
            "id": 7,
            "channel": channel,
            "event": event,
            "payload": list(payload),
            "auth": auth,
        }
        return json.loads(str(self.say(json.dumps({**frame, **more}))[0]))

    def pushed(self, channel: str) -> list[Any]:
        """What a channel has pushed so far."""
        self.wait(0)
        told = [json.loads(text) for text in self.texts]
        return [
            entry
            for each in told
            if each.get("event") == "update" and each["channel"] == channel
            for entry in each["result"]
        ]


@pytest.fixture
def traders() -> Callable[[], Trader]:
    """Make traders, each before a venue of its own whose market stands still."""

    def make() -> Trader:
        world = World(seed=5, symbols=["BTC/USDT", "LINK/USDT"], pace=Pace(steps_per_s=0))
        return Trader(GateioVenue(SimulationContext(world=world, faults=Faults())))

    return make


@pytest.fixture
def trader(traders) -> Trader:
    return traders()
