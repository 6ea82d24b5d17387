"""`arb config`: is a settings file right, and what may stand in one."""

import json

import click

from arb_core import config
from arb_core.cli.options import standard
from arb_core.cli.plain import emit
from arb_core.registry import Registry
from arb_core.structs.card import ExchangeCard, ObserverCard, StrategyCard

__all__ = ["command"]


@click.group("config")
def command() -> None:
    """Check a settings file, or print its schema."""


@command.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@standard
def check(*, file: str, as_json: bool) -> None:
    """Say whether a settings file is right: with variables applied, against the plugins that are installed."""
    registry = Registry()
    settings = config.load(file, registry.card, registry.strategy_card, observer_cards=registry.observer_card)
    if as_json:
        names = list(settings.venues)
        emit({"kind": "config", "file": file, "valid": True, "venues": names, "symbols": settings.symbols})
    else:
        click.echo(f"{file}: right; {len(settings.venues)} venues, {len(settings.symbols)} symbols")


@command.command("schema")
@standard
def schema(*, as_json: bool) -> None:
    """Print the JSON schema of a settings file, with the tables of what is installed."""
    found = [entry.card for entry in Registry().plugins()]
    exchanges = [card for card in found if isinstance(card, ExchangeCard)]
    strategies = [card for card in found if isinstance(card, StrategyCard)]
    observers = [card for card in found if isinstance(card, ObserverCard)]
    made = config.schema(exchanges, strategies, observers)
    if as_json:
        emit(made)
    else:
        click.echo(json.dumps(made, indent=2))
