"""The README shows what there is: exchanges by their cards, and a picture of a real run."""

import html
import re
import runpy

import pytest
from arb_core.cli.table import WIDTH, Footer, render
from arb_core.runtime.clock import LoopClock
from arb_core.structs.market import VenueName

FOOTER = Footer(
    elapsed_s=0, total_s=None, messages=0, rate=0, p50_ns=0, p99_ns=0, live=0, books=0, seen=0, executable=0
)


@pytest.fixture(scope="module")
def readme(repository):
    return (repository / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def picture(repository):
    return runpy.run_path(str(repository / "docs" / "images" / "picture.py"))


def lines(svg):
    """The lines of a terminal picture, top to bottom."""
    body = svg[svg.index('clip-path="url(#arb-clip-terminal)"') :]
    found = {}
    for cell in re.finditer(r'<text class="[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>', body):
        found.setdefault(float(cell[2]), []).append((float(cell[1]), html.unescape(cell[3]).replace("\xa0", " ")))
    return ["".join(text for _, text in sorted(found[y])).rstrip() for y in sorted(found)]


def test_exchanges_of_the_readme_are_those_of_the_cards(repository, readme):
    maker = runpy.run_path(str(repository / "tests" / "house" / "exchanges.py"))
    assert maker["part"](readme) == maker["table"](maker["installed"]()), "run `uv run python tests/house/exchanges.py`"


def test_picture_is_of_the_table_that_the_code_draws(repository):
    shown = lines((repository / "docs" / "images" / "demo.svg").read_text("utf-8"))
    header = render("", (), FOOTER, ()).renderables[1]
    assert str(header) in shown, "run `uv run python docs/images/picture.py`"
    assert max(map(len, shown)) <= WIDTH
    assert any(line.endswith("executable") for line in shown)
    assert any(" refused: " in line for line in shown)


def test_picture_fetches_nothing(repository):
    svg = (repository / "docs" / "images" / "demo.svg").read_text("utf-8")
    assert "url(http" not in svg
    assert "@font-face" not in svg


@pytest.mark.looptime(noop_cycles=0)
async def test_picture_can_be_taken_anew(picture):
    from functools import partial

    from arb_core.registry import Registry
    from arb_core.venue import open_exchange
    from arb_sim.memory import MemoryTransport
    from arb_sim.simulation import simulate

    clock, registry = LoopClock(), Registry()
    venues = simulate(picture["EXCHANGES"], picture["market"](clock.now_ns()), registry=registry)
    hosts = {
        url: venue
        for exchange, venue in venues.items()
        for url in (registry.card(exchange).hosts.rest, registry.card(exchange).hosts.ws_public)
    }
    transport = MemoryTransport(hosts, clock, latency_ns=10_000_000)
    openers = {
        VenueName(exchange): partial(open_exchange, exchange, registry=registry, clock=clock, transport=transport)
        for exchange in venues
    }
    svg = await picture["take"](openers, 20, clock=clock)
    await transport.close()
    shown = lines(svg)
    assert sum("USDT" in line for line in shown) >= 18
    assert any(line.startswith("ONDO/USDT     mexc       gateio") and " refused: quaran" in line for line in shown)


def test_every_link_of_the_docs_leads_somewhere(repository, ours):
    pages = [path for path in ours if path.suffix == ".md"]
    broken = [
        f"{path.relative_to(repository)}: {target}"
        for path in pages
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)", path.read_text("utf-8"))
        if not (path.parent / target).exists()
    ]
    assert not broken
