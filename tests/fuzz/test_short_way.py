"""The short way and the long way of a frame, true or spoilt: after each the same books, states, counts and faults.

Needs arb-native; `tox -e native` brings it. With ARB_FULL=1 ten million messages of made markets and a million spoilt
frames. A segment that disagrees is named by the venue and one integer; `ARB_FUZZ_FIRST=<that integer>` begins there.
"""

import os
import time
from collections import Counter
from types import ModuleType
from typing import Any

import pytest
from arb_core.interfaces.book import BookFactory

from .feed import Segment
from .venues import VENUES
from .ways import Disagreement

FULL = bool(os.environ.get("ARB_FULL"))
FIRST = int(os.environ.get("ARB_FUZZ_FIRST", "0"))
SEED = 20_261_126

MESSAGES = 10_000
"""Of a segment of a made market."""
SEGMENTS = 112
FRAMES = 1_000
"""Of a segment of spoilt frames."""
SHARE = 0.85
"""So many of them are spoilt; the others are as the feed goes on."""
SPOILT_SEGMENTS = -(-1_000_000 // int(0.98 * SHARE * FRAMES * len(VENUES)))
SHORT = 1_000
"""Messages of the one segment of the short form."""


def play(
    name: str,
    venue: ModuleType,
    settings: dict[str, Any],
    native: BookFactory,
    *,
    messages: int,
    segments: int,
    spoilt: float,
) -> Counter[str]:
    """Run the segments of one venue, and print what was met."""
    met: Counter[str] = Counter()
    began = time.process_time()
    for number in range(FIRST, segments if FULL else FIRST + 1):
        segment = Segment(name, venue, settings, native, f"{venue.__name__} {SEED} {number} {spoilt}", spoilt=spoilt)
        try:
            segment.run(messages if FULL else SHORT)
        except Disagreement as error:
            raise Disagreement(
                f"{error}\n{venue.__name__}, segment {number}, after {segment.latest[:3000]!r}"
            ) from error
        met += segment.met
    kind = f"{met['spoilt']} spoilt frames among {met['heard']}" if spoilt else f"{met['heard']} messages"
    print(f"\n{venue.__name__.rpartition('.')[2]}: {kind}, seed {SEED}, first {FIRST}: no disagreement")
    print(f"  {dict(met.most_common())}, {time.process_time() - began:.0f} s")
    return met


@pytest.mark.fuzz
@pytest.mark.parametrize(("name", "venue", "settings"), VENUES)
def test_a_made_market_is_the_same_on_both_ways(
    name: str, venue: ModuleType, settings: dict[str, Any], native: BookFactory
) -> None:
    met = play(name, venue, settings, native, messages=MESSAGES, segments=SEGMENTS, spoilt=0.0)
    assert any(kind.startswith("lost: ") for kind in met)
    assert met["scanned"] > met["heard"] * 0.7
    assert ("lost: checksum" in met) is (venue.RULES.sum is not None)


@pytest.mark.fuzz
@pytest.mark.parametrize(("name", "venue", "settings"), VENUES)
def test_a_spoilt_frame_is_the_same_on_both_ways(
    name: str, venue: ModuleType, settings: dict[str, Any], native: BookFactory
) -> None:
    met = play(name, venue, settings, native, messages=FRAMES, segments=SPOILT_SEGMENTS, spoilt=SHARE)
    assert met["spoilt"] > met["heard"] / 3
    assert met["scanned"] > met["heard"] * 0.1
    assert met["spoilt and scanned"] > met["heard"] * 0.01
