"""Scanners by made-up layouts: what is read, what is left alone, and what is refused as no layout."""

from math import isnan

import pytest
from arb_core.structs.book import SequenceRule
from arb_core.structs.layout import NOT_MINE, NOT_NEXT, WireLayout
from msgspec.structs import replace

native = pytest.importorskip("arb_native", reason="arb-native is not installed")

JSON = WireLayout(
    form="json",
    ids=SequenceRule.RANGE,
    symbol=("d", "s"),
    bids=("d", "b"),
    asks=("d", "a"),
    first_id=("d", "U"),
    last_id=("d", "u"),
    time_ms=("d", "t"),
    equal=((("kind",), ("depth", "diff")),),
    absent=(("d", "full"),),
    optional=(("d", "a"), ("d", "t")),
)
TRUE = '{"kind":"depth","d":{"t":5,"s":"BTC","U":11,"u":12,"b":[["10.5","2"]],"a":[[11,0.25]]}}'


class Stand:
    def __init__(self, layout=JSON, *, cut=0, last_id=10, pair="BTC"):
        self.book = native.NativeBook()
        self.book.replace([(10.0, 1.0), (9.0, 1.0)], [(11.0, 1.0), (12.0, 1.0)])
        self.scanner = native.NativeScanner([layout])
        self.scanner.arm(pair, 3, self.book, last_id, cut)

    def hear(self, text):
        return self.scanner.apply(memoryview(text if isinstance(text, bytes) else text.encode()))


def test_the_next_message_changes_the_book():
    stand = Stand()
    assert stand.hear(TRUE) == 3
    assert (stand.book.bid, stand.book.bid_size, stand.book.ask, stand.book.ask_size) == (10.5, 2.0, 11.0, 0.25)
    assert (stand.scanner.last_id, stand.scanner.exchange_ns) == (12, 5_000_000)
    assert stand.hear(TRUE) == NOT_NEXT
    assert stand.hear('{"kind":"diff","d":{"s":"BTC","U":13,"u":13,"b":[["10.5","0"],["9","0.0"]]}}') == 3
    assert (stand.book.bids(0), stand.scanner.exchange_ns) == ([(10.0, 1.0)], 0)


def test_order_spaces_and_unknown_keys_do_not_matter():
    text = """ { "new" : {"x":[1,{"y":null}],"z":-1.5e3} , "d" :
        { "a":[ ] , "u":12,"more":true,"U":11 , "b":[ [ "10.5" , "2" ] ], "s":"BTC" } , "kind":"depth" } """
    stand = Stand()
    assert stand.hear(text) == 3
    assert stand.book.bid == 10.5


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"BTC"', '"ETH"'),
        ('"BTC"', '"BTC\\u0043"'),
        ('"BTC"', '"BTÇ"'),
        ('"BTC"', "7"),
        ('"depth"', '"trade"'),
        ('"kind":"depth",', ""),
        ('"U":11', '"U":11,"U":11'),
        ('"U":11,', ""),
        ('"U":11', '"U":null'),
        ('"U":11', '"U":11.0'),
        ('"U":11', '"U":-11'),
        ('"u":12', '"u":99999999999999999999'),
        ('"t":5', '"t":0'),
        ('"t":5', '"t":9007199254740993'),
        ('"t":5', '"full":false,"t":5'),
        ('"10.5"', '"1e1"'),
        ('"10.5"', '"0"'),
        ('"10.5"', '"nan"'),
        ('"10.5"', '"-10.5"'),
        ('"10.5"', '"10.5 "'),
        ('"2"', '"2","3"'),
        ('["10.5","2"]', '["10.5"]'),
        ('["10.5","2"]', '{"p":"10.5"}'),
        ('[["10.5","2"]]', "null"),
        ("}}", "}"),
        ("}}", "}}}"),
        ("}}", "}} x"),
        ("}}", "},}"),
        ('"d":', '"d"'),
    ],
)
def test_what_is_not_plainly_the_message_is_left_alone(old, new):
    assert TRUE.count(old) == 1
    stand = Stand()
    assert stand.hear(TRUE.replace(old, new)) == NOT_MINE
    assert stand.book.bids(0) == [(10.0, 1.0), (9.0, 1.0)]
    assert stand.hear(TRUE) == 3


def test_every_truncation_is_left_alone():
    stand = Stand()
    frame = TRUE.encode()
    assert {stand.hear(frame[:length]) for length in range(len(frame))} == {NOT_MINE}
    assert stand.hear(frame) == 3


@pytest.mark.parametrize(
    ("first", "last", "code"), [(12, 13, NOT_NEXT), (9, 10, NOT_NEXT), (11, 10, NOT_NEXT), (11, 11, 3)]
)
def test_a_range_begins_right_after_the_book(first, last, code):
    assert Stand().hear(TRUE.replace('"U":11,"u":12', f'"U":{first},"u":{last}')) == code


def test_a_chain_names_the_id_before_it():
    layout = WireLayout(
        form="json",
        ids=SequenceRule.CHAIN,
        symbol=("arg", "id"),
        bids=("data", 0, "bids"),
        asks=("data", 0, "asks"),
        last_id=("data", 0, "seq"),
        previous_id=("data", 0, "prev"),
        longer_levels=True,
    )
    stand = Stand(layout)
    row = '{"asks":[],"bids":[["10.5","2","0","1"]],"seq":4,"prev":10}'
    assert stand.hear(f'{{"arg":{{"id":"BTC"}},"data":[{row},{row}]}}') == NOT_MINE
    assert stand.hear('{"arg":{"id":"BTC"},"data":[]}') == NOT_MINE
    assert stand.hear(f'{{"arg":{{"id":"BTC"}},"data":[{row}]}}') == 3
    assert (stand.book.bid, stand.scanner.last_id) == (10.5, 4)
    assert stand.hear(f'{{"arg":{{"id":"BTC"}},"data":[{row}]}}') == NOT_NEXT


def test_a_count_goes_on_by_one():
    layout = replace(JSON, ids=SequenceRule.CONSECUTIVE, first_id=())
    stand = Stand(layout)
    assert stand.hear(TRUE) == NOT_NEXT
    assert stand.hear(TRUE.replace('"u":12', '"u":11')) == 3


def test_the_pair_may_stand_within_a_name():
    stand = Stand(replace(JSON, around_symbol=("ob.", ".50")))
    assert stand.hear(TRUE) == NOT_MINE
    assert stand.hear(TRUE.replace('"BTC"', '"ob..50"')) == NOT_MINE
    assert stand.hear(TRUE.replace('"BTC"', '"ob.BTC.50"')) == 3


def test_a_book_may_be_cut_after_each_message():
    stand = Stand(cut=2)
    assert stand.hear(TRUE) == 3
    assert stand.book.bids(0) == [(10.5, 2.0), (10.0, 1.0)]


def test_disarmed_books_and_ids_that_no_i64_holds_take_nothing():
    stand = Stand()
    stand.scanner.arm("BTC", 3, stand.book, 1 << 64, 0)
    assert stand.hear(TRUE) == NOT_MINE
    stand.scanner.arm("BTC", 3, stand.book, 10, 0)
    stand.scanner.disarm("BTC")
    stand.scanner.disarm("BTC")
    assert stand.hear(TRUE) == NOT_MINE


def test_a_protobuf_message_is_read_by_its_numbers():
    layout = WireLayout(
        form="protobuf",
        ids=SequenceRule.RANGE,
        symbol=(3,),
        time_ms=(6,),
        asks=(313, 1),
        bids=(313, 2),
        first_id=(313, 4),
        last_id=(313, 5),
        optional=((6,), (313, 1), (313, 2)),
        passed=((1,),),
    )

    def field(number, value):
        key = number << 3 | (0 if isinstance(value, int) else 2)
        head = varint(key)
        return head + varint(value) if isinstance(value, int) else head + varint(len(value)) + value

    def varint(value):
        out = bytearray()
        while value > 0x7F:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        return bytes([*out, value])

    level = field(1, b"10.5") + field(2, b"2")
    body = field(2, level) + field(4, b"11") + field(5, b"12")
    whole = field(1, b"channel") + field(3, b"BTC") + field(6, 7) + field(313, body)
    for spoilt in (
        whole + field(99, b"?"),
        whole + field(3, b"BTC"),
        whole[:-1],
        whole + b"\x80",
        field(1, b"\xff") + whole[9:],
        field(3, b"BTC") + field(313, field(2, level + field(3, b"x")) + field(4, b"11") + field(5, b"12")),
        field(3, b"BTC") + field(313, field(2, level) + field(4, b"11") + field(5, b"1 2")),
        field(3, b"BTC") + field(313, field(2, level) + field(4, 11) + field(5, b"12")),
        field(3, b"BTC") + field(313, field(2, level) + field(4, b"11") + field(5, 12)),
    ):
        stand = Stand(layout)
        assert stand.hear(spoilt) == NOT_MINE
        assert stand.book.bid == 10.0
    stand = Stand(layout)
    assert stand.hear(whole) == 3
    assert (stand.book.bid, stand.scanner.exchange_ns) == (10.5, 7_000_000)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"last_id": ()}, "lacks the symbol or an id"),
        ({"symbol": ()}, "lacks the symbol or an id"),
        ({"bids": ("d", "a")}, "said twice"),
        ({"bids": ("d", "s", "b")}, "said twice"),
        ({"bids": ("d", 1, "b")}, "a key, a field number or 0"),
        ({"bids": ("d", "b", 0)}, "ends in an array"),
        ({"ids": SequenceRule.NONE}, "cannot be told apart"),
        ({"form": "xml"}, "json or protobuf"),
        ({"texts": tuple((f"key{number}",) for number in range(40))}, "more values"),
    ],
)
def test_a_layout_that_contradicts_itself_is_refused(change, words):
    with pytest.raises((ValueError, TypeError), match=words):
        native.NativeScanner([replace(JSON, **change)])


def test_an_empty_book_has_no_best_level():
    book = native.NativeBook()
    assert all(isnan(value) for value in (book.bid, book.bid_size, book.ask, book.ask_size))
    with pytest.raises(ValueError, match="finite price above 0"):
        book.apply([(0.0, 1.0)], [])
    with pytest.raises(TypeError):
        book.apply([None], [])
