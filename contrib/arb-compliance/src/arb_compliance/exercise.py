"""One whole life of a plugin before its venue: books, questions, orders, refusals, failures, a new connection.

Nothing is compared here. What the plugin did, said and left lying is kept for whoever judges it: tier security. It is
lived once a process and as plain as can be, so that a plugin with another mistake gets through it, too.
"""

import asyncio
import inspect
import io
import logging
import sys
from base64 import b64encode
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from decimal import Decimal
from functools import partial
from types import FrameType
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from arb_core.errors import ArbError
from arb_core.interfaces.context import RestRequest
from arb_core.runtime.clock import LoopClock
from arb_core.structs.account import Credentials
from arb_core.structs.card import Capability
from arb_core.structs.market import Side, Symbol
from arb_core.structs.order import OrderId, TimeInForce
from arb_sim.faults import Fault, FaultKind, Impossible

from arb_compliance.canned import CannedTransport, Reply
from arb_compliance.desk import LINK, Desk
from arb_compliance.expect import CaseFailed
from arb_compliance.stage import Stage
from arb_compliance.subject import Subject
from arb_compliance.tampering import changed, look
from arb_compliance.watch import Deed

__all__ = ["MARKED", "Lived", "live"]

MARKED = Credentials(
    api_key="kitMarkedKey0a1b2c3d4e5f6g7h8",
    api_secret="kitMarkedSecret9z8y7x6w5v4u3t2s1",  # noqa: S106 (nobody's key)
    api_passphrase="kitMarkedPhrase5q6r7s",  # noqa: S106
)
"""A key that opens nothing, and cannot be anything but itself where it turns up."""

_UNLIKELY = Symbol("KITNOSUCH", "USDT")
_AT_MOST_S = 120.0
_TOKEN = 16
"""Characters from which on a value in a socket's address is taken for a secret."""
_DEPTH = 3
_PASSED_BY = frozenset({*sys.stdlib_module_names, "arb_compliance"})
"""Between a task and whose code asked for it."""
_ANSWERS = (
    Reply(b"<html>bad gateway</html>", 502, {"content-type": "text/html"}),
    Reply(b"{}", 401),
    Reply(b"[", 200),
    Reply(b'{"unheard":"of"}', 200),
)


class Lived:
    """What was seen.

    Attributes:
        deeds: what was done behind the contract's back.
        tampered: what belongs to others and is another thing since.
        urls: where sockets and requests went.
        said: where -> text, of everything that a user might see: logs, errors, reprs, stdout.
        secrets: what must not be in any of it, by what it is.
        tasks: those that the plugin's own code started.
        stopped: why it came to an end before its time; None = it did not.
    """

    def __init__(self) -> None:
        self.deeds: list[Deed] = []
        self.tampered: list[str] = []
        self.urls: list[str] = []
        self.said: list[tuple[str, str]] = []
        self.secrets: dict[str, str] = {}
        self.tasks: list[str] = []
        self.stopped: str | None = None

    def say(self, where: str, value: object) -> None:
        """Keep what one can see of a value."""
        self.said.append((where, repr(value)))

    def failed(self, where: str, error: BaseException) -> None:
        """Keep all that one can see of an error."""
        one: BaseException | None = error
        while one is not None:
            notes = getattr(one, "__notes__", ())
            self.said.append((f"the error of {where}", f"{one} {one!r} {one.args} {vars(one)} {notes}"))
            one = one.__cause__ or one.__context__


async def live(subject: Subject) -> Lived:
    """Live, or tell what was seen when it was lived before in this process."""
    kept = cast("Lived | None", subject.kept.get("lived"))
    if kept is None:
        kept = subject.kept["lived"] = Lived()
        before = look(subject.package)
        with _witnessed(subject, kept):
            await _life(subject, kept)
            await _in_vain(subject, kept)
        kept.tampered = changed(before, look(subject.package))
    return kept


@contextmanager
def _witnessed(subject: Subject, lived: Lived) -> Generator[None]:
    """Hear logs of every level, stdout and stderr, and see who starts tasks."""
    heard, root = _Heard(lived), logging.getLogger()
    level = root.level
    loop = asyncio.get_running_loop()
    out = io.StringIO()
    with subject.watch.deeds() as deeds, redirect_stdout(out), redirect_stderr(out):
        root.addHandler(heard)
        root.setLevel(1)
        loop.set_task_factory(_Factory(subject.package, lived))
        try:
            yield
        finally:
            loop.set_task_factory(None)
            root.setLevel(level)
            root.removeHandler(heard)
    lived.deeds += deeds
    lived.said.append(("stdout or stderr", out.getvalue()))


class _Heard(logging.Handler):
    def __init__(self, lived: Lived) -> None:
        super().__init__(1)
        self._lived = lived

    def emit(self, record: logging.LogRecord) -> None:
        self._lived.said.append((f"the log {record.name}", f"{record.getMessage()} {record.args!r}"))
        if record.exc_info is not None and record.exc_info[1] is not None:
            self._lived.failed(f"the log {record.name}", record.exc_info[1])


class _Factory:
    """Makes tasks as asyncio does, and notes those that the plugin's code asked for."""

    def __init__(self, package: str, lived: Lived) -> None:
        self._package = package
        self._lived = lived

    def __call__(self, loop: asyncio.AbstractEventLoop, coro: Any, **more: Any) -> Any:
        frame = inspect.currentframe()
        while frame is not None and _top(frame) in _PASSED_BY:
            frame = frame.f_back
        if frame is not None and _top(frame) == self._package:
            self._lived.tasks.append(f"{coro.__qualname__}, in {frame.f_globals['__name__']}:{frame.f_lineno}")
        return asyncio.Task(coro, loop=loop, **more)


def _top(frame: FrameType) -> str:
    """Return the package whose code runs in a frame."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


async def _life(subject: Subject, lived: Lived) -> None:
    trades = subject.claims(Capability.TRADING)
    stage = Desk(subject, seed=7) if trades else Stage(subject, seed=7, symbols=("BTC/USDT", "LINK/USDT"))
    _learn(lived, stage.credentials)
    try:
        async with stage:
            await stage.live()
            await _ask(stage, lived)
            if isinstance(stage, Desk):
                await _trade(stage, lived)
            _arm(stage, FaultKind.MALFORMED, pair="LINK/USDT")
            _arm(stage, FaultKind.DISCONNECT)
            await stage.pass_(5)
            await stage.until(stage.all_live, "every book LIVE after a new connection", at_most_s=_AT_MOST_S)
            _show(stage, lived)
    except (CaseFailed, ArbError) as error:
        lived.stopped = str(error)
        lived.failed("the whole run", error)
    finally:
        lived.urls += [*dict.fromkeys(url for url, _ in stage.seen.requests), *stage.seen.urls]
        for url in stage.seen.urls:
            for name, value in parse_qsl(urlsplit(url).query):
                if len(value) >= _TOKEN:
                    lived.secrets[f"the socket's {name}"] = value


async def _ask(stage: Stage, lived: Lived) -> None:
    """Everything public, and every feed."""
    venue, card, (symbol, *_) = stage.venue, stage.subject.card, stage.symbols
    public = venue.public
    await _attempt(lived, "ping", public.ping())
    await _attempt(lived, "get_server_time", public.get_server_time())
    await _attempt(lived, "get_orderbook", public.get_orderbook(symbol, 20))
    await _attempt(lived, "get_orderbook", public.get_orderbook(_UNLIKELY, 20))
    await _attempt(lived, "get_asset_networks", venue.get_asset_networks())
    asks: dict[Capability, Callable[[], Awaitable[object]]] = {
        Capability.RECENT_TRADES: lambda: public.get_recent_trades(symbol, 20),
        Capability.REST_KLINES: lambda: public.get_klines(symbol, card.kline_intervals[0], 20),
        Capability.BOOK_TICKERS: public.get_book_tickers,
        Capability.QUOTE: lambda: venue.watch_quotes(symbol, _nothing),
        Capability.TRADES: lambda: venue.watch_trades(symbol, _nothing),
        Capability.DEPTH: lambda: venue.watch_depth(symbol, card.depths[0], _nothing),
        Capability.KLINES: lambda: venue.watch_klines(symbol, card.kline_intervals[0], _nothing),
    }
    for capability, ask in asks.items():
        if capability in card.capabilities:
            await _attempt(lived, capability.value, ask())


async def _trade(desk: Desk, lived: Lived) -> None:
    """Every private method once, each kind of refusal, and orders whose fate is unknown."""
    private, claims = desk.private, desk.subject.claims
    if desk.subject.registry.implements(desk.subject.exchange, "arb_private_stream"):
        await desk.listen()
    await _attempt(lived, "get_permissions", private.get_permissions())
    await _attempt(lived, "get_trading_fees", private.get_trading_fees(LINK))
    resting = desk.request()
    await _attempt(lived, "place_order", private.place_order(resting))
    await _attempt(lived, "get_order", private.get_order(LINK, client_order_id=resting.client_order_id))
    await _attempt(lived, "get_open_orders", private.get_open_orders(LINK))
    await _attempt(lived, "place_order again", private.place_order(resting))
    await _attempt(lived, "place_order", private.place_order(desk.taking(time_in_force=TimeInForce.IOC)))
    await _attempt(lived, "cancel_order", private.cancel_order(LINK, client_order_id=resting.client_order_id))
    await _attempt(lived, "cancel_order again", private.cancel_order(LINK, client_order_id=resting.client_order_id))
    too_much = desk.request(LINK, Side.BUY, quantity=Decimal(10**5))
    await _attempt(lived, "place_order beyond the balance", private.place_order(too_much))
    too_little = desk.request(LINK, Side.BUY, quantity=desk.instrument(LINK).lot)
    await _attempt(lived, "place_order below the minimum", private.place_order(too_little))
    if claims(Capability.CANCEL_ALL):
        await _attempt(lived, "cancel_all_orders", private.cancel_all_orders(LINK))
    for kind in (FaultKind.ANSWER_LOST, FaultKind.ERROR_AFTER, FaultKind.NO_ANSWER, FaultKind.RATE_LIMITED):
        _arm(desk, kind, method="POST")
        await _attempt(lived, f"place_order with {kind}", private.place_order(desk.request()))
    await _attempt(lived, "get_balances", private.get_balances())
    await _attempt(lived, "get_order_history", private.get_order_history(LINK, 0))
    await _attempt(lived, "get_fills", private.get_fills(LINK, 0))


async def _in_vain(subject: Subject, lived: Lived) -> None:
    """Every private method with a key that opens nothing, and answers that nobody can read."""
    if not subject.claims(Capability.TRADING):
        return
    _learn(lived, MARKED)
    clock = LoopClock()
    for answer in _ANSWERS:
        context = subject.context(transport=CannedTransport(partial(_answer, answer), clock), clock=clock)
        private = subject.registry.private(subject.exchange, context, MARKED)
        lived.say("a private exchange", private)
        asks: dict[str, Callable[[], Awaitable[object]]] = {
            "get_balances": private.get_balances,
            "get_permissions": private.get_permissions,
            "get_open_orders": partial(private.get_open_orders, LINK),
            "cancel_order": partial(private.cancel_order, LINK, order_id=OrderId("1")),
        }
        for name, ask in asks.items():
            await _attempt(lived, f"{name}, answered with {answer.status}", ask())
        made: list[object] = [private]
        if subject.registry.implements(subject.exchange, "arb_private_stream"):
            dialect = subject.registry.private_stream(subject.exchange, context, MARKED)
            await _attempt(lived, f"the ticket, answered with {answer.status}", dialect.ticket())
            made.append(dialect)
        for what in (found for one in made for found in _reachable(subject.package, one)):
            lived.say(f"a {type(what).__name__}", what)


def _answer(answer: Reply, _request: RestRequest) -> Reply:
    return answer


async def _attempt(lived: Lived, what: str, call: Awaitable[object]) -> None:
    try:
        lived.say(f"what {what} returned", await call)
    except CaseFailed:
        raise
    except Exception as error:  # noqa: BLE001 (whatever it is: what matters is what it says)
        lived.failed(what, error)


def _show(stage: Stage, lived: Lived) -> None:
    """Keep what a program prints of an open venue."""
    lived.say("the health", stage.venue.health())
    for event in stage.events:
        lived.say("an event", event)
    if isinstance(stage, Desk):
        for heard in (*stage.heard.orders, *stage.heard.fills, *stage.heard.balances):
            lived.say("what the private stream told", heard)


def _reachable(package: str, root: object) -> list[object]:
    """Return an object, and what it holds that is of its package's own making or a plain container of such."""
    found: list[object] = []
    left: list[tuple[object, int]] = [(root, 0)]
    while left:
        one, depth = left.pop()
        if depth > _DEPTH or any(one is other for other in found):
            continue
        if type(one).__module__.partition(".")[0] == package:
            found.append(one)
        if type(one).__module__.partition(".")[0] in {package, "arb_core"}:
            held: Mapping[str, object] = getattr(one, "__dict__", {})
            left += [(value, depth + 1) for value in held.values()]
    return found


def _learn(lived: Lived, credentials: Credentials | None) -> None:
    """Know a key's parts, also as they would be in a header."""
    if credentials is None:
        return
    secret, phrase = credentials.api_secret, credentials.api_passphrase
    whose = "of nobody" if credentials is MARKED else "of the account"
    lived.secrets |= {
        f"the API key {whose}": credentials.api_key,
        f"the API secret {whose}": secret,
        f"the API secret {whose}, in base64": b64encode(secret.encode()).decode(),
        f"the API secret {whose}, in hexadecimal": secret.encode().hex(),
    }
    if phrase is not None:
        lived.secrets[f"the passphrase {whose}"] = phrase


def _arm(stage: Stage, kind: FaultKind, *, pair: str | None = None, method: str | None = None) -> None:
    """Let something go wrong once, where the venue can have it."""
    with suppress(Impossible):
        stage.kernel.faults.arm(Fault(kind=kind, pair=pair, method=method))


def _nothing(_update: object) -> None:
    """Hear of an update."""
