"""Two legs at once, as it should be and as it is not."""

from decimal import Decimal

import pytest
from arb_core.engine.trade import Outcome
from trading_stage import ABC, USDT, Stage

pytestmark = pytest.mark.looptime(noop_cycles=2)


async def test_two_legs_go_out_together_and_the_result_is_the_venues_own_to_the_last_digit() -> None:
    stage = Stage()
    before = {asset: stage.total(asset) for asset in (USDT, ABC)}
    async with stage.running():
        result = await stage.trade()
    assert result.outcome is Outcome.DONE
    assert result.pnl == Decimal("2.0") - Decimal("0.202")
    assert result.moves == {USDT: stage.total(USDT) - before[USDT]}
    assert stage.total(ABC) == before[ABC]
    assert [len(venue.placed) for venue in stage.venues] == [1, 1]
    assert not stage.alarms
    assert stage.journal.unfinished() == []
