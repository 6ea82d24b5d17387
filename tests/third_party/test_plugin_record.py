"""`arb plugin record` against simulated venues: what it writes is what was said, less what opens an account or names it."""

import datetime as dt
import tomllib
from random import Random

import pytest
from arb_compliance.authoring.overhear import Notes, OverhearingRegistry
from arb_compliance.authoring.recorder import record
from arb_compliance.authoring.scrub import Scrubber
from arb_compliance.authoring.shelf import Origin, Shelf
from arb_core.runtime.clock import LoopClock
from arb_core.structs.account import Credentials
from arb_core.structs.market import Symbol
from arb_core.venue import open_exchange
from arb_sim.kernel.access import keys
from arb_sim.kernel.venue import VenueKernel
from arb_sim.memory import MemoryTransport
from arb_sim.simulation import simulate
from arb_sim.world import Pace, World

BTC = Symbol("BTC", "USDT")
ORIGIN = Origin(source="the simulation", licence="MIT", host="127.0.0.1", date=dt.date(2026, 1, 31))

pytestmark = pytest.mark.looptime(noop_cycles=0)


async def recorded(exchange, folder, *, account=True):
    """Record a venue for ten seconds; return what was overheard, the venue, and what was written."""
    clock, notes = LoopClock(), Notes()
    registry = OverhearingRegistry(notes)
    world = World(seed=3, symbols=("BTC/USDT", "ETH/USDT"), start_ns=clock.now_ns(), pace=Pace(steps_per_s=10))
    kernel = simulate([exchange], world)[exchange]
    assert isinstance(kernel, VenueKernel)
    hosts = registry.card(exchange).hosts
    urls = filter(None, (hosts.rest, hosts.ws_public, hosts.ws_private, hosts.ws_api))
    transport = MemoryTransport(dict.fromkeys(urls, kernel), clock)
    own = keys(exchange, 3)
    key = Credentials(api_key=own.api_key, api_secret=own.api_secret) if account else None
    venue = open_exchange(
        exchange, registry=registry, clock=clock, transport=transport, credentials=key, random=Random(1)
    )
    async with venue:
        made = await record(venue, notes, BTC, seconds=10, each=2)
        pair = venue.markets.pair(BTC)
    await transport.close()
    scrubber = Scrubber([own.api_key, own.api_secret])
    scrubber.learn(*notes.secrets)
    for answer in notes.answers:
        scrubber.look(answer.body)
    for frame in made.frames:
        scrubber.look(frame.body)
    shelf = Shelf(folder, ORIGIN, scrubber, {pair: str(BTC)})
    for answer in notes.answers:
        shelf.put_answer(answer)
    for frame in made.frames:
        shelf.put_frame(frame)
    shelf.close()
    return notes, made, kernel, own


@pytest.mark.parametrize("exchange", ["mexc", "gateio", "binance"])
async def test_nothing_that_opens_an_account_or_names_it_is_written(exchange, tmp_path):
    notes, made, kernel, own = await recorded(exchange, tmp_path)
    assert made.failed == []
    secrets = {own.api_key, own.api_secret, kernel.account.uid, *notes.secrets}
    said = b"".join(answer.body for answer in notes.answers)
    # The trap is set: without scrubbing, something of it would be there, wherever the venue says such a thing.
    if exchange != "gateio":
        assert any(secret.encode() in said for secret in secrets)
    for path in tmp_path.iterdir():
        text = path.read_bytes()
        for secret in secrets:
            assert secret.encode() not in text, f"{path.name} shows {secret}"
            assert secret.encode().hex().encode() not in text, f"{path.name} shows {secret} in hexadecimal"


@pytest.mark.parametrize("exchange", ["mexc", "gateio", "binance"])
async def test_index_tells_what_was_asked_and_where_it_is_from(exchange, tmp_path):
    (tmp_path / "index.toml").write_text('# Mine.\n\n[symbols]\nXY = "X/Y"\n')
    notes, made, _, _ = await recorded(exchange, tmp_path, account=False)
    text = (tmp_path / "index.toml").read_text()
    assert text.startswith("# Mine.\n")
    index = tomllib.loads(text)
    assert set(index["symbols"].values()) == {"X/Y", "BTC/USDT"}
    samples = index["sample"]
    assert len(samples) == len(notes.answers) + len(made.frames)
    assert {sample["origin"] for sample in samples} == {"recorded"}
    assert {sample["source"] for sample in samples} == {"the simulation"}
    assert all("2026-01-31" in sample["note"] and "127.0.0.1" in sample["note"] for sample in samples)
    assert {sample["file"] for sample in samples} == {path.name for path in tmp_path.iterdir()} - {"index.toml"}
    asked = {sample["call"]["method"]: sample for sample in samples if "call" in sample}
    assert {"get_server_time", "get_exchange_info", "get_orderbook"} <= asked.keys()
    assert asked["get_orderbook"]["call"]["arguments"] == {"symbol": "BTC/USDT", "limit": 5}
    assert "5" in asked["get_orderbook"]["rest"]["params"].values()
    said = {call["call"] for sample in samples for call in sample.get("says", ())}
    assert {"ack", "delta"} <= said
    # Of each kind of frame there are no more than were wanted.
    kinds = [tuple(call["call"] for call in sample["says"]) for sample in samples if "says" in sample]
    assert len(kinds) < 40


async def test_recording_twice_overwrites_nothing(tmp_path):
    await recorded("gateio", tmp_path, account=False)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    await recorded("gateio", tmp_path, account=False)
    for name, text in before.items():
        now = (tmp_path / name).read_bytes()
        assert now.startswith(text) if name == "index.toml" else now == text


async def test_what_is_recorded_is_read_again_as_it_was(tmp_path, monkeypatch):
    """The files and entries are what the kit reads: bytes are those of the frames, scrubbing keeps their length."""
    from arb_compliance import samples

    notes, made, _, _ = await recorded("mexc", tmp_path / "samples")
    monkeypatch.setattr(samples, "files", lambda _package: tmp_path)
    index = (tmp_path / "samples" / "index.toml").read_text()
    assert "frames.json" in index, "MEXC's pushes are protobuf"
    found = list(samples.read("nobody"))
    answers = [sample for sample in found if sample.rest is not None]
    frames = [sample for sample in found if sample.frame is not None]
    assert [len(sample.body) for sample in answers] == [len(note.body.strip()) for note in notes.answers]
    assert [sample.body for sample in frames if sample.frame == "public"] == [
        frame.body for frame in made.frames if frame.side == "public"
    ]
