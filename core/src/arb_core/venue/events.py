"""What a venue tells its event listeners beside the events of its connections (`runtime.stream.events`)."""

from arb_core.runtime.stream.events import VenueEvent
from arb_core.structs.market import Symbol

__all__ = [
    "AccountDeaf",
    "AccountListening",
    "ClockJumped",
    "ClockNotMeasured",
    "Halted",
    "Lagging",
    "Late",
    "LimitsNotKept",
    "ListenerBroken",
    "MarketsFailed",
    "MarketsLoaded",
    "Resumed",
    "SnapshotFailed",
]


class MarketsLoaded(VenueEvent, frozen=True, kw_only=True):
    """The list of instruments was fetched, for the first time or anew."""

    instruments: int


class MarketsFailed(VenueEvent, frozen=True, kw_only=True):
    """The list of instruments could not be fetched; it is tried again after `retry_ns`."""

    reason: str
    retry_ns: int


class Halted(VenueEvent, frozen=True, kw_only=True):
    """The venue no longer trades an instrument, or no longer lists it: its book is unreadable until it does."""

    symbol: Symbol
    reason: str


class Resumed(VenueEvent, frozen=True, kw_only=True):
    """The venue trades an instrument again: its book synchronises."""

    symbol: Symbol


class SnapshotFailed(VenueEvent, frozen=True, kw_only=True):
    """A REST snapshot could not be had; it is asked for again, with back-off."""

    symbol: Symbol
    reason: str


class Lagging(VenueEvent, frozen=True, kw_only=True):
    """The event loop was held up for so long: something in this process, or the machine, is too slow."""

    lag_ns: int


class Late(VenueEvent, frozen=True, kw_only=True):
    """Messages arrive later than they used to, by so much: the network, the venue or this process is behind."""

    late_ns: int


class ClockJumped(VenueEvent, frozen=True, kw_only=True):
    """The wall clock was set, or the machine slept. After a long jump forward every connection is replaced."""

    jump_ns: int
    reconnected: bool


class LimitsNotKept(VenueEvent, frozen=True, kw_only=True):
    """What is used of the venue's limits will not be known after a restart, or is not known from before."""

    reason: str


class ListenerBroken(VenueEvent, frozen=True, kw_only=True):
    """A listener raised and hears nothing any more; everything else goes on."""

    listener: str
    error: str


class AccountListening(VenueEvent, frozen=True, kw_only=True):
    """Every private stream stands: what becomes of the account's orders is heard from now on."""


class AccountDeaf(VenueEvent, frozen=True, kw_only=True):
    """The private streams are down, wholly or in part: what happens to the account is not heard."""

    reason: str


class ClockNotMeasured(VenueEvent, frozen=True, kw_only=True):
    """The venue did not tell its time, by which requests are signed; it is asked again after `retry_ns`."""

    reason: str
    retry_ns: int
