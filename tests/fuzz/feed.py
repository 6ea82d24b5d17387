"""A venue's made markets as one endless feed, with all that goes wrong on a real one; and two ways that hear it.

One segment is one integer: it says how the markets live, what goes wrong and when.
"""

import re
from collections import Counter, deque
from random import Random
from types import ModuleType
from typing import Any

from arb_core.interfaces.book import BookFactory
from arb_core.structs.book import BookState

from .market import Change, Made
from .ways import Disagreement, Ways

__all__ = ["Segment"]

SECOND = 1_000_000_000
MS = 1_000_000
_UNKNOWN = {"mexc": "NOPEUSDT", "gateio": "NOPE_USDT", "kraken": "ETH/USD"}
"""Pairs that nobody follows."""
_TRIES = 6
_SUM = re.compile(rb'"checksum":(-?[0-9]+)')


class Segment:
    """A stretch of one venue's feed. `spoilt` = how many of its frames are spoilt."""

    def __init__(
        self,
        name: str,
        venue: ModuleType,
        settings: dict[str, Any],
        native: BookFactory,
        seed: str,
        *,
        spoilt: float = 0.0,
        plain: bool = False,
    ) -> None:
        self.met: Counter[str] = Counter()
        self.ways = Ways(name, settings, native)
        self._name = name
        self._venue = venue
        self._rng = Random(seed)
        self._spoilt = spoilt
        self._markets = {
            pair: Made(self._rng, venue.RULES.ids if venue.RULES.ids != "none" else "chain", plain=plain, **about)
            for pair, about in venue.MARKETS.items()
        }
        self._pairs = list(self._markets)
        self._recent: deque[bytes] = deque(maxlen=8)
        self._cut_off = b""
        """The latest frame without its end, which is spoilt enough."""
        self._others: list[bytes] = venue.others()
        self.latest = b""
        """What was heard last, to name in a report."""
        ways = self.ways
        ways.wait(self._rng.randint(1, 10) * SECOND)
        ways.follow_pairs({pair: venue.PAIRS[pair] for pair in self._pairs})
        if hasattr(venue, "INSTRUMENTS"):
            path, body = venue.INSTRUMENTS
            ways.answer(path, {}, body)
        for pair in self._pairs:
            self._recover(pair)

    def run(self, messages: int) -> None:
        """Let so many messages of books be heard.

        Raises:
            Disagreement: the two ways differ.
        """
        rng, ways = self._rng, self.ways
        for _ in range(messages):
            pair = self._pairs[int(rng.random() * len(self._pairs))]
            ways.wait(MS)
            market = self._markets[pair]
            true = frame = self._next(pair, market)
            if self._spoilt and rng.random() < self._spoilt and frame is not self._cut_off:
                frame = self._venue.spoil(rng, rng.choice(self._others) if rng.random() < 0.1 else frame)
                self.met["spoilt"] += 1
            before = ways.short.scanned
            self._hear(frame, pair)
            if ways.short.scanned != before:
                self.met["scanned"] += 1
                self.met["spoilt and scanned"] += frame is not true
            self._look()
        ways.finish()
        self.met["heard"] = ways.frames
        self.met["levels"] = ways.levels

    def _look(self) -> None:
        """See which books are lost or stand elsewhere than their market, and bring them back; not always at once."""
        for pair, market in self._markets.items():
            book = self.ways.book(self._venue.PAIRS[pair])
            if book.state is not BookState.LIVE or book.last_id not in (market.last_id, -1):
                self.met[f"lost: {book.fault}" if book.fault else "astray"] += 1
                # Left alone for a while, it buffers what comes, or passes it over.
                if self._rng.random() < 0.6:
                    self._recover(pair)

    def _hear(self, frame: bytes, pair: str) -> None:
        """Each book has a connection of its own, so that a frame that cannot be read costs no other."""
        self.latest = frame
        self.ways.hear(frame, pair)

    def _next(self, pair: str, market: Made) -> bytes:
        """Return the next frame: mostly what happened on the market, else something else."""
        chance = self._rng.random()
        if chance >= _ODD_SHARE:
            frame = self._spell(pair, market.step(), market)
        else:
            make = _ODD[int(chance / _ODD_SHARE * len(_ODD))]
            frame = make(self, pair, market)
            self.met[make.__name__.lstrip("_").replace("_", " ")] += 1
        if frame is not self._cut_off:
            self._recent.append(frame)
        return frame

    def _spell(self, pair: str, change: Change, market: Made) -> bytes:
        frame: bytes = self._venue.delta_frame(pair, change, market)
        return frame

    # What now and then comes instead of the next message

    def _after_a_gap(self, pair: str, market: Made) -> bytes:
        market.skip()
        return self._spell(pair, market.step(), market)

    def _again(self, pair: str, market: Made) -> bytes:
        return self._rng.choice(self._recent) if self._recent else self._true(pair, market)

    def _true(self, pair: str, market: Made) -> bytes:
        return self._spell(pair, market.step(), market)

    def _backwards(self, pair: str, market: Made) -> bytes:
        change = market.step()
        return self._spell(pair, change._replace(first_id=change.last_id, last_id=change.first_id - 1), market)

    def _anew(self, pair: str, market: Made) -> bytes:
        """The venue's count begins again."""
        market.begin_anew()
        return self._whole(pair, market) or self._true(pair, market)

    def _unasked(self, pair: str, market: Made) -> bytes:
        """A whole book in the middle of the stream."""
        return self._whole(pair, market) or self._true(pair, market)

    def _crossed(self, pair: str, market: Made) -> bytes:
        change = market.step()
        return self._spell(pair, change._replace(bids=[*change.bids, (market.prices[-1], "1")]), market)

    def _said_twice(self, pair: str, market: Made) -> bytes:
        """Every level with another size first: the last one counts."""
        change = market.step()
        bids, asks = ([(price, "7.5") for price, _ in side] + side for side in (change.bids, change.asks))
        return self._spell(pair, change._replace(bids=bids, asks=asks), market)

    def _summed_otherwise(self, pair: str, market: Made) -> bytes:
        """Where books are summed up: a sum that is off, of the other sign, or none."""
        other = self._rng.choice((lambda said: said + 1, lambda said: -said, lambda _: 0))
        return _SUM.sub(lambda found: b'"checksum":%d' % other(int(found[1])), self._true(pair, market))

    def _nobodys(self, pair: str, market: Made) -> bytes:
        return self._spell(_UNKNOWN.get(self._name, "NOPE-USDT"), market.step(), market)

    def _other_kind(self, pair: str, market: Made) -> bytes:
        return self._rng.choice(self._others)

    def _cut_short(self, pair: str, market: Made) -> bytes:
        frame = self._true(pair, market)
        self._cut_off = frame[: self._rng.randrange(len(frame))]
        return self._cut_off

    def _empty(self, pair: str, market: Made) -> bytes:
        return self._spell(pair, market.step()._replace(bids=[], asks=[]), market)

    def _huge(self, pair: str, market: Made) -> bytes:
        """Every level at once, as changes."""
        change, whole = market.step(), market.whole()
        return self._spell(pair, change._replace(bids=whole.bids, asks=whole.asks), market)

    def _late(self, pair: str, market: Made) -> bytes:
        """After a silence in which the patience with old ids ends."""
        self.ways.wait(6 * SECOND)
        return self._true(pair, market)

    def _reconnected(self, pair: str, market: Made) -> bytes:
        self.ways.cut(pair)
        return self._true(pair, market)

    def _whole(self, pair: str, market: Made) -> bytes | None:
        if not self._venue.RULES.in_stream:
            return None
        frame: bytes = self._venue.whole_frame(pair, market.whole())
        return frame

    def _recover(self, pair: str) -> None:
        """Let the venue tell the whole book, as after a subscription or by request."""
        ways, market, symbol = self.ways, self._markets[pair], self._venue.PAIRS[pair]
        for attempt in range(_TRIES):
            book = ways.book(symbol)
            if book.state is BookState.LIVE and book.last_id in (market.last_id, -1):
                return
            if attempt == 1 or book.state is BookState.LIVE:
                # It was shown ids that the venue never comes to: only after a time-out does it believe lower ones.
                ways.begin_anew(symbol)
            frame = self._whole(pair, market)
            if frame is not None:
                self._hear(frame, pair)
                continue
            whole = market.whole()
            levels = self._rng.choice((15, 30, 100))
            bids, asks = ([(float(p), float(s)) for p, s in side[:levels]] for side in (whole.bids, whole.asks))
            body = self._venue.rest_body(market.last_id, bids, asks).decode()
            ways.answer(self._venue.REST_PATH, self._venue.rest_params(pair, levels), body)
        raise Disagreement(f"{symbol} does not recover: {ways.book(symbol).fault}, {ways.book(symbol).stats}")


_ODD = (
    Segment._after_a_gap,
    Segment._again,
    Segment._backwards,
    Segment._anew,
    Segment._unasked,
    Segment._crossed,
    Segment._said_twice,
    Segment._summed_otherwise,
    Segment._nobodys,
    Segment._other_kind,
    Segment._cut_short,
    Segment._empty,
    Segment._huge,
    Segment._late,
    Segment._reconnected,
)
_ODD_SHARE = 0.03
"""Of all messages."""
