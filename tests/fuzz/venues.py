"""Every venue of this room, and every form in which its books come."""

import pytest

from . import binance, bitget, bitget_summed, bybit, gateio, kraken, kucoin, mexc, okx

__all__ = ["VENUES"]

VENUES = [
    pytest.param("mexc", mexc, {}, id="mexc"),
    pytest.param("gateio", gateio, {}, id="gateio"),
    pytest.param("binance", binance, {}, id="binance"),
    pytest.param("okx", okx, {}, id="okx"),
    pytest.param("bybit", bybit, {}, id="bybit"),
    pytest.param("kucoin", kucoin, {}, id="kucoin"),
    pytest.param("kraken", kraken, {"depth": 25}, id="kraken"),
    pytest.param("bitget", bitget, {}, id="bitget"),
    pytest.param("bitget", bitget_summed, {"book": "checksum"}, id="bitget-summed"),
]
