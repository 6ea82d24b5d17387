"""A venue's WebSocket connections: `StreamSession` is the door, `events` the words it speaks.

Inside, from small to large: `backoff` (how long to wait), `vitals` (does it live), `subscriptions` (what was asked and
answered), `sink` (what a dialect speaks into), `link` (one connection), `tickets` (what opens it), `handover` (two at
once), `shard` (a share of the topics on one connection after another), `session` (all of them).
"""

from arb_core.runtime.stream.session import StreamSession

__all__ = ["StreamSession"]
