"""What a plugin's objects are made from, put together for one venue."""

import logging

import msgspec

from arb_core.interfaces.context import Clock, Markets, RestClient
from arb_core.structs.card import ExchangeSettings
from arb_core.structs.market import VenueName

__all__ = ["Context"]


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The `ExchangeContext` of a live venue."""

    venue: VenueName
    clock: Clock
    rest: RestClient
    settings: ExchangeSettings
    markets: Markets
    logger: logging.Logger
