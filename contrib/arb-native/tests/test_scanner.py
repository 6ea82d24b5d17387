"""Scanners by made-up layouts: what is read, what is left alone, and what is refused as no layout."""

import gc
import weakref
from math import inf, isnan
from typing import Any
from zlib import crc32

import pytest
from arb_core.structs.book import Checksum, Printed, SequenceRule, Spelling
from arb_core.structs.layout import WireLayout
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
RECEIVED, MONOTONIC = 1_700_000_000_000_000_007, 5_000_000_007
TRUE = '{"kind":"depth","d":{"t":5,"s":"BTC","U":11,"u":12,"b":[["10.5","2"]],"a":[[11,0.25]]}}'


class Reader:
    """What a scanner shows, as a `ScannedBook`; and what it left to be judged."""

    def __init__(self):
        self.bid, self.bid_size, self.ask, self.ask_size = 10.0, 1.0, 11.0, 1.0
        self.monotonic_ns = 0
        self.judged = []
        self.mark: Any = None

    @property
    def best(self):
        return self.bid, self.bid_size, self.ask, self.ask_size

    @property
    def stands(self):
        mark = self.mark
        return mark.applied, mark.last_id, mark.exchange_ns, mark.received_ns, self.monotonic_ns

    def scanned(self, *said):
        self.judged.append(said)


class Stand:
    def __init__(self, layout=JSON, *, cut=0, last_id=10, pair="BTC"):
        self.book = native.NativeBook()
        self.book.replace([(10.0, 1.0), (9.0, 1.0)], [(11.0, 1.0), (12.0, 1.0)])
        self.scanner = native.NativeScanner([layout])
        self.reader = Reader()
        self.told = []
        self.broken = []
        self.mark = self.reader.mark = self.scanner.add(
            pair,
            self.reader,
            self.book,
            cut=cut,
            on_book=lambda book: self.told.append((book.best, book.stands)),
            on_broken=lambda book, error: self.broken.append((book, error)),
        )
        self.mark.last_id = last_id
        self.scanner.arm(pair, last_id, 0.0, inf)

    def hear(self, text):
        """Whether the scanner took it."""
        took = self.scanner.apply(memoryview(text if isinstance(text, bytes) else text.encode()), RECEIVED, MONOTONIC)
        assert took in {None, self.reader}
        return took is not None


def test_the_next_message_changes_the_book_and_shows_it():
    stand = Stand()
    assert stand.hear(TRUE)
    assert stand.told == [((10.5, 2.0, 11.0, 0.25), (1, 12, 5_000_000, RECEIVED, MONOTONIC))]
    assert (stand.book.bid, stand.book.bid_size, stand.book.ask, stand.book.ask_size) == stand.reader.best
    assert not stand.hear(TRUE)
    assert stand.hear('{"kind":"diff","d":{"s":"BTC","U":13,"u":13,"b":[["9","0.0"],["8","1"]]}}')
    assert stand.told[1:] == [((10.5, 2.0, 11.0, 0.25), (2, 13, None, RECEIVED, MONOTONIC))]
    assert stand.book.bids(0) == [(10.5, 2.0), (10.0, 1.0), (8.0, 1.0)]
    assert stand.scanner.applied == 2


@pytest.mark.parametrize(
    ("floor", "ceiling", "bids"),
    [
        (0.0, inf, [["11", "1"]]),  # crossed
        (10.0, inf, [["10", "0"]]),  # beyond what is known of the bids
        (0.0, 10.9, []),  # and of the asks
        (0.0, inf, [["10", "0"], ["9", "0"]]),  # an empty side
    ],
)
def test_what_may_not_be_shown_at_once_is_judged_in_python(floor, ceiling, bids):
    stand = Stand()
    stand.scanner.arm("BTC", 10, floor, ceiling)
    best = stand.reader.best
    text = TRUE.replace('[["10.5","2"]]', str(bids).replace("'", '"')).replace("[[11,0.25]]", "[]")
    assert stand.hear(text)
    assert stand.reader.judged == [(12, 5_000_000, RECEIVED, MONOTONIC, None)]
    assert (stand.told, stand.reader.best, stand.reader.stands) == ([], best, (1, 10, None, None, 0))


@pytest.mark.parametrize("raises_in", ["on_book", "scanned"])
def test_who_raises_is_reported_and_nothing_is_lost(raises_in):
    stand = Stand()
    error = ZeroDivisionError("of a listener")

    def raise_it(*_):
        raise error

    stand.reader.scanned = raise_it
    stand.scanner.add(
        "ETH",
        stand.reader,
        stand.book,
        cut=0,
        on_book=raise_it,
        on_broken=lambda book, error: stand.broken.append((book, error)),
    )
    stand.scanner.arm("ETH", 10, 0.0, inf if raises_in == "on_book" else 1.0)
    assert stand.hear(TRUE.replace("BTC", "ETH"))
    assert stand.broken == [(stand.reader, error)]
    assert stand.book.bid == 10.5
    assert stand.hear(TRUE.replace("BTC", "ETH").replace('"U":11,"u":12', '"U":13,"u":13'))


def test_what_is_no_exception_of_a_listener_ends_the_call():
    stand = Stand()

    def interrupt(_):
        raise KeyboardInterrupt

    stand.scanner.add("BTC", stand.reader, stand.book, cut=0, on_book=interrupt, on_broken=stand.broken.append)
    stand.scanner.arm("BTC", 10, 0.0, inf)
    with pytest.raises(KeyboardInterrupt):
        stand.hear(TRUE)
    assert stand.broken == []


def test_a_listener_may_enter_the_scanner():
    stand = Stand()

    def leave(_):
        stand.scanner.disarm("BTC")
        stand.scanner.remove("BTC")
        stand.told.append("left")

    stand.scanner.add("BTC", stand.reader, stand.book, cut=0, on_book=leave, on_broken=stand.broken.append)
    stand.scanner.arm("BTC", 10, 0.0, inf)
    assert stand.hear(TRUE)
    assert (stand.told, stand.broken) == (["left"], [])
    assert not stand.hear(TRUE.replace('"U":11,"u":12', '"U":13,"u":13'))


def test_books_come_and_go():
    stand = Stand()
    with pytest.raises(KeyError):
        stand.scanner.arm("ETH", 10, 0.0, inf)
    stand.scanner.remove("BTC")
    stand.scanner.remove("BTC")
    assert not stand.hear(TRUE)
    stand.scanner.add("ETH", stand.reader, stand.book, cut=0, on_book=stand.told.append, on_broken=stand.broken.append)
    assert not stand.hear(TRUE.replace("BTC", "ETH"))
    stand.scanner.arm("ETH", 10, 0.0, inf)
    assert not stand.hear(TRUE)
    assert stand.hear(TRUE.replace("BTC", "ETH"))


def test_a_scanner_and_its_books_are_forgotten_together():
    stand = Stand()
    stand.reader.mark = stand.scanner
    gone = weakref.ref(stand.reader)
    del stand
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("value", [-1, 0, 7, 1 << 62, 1 << 64, None])
@pytest.mark.parametrize("name", ["last_id", "exchange_ns", "received_ns"])
def test_a_mark_keeps_what_it_is_given(name, value):
    mark = Stand().mark
    setattr(mark, name, value)
    assert getattr(mark, name) == value


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_frame_may_lie_in_any_bytes(kind):
    stand = Stand()
    assert stand.scanner.apply(kind(TRUE.encode()), RECEIVED, MONOTONIC) is stand.reader
    with pytest.raises(TypeError):
        stand.scanner.apply(TRUE, RECEIVED, MONOTONIC)


def test_order_spaces_and_unknown_keys_do_not_matter():
    text = """ { "new" : {"x":[1,{"y":null}],"z":-1.5e3} , "d" :
        { "a":[ ] , "u":12,"more":true,"U":11 , "b":[ [ "10.5" , "2" ] ], "s":"BTC" } , "kind":"depth" } """
    stand = Stand()
    assert stand.hear(text)
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
    assert not stand.hear(TRUE.replace(old, new))
    assert stand.book.bids(0) == [(10.0, 1.0), (9.0, 1.0)]
    assert stand.hear(TRUE)


def test_every_truncation_is_left_alone():
    stand = Stand()
    frame = TRUE.encode()
    assert not any(stand.hear(frame[:length]) for length in range(len(frame)))
    assert stand.hear(frame)


@pytest.mark.parametrize(("first", "last", "taken"), [(12, 13, False), (9, 10, False), (11, 10, False), (11, 11, True)])
def test_a_range_begins_right_after_the_book(first, last, taken):
    assert Stand().hear(TRUE.replace('"U":11,"u":12', f'"U":{first},"u":{last}')) is taken


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
    assert not stand.hear(f'{{"arg":{{"id":"BTC"}},"data":[{row},{row}]}}')
    assert not stand.hear('{"arg":{"id":"BTC"},"data":[]}')
    assert stand.hear(f'{{"arg":{{"id":"BTC"}},"data":[{row}]}}')
    assert (stand.book.bid, stand.mark.last_id) == (10.5, 4)
    assert not stand.hear(f'{{"arg":{{"id":"BTC"}},"data":[{row}]}}')


def test_a_count_goes_on_by_one():
    layout = replace(JSON, ids=SequenceRule.CONSECUTIVE, first_id=())
    stand = Stand(layout)
    assert not stand.hear(TRUE)
    assert stand.hear(TRUE.replace('"u":12', '"u":11'))


def test_the_pair_may_stand_within_a_name():
    stand = Stand(replace(JSON, around_symbol=("ob.", ".50")))
    assert not stand.hear(TRUE)
    assert not stand.hear(TRUE.replace('"BTC"', '"ob..50"'))
    assert stand.hear(TRUE.replace('"BTC"', '"ob.BTC.50"'))


def test_a_book_may_be_cut_after_each_message():
    stand = Stand(cut=2)
    assert stand.hear(TRUE)
    assert stand.book.bids(0) == [(10.5, 2.0), (10.0, 1.0)]


def test_disarmed_books_and_ids_that_no_i64_holds_take_nothing():
    stand = Stand()
    stand.scanner.arm("BTC", 1 << 64, 0.0, inf)
    assert not stand.hear(TRUE)
    stand.scanner.arm("BTC", 10, 0.0, inf)
    stand.scanner.disarm("BTC")
    stand.scanner.disarm("BTC")
    assert not stand.hear(TRUE)


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
        assert not stand.hear(spoilt)
        assert stand.book.bid == 10.0
    stand = Stand(layout)
    assert stand.hear(whole)
    assert (stand.book.bid, stand.mark.exchange_ns) == (10.5, 7_000_000)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"last_id": ()}, "lacks the symbol, or the id"),
        ({"symbol": ()}, "lacks the symbol, or the id"),
        ({"bids": ("d", "a")}, "said twice"),
        ({"bids": ("d", "s", "b")}, "said twice"),
        ({"bids": ("d", 1, "b")}, "a key, a field number or 0"),
        ({"bids": ("d", "b", 0)}, "ends in an array"),
        ({"ids": SequenceRule.NONE}, "lacks the symbol, or the id or checksum"),
        ({"level": ("p", "p")}, "two keys"),
        ({"level": ("p", 'a "quote"')}, "two keys"),
        ({"time_iso": ("d", "T")}, "said twice"),
        ({"form": "protobuf", "checksum": (4,), "symbol": (1,), "first_id": (2,), "last_id": (3,)}, "only JSON has"),
        ({"form": "xml"}, "json or protobuf"),
        ({"texts": tuple((f"key{number}",) for number in range(40))}, "more values"),
    ],
)
def test_a_layout_that_contradicts_itself_is_refused(change, words):
    with pytest.raises((ValueError, TypeError), match=words):
        native.NativeScanner([replace(JSON, **change)])


# Books that are summed up

SUMMED = WireLayout(
    form="json",
    ids=SequenceRule.NONE,
    equal=((("kind",), ("depth",)),),
    symbol=("d", "s"),
    bids=("d", "b"),
    asks=("d", "a"),
    level=("p", "q"),
    bare=True,
    checksum=("d", "sum"),
    time_iso=("d", "T"),
    last_id=("d", "u"),
    optional=(("d", "T"), ("d", "u")),
)
AS_PRINTED = replace(SUMMED, level=(1, 2), bare=False)
PADDED = Spelling(order="asks first", points=False)
IN_TURN = Spelling(order="in turn", separator=":", signed=True)
STAMP_NS = 1_695_628_116_925_533_000


def summing(spelling):
    return Checksum(name="crc32", depth=2, of=lambda *_: 0, spelling=spelling)


class SummedStand(Stand):
    """A book of prices with one decimal and sizes with two; as printed where no places are given."""

    def __init__(self, layout=SUMMED, spelling=PADDED, places=(1, 2), last_id=-1):
        super().__init__(layout)
        self.mark = self.reader.mark = self.scanner.add(
            "BTC",
            self.reader,
            self.book,
            cut=0,
            on_book=lambda book: self.told.append((book.best, book.stands)),
            on_broken=lambda book, error: self.broken.append((book, error)),
            checksum=summing(spelling),
        )
        bids, asks = [("10.0", "1.00"), ("9.0", "1.00")], [("11.0", "1.00"), ("12.0", "1.00")]
        printed = Printed(bids=bids, asks=asks)
        self.book.note([(10.0, 1.0), (9.0, 1.0)], [(11.0, 1.0), (12.0, 1.0)], printed)
        self.scanner.arm("BTC", last_id, 0.0, inf, places)


def summed_frame(checksum, levels='{"p":10.5,"q":0.25}', more=""):
    return f'{{"kind":"depth","d":{{"s":"BTC","b":[{levels}],"a":[],"sum":{checksum}{more}}}}}'


NEXT = crc32(b"11010012010010525100100")
"""Asks 11.0 and 12.0 of size 1.00, bids 10.5 of size 0.25 and 10.0 of size 1.00."""
NEXT_IN_TURN = crc32(b"10.5:0.250:11.0:1.00:10.0:1.00:12.0:1.00")


def signed(checksum):
    return checksum - (1 << 32) if checksum >= 1 << 31 else checksum


def test_a_message_with_the_right_sum_is_shown():
    stand = SummedStand()
    assert stand.hear(summed_frame(NEXT, more=',"T":"2023-09-25T07:48:36.925533Z","u":7'))
    assert stand.told == [((10.5, 0.25, 11.0, 1.0), (1, 7, STAMP_NS, RECEIVED, MONOTONIC))]
    assert stand.mark.verified == 1
    assert stand.hear(summed_frame(NEXT, '{"p":1,"q":1}'))
    assert stand.reader.stands == (2, -1, None, RECEIVED, MONOTONIC)
    assert stand.mark.verified == 2


@pytest.mark.parametrize("levels", ['{"p":10.50,"q":0.2500}', '{ "q":0.25 , "x":{"y":[1]}, "p":10.5 }'])
def test_levels_that_are_objects_may_be_spelled_in_other_ways(levels):
    assert SummedStand().hear(summed_frame(NEXT, levels))


def test_texts_count_as_they_are_printed_where_no_places_are_given():
    stand = SummedStand(AS_PRINTED, IN_TURN, None)
    assert stand.hear(summed_frame(signed(NEXT_IN_TURN), '["10.5","0.250"]'))
    assert stand.mark.verified == 1
    assert stand.book.texts(1) == ([("10.5", "0.250")], [("11.0", "1.00")])
    assert stand.hear(summed_frame(signed(NEXT_IN_TURN), "[ 10.5, 0.250 ]"))
    assert stand.mark.verified == 2


def test_a_sum_that_is_not_met_is_judged_in_python():
    stand = SummedStand()
    best = stand.reader.best
    assert stand.hear(summed_frame(NEXT + 1, more=',"u":7'))
    assert stand.reader.judged == [(7, None, RECEIVED, MONOTONIC, NEXT + 1)]
    assert (stand.told, stand.reader.best, stand.mark.verified, stand.mark.applied) == ([], best, 0, 1)


def test_a_right_sum_of_a_book_that_may_not_be_shown_is_counted():
    stand = SummedStand()
    stand.scanner.arm("BTC", -1, 0.0, 10.9, (1, 2))
    assert stand.hear(summed_frame(NEXT))
    assert stand.reader.judged == [(-1, None, RECEIVED, MONOTONIC, None)]
    assert stand.mark.verified == 1


def test_a_text_that_only_the_dialect_reads_is_kept_and_summed_up_in_python():
    stand = SummedStand(AS_PRINTED, IN_TURN, None)
    stand.book.apply([(10.0, 3.0)], [(11.0, 0.0)])
    stand.book.note([(10.0, 3.0)], [(11.0, 0.0)], Printed(bids=[("1e1", "3")], asks=[("11", "0")]))
    assert stand.book.texts(2) == ([("1e1", "3"), ("9.0", "1.00")], [("12.0", "1.00")])
    assert stand.hear(summed_frame(7, '["8","1"]'))
    assert stand.reader.judged == [(-1, None, RECEIVED, MONOTONIC, 7)]
    assert stand.hear(summed_frame(signed(crc32(b"10.0:1:12.0:1.00:9.0:1.00")), '["10.0","1"]'))
    assert stand.mark.verified == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f'"sum":{NEXT}', '"sum":0'),
        (f'"sum":{NEXT}', f'"sum":-{NEXT}'),
        (f'"sum":{NEXT}', f'"sum":"{NEXT}"'),
        (f'"sum":{NEXT}', f'"sum":{NEXT}.0'),
        (f'"sum":{NEXT}', '"sum":4294967296'),
        (f',"sum":{NEXT}', ""),
        ("10.5", '"10.5"'),
        ("10.5", "10.55"),
        ("10.5", "1000000000000000.5"),
        ("0.25", "0.251"),
        ("0.25", "25e-2"),
        ("0.25", "-0.25"),
        ('"q":0.25', '"p":10.5'),
        ('"q":0.25', '"q":0.25,"q":0.25'),
        (',"q":0.25', ""),
        ('{"p":10.5,"q":0.25}', "{}"),
        ('{"p":10.5,"q":0.25}', "[10.5,0.25]"),
        ('{"p":10.5,"q":0.25}', '{"p":10.5,"q":0.25},'),
        ('"s":"BTC"', '"s":"BTC","T":"2023-09-31T00:00:00Z"'),
        ('"s":"BTC"', '"s":"BTC","T":"1970-01-01T00:00:00Z"'),
        ('"s":"BTC"', '"s":"BTC","T":null'),
        ('"s":"BTC"', '"s":"BTC","u":5'),
    ],
)
def test_what_does_not_plainly_prove_the_book_is_left_alone(old, new):
    stand = SummedStand(last_id=5)
    text = summed_frame(NEXT)
    assert text.count(old) == 1
    assert not stand.hear(text.replace(old, new))
    assert stand.book.bids(0) == [(10.0, 1.0), (9.0, 1.0)]
    assert stand.hear(text)


def test_texts_of_a_book_that_nobody_sums_up_are_not_kept():
    book = native.NativeBook()
    with pytest.raises(ValueError, match="no scanner"):
        book.note([], [], Printed(bids=[], asks=[]))
    with pytest.raises(ValueError, match="no scanner"):
        book.texts(1)


def test_a_text_that_was_never_told_is_missed():
    stand = SummedStand()
    stand.book.apply([(10.0, 2.0)], [])
    with pytest.raises(KeyError, match="nobody told"):
        stand.book.texts(1)
    stand.book.clear()
    assert stand.book.texts(0) == ([], [])


def test_how_levels_are_put_together_must_be_known():
    with pytest.raises(ValueError, match="in turn or asks first"):
        SummedStand(spelling=Spelling(order="bids first"))  # pyright: ignore[reportArgumentType]


def test_an_empty_book_has_no_best_level():
    book = native.NativeBook()
    assert all(isnan(value) for value in (book.bid, book.bid_size, book.ask, book.ask_size))
    with pytest.raises(ValueError, match="finite price above 0"):
        book.apply([(0.0, 1.0)], [])
    with pytest.raises(TypeError):
        book.apply([None], [])
