"""`arb run`: trades what the settings say, on paper unless `--live` is said."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click

from arb_core.cli.accounts import check_paper_balances, paper_accounts, real_accounts
from arb_core.cli.checks import check_venues
from arb_core.cli.findings import Finding
from arb_core.cli.journals import Use, place_of, shown
from arb_core.cli.live import NotReady, go_on_with, going_live, refuse
from arb_core.cli.loop import run, told, tuned
from arb_core.cli.observing import observing
from arb_core.cli.opening import Opener, openers_for, policy_of
from arb_core.cli.options import busy_poll, seconds, standard
from arb_core.cli.plain import emit, note
from arb_core.cli.terms import not_traded, terms_of
from arb_core.cli.trading import Ended, run_trading
from arb_core.config import Settings
from arb_core.engine.journal.opening import open_journal, require
from arb_core.engine.trading.status import OpenTrade
from arb_core.errors import SettingsError
from arb_core.registry import Registry
from arb_core.runtime.clock import SystemClock
from arb_core.structs.market import Symbol, VenueName

__all__ = ["command"]


@click.command("run")
@click.argument("file", type=click.Path(exists=True, dir_okay=False), metavar="CONFIG.TOML", envvar="ARB_CONFIG")
@click.option("--live", is_flag=True, help="With real money: checks everything first, and refuses with the reasons.")
@seconds()
@busy_poll
@standard
def command(*, file: str, live: bool, seconds: float | None, busy_poll: bool | None, as_json: bool) -> int:
    """Trade what a settings file says, on paper unless --live is said."""
    require("journal")
    options = {"loop.busy_poll": busy_poll}
    if not live:
        registry = Registry()
        settings, openers = openers_for((), registry=registry, file=file, options=options)
        check_paper_balances(settings, file=file)
        return _trade(settings, openers, registry, "paper", file=file, seconds=seconds, as_json=as_json)
    try:
        with going_live(file, options=options) as ready:
            symbols = _symbols(ready.settings, file)
            terms_of(ready.settings, symbols, file=file)  # what is missing there is told before any venue is asked
            _show(ready.findings)
            note("looking at keys, accounts and clocks ...")
            findings = run(check_venues(ready.openers, symbols, SystemClock()))
            _show(finding for finding in findings if finding.state == "warning")
            go_on_with(findings)
            return _trade(
                ready.settings, ready.openers, ready.registry, "live", file=file, seconds=seconds, as_json=as_json
            )
    except NotReady as refusal:
        return refuse(refusal, as_json=as_json)


def _trade(
    settings: Settings,
    openers: Mapping[VenueName, Opener],
    registry: Registry,
    use: Use,
    *,
    file: str,
    seconds: float | None,
    as_json: bool,
) -> int:
    symbols = _symbols(settings, file)
    terms = terms_of(settings, symbols, file=file)
    for money, missing in not_traded(settings, symbols).items():
        note(f"arb: {money} is not traded: {' and '.join(missing)} are not set")
    place = place_of(settings.journal, use)
    note(f"{use} journal: {shown(place)}")

    async def traded() -> Ended:
        clock = SystemClock()
        if "://" not in place:
            Path(place).parent.mkdir(parents=True, exist_ok=True)
        journal = open_journal(place, keep_episodes_ns=settings.journal.duration_ns("episodes"))
        try:
            journal.claim(use)
            async with tuned(settings.loop, clock), observing(settings.observers, registry, clock) as observation:
                return await run_trading(
                    openers,
                    symbols,
                    accounts=real_accounts if use == "live" else paper_accounts(settings, journal, clock),
                    journal=journal,
                    terms=terms,
                    paper=use == "paper",
                    strategies={name: registry.strategy(name, own) for name, own in settings.strategies.items()},
                    policy=policy_of(settings.detection),
                    title=f"arb run  {'LIVE' if use == 'live' else 'paper'}  {' '.join(openers)}{told(settings.loop)}",
                    seconds=seconds,
                    lines=emit if as_json else None,
                    clock=clock,
                    observation=observation,
                )
        finally:
            if lost := await journal.close():
                note(f"arb: {lost} records could not be written to the journal; `arb reconcile` finds what they were")

    ended = run(traded())
    _tell_left(ended.left, as_json=as_json)
    emit(ended.summary)
    return 1 if ended.left else 0


def _symbols(settings: Settings, file: str) -> list[Symbol]:
    if not settings.venues:
        raise SettingsError("expected venues: a table [venues.NAME] for each", path=file)
    if not settings.symbols:
        raise SettingsError('expected symbols: symbols = ["BTC/USDT"]', path=file)
    return list(dict.fromkeys(Symbol.parse(text) for text in settings.symbols))


def _show(findings: Iterable[Finding]) -> None:
    for finding in findings:
        note(f"{finding.subject}: {finding.detail}")


def _tell_left(left: Sequence[OpenTrade], *, as_json: bool) -> None:
    """Say what is still open; the next start goes on with it."""
    for trade in left:
        if as_json:
            emit({"kind": "open", "intent": trade.intent.id, "orders": trade.orders, "why": trade.why})
        note(f"arb: still open: trade {trade.intent.id} in {trade.intent.symbol}: {trade.why}")
        for order in trade.orders:
            note(f"arb:   {order}")
    if left:
        note("arb: the next `arb run` goes on with it; `arb reconcile` tells what became of it")
