"""What the tests of the simulated side share: a client with a key, before a venue of its own."""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from arb_kucoin.sim import KucoinVenue
from arb_sim.direct import DirectClient
from arb_sim.faults import Faults
from arb_sim.kernel.venue import SimulationContext
from arb_sim.venue import Keys, Response
from arb_sim.world import Pace, World


class Trader(DirectClient):
    """A client of the simulated venue that signs as KuCoin's documentation says, and shares nothing with our own."""

    def __init__(self, venue: KucoinVenue, url: str | None = None, *, conn: int = 1, key: Keys | None = None) -> None:
        super().__init__(venue, url, conn=conn)
        assert venue.keys is not None
        self.key = key or venue.keys
        self.said = 0

    def _hmac(self, text: str, content: bytes = b"") -> str:
        return b64encode(hmac.digest(self.key.api_secret.encode(), text.encode() + content, hashlib.sha256)).decode()

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
        now = headers.get("kc_api_timestamp", str(self.venue.now_ms))
        right = {
            "kc-api-key": self.key.api_key,
            "kc-api-timestamp": now,
            "kc-api-sign": self._hmac(f"{now}{method}{path}{'?' if query else ''}{query}", content),
            "kc-api-passphrase": self._hmac(self.key.passphrase or ""),
            "kc-api-key-version": "2",
            "content-type": "application/json",
        }
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        worn = {name: value for name, value in {**right, **given}.items() if value}
        return self.ask(method, path, query if sent is None else sent, headers=worn, body=content)

    def fetch(self, *asked: Any, **named: Any) -> Any:
        """Send a signed request and read what it brings."""
        return brought(self.call(*asked, **named))

    def look(self, path: str, **params: str | int) -> Any:
        """Send a request without a key and read what it brings."""
        return brought(self.get(path, **params))

    def denied(self, *asked: Any, **named: Any) -> tuple[str, str]:
        """Send a signed request that is refused as a matter of business; return code and message."""
        answer = self.call(*asked, **named)
        assert answer.status == 200, answer.body
        return refusal(answer)

    def place(self, **order: object) -> Any:
        """Place an order: by default one that rests, below the market; return its id."""
        return self.fetch("POST", "/api/v1/hf/orders", body=written(**order))["orderId"]

    def declined(self, **order: object) -> tuple[str, str]:
        """Place an order that is refused; return code and message."""
        return self.denied("POST", "/api/v1/hf/orders", body=written(**order))

    def query(self, order_id: str, symbol: str = "BTC-USDT") -> Any:
        """Ask for an order."""
        return self.fetch("GET", f"/api/v1/hf/orders/{order_id}", {"symbol": symbol})

    def best(self) -> tuple[Decimal, Decimal]:
        """Best bid and ask."""
        row = self.look("/api/v1/market/orderbook/level1", symbol="BTC-USDT")
        return Decimal(row["bestBid"]), Decimal(row["bestAsk"])

    # The socket

    def connect(self, *, private: bool = False, conn: int = 1) -> "Trader":
        """Open a connection with a fresh token, and wait for the greeting."""
        bullet = (
            self.fetch("POST", "/api/v1/bullet-private")
            if private
            else brought(self.ask("POST", "/api/v1/bullet-public"))
        )
        path = urlsplit(bullet["instanceServers"][0]["endpoint"]).path
        url = f"{path}?token={bullet['token']}&connectId=c{conn}"
        listener = Trader(cast("KucoinVenue", self.venue), url, conn=conn, key=self.key)
        assert listener.refused is None
        listener.wait(0)
        assert listener.told[0]["type"] == "welcome"
        return listener

    @property
    def told(self) -> list[Any]:
        """All text messages that came."""
        return [json.loads(text) for text in self.texts]

    def hear(self, topic: str, kind: str = "subscribe", **more: object) -> Any:
        """Say something about a topic, and return the answer."""
        self.said += 1
        frame = {"id": str(self.said), "type": kind, "topic": topic, "response": True, **more}
        (answer,) = self.say(json.dumps(frame))
        return json.loads(str(answer))

    def pushed(self, topic: str) -> list[Any]:
        """What a topic has pushed so far, envelopes included."""
        self.wait(0)
        return [each for each in self.told if each["type"] == "message" and each["topic"] == topic]


def brought(answer: Response) -> Any:
    """Return what an answer brings."""
    told = json.loads(answer.body)
    assert (answer.status, told["code"]) == (200, "200000"), answer.body
    return told["data"]


def refusal(answer: Response) -> tuple[str, str]:
    """Return code and message of a refusal."""
    told = json.loads(answer.body)
    assert set(told) == {"code", "msg"}
    assert told["code"] != "200000"
    return told["code"], told["msg"]


def written(**order: object) -> dict[str, object]:
    """Write an order: by default one that rests, below the market. None leaves a field out."""
    usual = {"symbol": "BTC-USDT", "side": "buy", "type": "limit", "size": "0.001", "price": "80000"}
    return {name: value for name, value in {**usual, **order}.items() if value is not None}


@pytest.fixture
def traders() -> Callable[..., Trader]:
    """Make traders, each before a venue of its own whose market stands still unless it is told to move."""

    def make(steps_per_s: float = 0) -> Trader:
        pace = Pace(steps_per_s=steps_per_s, volatility=5e-4)
        world = World(seed=5, symbols=["BTC/USDT", "LINK/USDT"], pace=pace)
        return Trader(KucoinVenue(SimulationContext(world=world, faults=Faults())))

    return make


@pytest.fixture
def trader(traders: Callable[..., Trader]) -> Trader:
    return traders()
