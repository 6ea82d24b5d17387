"""Who is let in: keys, signatures, nonces, deadlines and tokens, as the documentation says."""

import json
from datetime import UTC, datetime

import pytest
from arb_sim.kernel.access import Permission, keys
from arb_sim.venue import Keys

SECOND = 1_000_000_000


def test_a_signed_request_is_answered(trader):
    assert set(trader.fetch("BalanceEx")) >= {"XXBT", "USDT", "LINK"}


def test_unknown_key_wrong_secret_and_changed_body_are_told_apart(trader):
    own = trader.key
    trader.key = Keys("nobody", own.api_secret, None)
    assert trader.denied("Balance") == "EAPI:Invalid key"
    trader.key = Keys(own.api_key, own.api_secret[::-1], None)
    assert trader.denied("Balance") == "EAPI:Invalid signature"
    trader.key = own
    assert trader.denied("Balance", nonce=5, sent=b"nonce=6") == "EAPI:Invalid signature"


def test_a_nonce_is_good_once(trader):
    trader.fetch("Balance", nonce=1000)
    assert trader.denied("Balance", nonce=1000) == "EAPI:Invalid nonce"


def test_a_nonce_below_the_window_is_refused_and_without_a_window_each_is_above_the_last(trader):
    trader.fetch("Balance", nonce=1_000_000)
    trader.fetch("Balance", nonce=990_001)
    assert trader.denied("Balance", nonce=990_000) == "EAPI:Invalid nonce"
    trader.venue.access.nonce_window = 0
    assert trader.denied("Balance", nonce=999_999) == "EAPI:Invalid nonce"
    trader.fetch("Balance", nonce=1_000_001)


@pytest.mark.parametrize("nonce", ["", "-1", "1.5", "x", str(2**64)])
def test_a_nonce_is_a_number_of_64_bits(trader, nonce):
    assert trader.denied("Balance", nonce=nonce) == "EAPI:Invalid nonce"


def test_a_key_that_may_only_read_places_nothing(trader):
    made = keys("kraken", 5, number=2)
    trader.venue.key_ring.issue(trader.venue.account, made, permissions=frozenset({Permission.READ}))
    trader.key = made
    trader.fetch("OpenOrders")
    wanted = {"pair": "XBTUSDT", "type": "buy", "ordertype": "limit", "volume": "0.01", "price": "80000"}
    assert trader.denied("AddOrder", **wanted) == "EGeneral:Permission denied"
    assert "modify-trades" not in trader.fetch("GetApiKeyInfo")["permissions"]


@pytest.mark.parametrize(("ahead_s", "refused"), [(1, True), (3, False), (59, False), (61, True), (-5, True)])
def test_a_deadline_is_two_to_sixty_seconds_away(trader, ahead_s, refused):
    deadline = datetime.fromtimestamp(trader.venue.now_ns // SECOND + ahead_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    order = {"pair": "XBTUSDT", "type": "buy", "ordertype": "limit", "volume": "0.01", "price": "80000"}
    if refused:
        assert trader.denied("AddOrder", **order, deadline=deadline) == "EGeneral:Invalid arguments:deadline"
    else:
        trader.fetch("AddOrder", **order, deadline=deadline)


def test_json_is_taken_as_well(trader):
    answer = trader.ask("POST", "/0/private/Balance", "", headers={"api-key": trader.key.api_key}, body=b'{"nonce":1}')
    assert json.loads(answer.body) == {"error": ["EAPI:Invalid signature"]}


def test_a_token_must_be_used_within_a_quarter_of_an_hour_and_is_good_for_longer_after_that(trader):
    token = trader.fetch("GetWebSocketsToken")["token"]
    (answer, *_) = trader.tell("subscribe", channel="executions", token=token)
    assert answer["success"] is True
    trader.wait(901)
    other = type(trader)(trader.venue, conn=2)
    (late, *_) = other.tell("subscribe", channel="executions", token=token)
    assert (late["success"], late["error"]) == (False, "ESession:Invalid session")
    (again, *_) = trader.tell("subscribe", channel="balances", token=token)
    assert again["success"] is True


def test_a_token_that_nobody_gave_opens_nothing(trader):
    (answer,) = trader.tell("subscribe", channel="executions", token="guessed")
    assert answer["error"] == "ESession:Invalid session"


def test_counters_run_down(trader):
    answers = [json.loads(trader.call("Balance").body)["error"] for _ in range(21)]
    assert answers == [[]] * 20 + [["EAPI:Rate limit exceeded"]]
    trader.wait(1)
    trader.fetch("Balance")
    asked = [trader.public("Time")["error"] for _ in range(16)]
    assert asked == [[]] * 15 + [["EGeneral:Too many requests"]]


def test_a_young_order_costs_more_to_cancel(trader):
    ids = [trader.place() for _ in range(21)]
    # 21 for placing them, 8 for each that is younger than 5 s: 180 is the limit
    for txid in ids[:19]:
        trader.fetch("CancelOrder", txid=txid)
    assert trader.denied("CancelOrder", txid=ids[19]) == "EOrder:Rate limit exceeded"
    trader.wait(2)
    trader.fetch("CancelOrder", txid=ids[19])
    trader.wait(301)
    for _ in range(179):
        trader.place()
    trader.fetch("CancelOrder", txid=ids[20])  # older than five minutes: it costs nothing
