"""Tier private: an account's money and orders, by request and by stream, and what becomes of what got no answer.

The rooms: `signing` is the signature, `account` what is held and allowed, `placing` each kind of order, `asking` every
way to find one again, `ending` cancelling and changing, `refusals` every no, `doubt` requests whose outcome nobody
told, `streams` what is told unasked, `neighbours` two accounts at one time, `soak` all of it at once.
"""

from arb_compliance.cases.private import (
    account,
    asking,
    doubt,
    ending,
    neighbours,
    placing,
    refusals,
    signing,
    soak,
    streams,
)

__all__ = ["account", "asking", "doubt", "ending", "neighbours", "placing", "refusals", "signing", "soak", "streams"]
