"""The JSON schema of a settings file, for editors that complete TOML."""

from collections.abc import Iterable
from typing import Any

import msgspec

from arb_core.config.tables import File
from arb_core.structs.card import ExchangeCard, ExchangeSettings, ObserverCard, StrategyCard

__all__ = ["schema"]


def schema(
    cards: Iterable[ExchangeCard], strategies: Iterable[StrategyCard] = (), observers: Iterable[ObserverCard] = ()
) -> dict[str, Any]:
    """Return the JSON schema of a settings file, with the tables of the plugins that are installed."""
    cards = list(cards)
    strategies = [card for card in strategies if card.settings is not None]
    observers = [card for card in observers if card.settings is not None]
    kinds = [
        File,
        ExchangeSettings,
        *(card.settings for card in cards),
        *(card.settings for card in strategies),
        *(card.settings for card in observers),
    ]
    components, definitions = msgspec.json.schema_components(kinds)
    root, general, *tables = components
    schema: dict[str, Any] = definitions.pop(str(root["$ref"]).rpartition("/")[2])
    schema["title"], schema["description"] = "Settings", "The settings of arb."
    schema["properties"]["venues"] = {
        "type": "object",
        "description": "One table a venue, named by the exchange's id or by a name of your own.",
        "properties": {card.id: table for card, table in zip(cards, tables, strict=False)},
        "additionalProperties": {"anyOf": _distinct([general, *tables[: len(cards)]])},
    }
    schema["properties"]["strategies"] = {
        "type": "object",
        "description": "One table a strategy, named by its id. Only these run; without any, `spatial`.",
        "properties": {card.id: table for card, table in zip(strategies, tables[len(cards) :], strict=False)},
    }
    schema["properties"]["observers"] = {
        "type": "object",
        "description": "One table an observer, named by its id. Only these are told; without any, none.",
        "properties": {
            card.id: table for card, table in zip(observers, tables[len(cards) + len(strategies) :], strict=True)
        },
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "$defs": definitions}


def _distinct(tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({str(table): table for table in tables}.values())
