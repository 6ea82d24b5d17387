from decimal import Decimal
from types import SimpleNamespace

import pytest
from arb_core.cli.watch import Watch
from arb_core.engine.opportunity import Policy
from arb_core.errors import InvalidSymbol
from arb_core.runtime import markets
from arb_core.runtime.clock import SystemClock
from arb_core.runtime.markets import MarketTable
from arb_core.structs.market import Instrument, Pair, Symbol, VenueName

SYMBOLS = [Symbol(f"C{number}X", "USDT") for number in range(300)]


def watch(listed: dict[str, list[Symbol]]) -> tuple[Watch, list[str]]:
    """A watch over venues that have answered, and what it tells."""
    watch, told = Watch({}, SYMBOLS, strategies={}, policy=Policy(), clock=SystemClock()), []
    watch.listen(lambda venue, text: told.append(f"{venue}: {text}"))
    step = Decimal("0.01")
    for name, symbols in listed.items():
        table = MarketTable(name)
        table.fill({each: Instrument(symbol=each, pair=Pair(each.base), tick=step, lot=step) for each in symbols})
        card = SimpleNamespace(id=name)
        watch.venues[VenueName(name)] = SimpleNamespace(name=name, markets=table, card=card)  # pyright: ignore[reportArgumentType]
        watch._unlisted[VenueName(name)] = {each: None for each in SYMBOLS if each not in table}
    return watch, told


def test_venue_that_lacks_many_symbols_says_so_in_one_line_and_searches_for_none(monkeypatch):
    monkeypatch.setattr(markets, "get_close_matches", lambda *_, **__: pytest.fail("a search takes 0.1 s a symbol"))
    watched, told = watch({"mexc": SYMBOLS, "gateio": SYMBOLS[:100]})
    watched._refuse_unknown()
    shown = "C100X/USDT, C101X/USDT, C102X/USDT, C103X/USDT, C104X/USDT, ..."
    assert told == [f"gateio: 200 of 300 symbols are not listed: {shown}"]


def test_venue_that_lacks_few_symbols_says_what_it_has_instead():
    watched, told = watch({"mexc": SYMBOLS, "gateio": SYMBOLS[:-1]})
    watched._refuse_unknown()
    assert len(told) == 1
    assert told[0].startswith("gateio: gateio: C299X/USDT is not listed; did you mean C")


def test_symbol_that_no_venue_lists_is_refused():
    watched, _ = watch({"mexc": SYMBOLS[1:], "gateio": SYMBOLS[1:]})
    with pytest.raises(InvalidSymbol, match="C0X/USDT is not listed; did you mean"):
        watched._refuse_unknown()
