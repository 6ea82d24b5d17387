"""Where the unpaired part of a trade could be traded away now: the books behind the leg policy's choices.

A fix on a leg's own side does more of what the leg was to do, and completes the trade: HEDGE. One on the other side
takes back what the leg did: UNWIND. Entered by execution before it asks `legs.decide`.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import isfinite

from arb_core.engine.fixes import Way, side_of
from arb_core.engine.ledger import Ledger
from arb_core.engine.legs import net_moves
from arb_core.engine.orders import TrackedOrder
from arb_core.engine.rounding import decimal
from arb_core.engine.trade import Intent, Purpose, TradeLeg
from arb_core.engine.trading.desk import Desk
from arb_core.engine.trading.lanes import Lanes
from arb_core.engine.view import EngineView
from arb_core.errors import BookUnavailable, InvalidSymbol
from arb_core.structs.market import Asset, Side, Symbol, VenueName

__all__ = ["ways_of"]

_LEVELS = 50
"""As deep as a fix may reach: it is never larger than a leg was."""


def ways_of(
    intent: Intent,
    legs: Sequence[TradeLeg],
    orders: Sequence[TrackedOrder],
    *,
    desks: Mapping[VenueName, Desk],
    lanes: Lanes,
    ledger: Ledger,
    view: EngineView,
) -> list[Way]:
    """Return every market of a trade's legs where something of it is unpaired, in the order of the legs."""
    net = net_moves(orders)
    ways: list[Way] = []
    for number, venue, symbol, side in legs:
        of_quote = Asset(symbol.base) == intent.money
        residue = net.get(Asset(symbol.quote if of_quote else symbol.base))
        desk = desks.get(venue)
        if not residue or desk is None:
            continue
        try:
            instrument = desk.account.markets.instrument(symbol)
        except InvalidSymbol:
            continue  # no longer listed: nothing can be traded there
        fix = side_of(residue, of_quote=of_quote)
        pays = Asset(symbol.base if fix is Side.SELL else symbol.quote)
        ways.append(
            Way(
                purpose=Purpose.HEDGE if fix is side else Purpose.UNWIND,
                leg=number,
                venue=venue,
                symbol=symbol,
                levels=_levels(view, venue, symbol, fix),
                instrument=instrument,
                fee=desk.fee(symbol),
                fee_in=lanes.fee_in(venue),
                available=ledger.spendable(intent.id, venue, pays),
            )
        )
    return ways


def _levels(view: EngineView, venue: VenueName, symbol: Symbol, fix: Side) -> tuple[tuple[Decimal, Decimal], ...]:
    """Return the side of the book that an order would take; nothing where it cannot be read."""
    book = view.book(symbol, venue)
    if book is None:
        return ()
    try:
        levels = book.bids(_LEVELS) if fix is Side.SELL else book.asks(_LEVELS)
    except BookUnavailable:
        return ()
    return tuple((decimal(price), decimal(size)) for price, size in levels if isfinite(size))
