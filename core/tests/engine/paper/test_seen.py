"""A book as the account sees it: a live book, less what its own fills took."""

from collections.abc import Callable
from decimal import Decimal
from math import isnan
from typing import Any

import pytest
from arb_core.engine.paper import PaperTerms
from arb_core.errors import BookUnavailable
from arb_core.interfaces.book import LiveBook
from arb_core.structs.book import BookFault, BookState
from arb_core.structs.market import Quote, Side, Symbol

pytestmark = pytest.mark.looptime(noop_cycles=2)

MS = 1_000_000
BTC = Symbol("BTC", "USDT")
Opened = Callable[..., Any]


def seen(it: Any) -> LiveBook:
    book = it.market.book(BTC, it.account.venue)
    assert book is not it.book
    return book


async def test_an_untouched_book_is_the_book_itself(stage: Opened) -> None:
    async with stage() as it:
        book = seen(it)
        for name in ("bid", "bid_size", "ask", "ask_size", "state", "fault", "last_id", "received_ns", "monotonic_ns"):
            assert getattr(book, name) == getattr(it.book, name)
        assert (book.bids(1), book.asks(0)) == (it.book.bids(1), it.book.asks(0))
        assert book.quote() == it.book.quote()
        assert (book.venue, book.symbol, book.exchange_ns) == (it.book.venue, it.book.symbol, None)


async def test_what_was_taken_is_gone_until_the_memory_ends(stage: Opened) -> None:
    async with stage(terms=PaperTerms(memory_ns=10_000 * MS)) as it:
        book = seen(it)
        await it.private.place_order(it.request(Side.BUY, "1.5", "101"))
        assert (book.ask, book.ask_size, book.bid, book.bid_size) == (101.0, 2.5, 99.0, 4.0)
        assert book.asks(0) == [(101.0, 2.5), (102.0, 6.0)]
        await it.private.place_order(it.request(Side.BUY, "2.5", "101"))
        assert (book.ask, book.ask_size) == (102.0, 6.0)
        assert book.asks(1) == [(102.0, 6.0)]
        quote = book.quote()
        assert isinstance(quote, Quote)
        assert (quote.bid, quote.ask) == (99.0, 102.0)
        await it.private.place_order(it.request(Side.BUY, "6", "102"))
        assert isnan(book.ask)
        assert book.asks() == []
        await it.private.place_order(it.request(Side.SELL, "4", "99"))
        assert (book.bid, book.bid_size) == (98.0, 6.0)
        await it.clock.sleep(10_000 * MS)
        assert (book.bid, book.ask, book.ask_size) == (99.0, 101.0, 4.0)


async def test_a_new_message_is_seen_at_once(stage: Opened) -> None:
    async with stage() as it:
        book = seen(it)
        await it.private.place_order(it.request(Side.BUY, "4", "101"))
        it.show([(99.5, 1.0)], [(100.5, 1.0), (101.0, 5.0)])
        assert (book.bid, book.ask) == (99.5, 100.5)
        assert book.asks() == [(100.5, 1.0), (101.0, 1.0)]


async def test_a_book_that_is_lost_is_lost_to_the_account_too(stage: Opened) -> None:
    async with stage() as it:
        book = seen(it)
        await it.private.place_order(it.request(Side.BUY, "4", "101"))
        it.book.lose(BookFault.GAP)
        assert (book.state, book.fault, book.quote()) == (BookState.SYNCING, BookFault.GAP, None)
        assert isnan(book.bid)
        assert isnan(book.ask)
        with pytest.raises(BookUnavailable):
            book.asks()


async def test_orders_get_exactly_what_is_seen(stage: Opened) -> None:
    async with stage() as it:
        book = seen(it)
        for quantity in ("1.1", "2.2", "3.3", "4.4"):
            there = sum(Decimal(str(size)) for _, size in book.asks(0))
            ack = await it.private.place_order(it.request(Side.BUY, quantity, "102"))
            assert ack.filled == min(there, Decimal(quantity))
