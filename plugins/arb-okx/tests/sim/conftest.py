"""What the tests of the simulated side share: a client with a key, before a venue of its own."""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from arb_okx.sim import OkxVenue
from arb_sim.direct import DirectClient
from arb_sim.faults import Faults
from arb_sim.kernel.venue import SimulationContext
from arb_sim.venue import Keys, Response
from arb_sim.world import Pace, World


class Trader(DirectClient):
    """A client of the simulated venue that signs as OKX's documentation says, and shares nothing with our own."""

    def __init__(
        self, venue: OkxVenue, url: str | None = "/ws/v5/private", *, conn: int = 1, key: Keys | None = None
    ) -> None:
        super().__init__(venue, url, conn=conn)
        assert venue.keys is not None
        self.key = key or venue.keys

    @property
    def now_ms(self) -> int:
        return self.venue.now_ns // 10**6

    def signed(self, text: str) -> str:
        return b64encode(hmac.new(self.key.api_secret.encode(), text.encode(), hashlib.sha256).digest()).decode()

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
        moment = datetime.fromtimestamp(self.now_ms / 1000, UTC).isoformat(timespec="milliseconds")
        now = headers.get("ok_access_timestamp", moment.replace("+00:00", "Z"))
        target = f"/api/v5/{path}?{query}" if query else f"/api/v5/{path}"
        right = {
            "ok_access_key": self.key.api_key,
            "ok_access_sign": self.signed(f"{now}{method}{target}{content.decode()}"),
            "ok_access_timestamp": now,
            "ok_access_passphrase": self.key.passphrase or "",
            "content_type": "application/json",
        }
        worn = {name.replace("_", "-"): value for name, value in {**right, **headers}.items() if value}
        return self.ask(method, f"/api/v5/{path}", query if sent is None else sent, headers=worn, body=content)

    def fetch(self, *asked: Any, **named: Any) -> Any:
        """Send a signed request and read what it brings."""
        answer = self.call(*asked, **named)
        told = json.loads(answer.body)
        assert (answer.status, told["code"]) == (200, "0"), answer.body
        return told["data"]

    def denied(self, *asked: Any, **named: Any) -> tuple[int, str]:
        """Send a signed request that is refused; return status and the code that says why."""
        answer = self.call(*asked, **named)
        told = json.loads(answer.body)
        assert told["code"] != "0", answer.body
        if not told.get("data"):
            return answer.status, told["code"]
        (row,) = told["data"]
        assert (told["code"], told["msg"]) == ("1", "All operations failed")
        return answer.status, row["sCode"]

    def wanted(self, **order: str) -> dict[str, str]:
        """An order as it is written: by default one that rests, below the market."""
        body = {"instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "0.01", "px": "80000"}
        return {name: value for name, value in {**body, **order}.items() if value}

    def place(self, **order: str) -> Any:
        """Place an order."""
        (row,) = self.fetch("POST", "trade/order", body=self.wanted(**order))
        return row

    def order(self, order_id: str, pair: str = "BTC-USDT") -> Any:
        """What the venue shows of an order."""
        (row,) = self.fetch("GET", "trade/order", {"instId": pair, "ordId": order_id})
        return row

    def hear(self, frame: Mapping[str, object]) -> list[Any]:
        """Say something, and return what comes at once."""
        return [json.loads(str(told)) for told in self.say(json.dumps(frame)) if isinstance(told, str)]

    def login(self, **other: str) -> Any:
        """Log in, and return the answer."""
        now = other.get("timestamp", str(self.now_ms // 1000))
        arg = {
            "apiKey": self.key.api_key,
            "passphrase": self.key.passphrase or "",
            "timestamp": now,
            "sign": self.signed(f"{now}GET/users/self/verify"),
        }
        return self.hear({"op": "login", "args": [{**arg, **other}]})[0]

    def follow(self, channel: str, **arg: str) -> list[Any]:
        """Subscribe, and return what comes at once."""
        return self.hear({"op": "subscribe", "args": [{"channel": channel, **arg}]})

    def pushed(self, channel: str) -> list[Any]:
        """What a channel has pushed so far."""
        self.wait(0)
        told = [json.loads(text) for text in self.texts if text.startswith("{")]
        return [each for each in told if "data" in each and each.get("arg", {}).get("channel") == channel]


@pytest.fixture
def traders() -> Callable[[], Trader]:
    """Make traders, each before a venue of its own whose market stands still."""

    def make() -> Trader:
        world = World(seed=5, symbols=["BTC/USDT", "LINK/USDT"], pace=Pace(steps_per_s=0))
        return Trader(OkxVenue(SimulationContext(world=world, faults=Faults())))

    return make


@pytest.fixture
def trader(traders) -> Trader:
    return traders()


@pytest.fixture
def client_of() -> type[Trader]:
    """What makes a trader before a certain venue."""
    return Trader
