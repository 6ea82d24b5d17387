"""An exchange as its tests see it: what they must be told of it, and what is made from that.

Entered by the `conftest.py` of an exchange, which states an `Exchange`, and by `arb_core.testing.fixtures`. Objects are
made through the plugin's own hooks, as the core makes them, so that nothing here knows the names within a plugin.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import ModuleType
from typing import Any, cast

import msgspec

from arb_core.interfaces.context import Clock, RestClient, RestRequest
from arb_core.interfaces.stream import Sink, StreamDialect
from arb_core.runtime.markets import MarketTable
from arb_core.runtime.rest import Rest
from arb_core.structs.account import Credentials
from arb_core.structs.card import ExchangeCard, ExchangeSettings
from arb_core.structs.market import Instrument, Symbol, VenueName
from arb_core.testing.rest import NOW_NS, Answers, StandingClock, Wire

__all__ = ["CREDENTIALS", "NOW_NS", "PASSPHRASE", "Context", "Exchange", "heard"]

PASSPHRASE = "marked-passphrase-of-tests"
CREDENTIALS = Credentials(api_key="marked-key-of-tests", api_secret="marked-secret-of-tests", api_passphrase=PASSPHRASE)
"""Marked, so that a test can look for them where no secret may be."""


class Context:
    """What the core would hand over, without a core. A test may put another part in."""

    def __init__(self, card: ExchangeCard, settings: ExchangeSettings, markets: MarketTable, rest: RestClient) -> None:
        self.venue = VenueName(card.id)
        self.clock: Clock = StandingClock()
        self.rest = rest
        self.settings = settings
        self.markets = markets
        self.logger = logging.getLogger(card.id)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """The facts that a plugin's tests begin with."""

    plugin: ModuleType
    """The module with the hooks."""
    listed: str
    """The sample that lists instruments, and with it"""
    instruments: Callable[[bytes], Mapping[Symbol, Instrument]]
    """what parses it."""
    listed_at: str = ""
    """Its key, where the file holds several samples."""
    credentials: Credentials = CREDENTIALS
    """Others where the venue's secrets have a form of their own."""
    headers: Callable[[RestRequest], Mapping[str, str]] = lambda _request: {}
    """What a request of an account must have for headers when it leaves at `NOW_NS`."""
    nothing: bytes = b"{}"
    """The body with which the venue says that all is well, and no more."""

    @property
    def card(self) -> ExchangeCard:
        """The facts of the venue."""
        return cast("ExchangeCard", self.plugin.arb_exchange_card())

    def sample(self, name: str, at: str = "") -> bytes:
        """Read a sample that the plugin's wheel carries; of a file of several, the one that stands `at` a key."""
        whole = (files(cast("str", self.plugin.__package__)) / "samples" / name).read_bytes()
        return bytes(msgspec.json.decode(whole, type=dict[str, msgspec.Raw])[at]) if at else whole

    def markets(self) -> MarketTable:
        """List the instruments of the sample."""
        table = MarketTable(self.card.id)
        table.fill(self.instruments(self.sample(self.listed, self.listed_at)))
        return table

    def context(self, markets: MarketTable) -> Context:
        """Return what market data is made from: its `rest` are `Answers`."""
        return Context(self.card, self.card.settings(), markets, Answers())

    def account_context(self, wire: Wire) -> Context:
        """Return what an account is made from: the core's own REST client before a wire."""
        rest = Rest(self.card, wire, StandingClock())
        return Context(self.card, self.card.settings(), MarketTable(self.card.id), rest)


class _Told:
    """A sink that writes down what it is told: name and arguments."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name not in Sink.__abstractmethods__:
            raise AttributeError(name)
        return lambda *told, **named: self.calls.append((name, *told, *named.values()))


def heard(dialect: StreamDialect, frame: bytes) -> list[tuple[Any, ...]]:
    """Decode one frame and return what the sink was told. The frame's memory is used again afterwards, as in life."""
    told = _Told()
    memory = bytearray(frame)
    dialect.decode(memoryview(memory), 0, cast("Sink", told))
    memory[:] = b"\xaa" * len(memory)
    return told.calls
