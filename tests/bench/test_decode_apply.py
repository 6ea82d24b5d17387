"""From a frame to a book whose best levels have been read, against other ways to do it: ratios in one run."""

from types import SimpleNamespace

import pytest
from arb_binance import stream as binance
from arb_mexc import stream as mexc

from .decoding.arb import native, ours, ours_returning_events
from .decoding.contest import BTC, PAIR, Market, binance_frames, measure, mexc_frames, table
from .decoding.peers import ccxt_pro, others
from .decoding.plain import bare_binance, bare_mexc, naive, naive_binance, naive_mexc

pytestmark = pytest.mark.bench

LEVELS = (1, 5, 10, 50)


@pytest.fixture
async def ccxt_exchange(request):
    """The exchange of ccxt that the test names, with one market and without any request."""
    pro = pytest.importorskip("ccxt.pro", reason="ccxt is not installed: `tox -e bench` brings it")
    exchange = getattr(pro, request.param)()
    market = {"id": PAIR, "symbol": str(BTC), "base": "BTC", "quote": "USDT", "type": "spot", "spot": True}
    exchange.set_markets([exchange.safe_market_structure(market)])
    yield exchange
    await exchange.close()


# Asynchronous because ccxt's client wants a running loop; nothing here waits.


@pytest.mark.parametrize("ccxt_exchange", ["mexc"], indirect=True)
async def test_mexc_protobuf(ccxt_exchange, publish):
    dialect = mexc.PublicStream(SimpleNamespace(settings=None))  # pyright: ignore[reportArgumentType]
    figures = {}
    for levels in LEVELS:
        market = Market(levels)
        contestants = [
            naive(market, naive_mexc),
            ccxt_pro(ccxt_exchange, market),
            bare_mexc(market),
            ours(dialect, market),
            ours_returning_events(dialect, market),
            *native(dialect, market),
        ]
        figures[levels] = measure(contestants, mexc_frames(market), market)
    publish("decode-mexc", table("MEXC protobuf", figures, bare_mexc(Market(1)).name))


@pytest.mark.parametrize("ccxt_exchange", ["binance"], indirect=True)
async def test_binance_json(ccxt_exchange, publish):
    dialect = binance.PublicStream(SimpleNamespace(settings=None))  # pyright: ignore[reportArgumentType]
    figures = {}
    for levels in LEVELS:
        market = Market(levels)
        contestants = [
            naive(market, naive_binance),
            ccxt_pro(ccxt_exchange, market),
            *others(market),
            bare_binance(market),
            ours(dialect, market),
            *native(dialect, market),
        ]
        figures[levels] = measure(contestants, binance_frames(market), market)
    publish("decode-binance", table("Binance JSON", figures, bare_binance(Market(1)).name))
