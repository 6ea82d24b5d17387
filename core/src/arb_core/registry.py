"""Finds plugins and asks them: the only room that calls pluggy, and only while something starts.

Entered by `venue`, the engine's wiring and the command line. What others install is never trusted to be whole: each
plugin is loaded, checked and asked by itself, so that a broken one is broken alone, and what a hook returns is checked
before it goes any further. Loading is lazy: asking for one exchange imports no other.
"""

import difflib
import inspect
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from typing import Any, Literal, TypeVar

import importlib_metadata
import msgspec
import pluggy

from arb_core import hookspecs
from arb_core.errors import ArbError, PluginBroken, PluginMissing, SettingsError
from arb_core.installed import ID, PLUGINS, SPECS, Found, canonical, discover
from arb_core.interfaces.book import BookFactory, OrderBook
from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.observer import Observer, ObserverContext
from arb_core.interfaces.private import PrivateExchange
from arb_core.interfaces.public import PublicExchange
from arb_core.interfaces.strategy import Strategy
from arb_core.interfaces.stream import StreamDialect
from arb_core.known import COMMANDS as ADDED_COMMANDS
from arb_core.known import DISTRIBUTIONS, FAMILIES
from arb_core.structs.account import Credentials
from arb_core.structs.card import CONTRACT, ExchangeCard, ExchangeSettings, ObserverCard, StrategyCard

__all__ = ["PluginEntry", "Registry", "load"]

T = TypeVar("T")

_FIRST_PARTY = frozenset({"arb-core", *DISTRIBUTIONS.values(), *ADDED_COMMANDS.values()})

_DOCS = {
    "exchange": "docs/how-to/add-an-exchange.md",
    "observer": "docs/how-to/write-an-observer.md",
    "strategy": "docs/how-to/write-a-strategy.md",
}

_SPECIFICATIONS = (
    hookspecs.ExchangeHooks,
    hookspecs.PublicHooks,
    hookspecs.PrivateHooks,
    hookspecs.StreamHooks,
    hookspecs.StrategyHooks,
    hookspecs.ObserverHooks,
    hookspecs.BookHooks,
)

_FAMILIES = {
    "arb_exchange_card": "exchange",
    "arb_public_exchange": "public",
    "arb_private_exchange": "private",
    "arb_public_stream": "stream",
    "arb_private_stream": "stream",
    "arb_strategy_card": "strategy",
    "arb_strategy": "strategy",
    "arb_observer_card": "observer",
    "arb_observer": "observer",
    "arb_book_factory": "book",
}

_NEEDS = {
    "arb_public_exchange": "arb_exchange_card",
    "arb_private_exchange": "arb_exchange_card",
    "arb_public_stream": "arb_exchange_card",
    "arb_private_stream": "arb_exchange_card",
    "arb_strategy": "arb_strategy_card",
    "arb_strategy_card": "arb_strategy",
    "arb_observer": "arb_observer_card",
    "arb_observer_card": "arb_observer",
}
"""A hook on the left is of no use without the one on the right."""


class PluginEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One installed plugin as `arb plugins` shows it. `reason` and `cure` are set when it is broken."""

    id: str
    distribution: str
    version: str | None
    state: Literal["ok", "broken"]
    families: tuple[str, ...] = ()
    reason: str | None = None
    cure: str | None = None
    card: ExchangeCard | StrategyCard | ObserverCard | None = None


class _Refusal(Exception):
    """Why one plugin cannot be used, before it is known to whom that is told."""

    def __init__(self, reason: str, cure: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cure = cure


class _Slot:
    """What became of one id."""

    def __init__(self, owners: list[Found]) -> None:
        self.owners = owners
        self.loaded = False
        self.plugin: object = None
        self.hooks: frozenset[str] = frozenset()
        self.card: ExchangeCard | None = None
        self.strategy_card: StrategyCard | None = None
        self.observer_card: ObserverCard | None = None
        self.refusal: _Refusal | None = None

    @property
    def found(self) -> Found:
        return self.owners[0]

    def entries(self) -> Iterable[PluginEntry]:
        for found in self.owners:
            yield PluginEntry(
                id=found.name,
                distribution=found.distribution,
                version=found.version,
                state="ok" if self.refusal is None else "broken",
                families=tuple(dict.fromkeys(_FAMILIES.get(hook, _family(hook)) for hook in sorted(self.hooks))),
                reason=None if self.refusal is None else self.refusal.reason,
                cure=None if self.refusal is None else self.refusal.cure,
                card=self.card or self.strategy_card or self.observer_card,
            )


def load(found: Found) -> object:
    """Import what an entry point names.

    Raises:
        PluginBroken: it cannot be imported.
    """
    try:
        return _load(found)
    except _Refusal as refusal:
        error = PluginBroken(refusal.reason, name=found.name, distribution=found.owner, cure=refusal.cure)
        raise error from refusal.__cause__


class Registry:
    """The installed plugins behind one method per hook. Make one at start and pass it on.

    Args:
        environ: where `ARB_BOOK` is read; the process environment by default.
        allow: the distributions whose plugins may be used; of any other one nothing is imported. None = all.

    Raises:
        PluginMissing: from any method that takes an id, for an id that nobody owns. The message holds the cure.
        PluginBroken: from the same methods, for a plugin that does not keep the contract.
    """

    def __init__(self, environ: Mapping[str, str] | None = None, *, allow: Collection[str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._allow = None if allow is None else frozenset(map(canonical, allow))
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._specifications: list[Any] = list(_SPECIFICATIONS)
        for specification in self._specifications:
            self._manager.add_hookspecs(specification)

    @cached_property
    def _slots(self) -> dict[str, _Slot]:
        self._broken_specs = tuple(self._add_specifications())
        return {name: _Slot(owners) for name, owners in self._allowed(PLUGINS).items()}

    _broken_specs: tuple[PluginEntry, ...] = ()

    def _allowed(self, group: str) -> dict[str, list[Found]]:
        """Return the entry points of a group as far as they may be used."""
        allow, found = self._allow, discover(group)
        if allow is None:
            return found
        allowed = {
            name: [owner for owner in owners if canonical(owner.distribution) in allow]
            for name, owners in found.items()
        }
        return {name: owners for name, owners in allowed.items() if owners}

    def _add_specifications(self) -> Iterable[PluginEntry]:
        """Take the hooks that others add; one that cannot be taken is told, and missed by its users alone."""
        for owners in self._allowed(SPECS).values():
            for found in owners:
                try:
                    specification = _load(found)
                    pluggy.PluginManager(hookspecs.PROJECT).add_hookspecs(specification)  # a rehearsal
                    self._manager.add_hookspecs(specification)
                except (_Refusal, ValueError) as error:
                    yield PluginEntry(
                        id=found.name,
                        distribution=found.distribution,
                        version=found.version,
                        state="broken",
                        families=("specs",),
                        reason=error.reason if isinstance(error, _Refusal) else str(error),
                        cure=_update(found),
                    )
                else:
                    self._specifications.append(specification)

    # What is installed.

    def plugins(self) -> list[PluginEntry]:
        """Return every installed plugin, broken ones included, by id. Loads all of them."""
        slots = [self._loaded(slot) for slot in self._slots.values()]
        return [entry for slot in slots for entry in slot.entries()] + list(self._broken_specs)

    def exchanges(self) -> list[PluginEntry]:
        """Return the plugins that are an exchange, and the broken ones: nobody knows what those are."""
        return [entry for entry in self.plugins() if "exchange" in entry.families or entry.state == "broken"]

    # One method per hook.

    def card(self, name: str) -> ExchangeCard:
        """Return the facts of an exchange."""
        card = self._owner(name, "exchange").card
        if card is None:
            raise PluginMissing(f"{name!r} is installed but is not an exchange", name=name)
        return card

    def public(self, name: str, context: ExchangeContext) -> PublicExchange:
        """Return the public REST side of an exchange."""
        return self.ask(name, "arb_public_exchange", PublicExchange, context=context)  # type: ignore[type-abstract]

    def private(self, name: str, context: ExchangeContext, credentials: Credentials) -> PrivateExchange:
        """Return the private REST side of an account on an exchange."""
        kind = PrivateExchange
        return self.ask(name, "arb_private_exchange", kind, context=context, credentials=credentials)  # type: ignore[type-abstract]

    def public_stream(self, name: str, context: ExchangeContext) -> StreamDialect:
        """Return the dialect of an exchange's public socket."""
        return self.ask(name, "arb_public_stream", StreamDialect, context=context)  # type: ignore[type-abstract]

    def private_stream(self, name: str, context: ExchangeContext, credentials: Credentials) -> StreamDialect:
        """Return the dialect of an exchange's private socket."""
        kind = StreamDialect
        return self.ask(name, "arb_private_stream", kind, context=context, credentials=credentials)  # type: ignore[type-abstract]

    def strategy_card(self, name: str) -> StrategyCard:
        """Return the facts of a strategy."""
        card = self._owner(name, "strategy").strategy_card
        if card is None:
            raise PluginMissing(f"{name!r} is installed but is not a strategy", name=name)
        return card

    def strategy(self, name: str, settings: object) -> Strategy:
        """Return a strategy made with an instance of its card's settings struct."""
        self.strategy_card(name)
        return self.ask(name, "arb_strategy", Strategy, settings=settings)  # type: ignore[type-abstract]

    def observer_card(self, name: str) -> ObserverCard:
        """Return the facts of an observer."""
        card = self._owner(name, "observer").observer_card
        if card is None:
            raise PluginMissing(f"{name!r} is installed but is not an observer", name=name)
        return card

    def observer(self, name: str, context: ObserverContext) -> Observer | None:
        """Return an observer, not yet started; None where its settings leave it nothing to do."""
        self.observer_card(name)
        return self._ask_owner(self._owner(name, "observer"), "arb_observer", _is_an_observer, {"context": context})

    def book_factory(self) -> BookFactory:
        """Return what makes order books: the highest rank, or the one that `ARB_BOOK` names.

        Raises:
            SettingsError: `ARB_BOOK` names none that is installed.
        """
        from arb_core.runtime.book import SORTED

        forced = self._environ.get("ARB_BOOK")
        if forced == SORTED.name:
            return SORTED
        factories: list[BookFactory] = [SORTED]
        for slot in list(self._slots.values()):
            if "arb_book_factory" in self._loaded(slot).hooks and slot.refusal is None:
                try:
                    factories.append(self._ask(slot, "arb_book_factory", _is_book_factory, {}))
                except _Refusal as refusal:
                    slot.refusal = refusal
        if forced is None:
            return max(factories, key=lambda factory: factory.rank)
        for factory in factories:
            if factory.name == forced:
                return factory
        names = ", ".join(factory.name for factory in factories)
        raise SettingsError(f"expected one of {names}, found {forced!r}", path="ARB_BOOK")

    def implements(self, name: str, hook: str) -> bool:
        """Return whether a plugin implements a hook, for hooks that a capability depends on."""
        return hook in self._owner(name, "exchange").hooks

    def ask(self, name: str, hook: str, kind: type[T], /, **arguments: object) -> T:
        """Ask the owner of an id alone for an instance of `kind`. For hooks of `arb.specs`; ours have methods."""
        slot = self._owner(name, "exchange")
        if hook not in slot.hooks:
            known = hasattr(self._manager.hook, hook)
            cure = _update(slot.found) if known else "install the distribution that adds this hook"
            raise self._broken(slot, _Refusal(f"does not implement {hook}", cure))
        return self._ask_owner(slot, hook, _is_a(kind), arguments)

    # How one plugin is loaded, checked and asked.

    def _owner(self, name: str, family: str) -> _Slot:
        slot = self._slots.get(name)
        if slot is None:
            raise PluginMissing(self._missing(name, family), name=name)
        refusal = self._loaded(slot).refusal
        if refusal is not None:
            raise self._broken(slot, refusal) from refusal.__cause__
        return slot

    def _missing(self, name: str, family: str) -> str:
        if self._allow is not None and (barred := discover(PLUGINS).get(name)):
            owners = " and ".join(found.owner for found in barred)
            return f"{name!r} comes with {owners}, which is not allowed: [plugins] allow does not name it"
        ours = FAMILIES[family]
        if name in ours:
            return f"{family} {name!r} is not installed; pip install {ours[name]}"
        installed = [entry.id for entry in self.plugins() if family in entry.families or entry.state == "broken"]
        known = sorted({*installed, *ours})
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
        hints = [id_ if id_ in installed else f"{id_} (pip install {ours[id_]})" for id_ in near]
        hint = f"did you mean {' or '.join(hints)}?" if hints else f"installed: {', '.join(installed) or 'none'}."
        return f"no {family} {name!r} is known; {hint} How to add one: {_DOCS[family]}"

    def _broken(self, slot: _Slot, refusal: _Refusal) -> PluginBroken:
        owner = slot.found.owner if len(slot.owners) == 1 else None
        return PluginBroken(refusal.reason, name=slot.found.name, distribution=owner, cure=refusal.cure)

    def _loaded(self, slot: _Slot) -> _Slot:
        if not slot.loaded:
            slot.loaded = True
            try:
                self._take(slot)
            except _Refusal as refusal:
                slot.refusal = refusal
                if slot.plugin is not None and self._manager.is_registered(slot.plugin):
                    self._manager.unregister(slot.plugin)
        return slot

    def _take(self, slot: _Slot) -> None:
        found = slot.found
        if len(slot.owners) > 1:
            owners = " and ".join(owner.owner for owner in slot.owners)
            raise _Refusal(f"the id {found.name!r} has two owners: {owners}", "uninstall one of them")
        if found.fault is None and not ID.fullmatch(found.name):
            raise _Refusal(
                f"the id {found.name!r} is not of the form {ID.pattern}", "its author must rename the entry point"
            )
        plugin = _load(found)
        slot.hooks = self._check_hooks(plugin, found)
        try:
            self._manager.register(plugin, name=found.name)
        except ValueError as error:  # one module under two ids
            raise _Refusal(f"cannot be registered: {error.args[0].splitlines()[0]}", _update(found)) from error
        slot.plugin = plugin
        if "arb_exchange_card" in slot.hooks:
            slot.card = self._card(slot, "arb_exchange_card", ExchangeCard)
        if "arb_strategy_card" in slot.hooks:
            slot.strategy_card = self._card(slot, "arb_strategy_card", StrategyCard)
        if "arb_observer_card" in slot.hooks:
            slot.observer_card = self._card(slot, "arb_observer_card", ObserverCard)

    def _check_hooks(self, plugin: object, found: Found) -> frozenset[str]:
        """Return the names of the hooks a plugin implements, tried on a manager of its own: nothing half-done stays."""
        trial = pluggy.PluginManager(hookspecs.PROJECT)
        for specification in self._specifications:
            trial.add_hookspecs(specification)
        try:
            hash(plugin)
            trial.register(plugin, name=found.name)
            trial.check_pending()
        except (pluggy.PluginValidationError, TypeError, AttributeError) as error:
            reason = " ".join(str(error).split())
            raise _Refusal(f"does not fit the hooks of this arb-core: {reason}", _update(found)) from error
        callers = trial.get_hookcallers(plugin) or []
        hooks = frozenset(caller.name for caller in callers if caller.has_spec())
        if not hooks:
            unmarked = sorted(
                name for name, _ in inspect.getmembers(plugin, inspect.isfunction) if name.startswith("arb_")
            )
            cure = f"its author must mark {', '.join(unmarked)} with @hookimpl" if unmarked else _update(found)
            raise _Refusal("implements no hook", cure)
        for hook in sorted(hooks):
            if hook in _NEEDS and _NEEDS[hook] not in hooks:
                raise _Refusal(f"implements {hook} but not {_NEEDS[hook]}", _update(found))
        return hooks

    def _card(self, slot: _Slot, hook: str, kind: type[T]) -> T:
        """Ask for a card and compare it with the contract before any other room reads it."""
        card = self._ask(slot, hook, _is_a(kind), {})
        found = slot.found
        contract = getattr(card, "contract", None)
        if contract != CONTRACT:
            raise _Refusal(f"speaks contract {contract!r}, this arb-core speaks {CONTRACT}", _update(found))
        try:
            # msgspec does not look into a struct of the right type: only a trip through plain values does.
            settings = _settings_of(card)
            msgspec.convert(msgspec.to_builtins(card, enc_hook=_spell), kind, dec_hook=lambda _type, _name: settings)
        except (msgspec.ValidationError, TypeError, ValueError) as error:
            raise _Refusal(f"its card is malformed: {error}", _update(found)) from error
        named = getattr(card, "id", None)
        if named != found.name:
            raise _Refusal(f"its card says id {named!r}, its entry point says {found.name!r}", _update(found))
        return card

    def _ask_owner(self, slot: _Slot, hook: str, check: Callable[[object], T], arguments: Mapping[str, object]) -> T:
        """Ask on behalf of somebody who named this id: what is wrong with the plugin is raised."""
        try:
            return self._ask(slot, hook, check, arguments)
        except _Refusal as refusal:
            raise self._broken(slot, refusal) from refusal.__cause__

    def _ask(self, slot: _Slot, hook: str, check: Callable[[object], T], arguments: Mapping[str, object]) -> T:
        """Call one hook of one plugin and check what it returns."""
        others = [plugin for plugin in self._manager.get_plugins() if plugin is not slot.plugin]
        caller = self._manager.subset_hook_caller(hook, others)
        try:
            answers: list[object] = caller(**arguments)
        except ArbError:
            raise
        except (Exception, SystemExit) as error:
            raise _Refusal(f"{hook} raised {_describe(error)}", _update(slot.found)) from error
        answer = answers[0] if answers else None
        try:
            return check(answer)
        except (TypeError, AttributeError) as error:
            raise _Refusal(f"{hook} returned {error}", _update(slot.found)) from error
        except Exception as error:
            raise _Refusal(f"what {hook} returned raised {_describe(error)}", _update(slot.found)) from error


def _load(found: Found) -> Any:
    """Import what an entry point names. A plugin may do anything while it is imported, also try to end the process."""
    if found.fault is not None:
        raise _Refusal(found.fault, f"reinstall {found.distribution}")
    try:
        return importlib_metadata.EntryPoint(found.name, found.value, found.group).load()
    except (Exception, SystemExit) as error:
        raise _Refusal(f"cannot be imported: {_describe(error)}", _update(found)) from error


def _update(found: Found) -> str:
    """Return what may mend a broken plugin. A pip line is given for first-party names only."""
    if found.distribution in _FIRST_PARTY:
        return f"pip install --upgrade {' '.join(dict.fromkeys(('arb-core', found.distribution)))}"
    return f"ask the author of {found.distribution} for a version that fits, or uninstall it"


def _describe(error: BaseException) -> str:
    """Return type and first line of an error: enough for one line; its traceback stays chained."""
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__


def _family(hook: str) -> str:
    return hook.removeprefix("arb_").replace("_", " ")


def _is_a(kind: type[T]) -> Callable[[object], T]:
    def check(answer: object) -> T:
        if not isinstance(answer, kind):
            raise TypeError(f"{type(answer).__name__}, expected {kind.__name__}")
        return answer

    return check


def _is_an_observer(answer: object) -> Observer | None:
    return None if answer is None else _is_a(Observer)(answer)


def _is_book_factory(answer: object) -> BookFactory:
    """Try a factory once: it is a protocol, so only what it makes can prove it."""
    factory: Any = answer
    if not isinstance(factory.name, str) or not isinstance(factory.rank, int):
        raise TypeError(f"{type(factory).__name__}, expected BookFactory with a name and a rank")
    made: object = factory.make()
    if not isinstance(made, OrderBook):
        raise TypeError(f"a factory of {type(made).__name__}, expected OrderBook")
    return factory  # type: ignore[no-any-return]


def _spell(value: object) -> str:
    """Stand in for the one field of a card that is a class and not a value."""
    if isinstance(value, type):
        return value.__qualname__
    raise TypeError(f"{type(value).__name__} is no plain value")


def _settings_of(card: object) -> type[msgspec.Struct] | None:
    settings: object = getattr(card, "settings", None)
    if settings is None and isinstance(card, StrategyCard | ObserverCard):
        return None
    wanted = ExchangeSettings if isinstance(card, ExchangeCard) else msgspec.Struct
    if isinstance(settings, type) and issubclass(settings, wanted):
        return settings
    raise TypeError(f"its settings are {settings!r}, expected a subclass of {wanted.__name__}")
