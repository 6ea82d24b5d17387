"""What a process shares, before and after: functions of other people's modules, and settings that hold for everybody.

A plugin that replaces `json.dumps`, or sets the precision of `decimal`, changes the core and every other venue with it.
Entered by the cases of tier security, and in the fresh interpreter of `newborn`.
"""

import asyncio.events
import decimal
import functools
import gc
import logging
import signal
import socket
import sys
import threading
import types
import warnings
from typing import Any, NamedTuple

__all__ = ["Shared", "changed", "look"]

_FUNCTIONS = (
    type,
    property,
    classmethod,
    staticmethod,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    type(functools.cache(len)),
)
"""Not everything that can be called: some modules hold stand-ins that become the real thing at their first use."""

_LEFT_OUT = frozenset({"__main__", "importlib_metadata"})
"""importlib_metadata fills itself in when it is first used."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


class Shared(NamedTuple):
    """Everything that others rely on, by name."""

    functions: dict[str, Any]
    settings: dict[str, str]


def look(own: str) -> Shared:
    """Return functions and classes of every loaded module outside the package `own`, and the settings."""
    functions: dict[str, Any] = {}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in {own, *_LEFT_OUT}:
            continue
        for attribute, value in list(getattr(module, "__dict__", {}).items()):
            if not isinstance(value, _FUNCTIONS):
                continue
            functions[f"{name}.{attribute}"] = value
            if isinstance(value, type) and value.__module__ == name:
                for method, body in list(vars(value).items()):
                    if isinstance(body, _FUNCTIONS):
                        functions[f"{name}.{attribute}.{method}"] = body
    return Shared(functions, _settings())


def changed(before: Shared, after: Shared) -> list[str]:
    """Return the names of what is another thing now, or gone."""
    functions = [
        name
        for name, value in before.functions.items()
        if name.partition(".")[0] in sys.modules and after.functions.get(name) is not value
    ]
    functions += [
        name
        for name in after.functions.keys() - before.functions.keys()
        if name.rpartition(".")[0] in before.functions  # put into a class that was there before
    ]
    settings = [
        f"{name}: {value} became {after.settings[name]}"
        for name, value in before.settings.items()
        if after.settings[name] != value
    ]
    return sorted(functions) + settings


def _settings() -> dict[str, str]:
    root = logging.getLogger()
    found: dict[str, Any] = {
        "decimal.getcontext()": _rules(decimal.getcontext()),
        "decimal.DefaultContext": _rules(decimal.DefaultContext),
        "logging's root level": root.level,
        "logging's root handlers": root.handlers,
        "logging.disable": root.manager.disable,
        "logging's class of records": logging.getLogRecordFactory(),
        "sys.excepthook": sys.excepthook,
        "sys.unraisablehook": sys.unraisablehook,
        "threading.excepthook": threading.excepthook,
        "sys.getrecursionlimit()": sys.getrecursionlimit(),
        "sys.getswitchinterval()": sys.getswitchinterval(),
        "sys.path": sys.path,
        "sys.meta_path": sys.meta_path,
        "sys.stdout": sys.stdout,
        "sys.stderr": sys.stderr,
        "socket.getdefaulttimeout()": socket.getdefaulttimeout(),
        "warnings.filters": warnings.filters,
        "gc": (gc.isenabled(), gc.get_threshold()),
        "asyncio's policy": getattr(asyncio.events, "_event_loop_policy", None),
        "signals": [signal.getsignal(number) for number in _SIGNALS],
    }
    return {name: repr(value) for name, value in found.items()}


def _rules(context: decimal.Context) -> tuple[object, ...]:
    """Return what a decimal context prescribes, without the flags of what was computed in it."""
    return context.prec, context.rounding, context.Emin, context.Emax, context.traps
