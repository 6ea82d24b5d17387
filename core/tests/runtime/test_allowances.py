"""What one process has used of the exchanges' limits: who shares it, and what survives."""

import os
import stat
from decimal import Decimal
from pathlib import Path

import pytest
from arb_core.runtime.clock import LoopClock
from arb_core.runtime.limits import Allowances, Budgets, PoolState
from arb_core.runtime.limits.allowances import SAVE_EVERY_NS, Store
from arb_core.runtime.limits.folder import LimitsFolder
from arb_core.structs.account import Credentials
from arb_core.structs.card import ClientIdRule, ExchangeCard, FeeSchedule, Hosts, RateLimit, StreamLimits
from arb_core.structs.market import ExchangeId

pytestmark = pytest.mark.looptime

SECOND = 1_000_000_000
REST = "https://api.example.com"
KEY = Credentials(api_key="marked-key-0001", api_secret="marked-secret")
OTHER_KEY = Credentials(api_key="marked-key-0002", api_secret="marked-secret")


def card(name: str = "sample") -> ExchangeCard:
    return ExchangeCard(
        id=ExchangeId(name),
        name="Sample",
        contract=1,
        docs="https://example.com",
        hosts=Hosts(rest=REST, ws_public="wss://ws.example.com"),
        capabilities=frozenset(),
        fees=FeeSchedule(maker=Decimal(0), taker=Decimal(0)),
        client_ids=ClientIdRule(max_length=32, lookup="always"),
        limits=(
            RateLimit(name="weight", limit=100, window_ns=60 * SECOND),
            RateLimit(name="orders", limit=10, window_ns=60 * SECOND, scope="key"),
        ),
        stream=StreamLimits(connects=RateLimit(name="connects", limit=5, window_ns=60 * SECOND)),
    )


class Memory(Store):
    """What survives a process, in this one."""

    def __init__(self) -> None:
        self.kept: list[dict[str, PoolState]] = []
        self.refusal: OSError | None = None

    def load(self) -> tuple[dict[str, list[PoolState]], list[str]]:
        return ({name: [state] for name, state in self.kept[-1].items()} if self.kept else {}), []

    def save(self, pools: dict[str, PoolState]) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.kept.append(pools)


class World:
    def __init__(self, store: Store | None = None) -> None:
        self.clock = LoopClock()
        self.allowances = Allowances(self.clock, store, threaded=False)

    def spend(self, budgets: Budgets, **cost: int) -> None:
        budgets.take(budgets.claim("GET /x", cost), self.clock.now_ns(), self.clock.monotonic_ns())

    def ban(self, budgets: Budgets, seconds: int, **cost: int) -> None:
        claim = budgets.claim("GET /x", cost)
        headers = {"retry-after": str(seconds)}
        budgets.refuse(claim, headers, self.clock.now_ns(), self.clock.monotonic_ns(), banned=True)

    def wait(self, budgets: Budgets, **cost: int) -> int:
        return budgets.wait_ns(budgets.claim("GET /x", cost), self.clock.now_ns(), self.clock.monotonic_ns())


async def test_venues_of_one_exchange_share_the_budgets_of_the_address_and_those_of_the_same_key() -> None:
    world = World()
    one = world.allowances.budgets(card(), REST, credentials=KEY)
    two = world.allowances.budgets(card(), REST, credentials=OTHER_KEY)
    same = world.allowances.budgets(card(), REST, credentials=KEY)
    public = world.allowances.budgets(card(), REST)
    world.spend(one, weight=100, orders=10)
    assert [world.wait(budgets, weight=1) > 0 for budgets in (one, two, same, public)] == [True] * 4
    assert [world.wait(budgets, orders=1) > 0 for budgets in (one, two, same, public)] == [True, False, True, False]
    world.ban(two, 3600, weight=1)
    assert world.wait(public) == 3600 * SECOND


async def test_another_exchange_and_another_host_count_apart() -> None:
    world = World()
    world.ban(world.allowances.budgets(card(), REST), 3600, weight=1)
    assert world.wait(world.allowances.budgets(card("other"), REST), weight=1) == 0
    assert world.wait(world.allowances.budgets(card(), "https://test.example.com"), weight=1) == 0


async def test_sockets_of_one_exchange_take_from_one_budget() -> None:
    world = World()
    one, two = (world.allowances.connects(card(), REST) for _ in range(2))
    assert one is not None
    assert one is two
    assert one.own_limit == 5


async def test_a_ban_is_kept_at_once_and_usage_every_few_seconds() -> None:
    store = Memory()
    world = World(store)
    budgets = world.allowances.budgets(card(), REST, credentials=KEY)
    assert not world.allowances.is_due()
    world.spend(budgets, weight=30, orders=2)
    assert not world.allowances.is_due()
    await world.clock.sleep(SAVE_EVERY_NS)
    assert world.allowances.is_due()
    assert await world.allowances.save() is None
    assert not world.allowances.is_due()
    world.ban(budgets, 3600, weight=1)
    assert world.allowances.is_due()
    assert await world.allowances.save() is None

    next_process = World(store)
    budgets = next_process.allowances.budgets(card(), REST, credentials=KEY)
    assert next_process.wait(budgets, weight=1, orders=1) == 0
    assert next_process.allowances.recall() is None
    # Its clock began anew: an hour less the ten seconds that the first one had shown.
    assert next_process.wait(budgets, weight=1) == pytest.approx(3610 * SECOND, rel=0.01)
    orders = [
        next_process.allowances.budgets(card(), REST, credentials=key).use(
            next_process.clock.now_ns(), next_process.clock.monotonic_ns()
        )
        for key in (KEY, OTHER_KEY)
    ]
    assert orders[0]["orders"].spent == 2
    assert "orders" not in orders[1]


async def test_nothing_new_is_not_written_again() -> None:
    store = Memory()
    world = World(store)
    world.ban(world.allowances.budgets(card(), REST), 3600, weight=1)
    for _ in range(3):
        assert await world.allowances.save() is None
    assert len(store.kept) == 1


async def test_venues_on_this_machine_are_not_kept() -> None:
    store = Memory()
    world = World(store)
    for host in ("http://127.0.0.1:40001", "http://localhost:40001", "http://[::1]:40001"):
        world.ban(world.allowances.budgets(card(), host), 3600, weight=1)
    assert await world.allowances.save() is None
    assert store.kept == []


async def test_what_cannot_be_kept_is_told_and_tried_again() -> None:
    store = Memory()
    world = World(store)
    store.refusal = OSError(28, "No space left on device")
    world.ban(world.allowances.budgets(card(), REST), 3600, weight=1)
    assert await world.allowances.save() == "what was used of the limits is not kept: No space left on device"
    store.refusal = None
    assert await world.allowances.save() is None
    assert len(store.kept) == 1


async def test_without_a_store_nothing_is_due() -> None:
    world = World()
    world.ban(world.allowances.budgets(card(), REST), 3600, weight=1)
    await world.clock.sleep(SAVE_EVERY_NS)
    assert not world.allowances.is_due()
    assert (world.allowances.recall(), await world.allowances.save()) == (None, None)


# -- the folder -------------------------------------------------------------------------------------------------------


class Still(LoopClock):
    """A wall clock that stands until it is set, without a loop."""

    __slots__ = ("wall_ns",)

    def __init__(self) -> None:
        self.wall_ns = 1_700_000_000 * SECOND

    def now_ns(self) -> int:
        return self.wall_ns

    def monotonic_ns(self) -> int:
        return 0


def state(clock: Still, seconds: int, units: int = 5) -> PoolState:
    until_ns = clock.now_ns() + seconds * SECOND
    return PoolState(closed={"scope:ip": until_ns}, spent={"weight": [(until_ns, units, True)]})


def test_files_of_several_processes_are_read_together_and_hold_no_key(tmp_path: Path) -> None:
    clock = Still()
    one, two = (LimitsFolder(tmp_path / "limits", clock) for _ in range(2))
    one.save({"a": state(clock, 60, 1), "b": state(clock, 60)})
    two.save({"a": state(clock, 90, 2)})
    one.save({"a": state(clock, 60, 3)})
    loaded, troubles = LimitsFolder(tmp_path / "limits", clock).load()
    assert troubles == []
    assert sorted(kept.spent["weight"][0][1] for kept in loaded["a"]) == [2, 3]
    assert set(loaded) == {"a"}
    if os.name == "posix":
        modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "limits").iterdir()}
        assert (modes, stat.S_IMODE((tmp_path / "limits").stat().st_mode)) == ({0o600}, 0o700)
    two.save({})
    assert len(list((tmp_path / "limits").iterdir())) == 1


def test_a_file_in_which_nothing_counts_any_more_is_removed(tmp_path: Path) -> None:
    clock = Still()
    LimitsFolder(tmp_path, clock).save({"a": state(clock, 60)})
    clock.wall_ns += 61 * SECOND
    loaded, troubles = LimitsFolder(tmp_path, clock).load()
    assert troubles == []
    assert list(tmp_path.iterdir()) == []
    assert [kept.closed["scope:ip"] <= clock.now_ns() for kept in loaded["a"]] == [True]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a":{"closed":{"scope:ip":"soon"}}}', b"\xff\xfe"])
def test_a_strange_file_is_named_and_the_others_count(tmp_path: Path, content: bytes) -> None:
    clock = Still()
    LimitsFolder(tmp_path, clock).save({"a": state(clock, 60)})
    (tmp_path / "strange.json").write_bytes(content)
    loaded, (trouble,) = LimitsFolder(tmp_path, clock).load()
    assert set(loaded) == {"a"}
    assert "strange.json is none of ours, remove it" in trouble
    told = Allowances(clock, LimitsFolder(tmp_path, clock)).recall()
    assert told is not None
    assert "not wholly known" in told


def test_a_folder_that_cannot_be_made_is_an_oserror_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "limits").write_text("a file where the folder should be")
    folder = LimitsFolder(tmp_path / "limits", Still())
    with pytest.raises(OSError, match="exists"):
        folder.save({"a": state(Still(), 60)})
    assert [path.name for path in tmp_path.iterdir()] == ["limits"]


async def test_pools_are_kept_off_the_loops_thread(tmp_path: Path) -> None:
    clock = LoopClock()
    allowances = Allowances(clock, LimitsFolder(tmp_path, clock))
    world = World()
    world.allowances = allowances
    world.ban(allowances.budgets(card(), REST, credentials=KEY), 3600, weight=1, orders=1)
    assert await allowances.save() is None
    loaded, _troubles = LimitsFolder(tmp_path, clock).load()
    assert sorted(name.rpartition(" ")[0] for name in loaded) == [
        "sample api.example.com",
        "sample api.example.com key",
    ]
    assert KEY.api_key not in repr(loaded)
