"""Budgets: how much a venue lets us ask, what of it is spent, and who goes next.

Inside, from small to large: `headers` (what answers say of limits), `window` (one budget), `pool` (those that a venue
counts together: of one address, or of one key), `budgets` (all that one venue's requests take from), `turnstile` (who
goes next), `allowances` (what a whole process has used of every exchange) and `folder` (where that survives a restart).
`runtime.rest` enters for requests, `runtime.stream` uses a `Window` alone (connection attempts, messages a second), the
venue enters through `Allowances`. All but the last two is pure: every method is told the time.

Why windows and not leaky buckets: a bucket that refills while it is drained lets through nearly twice its size in one
window, and venues count windows. Here no window of the length that the venue states, wherever it begins, ever holds
more than the limit. Rolling windows follow the monotonic clock, windows that begin on the wall clock follow that one.
"""

from arb_core.runtime.limits.allowances import Allowances, Store, of_this_process
from arb_core.runtime.limits.budgets import Budgets, Claim
from arb_core.runtime.limits.headers import reset_wait_ns, retry_after_ns
from arb_core.runtime.limits.pool import Pool, PoolState
from arb_core.runtime.limits.turnstile import Turnstile
from arb_core.runtime.limits.window import Window

__all__ = [
    "Allowances",
    "Budgets",
    "Claim",
    "Pool",
    "PoolState",
    "Store",
    "Turnstile",
    "Window",
    "of_this_process",
    "reset_wait_ns",
    "retry_after_ns",
]
