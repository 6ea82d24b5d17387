"""python-okx, OKX's own. A refusal is an answer to it, which the caller has to read."""

from decimal import Decimal

from arb_sim.venue import Keys
from okx.MarketData import MarketAPI  # pyright: ignore[reportMissingImports]
from okx.Trade import TradeAPI  # pyright: ignore[reportMissingImports]

from .sdk import Order, Refused, Sdk, levels


def read(told):
    """Take the data of an answer."""
    for each in [told, *told.get("data", ())]:
        code = each.get("sCode") or each.get("code", "0")
        if code not in {"0", "1"}:
            raise Refused(f"{code} {each.get('sMsg') or each.get('msg')}")
    return told["data"]


class Okx(Sdk):
    pair = "LINK-USDT"
    resting, filled, canceled = "live", "filled", "canceled"
    unsigned = "50113"
    unaffordable = "51008"
    ended = "51401"

    def __init__(self, url: str, keys: Keys) -> None:
        here = {"flag": "0", "domain": url}  # 0 = not the demo trading of theirs
        self._market = MarketAPI(**here)
        self._trade = TradeAPI(keys.api_key, keys.api_secret, keys.passphrase, **here)

    def book(self):
        (told,) = read(self._market.get_orderbook(self.pair, "20"))
        return levels(told["bids"]), levels(told["asks"])

    def buy(self, price, size):
        wanted = {"side": "buy", "ordType": "limit", "sz": str(size), "px": str(price)}
        (told,) = read(self._trade.place_order(instId=self.pair, tdMode="cash", **wanted))
        return told["ordId"]

    def order(self, order_id):
        (told,) = read(self._trade.get_order(self.pair, order_id))
        price, size, filled = (Decimal(told[name]) for name in ("px", "sz", "accFillSz"))
        return Order(told["ordId"], told["side"], price, size, filled, told["state"])

    def open_orders(self):
        return [order["ordId"] for order in read(self._trade.get_order_list(instType="SPOT", instId=self.pair))]

    def cancel(self, order_id):
        read(self._trade.cancel_order(self.pair, order_id))

    def close(self):
        self._market.close()
        self._trade.close()
