"""`arb symbols`: what venues trade, and what they have in common."""

import asyncio
from collections.abc import Mapping

import click

from arb_core.cli.loop import run
from arb_core.cli.opening import Opener, openers_for
from arb_core.cli.options import standard, venues
from arb_core.cli.plain import columns, emit, note
from arb_core.errors import ArbError
from arb_core.registry import Registry
from arb_core.structs.market import Instrument, Symbol, VenueName

__all__ = ["command"]

Listing = dict[Symbol, dict[VenueName, Instrument]]


@click.command("symbols")
@venues(required=False)
@click.option("--common", is_flag=True, help="Only what at least two of the venues list.")
@click.option("--quote", metavar="ASSET", help="Only symbols paid in this money, such as USDT.")
@standard
def command(*, venues: tuple[str, ...], common: bool, quote: str | None, as_json: bool) -> int:
    """List what venues trade."""
    registry = Registry()
    names = venues or [entry.id for entry in registry.exchanges() if entry.state == "ok"]
    _, openers = openers_for(names, registry=registry)
    listing, failures = run(_fetch(openers))
    for failure in failures:
        note(f"arb: {failure}")
    chosen = {
        symbol: listed
        for symbol, listed in sorted(listing.items())
        if (not common or len(listed) > 1) and (quote is None or symbol.quote == quote.upper())
    }
    if as_json:
        for symbol, listed in chosen.items():
            emit({"kind": "symbol", "symbol": str(symbol), "venues": {name: _facts(i) for name, i in listed.items()}})
    elif chosen:
        rows = [(str(symbol), *(_cell(listed.get(name)) for name in openers)) for symbol, listed in chosen.items()]
        click.echo(columns(("symbol", *openers), rows))
    return 1 if failures else 0


async def _fetch(openers: Mapping[VenueName, Opener]) -> tuple[Listing, list[ArbError]]:
    """Ask every venue at once; one that does not answer does not hide the others."""

    async def ask(opener: Opener) -> dict[Symbol, Instrument]:
        async with opener() as venue:
            return await venue.public.get_exchange_info()

    answers = await asyncio.gather(*(ask(opener) for opener in openers.values()), return_exceptions=True)
    listing: Listing = {}
    failures: list[ArbError] = []
    for name, answer in zip(openers, answers, strict=True):
        if isinstance(answer, ArbError):
            failures.append(answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            for symbol, instrument in answer.items():
                listing.setdefault(symbol, {})[name] = instrument
    return listing, failures


def _cell(instrument: Instrument | None) -> str:
    return "-" if instrument is None else instrument.status.name.lower().replace("_", " ")


def _facts(instrument: Instrument) -> dict[str, object]:
    return {
        "pair": instrument.pair,
        "kind": instrument.kind,
        "status": instrument.status.name,
        "tick": instrument.tick,
        "lot": instrument.lot,
        "min_quantity": instrument.min_quantity,
        "min_notional": instrument.min_notional,
        "taker_fee": instrument.taker_fee,
    }
