"""The accounts of a run, real or on paper: what `Watch` opens on each venue.

On paper, an account begins with the balances of the settings once; after that it goes on with what its journal says.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from arb_core.cli.terms import paper_terms_of
from arb_core.cli.watch import Accounts
from arb_core.config import Settings
from arb_core.engine.paper import PaperAccount
from arb_core.errors import SettingsError
from arb_core.interfaces.account import Account
from arb_core.interfaces.context import Clock
from arb_core.structs.market import Asset, VenueName
from arb_core.venue import Venue

if TYPE_CHECKING:
    from arb_core.engine.journal.journal import Journal

__all__ = ["check_paper_balances", "paper_accounts", "real_accounts"]


@asynccontextmanager
async def real_accounts(venue: Venue) -> AsyncGenerator[Account]:
    """Trade with the account whose key the venue was opened with."""
    yield venue.account


def check_paper_balances(settings: Settings, *, file: str | None) -> None:
    """Refuse a paper account without money.

    Raises:
        SettingsError: with the lines that are missing.
    """
    poor = [name for name in settings.venues if not any(settings.paper.balances.get(name, {}).values())]
    if poor:
        example = f"[paper.balances.{poor[0]}] with lines like USDT = 10000"
        others = f", and the same for {', '.join(poor[1:])}" if poor[1:] else ""
        raise SettingsError(
            f"an account without money cannot trade: add {example}{others}", path=file, key="paper.balances"
        )


def paper_accounts(settings: Settings, journal: "Journal", clock: Clock) -> Accounts:
    """Trade on paper: orders are filled from the visible books, on the terms of `[paper]`."""
    paper = settings.paper

    def balances(name: VenueName) -> Mapping[Asset, Decimal]:
        begins_with = {Asset(asset): amount for asset, amount in paper.balances.get(name, {}).items()}
        return journal.expected(name) or begins_with

    @asynccontextmanager
    async def opened(venue: Venue) -> AsyncGenerator[Account]:
        account = PaperAccount(
            venue=venue.name,
            card=venue.card,
            markets=venue.markets,
            clock=clock,
            balances=balances(venue.name),
            terms=paper_terms_of(paper, venue.settings),
            random=Random(f"{paper.seed} {venue.name}"),  # noqa: S311 (jitter, not a secret)
        )
        async with account:
            venue.on_book(account.on_book)
            yield account

    return opened
