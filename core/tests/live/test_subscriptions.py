"""The bookkeeping of what one connection asked for, against every way in which a venue may answer."""

from arb_core.runtime.stream.subscriptions import ATTEMPTS, Request, Subscriptions
from arb_core.structs.market import Pair
from arb_core.structs.stream import Feed, Topic
from hypothesis import given, settings
from hypothesis import strategies as st


def topics(count: int) -> list[Topic]:
    return [Topic(Feed.TRADES, Pair(f"P{number}")) for number in range(count)]


def name(topic: Topic) -> str:
    return f"trades:{topic.pair}"


def sent(held: Subscriptions, deadline_ns: int = 10) -> list[Request]:
    requests: list[Request] = []
    while (request := held.next_request(deadline_ns)) is not None:
        requests.append(request)
    return requests


@settings(max_examples=300, deadline=None)
@given(
    count=st.integers(1, 40),
    per_request=st.integers(1, 30),
    bad=st.sets(st.integers(0, 39)),
    mute=st.sets(st.integers(0, 39)),
    whole=st.booleans(),
    by_id=st.booleans(),
)
def test_every_topic_that_the_venue_takes_stands_and_every_other_is_named(  # noqa: PLR0917 (what hypothesis draws)
    count: int, per_request: int, bad: set[int], mute: set[int], whole: bool, by_id: bool
) -> None:
    wanted = topics(count)
    refuses = {wanted[number] for number in bad if number < count}
    silent = {wanted[number] for number in mute if number < count} - refuses
    held = Subscriptions(name, per_request)
    held.want(wanted)
    given_up: set[Topic] = set()
    now_ns = rounds = 0
    while held.has_next or held.deadline_ns is not None:
        rounds += 1
        assert rounds < 200
        for request in sent(held, now_ns + 10):
            assert 1 <= len(request.topics) <= per_request
            asked = list(request.topics)
            if whole and (refuses | silent) & set(asked):
                # One bad topic spoils the request; a silent venue says nothing at all of it.
                if refuses & set(asked):
                    given_up |= set(held.refuse(request.request_id, ()).refused)
                continue
            said = request.request_id if by_id else None
            for topic in asked:
                if topic in refuses:
                    given_up |= set(held.refuse(said, [name(topic)]).refused)
                elif topic not in silent:
                    assert held.acknowledge(said, [name(topic)]) == (topic,)
        now_ns += 10
        given_up |= set(held.expire(now_ns).refused)
    assert held.acknowledged == set(wanted) - refuses - silent
    assert given_up == refuses | silent
    assert set(held.topics) == held.acknowledged
    assert held.settled


def test_one_bad_topic_of_two_hundred_costs_few_requests() -> None:
    held = Subscriptions(name, 200)
    wanted = topics(200)
    held.want(wanted)
    requests = 0
    while held.has_next:
        for request in sent(held):
            requests += 1
            if wanted[77] in request.topics:
                held.refuse(request.request_id, ())
            else:
                held.acknowledge(request.request_id, ())
    assert requests <= 20
    assert held.acknowledged == set(wanted) - {wanted[77]}


def test_a_silent_topic_is_asked_for_a_few_times() -> None:
    held = Subscriptions(name, 1)
    (topic,) = topics(1)
    held.want([topic])
    for attempt in range(1, ATTEMPTS + 1):
        assert len(sent(held, attempt)) == 1
        assert held.attempts(topic) == attempt
        unsettled = held.expire(attempt)
        assert (unsettled.again, unsettled.refused) == (((topic,), ()) if attempt < ATTEMPTS else ((), (topic,)))
    assert not held.has_next


def test_a_topic_that_was_not_sent_yet_is_dropped_without_a_frame() -> None:
    held = Subscriptions(name, 10)
    first, second = topics(2)
    held.want([first, second])
    held.drop([first])
    (request,) = sent(held)
    assert (request.topics, request.subscribe) == ([second], True)


def test_a_topic_that_was_sent_is_unsubscribed() -> None:
    held = Subscriptions(name, 10)
    wanted = topics(3)
    held.want(wanted)
    (request,) = sent(held)
    held.acknowledge(request.request_id, ())
    held.drop(wanted[:2])
    (goodbye,) = sent(held)
    assert (goodbye.topics, goodbye.subscribe) == (wanted[:2], False)
    assert held.acknowledge(goodbye.request_id, [name(topic) for topic in wanted[:2]]) == ()
    assert held.acknowledged == {wanted[2]}


def test_repeating_unsubscribes_first_and_late_answers_do_not_count() -> None:
    held = Subscriptions(name, 10)
    (topic,) = topics(1)
    held.want([topic])
    (first,) = sent(held)
    held.repeat([topic])
    goodbye, again = sent(held)
    assert (goodbye.subscribe, again.subscribe) == (False, True)
    assert held.acknowledge(first.request_id, [name(topic)]) == ()
    assert held.refuse(first.request_id, [name(topic)]).refused == ()
    assert not held.settled
    assert held.acknowledge(again.request_id, ()) == (topic,)


def test_an_answer_with_a_foreign_id_counts_by_its_names() -> None:
    held = Subscriptions(name, 10)
    (topic,) = topics(1)
    held.want([topic])
    sent(held)
    assert held.acknowledge(0, [name(topic), "trades:NOBODY"]) == (topic,)


def test_wanting_twice_asks_once() -> None:
    held = Subscriptions(name, 10)
    wanted = topics(2)
    held.want(wanted)
    held.want(wanted)
    assert [request.topics for request in sent(held)] == [wanted]
    assert len(held) == 2
    assert wanted[0] in held
