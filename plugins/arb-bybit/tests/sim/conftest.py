"""What the tests of the simulated side share: a client with a key, before a venue of its own."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from arb_bybit.sim import BybitVenue
from arb_sim.direct import DirectClient
from arb_sim.faults import Faults
from arb_sim.kernel.venue import SimulationContext
from arb_sim.venue import Keys, Response
from arb_sim.world import Pace, World

WINDOW = "5000"


def signature(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class Trader(DirectClient):
    """A client of the simulated venue that signs as Bybit's documentation says, and shares nothing with our own."""

    def __init__(
        self, venue: BybitVenue, url: str | None = "/v5/private", *, conn: int = 1, key: Keys | None = None
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
        *,
        sent: str | None = None,
        **headers: str,
    ) -> Response:
        """Send a signed request.

        `sent` is the query on the wire where it is not what was signed. A header given here replaces the right one, an
        empty one leaves it out.
        """
        query = "&".join(f"{name}={value}" for name, value in (params or {}).items())
        content = "" if body is None else body if isinstance(body, str) else json.dumps(body)
        now = headers.get("timestamp", str(self.venue.now_ms))
        window = headers.get("recv_window", WINDOW)
        text = f"{now}{self.key.api_key}{window}{query if method == 'GET' else content}"
        right = {
            "api_key": self.key.api_key,
            "timestamp": now,
            "recv_window": window,
            "sign": signature(self.key.api_secret, text),
        }
        worn = {f"x-bapi-{name.replace('_', '-')}": value for name, value in {**right, **headers}.items() if value}
        worn["content-type"] = "application/json"
        return self.ask(method, f"/v5{path}", query if sent is None else sent, headers=worn, body=content.encode())

    def told(self, *asked: Any, **named: Any) -> Any:
        """Send a signed request and read the whole answer, which is HTTP 200 whatever it says."""
        answer = self.call(*asked, **named)
        assert answer.status == 200, answer.body
        told = json.loads(answer.body)
        assert set(told) == {"retCode", "retMsg", "result", "retExtInfo", "time"}
        return told

    def fetch(self, *asked: Any, **named: Any) -> Any:
        """Send a signed request and read what it brings."""
        told = self.told(*asked, **named)
        assert told["retCode"] == 0, told
        return told["result"]

    def denied(self, *asked: Any, **named: Any) -> int:
        """Send a signed request that is refused; return its code."""
        told = self.told(*asked, **named)
        assert told["retCode"] != 0, told
        assert told["result"] == {}
        assert told["retMsg"]
        return told["retCode"]

    def wanted(self, **order: Any) -> dict[str, Any]:
        """Make an order: by default one that rests, below the market."""
        asked = {"category": "spot", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit"}
        asked |= {"qty": "0.01", "price": "80000", **order}
        return {name: value for name, value in asked.items() if value != ""}

    def place(self, **order: Any) -> Any:
        """Place an order, and return what there is of it afterwards."""
        ids = self.fetch("POST", "/order/create", body=self.wanted(**order))
        assert set(ids) == {"orderId", "orderLinkId"}
        return self.shown(ids["orderId"])

    def shown(self, order_id: str) -> Any:
        """What the venue shows of an order."""
        (order,) = self.fetch("GET", "/order/realtime", {"category": "spot", "orderId": order_id})["list"]
        return order

    def listed(self, path: str, **params: object) -> Any:
        """What a list holds."""
        return self.fetch("GET", path, {"category": "spot", **params})["list"]

    # The private socket

    def login(self, *, ahead_ms: int = 10_000, **changed: Any) -> Any:
        """Log in, and return the answer."""
        expires = changed.get("expires", self.venue.now_ms + ahead_ms)
        sign = changed.get("sign", signature(self.key.api_secret, f"GET/realtime{expires}"))
        return self.tell("auth", changed.get("key", self.key.api_key), expires, sign)

    def tell(self, op: str, *args: object, **more: object) -> Any:
        """Say something, and return the answer."""
        said = self.say(json.dumps({"op": op, "args": args, **more}))
        frames = [json.loads(frame) for frame in said if isinstance(frame, str)]
        return next((frame for frame in frames if "topic" not in frame), None)

    def pushed(self, topic: str) -> list[Any]:
        """What a topic has told so far, entry by entry."""
        return [entry for frame in self.frames(topic) for entry in frame["data"]]

    def frames(self, topic: str) -> list[Any]:
        """What a topic has pushed so far."""
        self.wait(0)
        told = [json.loads(text) for text in self.texts]
        return [each for each in told if each.get("topic") == topic]


@pytest.fixture
def traders() -> Callable[[], Trader]:
    """Make traders, each before a venue of its own whose market stands still."""

    def make() -> Trader:
        world = World(seed=5, symbols=["BTC/USDT", "LINK/USDT"], pace=Pace(steps_per_s=0))
        return Trader(BybitVenue(SimulationContext(world=world, faults=Faults())))

    return make


@pytest.fixture
def trader(traders) -> Trader:
    return traders()
