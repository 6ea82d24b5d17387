"""Where the time goes between a message and the answer to an order: a histogram for each hop.

Whoever is at the end of a hop adds to its histogram, in monotonic nanoseconds; nothing here reads a clock.
"""

from arb_core.runtime.latency import LatencyHistogram
from arb_core.structs.figures import Durations, Hop

__all__ = ["Hops"]


class Hops:
    """One attribute for each `Hop`, whose docstrings say from where to where it reaches."""

    __slots__ = ("ack", "commit", "decode", "detect", "judge", "send", "whole")

    def __init__(self) -> None:
        """Begin with nothing measured."""
        self.decode = LatencyHistogram()
        self.judge = LatencyHistogram()
        self.detect = LatencyHistogram()
        self.commit = LatencyHistogram()
        self.send = LatencyHistogram()
        self.ack = LatencyHistogram()
        self.whole = LatencyHistogram()

    def durations(self) -> dict[Hop, Durations]:
        """Return what was measured so far."""
        return {
            Hop.DECODE: self.decode.durations(),
            Hop.JUDGE: self.judge.durations(),
            Hop.DETECT: self.detect.durations(),
            Hop.COMMIT: self.commit.durations(),
            Hop.SEND: self.send.durations(),
            Hop.ACK: self.ack.durations(),
            Hop.WHOLE: self.whole.durations(),
        }
