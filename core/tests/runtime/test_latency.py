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
