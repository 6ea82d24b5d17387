"""Plugins that nobody wants: folders as an installer leaves them, on the path of the process that tries them."""

import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["CARD", "PUBLIC", "install"]

CARD = """
from decimal import Decimal

from arb_core import hookimpl
from arb_core.interfaces.public import PublicExchange
from arb_core.structs.card import *
from arb_core.structs.market import Pair


@hookimpl
def arb_exchange_card():
    return ExchangeCard(
        id="acmetoy",
        name="Acme",
        contract=1,
        docs="https://acme.example",
        hosts=Hosts(rest="https://acme.example", ws_public="wss://acme.example"),
        capabilities=frozenset(),
        fees=FeeSchedule(maker=Decimal(0), taker=Decimal("0.001")),
        client_ids=ClientIdRule(max_length=32, lookup="always"),
    )
"""

PUBLIC = (
    CARD
    + """

class Public(PublicExchange):
    def symbol_to_pair(self, symbol): return Pair(f"{symbol.base}{symbol.quote}")
    def pair_to_symbol(self, pair): ...
    def decode_rest(self, path, params, body): ...
    async def ping(self): ...
    async def get_server_time(self): ...
    async def get_exchange_info(self): ...
    async def get_orderbook(self, symbol, limit=100): ...
    async def get_recent_trades(self, symbol, limit=100): ...
    async def get_klines(self, symbol, interval, limit=100): ...
    async def get_book_tickers(self): ...


@hookimpl
def arb_public_exchange(context):
    return Public()
"""
)


def install(
    folder: Path,
    source: str = PUBLIC,
    *,
    distribution: str = "arb-acmetoy",
    module: str = "acmetoy",
    name: str = "acmetoy",
) -> Mapping[str, str]:
    """Install a plugin into a folder and return the environment of a process that finds it."""
    info = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    metadata = (
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\nRequires-Python: >=3.11\nRequires-Dist: arb-core\n"
    )
    (info / "METADATA").write_text(metadata)
    (info / "entry_points.txt").write_text(f"[arb]\n{name} = {module}.plugin\n")
    package = folder / module
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "py.typed").touch()
    (package / "card.py").touch()
    (package / "plugin.py").write_text(source)
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
