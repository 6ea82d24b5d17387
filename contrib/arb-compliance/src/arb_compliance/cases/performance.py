"""Tier performance: what a plugin costs, in units of this machine, so that a slow or busy one fails nobody.

The limits are an order of magnitude away from what plugins of this project cost: they find what is wrong, a parse in
pure Python of what a library reads, work that grows with the square of a message, and not what is merely slower.
"""

import gc
import tracemalloc
from functools import partial
from importlib.resources import files
from random import Random

from arb_core.interfaces.stream import StreamDialect
from arb_core.structs.card import Capability

from arb_compliance import newborn, traffic
from arb_compliance.case import Proof, Tier, case
from arb_compliance.expect import NotProved, equal, true
from arb_compliance.measure import relative
from arb_compliance.stage import Stage
from arb_compliance.subject import Subject

PAGE = "docs/explanation/performance-rules.md"

FRAME = 2.0
"""References that a frame of no length may cost."""
KILOBYTE = 4.0
"""References that each kilobyte of a frame may cost more."""
IMPORT = 20_000.0
"""References that importing may cost: half a second where reading a kilobyte of JSON takes 25 us."""
HEAVY = frozenset(
    {
        "aiohttp",
        "alembic",
        "arb_sim",
        "ccxt",
        "click",
        "httpx",
        "numpy",
        "pandas",
        "picows",
        "pyarrow",
        "requests",
        "rich",
        "sqlalchemy",
        "urllib3",
        "websockets",
    }
)
"""What no plugin needs in order to say what it is: transports, tables, the terminal, the simulation."""
GROWTH = 16
"""How much larger the larger one of two messages is, when their costs are compared."""
SQUARE = 4.0
"""So much more than in proportion the larger one may cost; the square of its size would be 16 times as much."""
BOOK = 400
"""Bytes that a book may hold for each of its levels: two floats, an entry of a dict, a place in a list."""
BOOK_ALONE = 65_536
"""Bytes that it may hold beside."""
LEAK = 4.0
"""Bytes that may be left of a frame that was read, on the average: less than any object takes."""
ONCE = 32_768
"""Bytes that may be left in all: what is made at the first message of a kind, and the latest values."""


@case("PERFORMANCE-001", Tier.PERFORMANCE, needs=[Capability.BOOK], proof=Proof.VENUE)
async def a_frame_costs_little(subject: Subject) -> None:
    """Reading the frames of every feed takes no more CPU than a library needs for such messages, several times over.

    Steps: take the frames that the venue sends on all claimed feeds while its market moves; measure the CPU time of
        reading them, in units of reading one kilobyte of JSON.
    Expect: no more than 2 units a frame and 4 a kilobyte.
    When this fails: a busy venue takes the time of all others; look for `json`, `re`, `Decimal` and copies in `decode`.
    Source: performance rules
    """
    frames, dialect = await traffic.frames(subject), subject.dialect()
    equal(traffic.read(dialect, frames), len(frames), "frames of the venue that the dialect cannot read again")
    cost = relative(lambda: traffic.read(dialect, frames))
    limit = FRAME * len(frames) + KILOBYTE * sum(map(len, frames)) / 1000
    true(
        cost <= limit,
        f"reading {len(frames)} frames costs {cost:.0f} units of this machine, and {limit:.0f} are plenty",
        fix="one msgspec decoder for each kind of message, made once; float from the text, without Decimal",
    )


@case("PERFORMANCE-002", Tier.PERFORMANCE)
def the_import_is_light(subject: Subject) -> None:
    """A command starts at once, however many plugins are installed.

    Steps: import the plugin and ask for its card in a fresh interpreter; measure the CPU time, list the modules.
    Expect: less than half a second on a machine of today; no transport, table, terminal or simulation is loaded.
    When this fails: every `arb` command pays for it; import it where it is used.
    Source: performance rules
    """
    born = newborn.of(subject)
    heavy = sorted({name.partition(".")[0] for name in born.modules} & HEAVY)
    true(not heavy, "the import loads what no plugin needs", found=", ".join(heavy), fix="import it where it is used")
    cost = born.import_s / born.reference_s
    true(
        cost <= IMPORT,
        f"the import costs {cost:.0f} units of this machine ({born.import_s:.2f} s), and {IMPORT:.0f} are plenty",
    )


@case("PERFORMANCE-003", Tier.PERFORMANCE, needs=[Capability.BOOK], proof=Proof.VENUE)
async def a_book_takes_little_memory(subject: Subject) -> None:
    """Hundreds of books fit into the memory of a small machine.

    Steps: trace what is allocated by the plugin and the core while books become LIVE and follow the market.
    Expect: no more than 64 kB a book and 400 bytes for each level that it keeps.
    When this fails: the dialect, or something made beside each book, keeps what it has read.
    Source: performance rules
    """
    symbols = ("BTC/USDT", "ETH/USDT")
    async with Stage(subject, seed=5, symbols=symbols, steps_per_s=5) as stage:
        await stage.venue.connect()
        tracemalloc.start()
        try:
            before = _held(subject)
            await stage.live()
            await stage.pass_(4)
            grown = _held(subject) - before
        finally:
            tracemalloc.stop()
        levels = sum(sum(stage.book(symbol).book.depth()) for symbol in stage.symbols)
    limit = BOOK_ALONE * len(symbols) + BOOK * levels
    true(
        grown <= limit,
        f"{len(symbols)} books of {levels} levels hold {grown} bytes, and {limit} are plenty",
        fix="a dialect keeps nothing between frames",
    )


@case("PERFORMANCE-004", Tier.PERFORMANCE, proof=Proof.VENUE, limit_s=60.0)
async def nothing_is_left_of_a_frame(subject: Subject) -> None:
    """A day of frames leaves no more behind than a minute.

    Steps: read frames with ever other digits, 30,000 of them (2,000 in the short form); trace what the plugin's own
        lines allocated and is still there after a tenth of them, and at the end.
    Expect: 32 kB at most, and 4 bytes for each frame in between.
    When this fails: a cache without a limit, a list of what was seen, an unbounded `functools.cache`.
    Source: performance rules
    """
    frames, dialect, rng = await traffic.frames(subject), subject.dialect(), Random(1)  # noqa: S311 (repeatable)
    times = 2_000 if subject.short else 30_000
    tracemalloc.start()
    try:
        _read_varied(dialect, frames, times // 10, rng)
        before = _held(subject, core=False)
        readable = _read_varied(dialect, frames, times, rng)
        grown = _held(subject, core=False) - before
    finally:
        tracemalloc.stop()
    true(readable > times // 10, f"of {times} frames with other digits only {readable} can be read")
    true(
        grown <= ONCE + LEAK * times,
        f"{grown} bytes are left of {times} frames",
        fix="a dialect keeps nothing between frames; a cache has a limit",
    )


@case("PERFORMANCE-005", Tier.PERFORMANCE, proof=Proof.VENUE)
async def a_long_message_costs_in_proportion(subject: Subject) -> None:
    """A message sixteen times as long takes about sixteen times as long to read.

    Steps: let the lists of the longest frame of each kind grow, and grow again by 16; compare the CPU times.
    Expect: no more than four times what is in proportion.
    When this fails: each level is looked for among all others, or a text grows letter by letter; the day on which the
        market crashes is the day of the long messages.
    Source: performance rules
    """
    frames, dialect = await traffic.frames(subject), subject.dialect()
    found = False
    for frame in traffic.longest(dialect, frames):
        short = traffic.grown(frame, max(1, 4_000 // len(frame)))
        long = traffic.grown(frame, GROWTH * max(1, 4_000 // len(frame)))
        if len(long) < GROWTH * len(short) / 2 or traffic.read(dialect, [short, long]) != 2:
            continue
        found = True
        cost = relative(partial(traffic.read, dialect, [long]))
        unit = relative(partial(traffic.read, dialect, [short]))
        more = cost / unit / (len(long) / len(short))
        true(
            more <= SQUARE,
            f"a message of {len(long)} bytes costs {cost / unit:.0f} times as much as one of {len(short)}",
            frame=frame,
        )
    if not found:
        raise NotProved("no frame of the venue can be made longer and still be read")


def _read_varied(dialect: StreamDialect, frames: list[bytes], times: int, rng: Random) -> int:
    """Read so many frames, none twice, and return how many could be."""
    return sum(traffic.read(dialect, [traffic.varied(rng.choice(frames), rng)]) for _ in range(times))


def _held(subject: Subject, *, core: bool = True) -> int:
    """Return how many bytes are held that lines of the plugin, and of the core, allocated; not of a simulation."""
    gc.collect()
    own = str(files(subject.package))
    shown = [tracemalloc.Filter(inclusive=True, filename_pattern=f"{own}/*")]
    if core:
        shown.append(tracemalloc.Filter(inclusive=True, filename_pattern=f"{files('arb_core')}/*"))
    hidden = [tracemalloc.Filter(inclusive=False, filename_pattern=f"{own}/{sim}") for sim in ("sim.py", "sim/*")]
    taken = tracemalloc.take_snapshot().filter_traces(shown).filter_traces(hidden)
    return sum(trace.size for trace in taken.traces)
