import itertools
from bisect import bisect_left

from arb_core.runtime.latency import LatencyHistogram
from arb_core.structs.health import Latency
from hypothesis import given
from hypothesis import strategies as st

DURATIONS = st.integers(0, 10**12)


@given(st.lists(DURATIONS, min_size=1, max_size=60), st.sampled_from([0.0, 0.5, 0.9, 0.99, 1.0]))
def test_percentile_is_never_too_small_and_at_most_an_eighth_too_large(durations, fraction):
    histogram = LatencyHistogram()
    for duration in durations:
        histogram.add(duration)
    ranked = sorted(durations)
    exact = next(value for index, value in enumerate(ranked, 1) if index >= fraction * len(ranked))
    assert exact <= histogram.quantile_ns(fraction) <= exact * 9 // 8


@given(st.lists(DURATIONS), st.lists(DURATIONS))
def test_merged_histograms_say_the_same_as_one(left, right):
    parts = LatencyHistogram(), LatencyHistogram()
    whole = LatencyHistogram()
    for part, durations in zip(parts, (left, right), strict=True):
        for duration in durations:
            part.add(duration)
            whole.add(duration)
    parts[0].merge(parts[1])
    assert parts[0].summary() == whole.summary()


def test_empty_histogram_says_nothing():
    assert LatencyHistogram().summary() == Latency()


def test_impossible_durations_are_counted_and_break_nothing():
    histogram = LatencyHistogram()
    histogram.add(-5)
    histogram.add(1 << 80)
    assert histogram.summary().count == 2
    assert histogram.quantile_ns(0.5) == 0
    assert histogram.summary().max == 1 << 80


@given(st.lists(st.integers(0, 10**11)))
def test_shown_histogram_counts_each_duration_under_the_first_bound_that_it_does_not_exceed(durations):
    histogram = LatencyHistogram()
    for duration in durations:
        histogram.add(duration)
    shown = histogram.durations()
    expected = [0] * (len(shown.bounds_ns) + 1)
    for duration in durations:
        expected[bisect_left(shown.bounds_ns, duration)] += 1
    assert shown.counts == tuple(expected)
    assert abs(shown.total_ns - sum(durations)) <= 0.07 * sum(durations)


def test_bounds_of_the_shown_histogram_go_from_a_microsecond_to_seconds():
    bounds = LatencyHistogram().durations().bounds_ns
    assert (bounds[0], bounds[-1], len(bounds)) == ((1 << 10) - 1, (1 << 33) - 1, 47)
    assert all(low < high for low, high in itertools.pairwise(bounds))
