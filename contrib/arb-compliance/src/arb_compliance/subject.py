"""What is tested: one plugin as it is installed, and the ways to try it.

Made anew in each process that runs cases. Loading is lazy, so that a plugin that cannot even be imported fails the
cases that ask for it, and no others.
"""

import logging
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from random import Random
from types import ModuleType
from typing import Any, Literal, get_args, get_origin

import importlib_metadata
import msgspec
from arb_core.installed import PLUGINS, Found, discover
from arb_core.interfaces.context import Clock, RestRequest
from arb_core.interfaces.public import PublicExchange
from arb_core.interfaces.stream import StreamDialect
from arb_core.registry import Registry
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.context import Context
from arb_core.runtime.markets import MarketTable
from arb_core.runtime.rest import Rest
from arb_core.runtime.scanning import scanner_for
from arb_core.runtime.transport import Transport, TransportError
from arb_core.structs.card import Capability, ExchangeCard, ExchangeSettings
from arb_core.structs.market import VenueName

from arb_compliance import samples
from arb_compliance.canned import CannedTransport, Reply
from arb_compliance.expect import NotProved, fail
from arb_compliance.samples import Samples
from arb_compliance.watch import Watch

__all__ = ["HOOK", "Subject"]

HOOK = "arb_simulated_venue"


class Subject:
    """A plugin under test.

    Attributes:
        exchange: its id.
        watch: sees what it does behind the contract's back.
        warnings: what a case wants told though it passes.
        short: whether one example is enough, where a case draws many.
        kept: what several cases of one process look at and need not be made anew for each.
    """

    def __init__(self, exchange: str, *, watch: Watch) -> None:
        self.exchange = exchange
        self.watch = watch
        self.warnings: list[str] = []
        self.short = False
        self.kept: dict[object, object] = {}
        self._environ = dict(os.environ)

    @cached_property
    def registry(self) -> Registry:
        """The installed plugins, as every command sees them; its books are those of `on_books` meanwhile."""
        return Registry(self._environ)

    @contextmanager
    def on_books(self, name: str) -> Generator[None]:
        """Let venues keep their books in those of one factory."""
        before = self._environ.copy()
        self._environ["ARB_BOOK"] = name
        try:
            yield
        finally:
            self._environ.clear()
            self._environ.update(before)

    def scanned(self) -> str | None:
        """Name the installed books whose scanner reads this plugin's depth messages in place of its dialect."""
        factory, dialect = self.registry.book_factory(), self.dialect()
        return None if scanner_for(factory, dialect.layouts, dialect.book_rule) is None else factory.name

    @cached_property
    def found(self) -> Found:
        """The entry point that owns the id."""
        owners = discover(PLUGINS).get(self.exchange, [])
        if not owners:
            raise fail(
                f"no installed distribution has an entry point {self.exchange!r} in group {PLUGINS!r}",
                fix=f"[project.entry-points.{PLUGINS}] {self.exchange} = 'your_package.plugin'",
            )
        if len(owners) > 1:
            raise fail(f"{self.exchange!r} has {len(owners)} owners", found=", ".join(owner.owner for owner in owners))
        return owners[0]

    @cached_property
    def distribution(self) -> Any:
        """Its metadata."""
        return importlib_metadata.distribution(self.found.distribution)

    @property
    def package(self) -> str:
        """The import name."""
        return self.found.value.partition(".")[0].partition(":")[0]

    @cached_property
    def card(self) -> ExchangeCard:
        """Its facts. Raises `PluginBroken` for a plugin that cannot be loaded."""
        return self.registry.card(self.exchange)

    @cached_property
    def samples(self) -> Samples:
        """Its samples. Raises `NotProved` where it has none."""
        return samples.read(self.package)

    def context(
        self,
        *,
        transport: Transport | None = None,
        clock: Clock | None = None,
        settings: ExchangeSettings | None = None,
    ) -> Context:
        """What the core would hand to the plugin, with settings at their defaults and no instruments yet.

        Without a transport nothing can be sent: for what must be pure.
        """
        clock = clock or SystemClock()
        return Context(
            venue=VenueName(self.exchange),
            clock=clock,
            rest=Rest(
                self.card,
                transport or CannedTransport(_refuse, clock),
                clock,
                base_url=self.card.hosts.rest,
                rng=Random(0),  # noqa: S311 (jitter)
            ),
            settings=settings or self.card.settings(),
            markets=MarketTable(self.card.id),
            logger=logging.getLogger(f"arb_compliance.{self.exchange}"),
        )

    def public(self) -> PublicExchange:
        """The public side, not connected to anything."""
        return self.registry.public(self.exchange, self.context())

    def dialect(self, settings: ExchangeSettings | None = None) -> StreamDialect:
        """The public dialect, not connected to anything."""
        return self.registry.public_stream(self.exchange, self.context(settings=settings))

    def claims(self, *capabilities: Capability) -> bool:
        """Whether the card declares all of them."""
        return self.card.capabilities.issuperset(capabilities)

    def module(self, name: str) -> ModuleType | None:
        """One of its rooms, `card` or `parse`; None where it has no such room."""
        full = f"{self.package}.{name}"
        try:
            return sys.modules.get(full) or import_module(full)
        except ModuleNotFoundError as error:
            if error.name == full:
                return None
            raise

    @property
    def simulated(self) -> bool:
        """Whether it brings its own venue to be tried against."""
        return self.registry.implements(self.exchange, HOOK)

    def need_venue(self) -> None:
        """Raises `NotProved` for a plugin without a simulated venue."""
        if not self.simulated:
            raise NotProved("the plugin has no simulated venue (`sim`)")

    def variants(self) -> list[ExchangeSettings]:
        """Return the plugin's settings at their defaults, then with each other value of each field that has few."""
        kind = self.card.settings
        found = [kind()]
        common = {field.name for field in msgspec.structs.fields(ExchangeSettings)}
        for field in msgspec.structs.fields(kind):
            if field.name in common or get_origin(field.type) is not Literal:
                continue
            found += [kind(**{field.name: value}) for value in get_args(field.type) if value != field.default]
        return found

    def times(self, many: int) -> int:
        """How many examples a case draws: `many`, or one in the short form."""
        return 1 if self.short else many

    def warn(self, text: str) -> None:
        """Tell the author something that does not fail the case."""
        self.warnings.append(text)


def _refuse(request: RestRequest) -> Reply:
    raise TransportError(f"{request.path}: nothing may be sent here", sent=False)
