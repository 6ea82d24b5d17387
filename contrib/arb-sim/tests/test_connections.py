"""The house rules, on venue time."""

import json

import pytest
from arb_sim.kernel.limits import Ban, Window
from arb_sim.venue import Close, Ping, Pong

SECOND = 1_000_000_000
PAIR = "BTC-USDT"


def test_venue_pings_and_keeps_who_answers(toy, connect):
    client = connect(toy(steps_per_s=1))
    client.say(f"join trades {PAIR}")
    client.wait(600)
    pings = [frame for frame in client.got if isinstance(frame, Ping)]
    assert len(pings) == 30
    assert client.ended is None


def test_who_answers_no_ping_is_cut_off(toy, connect):
    client = connect(toy(steps_per_s=1))
    client.pongs = False
    client.say(f"join trades {PAIR}")
    client.wait(59)
    assert client.ended is None
    client.wait(2)
    assert client.ended == Close(1008, "Pong timeout")


def test_pong_that_answers_no_ping_does_not_count(toy, connect):
    client = connect(toy(steps_per_s=1))
    client.pongs = False
    client.say(f"join trades {PAIR}")
    for _ in range(12):
        client.say(Pong(b"hello"))
        client.wait(5)
    client.wait(1)
    assert client.ended == Close(1008, "Pong timeout")


def test_ping_of_a_client_is_answered_with_its_payload(toy, connect):
    client = connect(toy())
    client.say(Ping(b"abc"))
    assert client.got == [Pong(b"abc")]


def test_connection_without_subscription_is_closed(toy, connect):
    client = connect(toy())
    client.wait(29)
    assert client.ended is None
    client.wait(2)
    assert client.ended == Close(1000, "")


def test_connection_that_gave_up_its_last_subscription_is_closed(toy, connect):
    client = connect(toy())
    client.say(f"join book {PAIR}")
    client.wait(50)
    client.say(f"leave book {PAIR}")
    client.wait(29)
    assert client.ended is None
    client.wait(2)
    assert client.ended == Close(1000, "")


def test_silent_connection_is_closed(toy, connect):
    venue = toy(steps_per_s=0)
    venue.rules = type(venue.rules)(idle_ns=60 * SECOND)
    client = connect(venue)
    client.say(f"join book {PAIR}")
    client.wait(59)
    client.say(f"join slow {PAIR}")
    client.wait(59)
    assert client.ended is None
    client.wait(2)
    assert client.ended == Close(1000, "")


def test_lifetime_ends_even_the_busiest_connection(toy, connect):
    client = connect(toy(steps_per_s=1))
    client.say(f"join trades {PAIR}")
    client.wait(3599)
    assert client.ended is None
    client.wait(2)
    assert client.ended == Close(1001, "")


def test_who_says_too_much_is_cut_off(toy, connect):
    client = connect(toy())
    for number in range(10):
        client.say(f"join nothing{number} {PAIR}")
    assert client.ended is None
    client.say("one more")
    assert client.ended == Close(1008, "Too many requests")


def test_messages_count_within_one_second_only(toy, connect):
    client = connect(toy())
    for number in range(40):
        client.say(f"join nothing{number} {PAIR}")
        client.wait(0.11)
    assert client.ended is None


def test_there_is_room_for_so_many_streams(toy, connect):
    client = connect(toy(steps_per_s=0))
    names = [f"{kind} {pair}" for pair in ("BTC-USDT", "LINK-USDT") for kind in ("book", "slow", "depth", "trades")]
    for name in names:
        client.say(f"join {name}")
    assert client.frames[:6] == [f"joined {name}" for name in names[:6]]
    assert client.frames[6:8] == [f"refused {name}" for name in names[6:]]


def test_unknown_channel_is_refused(toy, connect):
    client = connect(toy())
    client.say("join book NO-SUCH")
    assert client.frames == ["refused book NO-SUCH"]


def test_wrong_path_and_too_many_connections_are_refused_in_the_handshake(toy, connect):
    venue = toy()
    assert connect(venue, 1, "/elsewhere").refused.status == 404
    assert [connect(venue, conn).refused for conn in range(2, 7)] == [None] * 5
    assert connect(venue, 7).refused.status == 429
    venue.closed(2)
    assert connect(venue, 8).refused is None


def test_connection_attempts_are_counted_per_client(toy):
    venue = toy()
    now_ns = venue.timeline.now_ns
    answers = []
    for conn in range(30):
        answers.append(venue.opened(conn, "/ws", now_ns, "10.0.0.1"))
        venue.closed(conn)
    assert [answer is None for answer in answers] == [True] * 20 + [False] * 10
    assert venue.opened(99, "/ws", now_ns, "10.0.0.2") is None
    assert venue.opened(100, "/ws", now_ns + 301 * SECOND, "10.0.0.1") is None


def test_closed_connection_gets_nothing_more(toy, connect):
    venue = toy(steps_per_s=20)
    client = connect(venue)
    client.say(f"join book {PAIR}")
    client.wait(1)
    venue.closed(1)
    before = len(client.got)
    client.wait(10)
    assert len(client.got) == before
    assert json.loads(client.frames[-1])


@pytest.mark.parametrize(("aligned", "refills_ns"), [(False, 63 * SECOND), (True, 60 * SECOND)])
def test_window_refills_when_it_ends(aligned, refills_ns):
    window = Window(3, 60 * SECOND, aligned=aligned)
    start_ns = 3 * SECOND
    assert [window.spend(1, start_ns) for _ in range(4)] == [True, True, True, False]
    assert window.remaining == 0
    assert window.wait_s(start_ns) == (refills_ns - start_ns) // SECOND
    assert not window.spend(1, refills_ns - 1)
    assert window.spend(1, refills_ns)
    assert window.remaining == 2


def test_ban_comes_after_patience_and_grows():
    ban = Ban(patience=2, span_ns=60 * SECOND)
    assert [ban.offend(0) for _ in range(3)] == [False, False, True]
    assert ban.holds(59 * SECOND)
    assert not ban.holds(60 * SECOND)
    assert [ban.offend(60 * SECOND) for _ in range(3)][-1]
    assert ban.wait_s(60 * SECOND) == 120
    ban.forgive()
    assert not ban.offend(300 * SECOND)
