"""Each fault happens to whom it should, as often as it should, and is counted; then everything goes on as before."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from arb_sim.faults import Fault, FaultKind, FaultScript, Impossible, load_script
from arb_sim.kernel.market import Status
from arb_sim.venue import Close, Ping, Pong, Request

SECOND = 1_000_000_000
PAIR, OTHER = "BTC-USDT", "LINK-USDT"


@pytest.fixture
def watching(toy, connect):
    """A venue, and a client that follows both of its books."""

    def make(*faults, **pace):
        venue = toy(script=FaultScript(seed=1, faults=faults), **{"steps_per_s": 20, **pace})
        client = connect(venue)
        client.say(f"join book {PAIR}")
        client.say(f"join book {OTHER}")
        return venue, client

    return make


def spoken(client, venue, pair=PAIR):
    """The versions that reached the client of one book, in order of arrival."""
    first = venue.by_pair[pair]
    low, high = first.book.version - 10**6, first.book.version
    return [(m["first"], m["last"]) for m in client.messages if low < m["last"] <= high]


def gaps(ranges):
    return sum(after[0] != before[1] + 1 for before, after in pairwise(ranges))


def test_without_faults_nothing_is_missing(watching):
    venue, client = watching()
    client.wait(20)
    assert gaps(spoken(client, venue)) == 0
    assert not venue.faults.counts


def test_dropped_pushes_are_missing(watching):
    venue, client = watching(Fault(kind=FaultKind.DROP, pair="BTC/USDT", at_s=5, count=3, probability=0.2))
    client.wait(20)
    assert venue.faults.counts == {FaultKind.DROP: 3}
    assert 1 <= gaps(spoken(client, venue)) <= 3
    assert gaps(spoken(client, venue, OTHER)) == 0


def test_duplicated_push_comes_twice(watching):
    venue, client = watching(Fault(kind=FaultKind.DUPLICATE, pair=PAIR, at_s=5))
    client.wait(10)
    ranges = spoken(client, venue)
    assert len(ranges) - len(set(ranges)) == 1 == venue.faults.counts[FaultKind.DUPLICATE]


def test_reordered_push_comes_after_the_next(watching):
    venue, client = watching(Fault(kind=FaultKind.REORDER, pair=PAIR, at_s=5, count=2))
    client.wait(20)
    ranges = spoken(client, venue)
    assert ranges != sorted(ranges)
    assert gaps(sorted(ranges)) == 0
    assert venue.faults.counts == {FaultKind.REORDER: 2}


def test_delayed_pushes_come_late_together_and_in_order(watching):
    venue, client = watching(Fault(kind=FaultKind.DELAY, pair=PAIR, at_s=5, hold_s=2))
    client.wait(6.5)
    before = len(spoken(client, venue))
    client.wait(0.4)
    assert len(spoken(client, venue)) == before
    client.wait(1)
    assert len(spoken(client, venue)) > before + 30
    assert gaps(spoken(client, venue)) == 0


def test_malformed_push_is_no_message(watching):
    venue, client = watching(Fault(kind=FaultKind.MALFORMED, pair=PAIR, at_s=5))
    client.wait(10)
    broken = [frame for frame in client.frames if not _reads(frame) and not frame.startswith("joined")]
    assert len(broken) == 1 == venue.faults.counts[FaultKind.MALFORMED]


def test_truncated_push_lacks_its_end(watching):
    venue, client = watching(Fault(kind=FaultKind.TRUNCATED, pair=PAIR, at_s=5, count=5))
    client.wait(10)
    broken = [frame for frame in client.frames if frame.startswith("{") and not _reads(frame)]
    assert len(broken) == 5 == venue.faults.counts[FaultKind.TRUNCATED]


def _reads(frame):
    try:
        json.loads(frame)
    except json.JSONDecodeError:
        return False
    return True


def test_bad_checksum_is_the_only_thing_wrong(watching, checksum_right):
    venue, client = watching(Fault(kind=FaultKind.BAD_CHECKSUM, pair=PAIR, at_s=5))
    client.wait(10)
    assert [checksum_right(message) for message in client.messages].count(False) == 1
    assert gaps(spoken(client, venue)) == 0
    assert venue.faults.counts[FaultKind.BAD_CHECKSUM] == 1


def test_frozen_books_are_silent_while_pings_and_rest_live_on(watching):
    venue, client = watching(Fault(kind=FaultKind.FREEZE, pair=PAIR, at_s=5, hold_s=30))
    client.wait(5)
    before, others = len(spoken(client, venue)), len(spoken(client, venue, OTHER))
    version = venue.by_pair[PAIR].book.version
    client.wait(29.5)
    client.say(Ping(b"x"))
    assert len(spoken(client, venue)) <= before + 1
    assert len(spoken(client, venue, OTHER)) > others + 500
    assert venue.by_pair[PAIR].book.version > version + 500
    assert any(isinstance(frame, Ping) for frame in client.got)
    assert client.got[-1] == Pong(b"x")
    client.wait(2)
    assert gaps(spoken(client, venue)) == 0  # it was the venue that fell silent: nothing is lost
    assert venue.faults.counts == {FaultKind.FREEZE: 1}


def depth(venue, **more):
    request = Request(method="GET", path="/depth", query=f"pair={PAIR}", **more)
    return venue.http(request, venue.timeline.now_ns)


def test_stale_snapshot_shows_the_past(watching):
    venue, client = watching(Fault(kind=FaultKind.STALE_SNAPSHOT, pair=PAIR, at_s=5, hold_s=3))
    client.wait(5)
    then = json.loads(depth(venue).body)
    client.wait(2)
    assert json.loads(depth(venue).body) == then
    assert venue.faults.counts == {FaultKind.STALE_SNAPSHOT: 2}
    client.wait(1.1)
    assert json.loads(depth(venue).body)["id"] == venue.by_pair[PAIR].book.version > then["id"]
    assert venue.faults.counts == {FaultKind.STALE_SNAPSHOT: 2}


def test_halted_symbol_does_not_move(watching):
    venue, client = watching(Fault(kind=FaultKind.HALT, pair=PAIR, at_s=5, hold_s=10))
    client.wait(5.1)
    version = venue.by_pair[PAIR].book.version
    assert venue.by_pair[PAIR].status is Status.HALTED
    client.wait(9)
    assert venue.by_pair[PAIR].book.version == version
    client.wait(2)
    assert venue.by_pair[PAIR].status is Status.TRADING
    assert venue.by_pair[PAIR].book.version > version
    assert venue.faults.counts == {FaultKind.HALT: 1}


def test_wrong_clock_shows_in_every_stamp(watching):
    venue, client = watching(Fault(kind=FaultKind.CLOCK_SKEW, at_s=5, hold_s=5, skew_s=-90))
    client.wait(7)
    now_ns = venue.timeline.now_ns
    answer = venue.http(Request(method="GET", path="/time"), now_ns)
    assert json.loads(answer.body)["now_ns"] == now_ns - 90 * SECOND
    assert min(message["at"] for message in client.messages) < venue.timeline.start_ns
    client.wait(4)
    assert venue.now_ns == venue.timeline.now_ns
    assert venue.faults.counts == {FaultKind.CLOCK_SKEW: 1}


def test_disconnect_ends_those_who_follow_the_pair(toy, connect):
    venue = toy(script=FaultScript(faults=(Fault(kind=FaultKind.DISCONNECT, pair=PAIR, at_s=5, code=1012),)))
    one, two = connect(venue, 1), connect(venue, 2)
    one.say(f"join book {PAIR}")
    two.say(f"join book {OTHER}")
    outputs = venue.due(venue.timeline.start_ns + 6 * SECOND)
    assert [(conn, frame) for conn, frame in outputs if isinstance(frame, Close)] == [(1, Close(1012, ""))]
    assert outputs[-1][0] == 2
    assert venue.faults.counts == {FaultKind.DISCONNECT: 1}


def test_disconnects_can_come_again_and_again(toy, connect):
    venue = toy(
        script=FaultScript(faults=(Fault(kind=FaultKind.DISCONNECT, at_s=1, every_s=2, count=4),)), steps_per_s=1
    )
    venue.rules = type(venue.rules)()
    ends = []
    for conn in range(1, 100):
        client = connect(venue, conn)
        client.say(f"join book {PAIR}")
        client.wait(1.999)
        if client.ended is None:
            break
        ends.append(client.ended)
    assert ends == [Close(1006, "")] * 4 == [Close(1006, "")] * venue.faults.counts[FaultKind.DISCONNECT]


def test_half_open_connection_says_nothing_and_hears_nothing(watching):
    venue, client = watching(Fault(kind=FaultKind.HALF_OPEN, at_s=5))
    client.wait(5.1)
    before = len(client.got)
    client.say(Ping(b"anybody there?"))
    client.say("join trades BTC-USDT")
    client.wait(200)
    assert len(client.got) == before
    assert venue.faults.counts == {FaultKind.HALF_OPEN: 1}
    venue.closed(1)
    assert venue.by_pair[PAIR].watched == 0


def test_expired_ticket_ends_the_venues_way(watching, connect):
    venue, spared = watching(Fault(kind=FaultKind.TICKET_EXPIRED, at_s=5))
    client = connect(venue, 2, f"/ws?ticket={venue.tickets.make(venue.account).text}")
    client.wait(6)
    assert spared.ended is None
    assert client.ended == Close(4001, "ticket expired")
    assert venue.faults.counts == {FaultKind.TICKET_EXPIRED: 1}


@pytest.mark.parametrize(
    ("fault", "status", "retry_after"),
    [
        (Fault(kind=FaultKind.RATE_LIMITED), 429, None),
        (Fault(kind=FaultKind.RATE_LIMITED, retry_after_s=7), 429, "7"),
        (Fault(kind=FaultKind.BANNED, retry_after_s=120), 418, "120"),
        (Fault(kind=FaultKind.SERVER_ERROR), 503, None),
        (Fault(kind=FaultKind.SERVER_ERROR, status=500, path="dep"), 500, None),
    ],
)
def test_request_is_refused_once(toy, fault, status, retry_after):
    venue = toy(script=FaultScript(faults=(fault,)))
    answer = depth(venue)
    assert (answer.status, answer.headers.get("retry-after")) == (status, retry_after)
    assert depth(venue).status == 200
    assert venue.faults.counts == {fault.kind: 1}


def test_request_faults_choose_path_and_pair(toy):
    faults = (
        Fault(kind=FaultKind.SERVER_ERROR, path="/time", count=None),
        Fault(kind=FaultKind.RATE_LIMITED, pair=OTHER, count=None),
    )
    venue = toy(script=FaultScript(faults=faults))
    assert depth(venue).status == 200
    assert venue.http(Request(method="GET", path="/time"), 0).status == 503
    assert venue.http(Request(method="GET", path="/depth", query=f"pair={OTHER}"), 0).status == 429


def test_request_may_stay_without_answer(toy):
    venue = toy(script=FaultScript(faults=(Fault(kind=FaultKind.NO_ANSWER),)))
    assert depth(venue) is None
    assert depth(venue).status == 200


def test_subscription_is_refused_or_ignored(toy, connect):
    faults = (
        Fault(kind=FaultKind.SUBSCRIPTION_REFUSED, pair=PAIR),
        Fault(kind=FaultKind.SUBSCRIPTION_IGNORED, pair=OTHER),
    )
    venue = toy(script=FaultScript(faults=faults), steps_per_s=20)
    client = connect(venue)
    client.say(f"join book {PAIR}")
    client.say(f"join book {OTHER}")
    client.wait(5)
    assert client.frames == [f"refused book {PAIR}"]
    client.say(f"join book {PAIR}")
    client.say(f"join book {OTHER}")
    client.wait(5)
    assert client.frames[1:3] == [f"joined book {PAIR}", f"joined book {OTHER}"]
    assert len(client.messages) > 100
    assert set(venue.faults.counts.values()) == {1}


def test_one_seed_gives_the_same_faults(watching):
    seen = []
    for _ in range(2):
        fired = []
        venue, client = watching(
            Fault(kind=FaultKind.DROP, count=None, probability=0.1),
            Fault(kind=FaultKind.DUPLICATE, count=None, probability=0.1),
            Fault(kind=FaultKind.DISCONNECT, at_s=9),
        )
        venue.faults.on_fired = fired.append
        client.wait(10)
        seen.append((fired, client.frames))
    assert seen[0] == seen[1]
    assert len(seen[0][0]) > 20


def test_fault_lies_in_wait_for_so_long_only(watching):
    venue, client = watching(Fault(kind=FaultKind.DROP, count=None, at_s=2, for_s=3))
    client.wait(20)
    dropped = venue.faults.counts[FaultKind.DROP]
    assert 100 < dropped < 140
    assert gaps(spoken(client, venue)) == gaps(spoken(client, venue, OTHER)) == 1
    assert not venue.faults.restless


def test_disarmed_faults_happen_no_more(watching):
    venue, client = watching(Fault(kind=FaultKind.DROP, count=None))
    client.wait(2)
    venue.faults.disarm()
    before = venue.faults.counts[FaultKind.DROP]
    assert before
    client.wait(2)
    assert venue.faults.counts[FaultKind.DROP] == before


def test_fault_can_be_armed_as_one_goes(watching):
    venue, client = watching()
    client.wait(3)
    venue.faults.arm(Fault(kind=FaultKind.DROP, pair=PAIR, at_s=1))
    client.wait(0.9)
    assert not venue.faults.counts
    client.wait(1)
    assert venue.faults.counts == {FaultKind.DROP: 1}


def test_only_books_are_hit_unless_another_feed_is_named(toy, connect):
    venue = toy(steps_per_s=20)
    client = connect(venue)
    client.say(f"join trades {PAIR}")
    venue.faults.arm(Fault(kind=FaultKind.DROP, count=None))
    client.wait(10)
    assert not venue.faults.counts
    venue.faults.arm(Fault(kind=FaultKind.DROP, feed="trades", count=2))
    client.wait(10)
    assert venue.faults.counts == {FaultKind.DROP: 2}


def test_impossible_fault_is_refused_with_its_reason(toy):
    venue = toy()
    type(venue).impossible = {FaultKind.BAD_CHECKSUM: "it sends none"}
    try:
        with pytest.raises(Impossible, match="bad_checksum: it sends none"):
            venue.faults.arm(Fault(kind=FaultKind.BAD_CHECKSUM))
    finally:
        type(venue).impossible = {}


def test_unknown_pair_is_refused(toy):
    with pytest.raises(LookupError, match="does not list NO/SUCH"):
        toy().faults.arm(Fault(kind=FaultKind.DROP, pair="NO/SUCH"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "drop", "every_s": 1},
        {"kind": "halt", "for_s": 1},
        {"kind": "drop", "probability": 0},
        {"kind": "halt", "hold_s": -1},
        {"kind": "disconnect", "every_s": 0, "count": None},
    ],
)
def test_meaningless_fault_is_refused(wrong):
    with pytest.raises(ValueError):
        Fault(**wrong | {"kind": FaultKind(wrong["kind"])})


TOML = """
seed = 7
[[faults]]
kind = "drop"
pair = "BTC/USDT"
at_s = 2
for_s = 5.0
count = 3
probability = 0.5
[[faults]]
kind = "disconnect"
at_s = 3
every_s = 30
"""


def test_script_reads_from_toml_and_json(tmp_path: Path):
    toml, js = tmp_path / "script.toml", tmp_path / "script.json"
    toml.write_text(TOML)
    js.write_text(
        '{"seed":7,"faults":[{"kind":"drop","pair":"BTC/USDT","at_s":2,"for_s":5,"count":3,"probability":0.5},'
        '{"kind":"disconnect","at_s":3,"every_s":30}]}'
    )
    assert load_script(toml) == load_script(js)
    assert load_script(toml).faults[0].kind is FaultKind.DROP


@pytest.mark.parametrize(
    "text", ["seed = 'x'", "[[faults]]\nkind = 'nonsense'", "[[faults]]\nkind = 'drop'\nwhen = 3", "]["]
)
def test_wrong_script_is_refused(tmp_path, text):
    path = tmp_path / "script.toml"
    path.write_text(text)
    with pytest.raises(ValueError):
        load_script(path)
