"""The table of exchanges in the README, made from the cards: `uv run python tests/house/exchanges.py` writes it."""

from collections.abc import Iterable
from pathlib import Path

from arb_core.known import DISTRIBUTIONS
from arb_core.registry import Registry
from arb_core.structs.card import Capability, ExchangeCard

README = Path(__file__).parents[2] / "README.md"
BEGIN = "<!-- exchanges: made by tests/house/exchanges.py -->\n"
END = "<!-- end of exchanges -->\n"

HEAD = "| exchange | install | books | trades | candles | taker fee assumed | deposit and withdrawal state |\n"
NETWORKS = {"public": "yes", "signed": "needs a key: shown as unknown", "none": "not published"}


def table(cards: Iterable[ExchangeCard]) -> str:
    """Return the table, one row an exchange, in the order of their names."""
    rows = [_row(card) for card in sorted(cards, key=lambda card: card.name.lower())]
    return HEAD + "|---|---|---|---|---|---|---|\n" + "".join(rows)


def _row(card: ExchangeCard) -> str:
    feeds = (Capability.BOOK, Capability.TRADES, Capability.KLINES)
    offered = ["yes" if feed in card.capabilities else "no" for feed in feeds]
    fee = f"{card.fees.taker * 10_000:.3f}".rstrip("0").rstrip(".")
    cells = (card.name, f"`{DISTRIBUTIONS[card.id]}`", *offered, f"{fee} bps", NETWORKS[card.asset_networks])
    return f"| {' | '.join(cells)} |\n"


def part(readme: str) -> str:
    """Return what stands between the marks."""
    return readme.partition(BEGIN)[2].partition(END)[0]


def installed() -> list[ExchangeCard]:
    """Return the cards of the repository's own exchanges."""
    registry = Registry()
    cards = [entry.card for entry in registry.exchanges()]
    return [card for card in cards if isinstance(card, ExchangeCard) and card.id in DISTRIBUTIONS]


if __name__ == "__main__":
    before, rest = README.read_text("utf-8").split(BEGIN)
    README.write_text(before + BEGIN + table(installed()) + END + rest.split(END)[1], "utf-8")
