"""What commands share: `--json`, `--debug`, logging, and the words of the field as option types."""

import functools
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, ParamSpec, TypeVar

import click

from arb_core.config import duration_ns
from arb_core.runtime.clock import SystemClock
from arb_core.structs.market import Symbol

__all__ = [
    "DEBUG",
    "DECIMAL",
    "DURATION",
    "REDACTOR",
    "SINCE",
    "SYMBOL",
    "busy_poll",
    "config_file",
    "keep_secret",
    "seconds",
    "standard",
    "symbols",
    "venues",
]

P = ParamSpec("P")
R = TypeVar("R")

DEBUG = "arb_core.debug"
"""Key in `click.Context.meta`: whether errors are shown with their traceback."""

REDACTOR = "arb_core.redactor"
"""Key in `click.Context.meta`: what blots secrets out."""

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class _SymbolType(click.ParamType[Symbol]):
    name = "symbol"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Symbol:
        try:
            return value if isinstance(value, Symbol) else Symbol.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _DurationType(click.ParamType[int]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return value if isinstance(value, int) else duration_ns(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _DecimalType(click.ParamType[Decimal]):
    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            number = Decimal(value)
        except (InvalidOperation, ValueError, TypeError):
            self.fail(f"expected a number, found {value!r}", param, ctx)
        if not number.is_finite():
            self.fail(f"expected a finite number, found {value!r}", param, ctx)
        return number


class _SinceType(click.ParamType[int]):
    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        with suppress(ValueError):
            return SystemClock().now_ns() - duration_ns(value)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"expected a time ago like 24h, or a date or time like 2026-01-31, found {value!r}", param, ctx)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return round(moment.timestamp() * 1_000) * 1_000_000


SYMBOL = _SymbolType()
DECIMAL = _DecimalType()
DURATION = _DurationType()
"""Nanoseconds, written `5s` or `250ms`."""
SINCE = _SinceType()
"""Nanoseconds UTC, written as a time ago, `24h`, or as a date or time, UTC where it does not say."""


def standard(function: Callable[..., R]) -> Callable[..., R]:
    """Give a command `--json` (as `as_json`), `--debug`, `--log-json` and `-v`, and log to stderr while it runs."""

    @click.option("--json", "as_json", is_flag=True, help="One JSON object a line on stdout.")
    @click.option("--debug", is_flag=True, help="Show the traceback of an error.")
    @click.option("--log-json", is_flag=True, help="Log JSON lines to stderr.")
    @click.option("-v", "--verbose", count=True, help="Log more: -v connections and recoveries, -vv everything.")
    @functools.wraps(function)
    def command(*args: Any, debug: bool, log_json: bool, verbose: int, **options: Any) -> R:
        from arb_core.logs import logging_to_stderr

        click.get_current_context().meta[DEBUG] = debug
        with logging_to_stderr(_LEVELS[min(verbose, 2)], json=log_json) as redactor:
            click.get_current_context().meta[REDACTOR] = redactor
            return function(*args, **options)

    return command


def keep_secret(*secrets: str | None) -> None:
    """Blot these texts out of all that this command logs and reports from now on."""
    context = click.get_current_context(silent=True)
    redactor = None if context is None else context.meta.get(REDACTOR)
    if redactor is not None:
        redactor.learn(*secrets)


def venues(*, required: bool = True) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Give a command `-e`, any number of times."""
    text = "A venue: an exchange's id, or a name from the settings file. May be given several times."
    return click.option("-e", "--exchange", "venues", multiple=True, required=required, metavar="NAME", help=text)


def symbols(*, required: bool = True) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Give a command `-s`, any number of times."""
    text = "A symbol such as BTC/USDT. May be given several times."
    return click.option(
        "-s", "--symbol", "symbols", type=SYMBOL, multiple=True, required=required, metavar="BASE/QUOTE", help=text
    )


def seconds(default: float | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Give a command `--seconds`."""
    text = "Stop after this long." if default is not None else "Stop after this long; default: until Ctrl-C."
    return click.option(
        "--seconds",
        type=click.FloatRange(min=0, min_open=True),
        default=default,
        show_default=default is not None,
        help=text,
    )


def busy_poll(function: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--busy-poll` and its opposite; None = what the settings say."""
    text = "Never sleep between two messages: one processor at 100 %, and less to wait for each."
    return click.option("--busy-poll/--no-busy-poll", default=None, help=text)(function)


def config_file(function: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--config`."""
    path = click.Path(exists=True, dir_okay=False)
    text = "A settings file; default: the one that ARB_CONFIG names."
    return click.option("--config", type=path, metavar="FILE", envvar="ARB_CONFIG", help=text)(function)
