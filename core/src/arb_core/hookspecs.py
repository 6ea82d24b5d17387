"""The hooks, one class per family. A hook is asked once, at start; no frame, order or notice ever passes through one.

A plugin is a module named by an entry point of group `arb`, whose entry name is the id it owns. It implements the
hooks of its family with `hookimpl`:

    from arb_core import hookimpl

    @hookimpl
    def arb_exchange_card() -> ExchangeCard:
        return CARD
"""

from typing import TYPE_CHECKING, Protocol

import pluggy

if TYPE_CHECKING:
    from arb_core.interfaces.book import BookFactory
    from arb_core.interfaces.context import ExchangeContext
    from arb_core.interfaces.observer import Observer, ObserverContext
    from arb_core.interfaces.private import PrivateExchange
    from arb_core.interfaces.public import PublicExchange
    from arb_core.interfaces.strategy import Strategy
    from arb_core.interfaces.stream import StreamDialect
    from arb_core.structs.account import Credentials
    from arb_core.structs.card import ExchangeCard, ObserverCard, StrategyCard

__all__ = [
    "PROJECT",
    "BookHooks",
    "ExchangeHooks",
    "ObserverHooks",
    "PrivateHooks",
    "PublicHooks",
    "StrategyHooks",
    "StreamHooks",
    "hookimpl",
    "hookspec",
]

PROJECT = "arb"
"""The pluggy project, and the entry-point group of plugins."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class ExchangeHooks(Protocol):
    """What an exchange is."""

    @hookspec
    def arb_exchange_card(self) -> "ExchangeCard":
        """Return the facts of the exchange. Does no work.

        Example:
            @hookimpl
            def arb_exchange_card() -> ExchangeCard:
                return CARD
        """
        ...


class PublicHooks(Protocol):
    """Market data by request."""

    @hookspec
    def arb_public_exchange(self, context: "ExchangeContext") -> "PublicExchange":
        """Return the public REST side.

        Example:
            @hookimpl
            def arb_public_exchange(context: ExchangeContext) -> PublicExchange:
                return Public(context)
        """
        ...


class PrivateHooks(Protocol):
    """An account by request."""

    @hookspec
    def arb_private_exchange(self, context: "ExchangeContext", credentials: "Credentials") -> "PrivateExchange":
        """Return the private REST side of one account.

        Example:
            @hookimpl
            def arb_private_exchange(context: ExchangeContext, credentials: Credentials) -> PrivateExchange:
                return Private(context, credentials)
        """
        ...


class StreamHooks(Protocol):
    """Market data and account events by subscription."""

    @hookspec
    def arb_public_stream(self, context: "ExchangeContext") -> "StreamDialect":
        """Return the dialect of the public socket.

        Example:
            @hookimpl
            def arb_public_stream(context: ExchangeContext) -> StreamDialect:
                return PublicStream(context)
        """
        ...

    @hookspec
    def arb_private_stream(self, context: "ExchangeContext", credentials: "Credentials") -> "StreamDialect":
        """Return the dialect of the private socket.

        Example:
            @hookimpl
            def arb_private_stream(context: ExchangeContext, credentials: Credentials) -> StreamDialect:
                return PrivateStream(context, credentials)
        """
        ...


class StrategyHooks(Protocol):
    """What turns books into opportunities."""

    @hookspec
    def arb_strategy_card(self) -> "StrategyCard":
        """Return the facts of the strategy.

        Example:
            @hookimpl
            def arb_strategy_card() -> StrategyCard:
                return CARD
        """
        ...

    @hookspec
    def arb_strategy(self, settings: object) -> "Strategy":
        """Return a strategy; `settings` is an instance of the card's settings struct.

        Example:
            @hookimpl
            def arb_strategy(settings: Settings) -> Strategy:
                return Spatial(settings)
        """
        ...


class ObserverHooks(Protocol):
    """What is told of decisions and of what became of them."""

    @hookspec
    def arb_observer_card(self) -> "ObserverCard":
        """Return the facts of the observer.

        Example:
            @hookimpl
            def arb_observer_card() -> ObserverCard:
                return CARD
        """
        ...

    @hookspec
    def arb_observer(self, context: "ObserverContext") -> "Observer | None":
        """Return an observer, or None where its settings leave it nothing to do. Opens nothing: that is `start`.

        Example:
            @hookimpl
            def arb_observer(context: ObserverContext) -> Observer | None:
                return Ticker(context.settings)
        """
        ...


class BookHooks(Protocol):
    """How order books are stored."""

    @hookspec
    def arb_book_factory(self) -> "BookFactory":
        """Return a factory; the highest rank wins, `ARB_BOOK=<name>` forces one.

        Example:
            @hookimpl
            def arb_book_factory() -> BookFactory:
                return FACTORY
        """
        ...
