"""The floor: orders that were accepted, until their end. They take, rest, are filled and paid.

Entered by trading, which has judged them. Everything that happens here is posted to the accounts and told to their
listeners at once.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial
from itertools import count

from msgspec.structs import replace

from arb_sim.kernel.accounts import Account, Accounts, Movement, Reason
from arb_sim.kernel.book import Units
from arb_sim.kernel.happenings import Happening, What
from arb_sim.kernel.market import Market
from arb_sim.kernel.matching import Meeting, Resting, Taken
from arb_sim.kernel.money import rate, share
from arb_sim.kernel.orders import End, Fill, Force, Kind, Order, OrderRecord, SelfTrade, Status
from arb_sim.kernel.register import Register
from arb_sim.kernel.rules import FeeIn, Funds, TradingRules, base_amount, quote_amount, walk

__all__ = ["Floor"]


class Floor:
    """Every order that may still be filled. `now` is the timeline's, `order_id` makes the venue's id of a number."""

    def __init__(
        self,
        rules: TradingRules,
        markets: Iterable[Market],
        *,
        now: Callable[[], int],
        order_id: Callable[[int], str],
        first_number: int,
    ) -> None:
        self.accounts = Accounts(now)
        self.funds = Funds(rules, self.rates)
        self._rules = rules
        self._now = now
        self._order_id = order_id
        self._registers: dict[str, Register] = {}
        self._numbers = count(first_number)
        self._serials = count(1)
        self._places = count(1)
        """The order in which orders came to rest; one that is changed goes behind those with a higher number."""
        self._at_place: dict[int, OrderRecord] = {}
        self.resting: dict[int, Resting] = {}
        """Number of an order -> its place in the book."""
        for market in markets:
            market.on_taken = self._taken_by_street

    def register(self, account: Account) -> Register:
        """Return the orders of an account."""
        return self._registers.setdefault(account.uid, Register())

    def rates(self, account: Account, market: Market) -> tuple[Decimal, Decimal]:
        """Return what an account pays as (maker, taker), as fractions."""
        return account.fees.get(market.pair, (market.listing.maker_fee, market.listing.taker_fee))

    # What an order could take

    def reach(self, order: Order) -> Iterator[Units]:
        """The levels that an order could take, best first."""
        return order.market.matching.reachable(buys=order.buys, limit=order.price)

    def would_take(self, order: Order) -> bool:
        """Whether it would meet anything."""
        return next(self.reach(order), None) is not None

    def fillable(self, order: Order) -> bool:
        """Whether all of it could be filled at once."""
        return walk(order, self.reach(order))[2]

    # Its life

    def tell(
        self,
        account: Account,
        what: What,
        *,
        order: Order | None = None,
        fill: Fill | None = None,
        movements: tuple[Movement, ...] = (),
    ) -> None:
        """Tell everybody who listens to an account."""
        happening = Happening(what=what, at_ns=self._now(), order=order, fill=fill, movements=movements)
        account.tell(happening)

    def accept(self, account: Account, order: Order) -> OrderRecord:
        """Take an order in, and lock what it needs."""
        number = next(self._numbers)
        order = replace(order, number=number, id=self._order_id(number))
        record = OrderRecord(order)
        self.register(account).add(record)
        moved = account.post(
            order.locked_asset, free=-order.locked, locked=order.locked, reason=Reason.ORDER_PLACED, order=order.id
        )
        self.tell(account, What.PLACED, order=order)
        self.tell(account, What.MOVED, order=order, movements=(moved,))
        return record

    def ends_at_once(self, record: OrderRecord) -> bool:
        """End an order that may not take, or not all; return whether it did."""
        order = record.now
        if order.force is Force.POST_ONLY and self.would_take(order):
            self._end(record, End.POST_ONLY)
        elif order.force is Force.FOK and not self.fillable(order):
            self._end(record, End.FOK)
        return not record.now.is_open

    def match(self, record: OrderRecord) -> None:
        """Let an order take what it may; the rest rests or ends."""
        order = record.now
        may_rest = order.market.matching.take(
            buys=order.buys,
            limit=order.price,
            wanted=lambda price: self.funds.lots_at(record.now, price),
            meet=lambda resting: self._meet(record, resting),
            settle=lambda taken: self._settle(order.market, taken, record, taker_buys=order.buys),
        )
        order = record.now
        if not order.is_open:
            return
        if not may_rest:
            self._end(record, End.SELF_TRADE)
        elif order.kind is Kind.MARKET:
            self._end_market(record)
        elif order.force in {Force.IOC, Force.FOK}:
            self._end(record, End.IOC if order.force is Force.IOC else End.FOK)
        else:
            self._rest(record)

    def _meet(self, record: OrderRecord, resting: Resting) -> Meeting:
        other = self._at_place[resting.key]
        if other.now.account is not record.now.account:
            return Meeting.TRADE
        match record.now.self_trade:
            case SelfTrade.ALLOWED:
                return Meeting.TRADE
            case SelfTrade.CANCEL_TAKER:
                return Meeting.STOP
            case SelfTrade.CANCEL_MAKER:
                self.withdraw(other, End.SELF_TRADE)
                return Meeting.PASS
            case SelfTrade.CANCEL_BOTH:
                self.withdraw(other, End.SELF_TRADE)
                return Meeting.STOP

    def _end_market(self, record: OrderRecord) -> None:
        """A market order never rests. One whose budget buys no further lot is filled."""
        order = record.now
        if order.budget is not None and order.filled:
            best = next(self.reach(order), None)
            if best is not None and order.budget - order.spent < best[0]:
                self._end(record, End.FILLED)
                return
        self._end(record, End.NO_LIQUIDITY)

    def _rest(self, record: OrderRecord) -> None:
        order, place = record.now, next(self._places)
        resting = order.market.matching.rest(place, buys=order.buys, price=order.price or 0, size=order.left)
        self._at_place[place] = record
        self.resting[order.number] = resting
        self.tell(order.account, What.RESTED, order=order)

    def _leave(self, order: Order) -> Resting | None:
        """Take an order out of what is known to rest."""
        resting = self.resting.pop(order.number, None)
        if resting is not None:
            del self._at_place[resting.key]
        return resting

    def withdraw(self, record: OrderRecord, end: End) -> None:
        """End an order that rests."""
        if (resting := self._leave(record.now)) is not None:
            record.now.market.matching.withdraw(resting)
        self._end(record, end)

    def _end(self, record: OrderRecord, end: End) -> None:
        order = record.now
        released = order.locked
        order = replace(
            order,
            status=Status.FILLED if end is End.FILLED else Status.ENDED,
            end=end,
            locked=0,
            updated_ns=self._now(),
        )
        record.become(order)
        self.tell(order.account, What.ENDED, order=order)
        if released:
            moved = order.account.post(
                order.locked_asset, free=released, locked=-released, reason=Reason.ORDER_ENDED, order=order.id
            )
            self.tell(order.account, What.MOVED, order=order, movements=(moved,))

    def rearrange(self, record: OrderRecord, after: Order, *, keeps: bool) -> None:
        """Let a changed order stand where it may."""
        before, market = record.now, after.market
        if keeps:
            market.matching.shrink(self.resting[after.number], after.left)
        elif (resting := self._leave(before)) is not None:
            market.matching.withdraw(resting)
        record.become(after)
        more = after.locked - before.locked
        reason = Reason.ORDER_PLACED if more > 0 else Reason.ORDER_ENDED
        self.tell(after.account, What.CHANGED, order=after)
        if more:
            moved = after.account.post(after.locked_asset, free=-more, locked=more, reason=reason, order=after.id)
            self.tell(after.account, What.MOVED, order=after, movements=(moved,))
        if not keeps:
            self.match(record)

    # Settlement

    def _taken_by_street(self, market: Market, taken: Taken) -> None:
        if taken.resting is not None:
            self._settle(market, taken, None, taker_buys=not taken.resting.buys)

    def _settle(self, market: Market, taken: Taken, taker: OrderRecord | None, *, taker_buys: bool) -> None:
        """Print a trade and book it on both sides."""
        number = market.print(taken.price, taken.size, self._now(), taker_buys=taker_buys).number
        maker = None if taken.resting is None else self._at_place[taken.resting.key]
        itself = taker is not None and maker is not None and taker.now.account is maker.now.account
        if taker is not None:
            self._fill(taker, taken, number, maker=False, itself=itself)
        if maker is not None:
            self._fill(maker, taken, number, maker=True, itself=itself)

    def _fill(self, record: OrderRecord, taken: Taken, number: int, *, maker: bool, itself: bool) -> None:
        order, market = record.now, record.now.market
        listing, account = market.listing, order.account
        base, quote = base_amount(market, taken.size), quote_amount(market, taken.price * taken.size)
        pays, gets = (quote, base) if order.buys else (base, quote)
        pays_with = order.locked_asset
        gets_asset = str(listing.symbol.base if order.buys else listing.symbol.quote)
        in_quote = self._rules.fee_in is FeeIn.QUOTE
        fee_asset = str(listing.symbol.quote) if in_quote else gets_asset
        maker_rate, taker_rate = self.rates(account, market)
        charged = share(
            quote if in_quote else gets, rate(maker_rate if maker else taker_rate), self._rules.fee_decimals
        )
        from_locked = max(0, charged) if fee_asset == pays_with else 0
        fill = Fill(
            number=number,
            serial=next(self._serials),
            order_id=order.id,
            client_id=order.client_id,
            market=market,
            buys=order.buys,
            price=taken.price,
            size=taken.size,
            fee=charged,
            fee_asset=fee_asset,
            maker=maker,
            self_trade=itself,
            at_ns=self._now(),
        )
        fees = dict(order.fees)
        fees[fee_asset] = fees.get(fee_asset, 0) + charged
        after = replace(
            order,
            filled=order.filled + taken.size,
            spent=order.spent + fill.quote,
            fees=tuple(fees.items()),
            updated_ns=self._now(),
            last_fill=fill,
        )
        held = order.locked - pays - from_locked
        if after.size is not None and after.left == 0:
            after = replace(after, status=Status.FILLED, end=End.FILLED, locked=0)
            self._leave(after)
        else:
            after = replace(after, locked=self.funds.to_go_on(after) if order.kind is Kind.LIMIT else held)
        freed = held - after.locked
        record.become(after)
        self.register(account).fills.append(fill)
        post = partial(account.post, order=order.id, trade=number)
        moved = [
            post(pays_with, free=freed, locked=-pays - freed, reason=Reason.TRADE),
            post(gets_asset, free=gets, reason=Reason.TRADE),
        ]
        if charged:
            moved.append(post(fee_asset, free=from_locked - charged, locked=-from_locked, reason=Reason.FEE))
            self.accounts.house.post(fee_asset, free=charged, reason=Reason.FEE)
        self.accounts.street.post(pays_with, free=pays, reason=Reason.TRADE)
        self.accounts.street.post(gets_asset, free=-gets, reason=Reason.TRADE)
        self.tell(account, What.FILLED, order=after, fill=fill)
        self.tell(account, What.MOVED, order=after, fill=fill, movements=tuple(moved))
