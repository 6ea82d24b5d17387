from typing import Literal

import msgspec
import pytest
from arb_core.errors import SettingsError
from arb_core.runtime.limits import (
    Budgets,
    Claim,
    Pool,
    PoolState,
    Turnstile,
    Window,
    reset_wait_ns,
    retry_after_ns,
)
from arb_core.structs.card import RateLimit, UsageHeader
from hypothesis import given
from hypothesis import strategies as st

MS = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
NOW = 1_700_000_000 * SECOND
"""22:13:20 UTC: 20 s of a minute are over."""


def wall(monotonic_ns: int) -> int:
    return NOW + monotonic_ns


def window(limit: int, *, aligned: bool = False, length: int = SECOND, share: float = 1.0) -> Window:
    return Window(RateLimit(name="w", limit=limit, window_ns=length, aligned=aligned), share)


STEPS = st.lists(st.tuples(st.integers(0, 900 * MS), st.integers(1, 10)), min_size=1, max_size=150)


@given(STEPS, st.integers(10, 40), st.sampled_from([1, 60]))
def test_no_window_wherever_it_begins_holds_more_than_the_limit(steps, limit, seconds):
    budget = window(limit, length=seconds * SECOND)
    now = 0
    left: list[tuple[int, int]] = []
    for gap, units in steps:
        now += gap * seconds
        wait = budget.wait_ns(units, wall(now), now)
        if wait:
            now += wait
            assert budget.wait_ns(units, wall(now), now) == 0, "what it said was enough must be enough"
        budget.spend(units, wall(now), now)
        left.append((now, units))
        assert sum(spent for at, spent in left if at >= now - seconds * SECOND) <= limit


@given(STEPS, st.integers(10, 40), st.integers(-50 * MS, 50 * MS))
def test_no_aligned_window_of_the_venues_clock_holds_more_than_the_limit(steps, limit, skew):
    """The venue's wall clock stands up to 50 ms beside ours."""
    budget = window(limit, aligned=True)
    now = 0
    by_window: dict[int, int] = {}
    for gap, units in steps:
        now += gap
        wait = budget.wait_ns(units, wall(now), now)
        if wait:
            now += wait
            assert budget.wait_ns(units, wall(now), now) == 0
        budget.spend(units, wall(now), now)
        venue_window = (wall(now) + skew) // SECOND
        by_window[venue_window] = by_window.get(venue_window, 0) + units
    assert max(by_window.values()) <= limit


@given(STEPS, st.integers(10, 40))
def test_a_budget_never_waits_longer_than_a_window_and_its_margins(steps, limit):
    budget = window(limit)
    now = 0
    for gap, units in steps:
        now += gap
        wait = budget.wait_ns(units, wall(now), now)
        assert wait <= SECOND + SECOND // 128 + 50 * MS
        now += wait
        budget.spend(units, wall(now), now)


def test_aligned_window_is_whole_again_after_the_boundary_not_a_window_later():
    budget = window(10, aligned=True, length=MINUTE)
    budget.spend(10, NOW, 0)  # 20 s into the minute
    assert 40 * SECOND <= budget.wait_ns(1, NOW, 0) <= 40 * SECOND + 50 * MS
    later = 40 * SECOND + 50 * MS
    assert budget.wait_ns(10, wall(later), later) == 0


def test_rolling_window_does_not_care_about_the_wall_clock():
    budget = window(10)
    budget.spend(10, NOW, 0)
    assert budget.wait_ns(1, NOW + 3600 * SECOND, 10 * MS) > 0
    assert budget.wait_ns(1, NOW - 3600 * SECOND, 2 * SECOND) == 0


def test_aligned_window_is_not_frozen_by_a_wall_clock_set_far_back():
    budget = window(10, aligned=True, length=MINUTE)
    budget.spend(10, NOW, 0)
    assert budget.wait_ns(1, NOW - 3600 * SECOND, MS) == 0


def test_share_limits_ours_and_the_whole_limits_all():
    budget = window(100, share=0.5)
    assert budget.own_limit == 50
    budget.spend(20, NOW, 0)
    budget.report(60, NOW, 0)  # 40 of another process
    assert budget.wait_ns(30, NOW, 0) == 0, "our half is 50, of all 100"
    assert budget.wait_ns(31, NOW, 0) > 0, "our half is used up"
    budget.report(90, NOW, 0)
    assert budget.wait_ns(10, NOW, 0) == 0
    assert budget.wait_ns(11, NOW, 0) > 0, "the other took more than half: the whole is used up"


def test_wait_lasts_until_enough_of_what_others_spent_has_gone():
    budget = window(10)
    budget.report(5, NOW, 0)
    half = 500 * MS
    budget.report(10, wall(half), half)
    short, long = budget.wait_ns(5, wall(half), half), budget.wait_ns(8, wall(half), half)
    assert short < SECOND <= long
    assert budget.wait_ns(5, wall(half + short), half + short) == 0
    assert budget.wait_ns(8, wall(half + long), half + long) == 0


def test_report_below_our_own_count_gives_nothing_back():
    """The report may be older than requests that are still under way."""
    budget = window(10)
    budget.spend(10, NOW, 0)
    budget.report(3, NOW, 0)
    assert budget.wait_ns(1, NOW, 0) > 0


def test_what_others_spent_ends_when_the_venue_says_that_the_budget_refills():
    budget = window(10)
    budget.spend(2, NOW, 0)
    budget.report(10, NOW, 0, refills_ns=200 * MS)
    assert budget.spent(wall(199 * MS), 199 * MS) == 10
    assert budget.wait_ns(8, wall(199 * MS), 199 * MS) == MS
    assert budget.spent(wall(200 * MS), 200 * MS) == 2, "ours count for a whole window"
    assert budget.wait_ns(9, wall(200 * MS), 200 * MS) > 0


def test_venue_that_says_more_than_a_window_is_not_believed():
    budget = window(10)
    budget.report(10, NOW, 0, refills_ns=MINUTE)
    assert 0 < budget.wait_ns(10, NOW, 0) < 2 * SECOND


def test_memory_of_a_window_is_bounded():
    budget = window(1_000_000, length=MINUTE)
    for step in range(20_000):
        budget.spend(1, wall(step * 3 * MS), step * 3 * MS)
        budget.wait_ns(1, wall(step * 3 * MS), step * 3 * MS)
    assert len(budget.save(wall(MINUTE), MINUTE)) <= 18


@given(STEPS, st.sampled_from([1, 60]), st.booleans(), st.integers(0, 2**40))
def test_what_is_saved_is_coarse_and_never_less(steps, seconds, aligned, monotonic_of_the_next):
    """The next process's monotonic clock begins anywhere."""
    budget = window(10**6, length=seconds * SECOND, aligned=aligned)
    now = 0
    for gap, units in steps:
        now += gap * seconds
        budget.spend(units, wall(now), now)
    other = window(10**6, length=seconds * SECOND, aligned=aligned)
    other.restore(budget.save(wall(now), now), wall(now), monotonic_of_the_next)
    for _ in range(40):
        assert other.spent(wall(now), monotonic_of_the_next) >= budget.spent(wall(now), now)
        now += seconds * SECOND // 20
        monotonic_of_the_next += seconds * SECOND // 20
    assert other.spent(wall(now), monotonic_of_the_next) == 0


LIMITS = (
    RateLimit(name="ip", limit=100, window_ns=MINUTE, aligned=True),
    RateLimit(name="each", limit=5, window_ns=10 * SECOND, per_endpoint=True),
    RateLimit(name="orders", limit=10, window_ns=SECOND, scope="key"),
)
USAGE = (
    UsageHeader(header="X-MBX-USED-WEIGHT-1M", limit="ip", meaning="used"),
    UsageHeader(header="X-Remain", limit="each", meaning="remaining"),
    UsageHeader(header="X-Reset", limit="each", meaning="reset_ms"),
)


@pytest.fixture
def budgets() -> Budgets:
    return Budgets(LIMITS, USAGE)


def spend_all(budgets: Budgets, claim: Claim) -> None:
    while not budgets.wait_ns(claim, NOW, 0):
        budgets.take(claim, NOW, 0)


def test_endpoints_have_budgets_of_their_own_where_the_card_says_so(budgets):
    depth, trades = budgets.claim("GET /depth", {"each": 1}), budgets.claim("GET /trades", {"each": 1})
    spend_all(budgets, depth)
    assert budgets.wait_ns(depth, NOW, 0) > 0
    assert budgets.wait_ns(trades, NOW, 0) == 0


def test_request_needs_room_in_every_budget_it_takes_from(budgets):
    spend_all(budgets, budgets.claim("GET /heavy", {"ip": 50}))
    assert budgets.wait_ns(budgets.claim("GET /depth", {"each": 1, "ip": 1}), NOW, 0) > 0
    assert budgets.wait_ns(budgets.claim("GET /depth", {"each": 1}), NOW, 0) == 0


def test_cost_beyond_a_whole_window_is_a_wrong_setting_not_an_endless_wait():
    with pytest.raises(
        SettingsError, match=r"GET /all costs 80 units of limit 'ip', of which .* 50 at once; raise share"
    ):
        Budgets(LIMITS, share=0.5).claim("GET /all", {"ip": 80})


def test_cost_of_an_unknown_limit_names_the_known_ones(budgets):
    with pytest.raises(SettingsError, match="limit 'weight', the card has ip, each, orders"):
        budgets.claim("GET /x", {"weight": 1})


@pytest.mark.parametrize("share", [0, -1, 1.5, float("nan")])
def test_share_must_be_a_part(share):
    with pytest.raises(SettingsError, match="above 0 and at most 1"):
        Budgets(LIMITS, share=share)


def test_used_weight_of_other_processes_counts(budgets):
    depth = budgets.claim("GET /depth", {"ip": 5})
    budgets.observe(depth, {"x-mbx-used-weight-1m": "97"}, NOW, 0)
    assert budgets.wait_ns(depth, NOW, 0) > 0
    assert budgets.wait_ns(budgets.claim("GET /ping", {"ip": 1}), NOW, 0) == 0


def test_remaining_counts_for_the_endpoint_that_answered(budgets):
    depth, trades = budgets.claim("GET /depth", {"each": 1}), budgets.claim("GET /trades", {"each": 1})
    budgets.observe(depth, {"x-remain": "0"}, NOW, 0)
    assert budgets.wait_ns(depth, NOW, 0) > 0
    assert budgets.wait_ns(trades, NOW, 0) == 0


def test_header_of_a_budget_that_the_endpoint_does_not_use_is_not_taken_for_it(budgets):
    """Gate.io sends the same header for its public and its private limits."""
    budgets.observe(budgets.claim("GET /depth", {"ip": 1}), {"x-remain": "0"}, NOW, 0)
    assert budgets.wait_ns(budgets.claim("GET /depth", {"each": 1}), NOW, 0) == 0


def test_header_of_several_limits_speaks_of_the_one_that_the_request_took_from():
    """KuCoin names none of its pools in the headers that count them."""
    counted: list[tuple[str, Literal["remaining", "reset_ms"]]] = [("X-Remain", "remaining"), ("X-Reset", "reset_ms")]
    limits = (
        RateLimit(name="public", limit=20, window_ns=MINUTE),
        RateLimit(name="orders", limit=40, window_ns=MINUTE),
    )
    usage = tuple(
        UsageHeader(header=header, limit=limit.name, meaning=meaning) for limit in limits for header, meaning in counted
    )
    budgets = Budgets(limits, usage)
    depth, place = budgets.claim("GET /depth", {"public": 1}), budgets.claim("POST /order", {"orders": 1})
    budgets.take(depth, NOW, 0)
    budgets.take(place, NOW, 0)
    budgets.observe(depth, {"x-remain": "0", "x-reset": "7000"}, NOW, 0)
    assert {bucket: used.spent for bucket, used in budgets.use(NOW, 0).items()} == {"public": 20, "orders": 1}
    later = 8 * SECOND
    assert budgets.wait_ns(depth, NOW, 0) < later
    assert {bucket: used.spent for bucket, used in budgets.use(wall(later), later).items()} == {
        "public": 1,
        "orders": 1,
    }


@pytest.mark.parametrize("value", ["", "many", "-3", "1e9", "9" * 40, "٣"])
def test_usage_header_that_is_no_count_is_passed_over(budgets, value):
    depth = budgets.claim("GET /depth", {"ip": 1})
    budgets.observe(depth, {"x-mbx-used-weight-1m": value}, NOW, 0)
    assert budgets.wait_ns(depth, NOW, 0) == 0


def test_refusal_closes_the_budget_for_everybody_as_long_as_retry_after_says(budgets):
    depth, ping = budgets.claim("GET /depth", {"ip": 5}), budgets.claim("GET /ping", {"ip": 1})
    elsewhere = budgets.claim("GET /trades", {"each": 1})
    assert budgets.refuse(depth, {"retry-after": "30"}, NOW, 0, banned=False) == 30 * SECOND
    assert budgets.wait_ns(ping, wall(30 * SECOND - 1), 30 * SECOND - 1) == 1
    assert budgets.wait_ns(ping, wall(30 * SECOND), 30 * SECOND) == 0
    assert budgets.wait_ns(elsewhere, NOW, 0) == 0


def test_later_refusal_with_a_shorter_time_does_not_open_the_budget_earlier(budgets):
    depth = budgets.claim("GET /depth", {"ip": 5})
    budgets.refuse(depth, {"retry-after": "30"}, NOW, 0, banned=False)
    assert budgets.refuse(depth, {"retry-after": "5"}, NOW, 0, banned=False) == 30 * SECOND


def test_refusal_without_a_time_closes_until_what_was_spent_has_gone(budgets):
    depth = budgets.claim("GET /depth", {"ip": 5, "each": 1})
    waited = budgets.refuse(depth, {}, NOW, 0, banned=False)
    assert 40 * SECOND <= waited <= 40 * SECOND + 50 * MS, "the aligned minute, of which 20 s are over"
    trades = budgets.claim("GET /trades", {"each": 1})
    closed = budgets.refuse(trades, {}, NOW, 0, banned=False)
    assert 10 * SECOND <= closed <= 10 * SECOND + 10 * SECOND // 128 + 50 * MS


@pytest.mark.parametrize("reset", [1_700_000_003, 1_700_000_003_000, 3_000], ids=["epoch s", "epoch ms", "ms from now"])
def test_refusal_without_retry_after_obeys_the_reset_header_in_any_unit(budgets, reset):
    depth = budgets.claim("GET /depth", {"each": 1})
    assert budgets.refuse(depth, {"x-reset": str(reset)}, NOW, 0, banned=False) == 3 * SECOND + 50 * MS


def test_reset_stamp_of_a_wrong_clock_closes_for_one_window_at_most(budgets):
    depth = budgets.claim("GET /depth", {"each": 1})
    assert budgets.refuse(depth, {"x-reset": "1700003600"}, NOW, 0, banned=False) == 10 * SECOND + 50 * MS
    assert reset_wait_ns(1_600_000_000, NOW) == 0


def test_ban_closes_everything_that_comes_from_the_address(budgets):
    depth = budgets.claim("GET /depth", {"each": 1})
    assert budgets.refuse(depth, {"retry-after": "120"}, NOW, 0, banned=True) == 120 * SECOND
    assert budgets.wait_ns(budgets.claim("GET /trades", {"each": 1}), NOW, 0) == 120 * SECOND
    assert budgets.wait_ns(budgets.claim("GET /free", {}), NOW, 0) == 120 * SECOND
    assert budgets.wait_ns(budgets.claim("POST /order", {"orders": 1}), NOW, 0) == 120 * SECOND
    assert budgets.use(NOW, 0)["scope:ip"].closed_ns == 120 * SECOND


def test_ban_without_a_time_lasts_two_minutes_at_least(budgets):
    depth = budgets.claim("GET /depth", {"each": 1})
    assert budgets.refuse(depth, {}, NOW, 0, banned=True) == 120 * SECOND


def test_refused_endpoint_without_a_price_still_waits(budgets):
    free = budgets.claim("GET /free", {})
    assert budgets.refuse(free, {"retry-after": "7"}, NOW, 0, banned=False) == 7 * SECOND
    assert budgets.wait_ns(free, NOW, 0) == 7 * SECOND


def test_ban_survives_a_restart():
    pool = Pool()
    first = Budgets(LIMITS, ip=pool)
    first.refuse(first.claim("POST /order", {"orders": 1}), {"retry-after": "600"}, NOW, 5 * SECOND, banned=True)
    restored = Pool()
    restored.restore(pool.save(NOW, 5 * SECOND), NOW + 2 * SECOND, 0)
    second = Budgets(LIMITS, ip=restored)
    assert second.wait_ns(second.claim("GET /ping", {"ip": 1}), NOW + 2 * SECOND, 0) == 598 * SECOND


def test_refusal_and_spent_units_survive_a_restart():
    pools = Pool(), Pool()
    first = Budgets(LIMITS, USAGE, ip=pools[0], key=pools[1])
    depth = first.claim("GET /depth", {"each": 1, "ip": 30})
    for _ in range(3):
        first.take(depth, NOW, 5 * SECOND)
    first.refuse(first.claim("POST /order", {"orders": 1}), {"retry-after": "600"}, NOW, 5 * SECOND, banned=False)
    saved = [msgspec.json.decode(msgspec.json.encode(pool.save(NOW, 5 * SECOND)), type=PoolState) for pool in pools]

    restored = Pool(), Pool()
    later = NOW + 2 * SECOND  # another process: its monotonic clock begins anew
    for pool, state in zip(restored, saved, strict=True):
        pool.restore(state, later, 0)
    second = Budgets(LIMITS, USAGE, ip=restored[0], key=restored[1])
    assert second.wait_ns(second.claim("POST /order", {"orders": 1}), later, 0) == 598 * SECOND
    assert second.wait_ns(second.claim("GET /ping", {"ip": 11}), later, 0) > 0
    assert second.wait_ns(second.claim("GET /ping", {"ip": 10}), later, 0) == 0
    assert second.wait_ns(second.claim("GET /depth", {"each": 3}), later, 0) > 0
    assert second.wait_ns(second.claim("GET /depth", {"each": 2}), later, 0) == 0
    assert second.wait_ns(second.claim("GET /depth", {"each": 5}), NOW + 11 * SECOND, 9 * SECOND) == 0


def test_restored_state_cannot_close_for_longer_than_any_venue_bans():
    pool = Pool()
    pool.restore(PoolState(closed={"scope:ip": NOW + 10**20}, spent={"gone": [(NOW + 1, 5, True)]}), NOW, 0)
    budgets = Budgets(LIMITS, ip=pool)
    assert budgets.wait_ns(budgets.claim("GET /x", {}), NOW, 0) == 7 * 24 * 3600 * SECOND


def test_what_is_restored_counts_whether_the_budget_was_used_before_or_is_used_after():
    state = PoolState(spent={"ip": [(NOW + 30 * SECOND, 95, False)]})
    for restored_first in (True, False):
        pool = Pool()
        budgets = Budgets(LIMITS, ip=pool)
        if restored_first:
            pool.restore(state, NOW, 0)
        claim = budgets.claim("GET /ping", {"ip": 10})
        if not restored_first:
            pool.restore(state, NOW, 0)
        assert budgets.wait_ns(claim, NOW, 0) == pytest.approx(30 * SECOND, abs=SECOND)


def test_venues_that_share_a_pool_spend_together_by_the_smallest_share():
    pool = Pool()
    one = Budgets(LIMITS, ip=pool)
    for_one = one.claim("GET /ping", {"ip": 40})
    one.take(for_one, NOW, 0)
    two = Budgets(LIMITS, share=0.5, ip=pool)
    for_two = two.claim("GET /ping", {"ip": 20})
    assert two.wait_ns(for_two, NOW, 0) > 0
    assert one.wait_ns(for_one, NOW, 0) > 0
    one.refuse(for_one, {"retry-after": "9"}, NOW, 0, banned=True)
    assert two.wait_ns(two.claim("GET /else", {"each": 1}), NOW, 0) == 9 * SECOND
    assert two.wait_ns(two.claim("POST /order", {"orders": 1}), NOW, 0) == 9 * SECOND, "another key, the same address"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "120"}, 120 * SECOND),
        ({"retry-after": " 2 "}, 2 * SECOND),
        ({"retry-after": "1.5"}, 2 * SECOND),
        ({"retry-after": "2.0"}, 2 * SECOND),
        ({"retry-after": "9" * 300}, 7 * 24 * 3600 * SECOND),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT"}, 10 * SECOND),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:10 GMT"}, 0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT", "date": "Tue, 14 Nov 2023 22:12:30 GMT"}, 60 * SECOND),
        ({"retry-after": "Tue, 99 Nov 2023 22:13:30 GMT"}, None),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(headers, expected):
    assert retry_after_ns(headers, NOW) == expected


@given(st.text(max_size=30))
def test_any_retry_after_is_read_or_passed_over(text):
    wait = retry_after_ns({"retry-after": text, "date": text}, NOW)
    assert wait is None or 0 <= wait <= 7 * 24 * 3600 * SECOND


COSTS = st.sampled_from([{"ip": 1}, {"ip": 40}, {"each": 1}, {"each": 2, "ip": 3}, {"orders": 4}, {}])


@given(st.lists(st.tuples(st.integers(0, 3 * SECOND), COSTS, st.integers(0, 5 * SECOND)), min_size=1, max_size=60))
def test_line_is_first_come_first_served_and_everybody_goes_through(arrivals):
    """A small world: requests arrive, take their time, and end; whoever wants the same goes in the order of arrival."""
    budgets = Budgets(LIMITS)
    line = Turnstile(budgets, places=4)
    now = 0
    order: dict[str, list[Claim]] = {}
    ends: list[tuple[int, Claim]] = []
    lasts: dict[Claim, int] = {}
    admitted: list[Claim] = []

    def admit() -> None:
        for claim in line.admit(wall(now), now):
            admitted.append(claim)
            ends.append((now + lasts[claim], claim))
        assert line.under_way == len(ends) <= 4

    def advance(until: int) -> None:
        nonlocal now
        while True:
            moments = [end for end, _claim in ends]
            if line.again_ns is not None:
                assert line.again_ns > 0
                moments.append(now + line.again_ns)
            if not moments or min(moments) > until:
                return
            now = max(now, min(moments))
            for each in [each for each in ends if each[0] <= now]:
                ends.remove(each)
                line.done()
            admit()

    arrived = 0
    for gap, cost, lasting in arrivals:
        arrived += gap
        advance(arrived)
        now = max(now, arrived)
        claim = budgets.claim("GET /x", cost)
        lasts[claim] = lasting
        order.setdefault(str(cost), []).append(claim)
        line.join(claim)
        admit()
    advance(now + 100 * MINUTE)

    assert line.waiting == 0
    assert len(admitted) == len(arrivals)
    for same_wish in order.values():
        assert [claim for claim in admitted if claim in same_wish] == same_wish


def test_dear_request_is_not_starved_by_small_ones_behind_it(budgets):
    line = Turnstile(budgets, places=10)
    budgets.take(budgets.claim("GET /a", {"ip": 90}), NOW, 0)
    dear, small = budgets.claim("GET /dear", {"ip": 20}), budgets.claim("GET /small", {"ip": 1})
    line.join(dear)
    line.join(small)
    assert line.admit(NOW, 0) == []
    later = line.again_ns
    assert later is not None
    assert line.admit(wall(later), later) == [dear, small]


def test_request_with_another_budget_passes_those_who_wait(budgets):
    line = Turnstile(budgets, places=10)
    depth, trades = budgets.claim("GET /depth", {"each": 1}), budgets.claim("GET /trades", {"each": 1})
    spend_all(budgets, depth)
    line.join(depth)
    line.join(trades)
    assert line.admit(NOW, 0) == [trades]


def test_urgent_request_passes_those_who_only_ask_and_waits_for_its_own_kind(budgets):
    turnstile = Turnstile(budgets, places=16)
    spend_all(budgets, budgets.claim("GET /all", {"ip": 60}))
    dear = budgets.claim("GET /depth", {"ip": 50})
    turnstile.join(dear)
    assert turnstile.admit(NOW, 0) == []
    question = budgets.claim("GET /ping", {"ip": 1})
    assert not turnstile.pass_by(question, NOW, 0)
    order = budgets.claim("POST /order", {"ip": 1, "orders": 10}, urgent=True)
    assert turnstile.pass_by(order, NOW, 0)
    second = budgets.claim("POST /order", {"ip": 1, "orders": 1}, urgent=True)
    assert not turnstile.pass_by(second, NOW, 0)
    turnstile.join(second)
    third = budgets.claim("POST /order", {"ip": 1, "orders": 1}, urgent=True)
    assert not turnstile.pass_by(third, NOW, 0)
    turnstile.join(third)
    assert turnstile.waiting == 3
    later = 2 * SECOND
    assert turnstile.admit(wall(later), later) == [second, third]
    turnstile.give_up(dear)
    assert turnstile.waiting == 0


def test_urgent_request_has_places_of_its_own(budgets):
    turnstile = Turnstile(budgets, places=2)
    free = [budgets.claim(f"GET /{number}", {}) for number in range(3)]
    assert [turnstile.pass_by(claim, NOW, 0) for claim in free] == [True, True, False]
    urgent = [budgets.claim("POST /x", {}, urgent=True) for _ in range(5)]
    assert [turnstile.pass_by(claim, NOW, 0) for claim in urgent] == [True] * 4 + [False]


def test_at_most_so_many_are_under_way(budgets):
    line = Turnstile(budgets, places=2)
    claims = [budgets.claim("GET /free", {}) for _ in range(3)]
    for claim in claims:
        line.join(claim)
    assert line.admit(NOW, 0) == claims[:2]
    assert line.again_ns is None, "only the end of one helps"
    line.done()
    assert line.admit(NOW, 0) == claims[2:]


def test_who_gives_up_makes_room_for_those_behind(budgets):
    line = Turnstile(budgets, places=10)
    budgets.take(budgets.claim("GET /a", {"ip": 90}), NOW, 0)
    dear, small = budgets.claim("GET /dear", {"ip": 20}), budgets.claim("GET /small", {"ip": 1})
    line.join(dear)
    line.join(small)
    assert line.admit(NOW, 0) == []
    line.give_up(dear)
    assert line.admit(NOW, 0) == [small]
    assert line.waiting == 0
