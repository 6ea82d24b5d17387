"""Marked secrets in every place where venues say them."""

import json

import pytest
from arb_compliance.authoring.scrub import Scrubber
from hypothesis import given
from hypothesis import strategies as st

KEY = "mx0vKEYMARKED1234567"
TOKEN = "7f3a9c1eTOKENMARKED0011223344556677"


def scrubbed(message, *secrets):
    scrubber = Scrubber(secrets)
    scrubber.look(message)
    return scrubber.message(message)


@pytest.mark.parametrize(
    ("message", "secret"),
    [
        (b'{"listenKey":"%s"}' % TOKEN.encode(), TOKEN),
        (b'{"data":{"token":"%s","instanceServers":[]}}' % TOKEN.encode(), TOKEN),
        (b'{"uid":98765432,"balances":[]}', "98765432"),
        (b'{"user_id":12345678}', "12345678"),
        (b'{"userId": "u-55443322"}', "u-55443322"),
        (b'{"accountId":"acc12345","type":"spot"}', "acc12345"),
        (b'{"clientIp":"203.0.113.77"}', "203.0.113.77"),
        (b'{"email":"ann@example.org"}', "ann@example.org"),
        (b"fees uid=98765432 maker=0.001", "98765432"),
        (b"GET /x?apiKey=%s&signature=abcdefabcdefabcdef" % KEY.encode(), KEY),
        (b"GET /x?apiKey=key&signature=abcdefabcdefabcdef", "abcdefabcdefabcdef"),
    ],
)
def test_field_that_says_whose_it_is_or_opens_it_is_blotted_out(message, secret):
    found = scrubbed(message)
    assert secret.encode() not in found
    assert len(found) == len(message)


def test_secret_that_is_known_is_blotted_out_wherever_it_stands():
    message = b"\x0a\x14" + KEY.encode() + b"\xff\x00" + b"%2B".join([b"a", b"b"])
    found = scrubbed(message, KEY)
    assert KEY.encode() not in found
    assert found.startswith(b"\x0a\x14")
    assert found.endswith(b"\xff\x00a%2Bb")
    assert len(found) == len(message)


def test_secret_in_percents_is_found():
    secret = "abc+def/ghi=="
    found = scrubbed(b"GET /?sig=abc%2Bdef%2Fghi%3D%3D", secret)
    assert b"abc%2Bdef" not in found


def test_what_one_message_tells_is_taken_out_of_all():
    scrubber = Scrubber()
    scrubber.look(b'{"uid":"98765432"}')
    assert b"98765432" not in scrubber.message(b'["trade",98765432,"1.5"]')


def test_document_stays_one_and_other_fields_stay_as_they_are():
    message = b'{"uid":98765432,"price":"30000.10","token":"USDT","account":"spot","sub":"book.BTC","id":77}'
    found = json.loads(scrubbed(message))
    assert found.pop("uid") == 10000000
    assert found == {"price": "30000.10", "token": "USDT", "account": "spot", "sub": "book.BTC", "id": 77}


def test_absent_values_stay():
    assert scrubbed(b'{"uid":null,"email":null}') == b'{"uid":null,"email":null}'


def test_leak_is_told_by_its_beginning_alone():
    assert Scrubber([KEY]).leaks(b"... " + KEY.encode()) == ["mx..."]
    assert Scrubber([KEY]).leaks(b"...") == []


SECRETS = st.text("abcdefghijklmnopqrstuvwyzABCDEFGHIJKLMNOPQRSTUVWYZ123456789", min_size=6, max_size=40)


@given(st.lists(SECRETS, min_size=1, max_size=4), st.binary(max_size=60), st.binary(max_size=60))
def test_no_secret_survives_and_no_length_changes(secrets, before, after):
    scrubber = Scrubber(secrets)
    message = before + b"|".join(secret.encode() for secret in secrets) + after
    found = scrubber.message(message)
    assert scrubber.leaks(found) == []
    assert len(found) == len(message)
