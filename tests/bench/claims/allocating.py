"""Takes frames as one of the contestants does, and prints how many allocations a message took: run by `counting`.

python allocating.py mexc|binance CONTESTANT
"""

import asyncio
import ctypes
import gc
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
from arb_binance import stream as binance
from arb_mexc import stream as mexc
from bench.decoding.arb import native, ours
from bench.decoding.contest import Market, binance_frames, mexc_frames
from bench.decoding.plain import bare_binance, bare_mexc, naive, naive_binance, naive_mexc

LEVELS = 10
WARM = 500


async def main() -> None:
    wire, wanted = sys.argv[1:]
    market, context = Market(LEVELS), SimpleNamespace(settings=None)
    venue: Any = mexc if wire == "mexc" else binance
    frames = mexc_frames(market) if wire == "mexc" else binance_frames(market)
    contestants = {
        "naive": naive(market, naive_mexc if wire == "mexc" else naive_binance),
        "bare": bare_mexc(market) if wire == "mexc" else bare_binance(market),
        "arb": ours(venue.PublicStream(context), market),
    }
    if wanted == "arb-native":
        contestants[wanted] = native(venue.PublicStream(context), market)[0]
    take, _ = contestants[wanted].begin()
    for frame in frames[:WARM]:
        take(frame)
    count = ctypes.CDLL(None).allocations
    count.restype = ctypes.c_ulong
    gc.collect()
    gc.disable()
    before = count()
    for frame in frames[WARM:]:
        take(frame)
    print((count() - before) / len(frames[WARM:]))


asyncio.run(main())
