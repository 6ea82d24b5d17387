"""The venue's side of a paper account: what becomes of a request when it arrives. Knows no delay and no request's way.

An order meets the live book as it stands at this moment. What it takes is remembered (`depth`), so that it is not taken
again; what it leaves rests, unseen by the market, and is filled at its own price when the book moves through it.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Protocol, cast

from arb_core.engine.money import minus, times, total
from arb_core.engine.paper.depth import Footprint, Take, step_of, visible, walk
from arb_core.engine.paper.filters import check_amounts, check_notional, check_order
from arb_core.engine.paper.orders import KEPT, OrderTable, PaperOrder
from arb_core.engine.paper.seen import SeenBook
from arb_core.engine.paper.terms import PaperTerms
from arb_core.engine.paper.wallet import Wallet
from arb_core.errors import DuplicateOrder, ExchangeUnavailable, InvalidOrder
from arb_core.interfaces.book import LiveBook
from arb_core.interfaces.context import Clock, Markets
from arb_core.structs.account import Balance, TradingFees
from arb_core.structs.book import BookState
from arb_core.structs.card import ExchangeCard
from arb_core.structs.market import Asset, Instrument, Side, Symbol, VenueName
from arb_core.structs.order import (
    ClientOrderId,
    Fill,
    LiquidityRole,
    Order,
    OrderId,
    OrderRequest,
    OrderStatus,
    OrderType,
    TimeInForce,
)

__all__ = ["PaperVenue", "Teller"]

_NOTHING = Decimal(0)


class Teller(Protocol):
    """The private stream: is told what happens, in its order."""

    def order(self, order: Order) -> None:
        """An order is as shown."""
        ...

    def fill(self, fill: Fill) -> None:
        """An order was filled."""
        ...

    def balance(self, balance: Balance) -> None:
        """So much is held of one asset."""
        ...


class PaperVenue:
    """Orders, fills and money of one account."""

    def __init__(
        self,
        *,
        venue: VenueName,
        card: ExchangeCard,
        markets: Markets,
        clock: Clock,
        balances: Mapping[Asset, Decimal],
        terms: PaperTerms,
        teller: Teller,
    ) -> None:
        self._venue = venue
        self._card = card
        self._markets = markets
        self._books: dict[Symbol, LiveBook] = {}
        self._clock = clock
        self._terms = terms
        self._teller = teller
        self._wallet = Wallet(card.id, balances)
        self._footprint = Footprint(terms.memory_ns)
        self._orders = OrderTable(card)
        self._resting: dict[Symbol, list[PaperOrder]] = {}
        self._fills: deque[tuple[Symbol, Fill]] = deque(maxlen=KEPT)
        self._count = 0
        self._series = clock.now_ns() // 1_000_000
        """Part of each id: the journal may hold orders of an earlier run, which must not seem to be ours."""

    # -- requests

    def place(self, request: OrderRequest) -> Order:
        """Take an order, and fill it as far as the book allows.

        Raises:
            InvalidSymbol, InvalidOrder, DuplicateOrder, InsufficientBalance, TradingDisabled: it was refused.
            ExchangeUnavailable: its book is not LIVE, so nobody knows how it would be filled; nothing happened.
        """
        instrument = self._markets.instrument(request.symbol)
        check_order(request, instrument, self._card)
        if self._orders.used(request.client_order_id):
            raise DuplicateOrder(f"{request.client_order_id} was used before", exchange=self._card.id)
        book = self._book(request.symbol)
        self._count += 1
        order = PaperOrder(
            request,
            instrument,
            number=self._count,
            order_id=OrderId(f"{self._series}-{self._count}"),
            extra=self._locked_fee(instrument),
            now_ns=self._clock.now_ns(),
        )
        takes = self._look(order, book)
        self._lock(order, takes)
        self._orders.add(order)
        self._teller.order(order.shown())
        self._fill(order, takes)
        return order.shown()

    def modify(self, symbol: Symbol, order_id: OrderId, price: Decimal | None, quantity: Decimal | None) -> Order:
        """Change price or size of an open order, which may now take. Raises as `place`, and `OrderNotFound`."""
        order = self._orders.find_open(symbol, order_id, None)
        new_price = order.price if price is None else price
        new_quantity = order.quantity if quantity is None else quantity
        check_amounts(new_price, new_quantity, order.instrument, self._card)
        if new_quantity is not None and new_quantity <= order.filled:
            raise self._invalid(f"{order.filled} is filled already, {new_quantity} is not more")
        book = self._book(symbol)
        former = order.price, order.quantity, order.locked
        order.price, order.quantity = new_price, new_quantity
        self._wallet.unlock(order.pays, order.locked)
        order.locked = _NOTHING
        try:
            takes = self._look(order, book)
            self._lock(order, takes)
        except Exception:
            order.price, order.quantity, order.locked = former
            self._wallet.lock(order.pays, order.locked)
            raise
        self._resting[symbol].remove(order)
        order.updated_ns = self._clock.now_ns()
        self._teller.order(order.shown())
        self._fill(order, takes)
        return order.shown()

    def cancel(self, symbol: Symbol, order_id: OrderId | None, client_order_id: ClientOrderId | None) -> None:
        """End an open order. Raises `OrderNotFound`."""
        self._cancel(self._orders.find_open(symbol, order_id, client_order_id), "canceled")

    def cancel_all(self, symbol: Symbol | None, reason: str) -> None:
        """End every open order of a symbol, or of the account."""
        for order in self._all_open(symbol):
            self._cancel(order, reason)

    # -- questions

    def order(self, symbol: Symbol, order_id: OrderId | None, client_order_id: ClientOrderId | None) -> Order:
        """Return one order. Raises `OrderNotFound`."""
        return self._orders.find(symbol, order_id, client_order_id).shown()

    def open_orders(self, symbol: Symbol | None) -> list[Order]:
        """Return the open orders of a symbol, or of the account, oldest first."""
        return [order.shown() for order in self._all_open(symbol)]

    def history(self, symbol: Symbol, since_ns: int) -> list[Order]:
        """Return orders of any status since then, oldest first."""
        return [
            order.shown() for order in self._orders if order.request.symbol == symbol and order.created_ns >= since_ns
        ]

    def fills(self, symbol: Symbol, since_ns: int, order_id: OrderId | None) -> list[Fill]:
        """Return fills since then, oldest first."""
        return [
            fill
            for of, fill in self._fills
            if of == symbol and fill.exchange_ns >= since_ns and order_id in {None, fill.order_id}
        ]

    def balances(self) -> dict[Asset, Balance]:
        """Return what is held."""
        return self._wallet.balances(self._clock.now_ns())

    def fees(self, symbol: Symbol) -> TradingFees:
        """Return what fills of this symbol pay."""
        instrument = self._markets.instrument(symbol)
        maker, taker = (self._terms.fee(role, instrument, self._card) for role in (_MAKER, _TAKER))
        return TradingFees(maker=maker, taker=taker)

    # -- the market

    def follow(self, book: LiveBook) -> LiveBook:
        """Fill orders from this book from now on; return it as it is without what they take."""
        self._books[book.symbol] = book

        def lot() -> Decimal:
            return self._markets.instrument(book.symbol).lot

        # Its attributes are properties, where the contract has plain ones: a reader cannot tell, and nobody writes.
        return cast("LiveBook", SeenBook(book, self._footprint, lot, self._clock))

    def on_book(self, book: LiveBook) -> None:
        """Fill what rests where a LIVE book has moved through it, best price first, of one price the oldest."""
        resting = self._resting.get(book.symbol)
        if not resting or book.venue != self._venue:
            return
        for side, levels in ((Side.BUY, book.asks), (Side.SELL, book.bids)):
            best = book.ask if side is Side.BUY else book.bid
            hit = [order for order in resting if order.request.side is side and _reached(order, best)]
            for order in sorted(hit, key=_priority):
                takes = self._walk(order, levels(0))
                if takes:
                    self._fill_resting(order, takes)

    # -- inside

    def _look(self, order: PaperOrder, book: LiveBook) -> list[Take]:
        """Return what an order takes of the book now."""
        request = order.request
        levels = book.asks(0) if request.side is Side.BUY else book.bids(0)
        if request.time_in_force is TimeInForce.POST_ONLY:
            if levels and _reached(order, levels[0][0]):
                raise self._invalid(f"post-only, and it would take: the best price is {levels[0][0]}")
            return []
        takes = self._walk(order, levels)
        if request.type is OrderType.MARKET and takes and request.quantity is not None:
            check_notional(times(request.quantity, takes[0].price), order.instrument, self._card)
        return [] if request.time_in_force is TimeInForce.FOK and not _is_whole(order, takes) else takes

    def _walk(self, order: PaperOrder, levels: list[tuple[float, float]]) -> list[Take]:
        symbol, side, lot = order.request.symbol, order.request.side, order.instrument.lot
        taken = self._footprint.taken(symbol, side, self._clock.monotonic_ns())
        return walk(
            visible(levels, taken, lot),
            side,
            limit=order.price,
            quantity=order.left,
            quote=order.request.quote_quantity,
            lot=lot,
        )

    def _lock(self, order: PaperOrder, takes: Iterable[Take]) -> None:
        """Set aside what the order may take at most: by its limit, or without one what it is about to take."""
        request, left = order.request, order.left
        if left is not None and (order.price is not None or request.side is Side.SELL):
            amount = order.takes(left, _NOTHING)
        elif request.quote_quantity is not None and request.side is Side.BUY:
            amount = order.takes(Decimal(1), request.quote_quantity)
        else:
            amount = total(order.takes(take.quantity, take.price) for take in takes)
        self._wallet.lock(order.pays, amount)
        order.locked = amount

    def _fill(self, order: PaperOrder, takes: list[Take]) -> None:
        """Fill an order that arrives, and let what is left rest or end."""
        self._footprint.take(order.request.symbol, order.request.side, takes, self._clock.monotonic_ns())
        for take in takes:
            self._book_fill(order, take, _TAKER)
        if order.status is OrderStatus.FILLED:
            self._end(order)
        elif order.request.quote_quantity is not None and _is_whole(order, takes):
            self._end(order, OrderStatus.FILLED)
        elif order.request.type is OrderType.LIMIT and order.request.time_in_force in _RESTING:
            self._resting.setdefault(order.request.symbol, []).append(order)
        else:
            reason = (
                "it could not be filled whole" if order.request.time_in_force is TimeInForce.FOK else "nothing more"
            )
            self._end(order, OrderStatus.CANCELED, f"{reason} at this price")
        self._tell_balances(order)

    def _fill_resting(self, order: PaperOrder, takes: list[Take]) -> None:
        """Fill an order that rests, at its own price: whoever came through the book met it first."""
        self._footprint.take(order.request.symbol, order.request.side, takes, self._clock.monotonic_ns())
        price = order.price or takes[0].price
        self._book_fill(order, Take(price, total(take.quantity for take in takes)), _MAKER)
        if order.status is OrderStatus.FILLED:
            self._end(order)
        self._tell_balances(order)

    def _book_fill(self, order: PaperOrder, take: Take, role: LiquidityRole) -> None:
        """Move the money of one fill, fee included, and tell."""
        now_ns = self._clock.now_ns()
        notional = times(take.quantity, take.price)
        buys = order.request.side is Side.BUY
        pays, gets = (notional, take.quantity) if buys else (take.quantity, notional)
        released = order.takes(take.quantity, take.price)
        self._wallet.unlock(order.pays, released)
        order.locked = minus(order.locked, released)
        self._wallet.add(order.pays, minus(_NOTHING, pays))
        self._wallet.add(order.gets, gets)
        in_quote = self._terms.fee_in == "quote"
        fee_asset = Asset(order.request.symbol.quote) if in_quote else order.gets
        fee = times(notional if in_quote else gets, self._terms.fee(role, order.instrument, self._card))
        self._wallet.add(fee_asset, minus(_NOTHING, fee))
        order.take(take.quantity, take.price, now_ns)
        fill = Fill(
            pair=order.instrument.pair,
            trade_id=f"{order.order_id}-{order.fills}",
            order_id=order.order_id,
            client_order_id=order.request.client_order_id,
            side=order.request.side,
            price=take.price,
            quantity=take.quantity,
            fee=fee,
            fee_asset=fee_asset,
            role=role,
            exchange_ns=now_ns,
        )
        self._fills.append((order.request.symbol, fill))
        self._teller.fill(fill)
        self._teller.order(order.shown())

    def _end(self, order: PaperOrder, status: OrderStatus | None = None, reason: str | None = None) -> None:
        """Give back what an order still locks; with a status, end it first."""
        if status is not None:
            order.end(status, reason, self._clock.now_ns())
            self._teller.order(order.shown())
        self._wallet.unlock(order.pays, order.locked)
        order.locked = _NOTHING
        resting = self._resting.get(order.request.symbol)
        if resting is not None and order in resting:
            resting.remove(order)
        self._orders.ended(order)

    def _cancel(self, order: PaperOrder, reason: str) -> None:
        self._end(order, OrderStatus.CANCELED, reason)
        self._tell_balances(order)

    def _tell_balances(self, order: PaperOrder) -> None:
        now_ns = self._clock.now_ns()
        for asset in (order.pays, order.gets):
            self._teller.balance(self._wallet.balance(asset, now_ns))

    def _all_open(self, symbol: Symbol | None) -> list[PaperOrder]:
        lists = self._resting.values() if symbol is None else [self._resting.get(symbol, [])]
        return sorted((order for orders in lists for order in orders), key=lambda order: order.number)

    def _book(self, symbol: Symbol) -> LiveBook:
        book = self._books.get(symbol)
        if book is None:
            raise ExchangeUnavailable(f"nobody follows the book of {symbol}", exchange=self._card.id)
        if book.state is not BookState.LIVE:
            raise ExchangeUnavailable(f"the book of {symbol} is not LIVE ({book.fault})", exchange=self._card.id)
        return book

    def _locked_fee(self, instrument: Instrument) -> Decimal:
        """Return what a purchase locks beyond its price: the fee where it is paid in quote, whichever role it takes."""
        if self._terms.fee_in != "quote":
            return _NOTHING
        return max(_NOTHING, *(self._terms.fee(role, instrument, self._card) for role in (_MAKER, _TAKER)))

    def _invalid(self, message: str) -> InvalidOrder:
        return InvalidOrder(message, exchange=self._card.id)


_MAKER, _TAKER = LiquidityRole.MAKER, LiquidityRole.TAKER
_RESTING = frozenset({TimeInForce.GTC, TimeInForce.POST_ONLY})


def _reached(order: PaperOrder, best: float) -> bool:
    """Whether the best price of the other side is as good as the limit, or better; NaN is not."""
    if order.price is None:
        return True
    limit = float(order.price)
    return best <= limit if order.request.side is Side.BUY else best >= limit


def _priority(order: PaperOrder) -> tuple[Decimal, int]:
    price = order.price or _NOTHING
    return (minus(_NOTHING, price) if order.request.side is Side.BUY else price), order.number


def _is_whole(order: PaperOrder, takes: list[Take]) -> bool:
    """Whether the takes are all that was asked for; of quote money what is left buys no further lot."""
    if order.left is not None:
        return total(take.quantity for take in takes) == order.left
    quote = order.request.quote_quantity
    if quote is None or not takes:
        return False
    left = minus(quote, total(times(take.quantity, take.price) for take in takes))
    return left < times(step_of(order.instrument.lot), takes[-1].price)
