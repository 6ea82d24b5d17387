"""Whether a connection lives: when it was last heard, when it is to be pinged, probed and given up. Pure."""

__all__ = ["Vitals"]


class Vitals:
    """The signs of life of one connection; all times on the monotonic clock.

    A connection on which nothing arrived for half of `quiet_ns` is probed once, and dead after the whole of it.
    `every_ns` is how often the venue wants its own ping, None = never.
    """

    __slots__ = (
        "_asked_ns",
        "_every_ns",
        "_pinged_ns",
        "_probed_after_ns",
        "_quiet_ns",
        "heard_ns",
        "message_ns",
        "round_trip_ns",
    )

    def __init__(self, now_ns: int, quiet_ns: int, every_ns: int | None) -> None:
        self._quiet_ns = quiet_ns
        self._every_ns = every_ns
        self._probed_after_ns: int | None = None
        """What was last heard when it was probed: as long as nothing else is, the probe has no answer."""
        self._pinged_ns = now_ns
        self._asked_ns: int | None = None
        self.heard_ns = now_ns
        """When anything at all arrived."""
        self.message_ns: int | None = None
        """When a message arrived."""
        self.round_trip_ns: int | None = None
        """Of the last ping that was answered."""

    def is_dead(self, now_ns: int) -> bool:
        """Whether it was silent for too long."""
        return now_ns - self.heard_ns >= self._quiet_ns

    def wants_probe(self, now_ns: int) -> bool:
        """Whether to probe now; says so once for each silence."""
        if now_ns - self.heard_ns < self._quiet_ns // 2 or self._probed_after_ns == self.heard_ns:
            return False
        self._probed_after_ns = self.heard_ns
        return True

    def wants_ping(self, now_ns: int) -> bool:
        """Whether the venue's own ping is due."""
        return self._every_ns is not None and now_ns - self._pinged_ns >= self._every_ns

    def pinged(self, now_ns: int, *, probe: bool) -> None:
        """A ping left."""
        if not probe:
            self._pinged_ns = now_ns
        if self._asked_ns is None:
            self._asked_ns = now_ns

    def answered(self, now_ns: int) -> None:
        """A ping was answered."""
        self.heard_ns = now_ns
        if self._asked_ns is not None:
            self.round_trip_ns = now_ns - self._asked_ns
            self._asked_ns = None

    def next_ns(self) -> int:
        """Return when to look again, at the latest."""
        probed = self._probed_after_ns == self.heard_ns
        watch_ns = self.heard_ns + (self._quiet_ns if probed else self._quiet_ns // 2)
        return watch_ns if self._every_ns is None else min(watch_ns, self._pinged_ns + self._every_ns)
