"""OKX's own client (python-okx) with a key of our simulated account: it reads books, places, finds and cancels."""

import asyncio
from decimal import Decimal

import pytest
from arb_sim.child import serving

pytestmark = pytest.mark.foreign

PAIR = "BTC-USDT"


def talk(served, market, trade, account):
    """Everything that somebody does who trades by request. Their client blocks: it runs in a thread of its own."""
    key = {"api_key": served.api_key, "api_secret_key": served.api_secret, "passphrase": served.passphrase}
    here = {"flag": "0", "domain": served.rest_url}  # 0 = not the demo trading of theirs
    with (
        market.MarketAPI(**here) as books,
        trade.TradeAPI(**key, **here) as trades,
        account.AccountAPI(**key, **here) as money,
    ):
        return trading(books, trades, money)


def trading(books, trades, money):
    """Look, place, change, cancel, buy; return the order that bought, its fill, and the cash there is then."""
    (book,) = books.get_orderbook(PAIR, "20")["data"]
    bid = Decimal(book["bids"][0][0])
    assert [len(book[side]) for side in ("asks", "bids")] == [20, 20]

    def placed(**wanted):
        told = trades.place_order(instId=PAIR, tdMode="cash", **wanted)
        assert told["code"] == "0", told
        return told["data"][0]["ordId"]

    price = str(bid // 10 * 9)
    resting = placed(side="buy", ordType="limit", sz="0.01", px=price, clOrdId="sdk1")
    assert [order["ordId"] for order in trades.get_order_list()["data"]] == [resting]
    (order,) = trades.get_order(PAIR, clOrdId="sdk1")["data"]
    assert (order["ordId"], order["state"], order["px"]) == (resting, "live", price)
    assert trades.amend_order(PAIR, ordId=resting, newSz="0.02")["data"][0]["sCode"] == "0"
    assert trades.cancel_order(PAIR, ordId=resting)["data"][0]["sCode"] == "0"
    assert trades.cancel_order(PAIR, ordId=resting)["data"][0]["sCode"] == "51401"
    bought = placed(side="buy", ordType="market", sz="50")
    (order,) = trades.get_order(PAIR, bought)["data"]
    (fill,) = trades.get_fills(ordId=bought)["data"]
    assert (order["state"], order["tradeId"]) == ("filled", fill["tradeId"])
    (told,) = money.get_account_balance("BTC")["data"]
    return bought, fill, told["details"][0]["cashBal"]


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
async def test_their_own_client_trades_here():
    market, trade, account = (pytest.importorskip(f"okx.{name}") for name in ("MarketData", "Trade", "Account"))
    async with serving(["okx"], seed=11, symbols=["BTC/USDT"], steps_per_s=0) as (served,):
        bought, fill, cash = await asyncio.to_thread(talk, served, market, trade, account)
    assert fill["ordId"] == bought
    assert Decimal(fill["fee"]) == -Decimal(fill["fillSz"]) / 1000
    assert Decimal(cash) > 0
