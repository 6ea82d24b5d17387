"""Orders of accounts, from the request to the last fill: filters, funds, matching, settlement.

Entered by a venue's `sim.py` after it has read a request and checked who asks; what is refused comes as `Refused`,
which it says in its venue's words. Everything that happens is posted to the accounts and told to their listeners before
a call returns.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Protocol

from msgspec.structs import replace

from arb_sim.faults import FaultKind, Faults
from arb_sim.kernel.accounts import Account, Accounts, Movement, Reason
from arb_sim.kernel.book import Units
from arb_sim.kernel.happenings import Happening, What
from arb_sim.kernel.market import Market
from arb_sim.kernel.market import Status as MarketStatus
from arb_sim.kernel.matching import Meeting, Resting, Taken
from arb_sim.kernel.money import amount, rate, share, units
from arb_sim.kernel.orders import (
    End,
    Fill,
    Force,
    Kind,
    NewOrder,
    Order,
    OrderRecord,
    Refused,
    SelfTrade,
    Status,
    Why,
)
from arb_sim.kernel.register import Register
from arb_sim.kernel.rules import FeeIn, Funds, TradingRules, base_amount, filtered, quote_amount, read, walk
from arb_sim.timeline import Timeline

__all__ = ["Trading", "TradingVenue"]


class TradingVenue(Protocol):
    """What trading needs of its venue."""

    @property
    def timeline(self) -> Timeline:
        """Venue time."""
        ...

    @property
    def faults(self) -> Faults:
        """What goes wrong."""
        ...

    def order_id(self, number: int) -> str:
        """Make the venue's id of its order of that number."""
        ...

    def cut_account(self, account: Account) -> int:
        """Cut every connection of an account."""
        ...


class Trading:
    """Everything a venue knows of orders. Times are the timeline's; the venue's wrong clock does not touch them."""

    def __init__(
        self, venue: TradingVenue, rules: TradingRules, markets: Iterable[Market], *, first_number: int = 1
    ) -> None:
        self.rules = rules
        self._funds = Funds(rules, self.rates)
        self.accounts = Accounts(lambda: venue.timeline.now_ns)
        self._venue = venue
        self._registers: dict[str, Register] = {}
        self._numbers = count(first_number)
        self._serials = count(1)
        self._places = count(1)
        """The order in which orders came to rest; one that is changed goes behind those with a higher number."""
        self._at_place: dict[int, OrderRecord] = {}
        self._resting: dict[int, Resting] = {}
        """Number of an order -> its place in the book."""
        self._countdowns: dict[tuple[str, str | None], int] = {}
        self._armed = count(1)
        for market in markets:
            market.on_taken = self._taken_by_street

    # What a `sim.py` asks for

    def check(self, account: Account, new: NewOrder) -> None:
        """Judge an order as `place` would, without placing it.

        Raises:
            Refused: it would be refused.
        """
        new.market.look()
        self._admit(account, new)

    def place(self, account: Account, new: NewOrder) -> Order:
        """Take an order: match it, let it rest, or end it. Returns it as it stands then.

        Raises:
            Refused: nothing has happened.
        """
        market, faults = new.market.look(), self._venue.faults
        if (fault := faults.order(FaultKind.ORDER_REJECTED, market)) is not None:
            raise Refused(fault.why, market)
        order = self._admit(account, new)
        if new.force is not Force.POST_ONLY and (fault := faults.order(FaultKind.PARTIAL_FILL, market)) is not None:
            self._take_away(order, fault.left)
            order = self._admit(account, new)
        record = self._accept(account, order)
        if not self._ends_at_once(record):
            self._match(record)
        market.publish(self._now)
        if faults.order(FaultKind.DISCONNECT_AFTER_ACK, market) is not None:
            self._venue.cut_account(account)
        return record.now

    def cancel(self, account: Account, order: Order, end: End = End.CLIENT) -> Order:
        """End an open order, and return it as it stands then.

        Raises:
            Refused: it has ended already.
        """
        record = self._record(account, order)
        if not record.now.is_open:
            raise Refused(Why.ENDED, order.market, record.now)
        self._withdraw(record, end)
        order.market.publish(self._now)
        return record.now

    def cancel_all(
        self, account: Account, market: Market | None = None, *, buys: bool | None = None, end: End = End.CLIENT
    ) -> list[Order]:
        """End the open orders of an account, all or those of a market or a side."""
        return [
            self.cancel(account, order, end)
            for order in self.register(account).orders(market, None)
            if order.is_open and (buys is None or order.buys is buys)
        ]

    def change(
        self, account: Account, order: Order, *, price: Decimal | None = None, size: Decimal | None = None
    ) -> Order:
        """Give an open order another price or another size, which counts what is filled already.

        One that only becomes smaller keeps its place. One that becomes no larger than what is filled ends.

        Raises:
            Refused: it stands as before.
        """
        record = self._record(account, order)
        before, market = record.now, order.market
        if not before.is_open or before.price is None or before.size is None:
            raise Refused(Why.ENDED, market, before)
        after = self._changed(before, price, size)
        if (after.size or 0) <= before.filled:
            self._withdraw(record, End.CHANGED)
        else:
            self._rearrange(record, after, keeps=after.price == before.price and (after.size or 0) <= before.size)
        market.publish(self._now)
        return record.now

    def countdown(self, account: Account, timeout_ns: int, market: Market | None = None) -> int | None:
        """End the open orders of an account, of one market or all, unless asked again in time; 0 = not any more.

        Returns when it will be, None = never.
        """
        key = (account.uid, None if market is None else market.pair)
        armed = self._countdowns[key] = next(self._armed)
        if timeout_ns == 0:
            del self._countdowns[key]
            return None

        def run_out() -> None:
            if self._countdowns.get(key) == armed:
                del self._countdowns[key]
                self.cancel_all(account, market, end=End.COUNTDOWN)

        at_ns = self._now + timeout_ns
        self._venue.timeline.call_at(at_ns, run_out)
        return at_ns

    def find(self, account: Account, *, order_id: str | None = None, client_id: str | None = None) -> Order:
        """Return an order of an account by one of its ids, for showing it: it may be shown as it was a while ago.

        Raises:
            Refused: there is none, or its client id is forgotten, or the venue's reading side has not heard of it yet.
        """
        at_ns = self._read_ns(FaultKind.LOOKUP_LAG)
        record = self._find(account, order_id, client_id)
        order = None
        if record is not None:
            order = record.now if at_ns is None else record.at(at_ns)
        if order is None:
            raise Refused(Why.NOT_FOUND)
        return order

    def find_open(self, account: Account, *, order_id: str | None = None, client_id: str | None = None) -> Order:
        """Return an open order of an account by one of its ids, for doing something to it: as it stands now.

        Raises:
            Refused: NOT_FOUND, or ENDED with the order.
        """
        record = self._find(account, order_id, client_id)
        if record is None:
            raise Refused(Why.NOT_FOUND)
        if not record.now.is_open:
            raise Refused(Why.ENDED, record.now.market, record.now)
        return record.now

    def open_orders(self, account: Account, market: Market | None = None) -> list[Order]:
        """Return the open orders, oldest first; the venue's reading side may lag."""
        orders = self.register(account).orders(market, self._read_ns(FaultKind.LOOKUP_LAG))
        return [order for order in orders if order.is_open]

    def history(self, account: Account, market: Market | None = None) -> list[Order]:
        """Return every order, oldest first; the venue's history may lag."""
        return self.register(account).orders(market, self._read_ns(FaultKind.HISTORY_LAG))

    def fills(self, account: Account, market: Market | None = None, *, order_id: str | None = None) -> list[Fill]:
        """Return every fill, oldest first; the venue's history may lag."""
        return self.register(account).fills_of(market, self._read_ns(FaultKind.HISTORY_LAG), order_id)

    def rates(self, account: Account, market: Market) -> tuple[Decimal, Decimal]:
        """Return what an account pays as (maker, taker), as fractions."""
        return account.fees.get(market.pair, (market.listing.maker_fee, market.listing.taker_fee))

    def register(self, account: Account) -> Register:
        """Return the orders of an account as they are, without any fault."""
        return self._registers.setdefault(account.uid, Register())

    def deposit(self, account: Account, asset: str, value: Decimal, *, reason: Reason = Reason.DEPOSIT) -> None:
        """Bring money to an account, or take it away when it is negative."""
        moved = account.post(asset, free=amount(value), reason=reason)
        self._tell(account, What.MOVED, movements=(moved,))

    # Judging an order

    def _admit(self, account: Account, new: NewOrder) -> Order:
        market, rules = new.market, self.rules
        if market.status is not MarketStatus.TRADING:
            raise Refused(Why.HALTED, market)
        order = read(account, new, self._now)
        filtered(order, rules)
        if (namesake := self.register(account).namesake(new.client_id, rules.client_ids)) is not None:
            raise Refused(Why.CLIENT_ID, market, namesake)
        self._count_open(account, market)
        if new.force is Force.POST_ONLY and rules.post_only_refused and self._would_take(order):
            raise Refused(Why.WOULD_TAKE, market)
        if new.kind is Kind.MARKET and rules.market_refused and not self._would_take(order):
            raise Refused(Why.NO_LIQUIDITY, market)
        if new.force is Force.FOK and rules.fill_or_kill_refused and not self._fillable(order):
            raise Refused(Why.NOT_FILLABLE, market)
        order = replace(order, locked=self._funds.to_begin(order, self._reach(order)))
        if order.locked > account.holding(order.locked_asset).free:
            raise Refused(Why.FUNDS, market)
        return order

    def _count_open(self, account: Account, market: Market) -> None:
        rules = self.rules
        for most, only in ((rules.max_open_orders, None), (rules.max_open_orders_of_pair, market)):
            if most is not None and sum(o.is_open for o in self.register(account).orders(only, None)) >= most:
                raise Refused(Why.TOO_MANY_ORDERS, market)

    def _reach(self, order: Order) -> Iterator[Units]:
        """The levels that an order could take, best first."""
        return order.market.matching.reachable(buys=order.buys, limit=order.price)

    def _would_take(self, order: Order) -> bool:
        return next(self._reach(order), None) is not None

    def _fillable(self, order: Order) -> bool:
        return walk(order, self._reach(order))[2]

    # The life of an order

    @property
    def _now(self) -> int:
        return self._venue.timeline.now_ns

    def _tell(
        self,
        account: Account,
        what: What,
        *,
        order: Order | None = None,
        fill: Fill | None = None,
        movements: tuple[Movement, ...] = (),
    ) -> None:
        happening = Happening(what=what, at_ns=self._now, order=order, fill=fill, movements=movements)
        account.tell(happening)

    def _accept(self, account: Account, order: Order) -> OrderRecord:
        number = next(self._numbers)
        order = replace(order, number=number, id=self._venue.order_id(number))
        record = OrderRecord(order)
        self.register(account).add(record)
        moved = account.post(
            order.locked_asset, free=-order.locked, locked=order.locked, reason=Reason.ORDER_PLACED, order=order.id
        )
        self._tell(account, What.PLACED, order=order)
        self._tell(account, What.MOVED, order=order, movements=(moved,))
        return record

    def _ends_at_once(self, record: OrderRecord) -> bool:
        order = record.now
        if order.force is Force.POST_ONLY and self._would_take(order):
            self._end(record, End.POST_ONLY)
        elif order.force is Force.FOK and not self._fillable(order):
            self._end(record, End.FOK)
        return not record.now.is_open

    def _match(self, record: OrderRecord) -> None:
        """Let an order take what it may; the rest rests or ends."""
        order = record.now
        may_rest = order.market.matching.take(
            buys=order.buys,
            limit=order.price,
            wanted=lambda price: self._funds.lots_at(record.now, price),
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
                self._withdraw(other, End.SELF_TRADE)
                return Meeting.PASS
            case SelfTrade.CANCEL_BOTH:
                self._withdraw(other, End.SELF_TRADE)
                return Meeting.STOP

    def _end_market(self, record: OrderRecord) -> None:
        """A market order never rests. One whose budget buys no further lot is filled."""
        order = record.now
        if order.budget is not None and order.filled:
            best = next(self._reach(order), None)
            if best is not None and order.budget - order.spent < best[0]:
                self._end(record, End.FILLED)
                return
        self._end(record, End.NO_LIQUIDITY)

    def _rest(self, record: OrderRecord) -> None:
        order, place = record.now, next(self._places)
        resting = order.market.matching.rest(place, buys=order.buys, price=order.price or 0, size=order.left)
        self._at_place[place] = record
        self._resting[order.number] = resting

    def _leave(self, order: Order) -> Resting | None:
        """Take an order out of what is known to rest."""
        resting = self._resting.pop(order.number, None)
        if resting is not None:
            del self._at_place[resting.key]
        return resting

    def _withdraw(self, record: OrderRecord, end: End) -> None:
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
            updated_ns=self._now,
        )
        record.become(order)
        self._tell(order.account, What.ENDED, order=order)
        if released:
            moved = order.account.post(
                order.locked_asset, free=released, locked=-released, reason=Reason.ORDER_ENDED, order=order.id
            )
            self._tell(order.account, What.MOVED, order=order, movements=(moved,))

    # Settlement

    def _taken_by_street(self, market: Market, taken: Taken) -> None:
        if taken.resting is not None:
            self._settle(market, taken, None, taker_buys=not taken.resting.buys)

    def _settle(self, market: Market, taken: Taken, taker: OrderRecord | None, *, taker_buys: bool) -> None:
        """Print a trade and book it on both sides."""
        number = market.print(taken.price, taken.size, self._now, taker_buys=taker_buys).number
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
        in_quote = self.rules.fee_in is FeeIn.QUOTE
        fee_asset = str(listing.symbol.quote) if in_quote else gets_asset
        maker_rate, taker_rate = self.rates(account, market)
        charged = share(quote if in_quote else gets, rate(maker_rate if maker else taker_rate), self.rules.fee_decimals)
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
            at_ns=self._now,
        )
        fees = dict(order.fees)
        fees[fee_asset] = fees.get(fee_asset, 0) + charged
        after = replace(
            order,
            filled=order.filled + taken.size,
            spent=order.spent + fill.quote,
            fees=tuple(fees.items()),
            updated_ns=self._now,
            last_fill=fill,
        )
        held = order.locked - pays - from_locked
        if after.size is not None and after.left == 0:
            after = replace(after, status=Status.FILLED, end=End.FILLED, locked=0)
            self._leave(after)
        else:
            after = replace(after, locked=self._funds.to_go_on(after) if order.kind is Kind.LIMIT else held)
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
        self._tell(account, What.FILLED, order=after, fill=fill)
        self._tell(account, What.MOVED, order=after, fill=fill, movements=tuple(moved))

    # Changing

    def _changed(self, before: Order, price: Decimal | None, size: Decimal | None) -> Order:
        market, listing = before.market, before.market.listing
        new_price = before.price if price is None else units(price, listing.price_decimals)
        if new_price is None or new_price <= 0:
            raise Refused(Why.PRICE_STEP, market, before)
        new_size = before.size if size is None else units(size, listing.size_decimals)
        if new_size is None or new_size <= 0:
            raise Refused(Why.SIZE_STEP, market, before)
        if (new_price, new_size) == (before.price, before.size):
            raise Refused(Why.NO_CHANGE, market, before)
        after = replace(before, price=new_price, size=new_size, updated_ns=self._now)
        if new_size <= before.filled:
            return after
        if market.status is not MarketStatus.TRADING:
            raise Refused(Why.HALTED, market, before)
        filtered(after, self.rules)
        if after.force is Force.POST_ONLY and self._would_take(after):
            raise Refused(Why.WOULD_TAKE, market, before)
        after = replace(after, locked=self._funds.to_go_on(after))
        if after.locked - before.locked > before.account.holding(before.locked_asset).free:
            raise Refused(Why.FUNDS, market, before)
        return after

    def _rearrange(self, record: OrderRecord, after: Order, *, keeps: bool) -> None:
        """Let a changed order stand where it may."""
        before, market = record.now, after.market
        if keeps:
            market.matching.shrink(self._resting[after.number], after.left)
        elif (resting := self._leave(before)) is not None:
            market.matching.withdraw(resting)
        record.become(after)
        more = after.locked - before.locked
        reason = Reason.ORDER_PLACED if more > 0 else Reason.ORDER_ENDED
        self._tell(after.account, What.CHANGED, order=after)
        if more:
            moved = after.account.post(after.locked_asset, free=-more, locked=more, reason=reason, order=after.id)
            self._tell(after.account, What.MOVED, order=after, movements=(moved,))
        if not keeps:
            self._match(record)

    # Faults

    def _read_ns(self, kind: FaultKind) -> int | None:
        """The moment whose state is shown; None = now."""
        lag_ns = self._venue.faults.lags.get(kind, 0)
        return self._now - lag_ns if lag_ns else None

    def _find(self, account: Account, order_id: str | None, client_id: str | None) -> OrderRecord | None:
        register = self.register(account)
        if order_id is not None:
            return register.by_id(order_id)
        if client_id is None:
            return None
        kept_ns = self.rules.client_ids.forgotten_after_ns
        if self._venue.faults.forgetful:
            kept_ns = 0
        return register.by_client_id(client_id, kept_ns=kept_ns, now_ns=self._now)

    def _record(self, account: Account, order: Order) -> OrderRecord:
        record = self.register(account).by_id(order.id)
        if record is None:
            raise Refused(Why.NOT_FOUND, order.market)
        return record

    def _take_away(self, order: Order, part: float) -> None:
        """Let the street withdraw what an order is about to take, but for a part of it."""
        matching, levels = order.market.matching, list(self._reach(order))
        lots, _, enough = walk(order, levels)
        if order.kind is Kind.MARKET and enough:  # it has no limit: only what it would have taken is withdrawn
            surplus = lots - int(lots * part)
        else:
            surplus = sum(size for _, size in levels) - int(lots * part)
        street = matching.asks if order.buys else matching.bids
        for price, _ in levels:
            offered = street.sizes.get(price, 0)
            gone = min(offered, surplus)
            if gone:
                matching.recede(price, offered - gone, bids=not order.buys)
                surplus -= gone
        order.market.publish(self._now)
