"""Pools and caches that were thought of, beside the plain way. Entered by `test_claims.py`.

Each function returns (what, plain: ns, pooled or cached: ns, a remark): both did the same work, in turns.
"""

import statistics
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from random import Random
from typing import NamedTuple

import msgspec
from arb_core.structs.account import Credentials
from arb_core.structs.market import Symbol
from arb_mexc._proto.push_pb2 import PushDataV3ApiWrapper
from arb_mexc.sign import Signer

__all__ = ["Trial", "object_pool", "protobuf_reuse", "signature_cache", "symbol_cache"]

ROUNDS = 20_000
TURNS = 7
SYMBOLS = 1_000


class Trial(NamedTuple):
    """The plain way, and the way that was thought of."""

    what: str
    plain_ns: float
    thought_ns: float
    remark: str

    @property
    def pays(self) -> bool:
        """Whether it takes less than nine tenths of the plain way: what is less is lost in the noise of a machine."""
        return self.thought_ns < 0.9 * self.plain_ns


def timed(*ways: Callable[[int], object]) -> list[float]:
    """Return nanoseconds a round, medians of turns in random order."""
    order, figures = Random(1), [[0.0] * 0 for _ in ways]
    for _ in range(TURNS):
        for index in order.sample(range(len(ways)), len(ways)):
            way = ways[index]
            began_ns = time.thread_time_ns()
            for number in range(ROUNDS):
                way(number)
            figures[index].append((time.thread_time_ns() - began_ns) / ROUNDS)
    return [statistics.median(each) for each in figures]


class Event(msgspec.Struct):
    """As large as an opportunity."""

    symbol: str
    buy: str
    sell: str
    size: float
    profit: float
    edge_bps: float
    detected_ns: int


def object_pool() -> Trial:
    """Structs taken from a pool and given back, against new ones."""
    pool = deque(Event("", "", "", 0.0, 0.0, 0.0, 0) for _ in range(64))

    def fresh(number: int) -> None:
        Event("BTC/USDT", "mexc", "gateio", 1.0, 2.0, 3.0, number)

    def pooled(number: int) -> None:
        event = pool.pop()
        event.symbol, event.buy, event.sell = "BTC/USDT", "mexc", "gateio"
        event.size, event.profit, event.edge_bps, event.detected_ns = 1.0, 2.0, 3.0, number
        pool.append(event)

    plain_ns, pooled_ns = timed(fresh, pooled)
    return Trial("object pool for events", plain_ns, pooled_ns, "a new struct is one allocation, in C")


def protobuf_reuse(frames: list[bytes]) -> Trial:
    """One message cleared and parsed into again, against a new one for each frame."""
    kept, parse, count = PushDataV3ApiWrapper(), PushDataV3ApiWrapper.FromString, len(frames)

    def fresh(number: int) -> None:
        parse(frames[number % count])

    def reused(number: int) -> None:
        kept.ParseFromString(frames[number % count])  # clears first

    plain_ns, reused_ns = timed(fresh, reused)
    return Trial("one protobuf message used again", plain_ns, reused_ns, "both parse in C, into an arena of their own")


def symbol_cache() -> Trial:
    """`functools.lru_cache` as it comes, against the dict that holds every pair that is followed."""
    pairs = [f"C{number}USDT" for number in range(SYMBOLS)]
    table = {pair: Symbol(pair.removesuffix("USDT"), "USDT") for pair in pairs}
    rng = Random(2)
    asked = [rng.choice(pairs) for _ in range(ROUNDS)]
    cached = lru_cache(lambda pair: Symbol(pair.removesuffix("USDT"), "USDT"))
    get = table.get
    plain_ns, cached_ns = timed(lambda number: get(asked[number]), lambda number: cached(asked[number]))
    info = cached.cache_info()
    rate = info.hits / (info.hits + info.misses)
    remark = f"the dict hits always; a cache of {info.maxsize} hits {rate:.1%} of {SYMBOLS:,} symbols"
    return Trial("symbol cache instead of a dict", plain_ns, cached_ns, remark)


def signature_cache() -> Trial:
    """A dict of signatures by what was signed, asked first, against signing."""
    sign = Signer(Credentials(api_key="key", api_secret="secret")).signature
    known: dict[bytes, str] = {}
    hits = 0
    query = b"symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.01&price=60000&recvWindow=5000&timestamp="
    begun_ms = 1_700_000_000_000
    asked = 0

    def plain(number: int) -> None:
        sign(query + b"%d" % (begun_ms + number))

    def cached(_number: int) -> None:
        nonlocal hits, asked
        asked += 1
        text = query + b"%d" % (begun_ms + asked)
        found = known.get(text)
        if found is None:
            known[text] = sign(text)
        else:
            hits += 1

    plain_ns, cached_ns = timed(plain, cached)
    remark = f"{hits} hits of {asked:,}: every signature holds a time"
    return Trial("signature cache", plain_ns, cached_ns, remark)
