from arb_sim.timeline import Timeline
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.integers(0, 50)), st.lists(st.integers(0, 50)))
def test_events_run_in_the_order_of_their_time_however_late_the_caller(moments, calls):
    timeline, ran = Timeline(0), []
    for number, moment in enumerate(moments):
        timeline.call_at(moment, lambda moment=moment, number=number: ran.append((timeline.now_ns, moment, number)))
    for call in [*sorted(calls), 50]:
        timeline.run(call)
        assert timeline.now_ns == call
    assert [(moment, number) for _, moment, number in ran] == sorted((m, n) for n, m in enumerate(moments))
    assert all(now == moment for now, moment, _ in ran)


def test_event_that_asks_for_the_past_runs_now():
    timeline, ran = Timeline(100), []
    timeline.call_at(10, lambda: ran.append(timeline.now_ns))
    timeline.run(100)
    assert ran == [100]


def test_time_does_not_go_back():
    timeline = Timeline(100)
    timeline.run(50)
    assert timeline.now_ns == 100
    assert timeline.next_ns is None
