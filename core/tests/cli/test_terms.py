"""The settings of trading in the engine's words."""

from decimal import Decimal

import msgspec
import pytest
from arb_core.cli.accounts import check_paper_balances
from arb_core.cli.terms import limits_of, not_traded, paper_terms_of, patience_of, terms_of
from arb_core.config import LegSettings, PaperSettings, RiskSettings, Settings, TradingSettings
from arb_core.engine.legs import LegPolicy
from arb_core.engine.paper import PaperTerms
from arb_core.engine.risk import Limits
from arb_core.engine.trading.settings import TradingSettings as Patience
from arb_core.errors import SettingsError
from arb_core.structs.card import ExchangeSettings
from arb_core.structs.market import Asset, Symbol, VenueName

SECOND = 1_000_000_000
IN_USDT, IN_EUR, IN_BTC = Symbol("BTC", "USDT"), Symbol("BTC", "EUR"), Symbol("ETH", "BTC")
USDT, BTC = Asset("USDT"), Asset("BTC")
MEXC, GATE = VenueName("mexc"), VenueName("gateio")
ENOUGH = Settings(
    risk=RiskSettings(max_notional={"USDT": Decimal(100)}, max_daily_loss={"USDT": Decimal(20)}),
    legs=LegSettings(
        hedge_loss={"USDT": Decimal("0.5"), "BTC": Decimal("0.00001")},
        unwind_loss={"USDT": Decimal(1), "BTC": Decimal("0.00002")},
    ),
)


def test_defaults_of_the_settings_are_those_of_the_engine():
    assert limits_of(RiskSettings()) == Limits()
    assert patience_of(TradingSettings()) == Patience()
    assert paper_terms_of(PaperSettings(), ExchangeSettings()) == PaperTerms()
    legs = terms_of(ENOUGH, [IN_USDT]).legs
    assert legs == LegPolicy(
        hedge_loss={USDT: Decimal("0.5"), BTC: Decimal("0.00001")},
        unwind_loss={USDT: Decimal(1), BTC: Decimal("0.00002")},
    )


def differs(made, default, but=()):
    made, default = msgspec.structs.asdict(made), msgspec.structs.asdict(default)
    assert not [name for name in default if name not in but and made[name] == default[name]]


def test_everything_that_the_engine_knows_can_be_set():
    money, loss = {"USDT": Decimal(5)}, {"USDT": Decimal(6)}
    risk = RiskSettings(
        max_notional=money,
        max_daily_loss=loss,
        max_asset={"BTC": Decimal(1)},
        max_on_venue={MEXC: {"BTC": Decimal(2)}},
        max_open_trades=2,
        cooldown="1s",
        max_edge_bps=7.0,
        breaker_failures=9,
        breaker_window="2s",
        breaker_rest="3s",
    )
    limits = limits_of(risk)
    differs(limits, Limits())
    assert (limits.max_notional, limits.max_daily_loss) == (money, loss)
    assert (limits.cooldown_ns, limits.breaker_window_ns, limits.breaker_rest_ns) == (SECOND, 2 * SECOND, 3 * SECOND)
    trading = TradingSettings(
        max_intent_age="1s",
        place_timeout="2s",
        settle_wait="3s",
        poll="4s",
        longest_poll="6s",
        fix_patience="7s",
        recover_patience="8s",
        alarm_after="9s",
        trade_deaf=True,
        latch_poll="10s",
        kill_file="stop",
        countdown="11s",
    )
    # `arb reconcile` alone sets it: trades that are found are not finished then
    differs(patience_of(trading), Patience(), but=("finish_trades",))
    paper = PaperSettings(latency="1s", jitter="2s", memory="3s", fee_in="quote")
    differs(paper_terms_of(paper, ExchangeSettings(taker_bps=1.5, maker_bps=-0.5)), PaperTerms())


def test_fees_of_the_settings_are_exact_on_paper():
    terms = paper_terms_of(PaperSettings(), ExchangeSettings(taker_bps=0.1, maker_bps=-0.3))
    assert (terms.taker, terms.maker) == (Decimal("0.00001"), Decimal("-0.00003"))


def test_how_long_the_end_may_take_is_a_setting():
    settings = msgspec.structs.replace(ENOUGH, trading=TradingSettings(shutdown="90s"))
    assert terms_of(settings, [IN_USDT]).shutdown_ns == 90 * SECOND


def test_what_nobody_set_a_limit_for_is_not_traded():
    assert not_traded(ENOUGH, [IN_USDT, IN_EUR, IN_BTC]) == {
        "EUR": ["risk.max_notional.EUR", "risk.max_daily_loss.EUR", "legs.hedge_loss.EUR", "legs.unwind_loss.EUR"],
        "BTC": ["risk.max_notional.BTC", "risk.max_daily_loss.BTC"],
    }
    assert terms_of(ENOUGH, [IN_USDT, IN_EUR]).limits.max_notional == {"USDT": Decimal(100)}


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (
            Settings(),
            "risk.max_notional.USDT, risk.max_daily_loss.USDT, legs.hedge_loss.USDT, legs.unwind_loss.USDT",
        ),
        (
            msgspec.structs.replace(
                ENOUGH, legs=LegSettings(hedge_loss={"USDT": Decimal(1)}, unwind_loss={"BTC": Decimal(1)})
            ),
            "legs.unwind_loss.USDT",
        ),
        (
            msgspec.structs.replace(ENOUGH, risk=RiskSettings(max_notional={"USDT": Decimal(1)})),
            "risk.max_daily_loss.USDT",
        ),
    ],
)
def test_nothing_starts_before_everything_is_said_in_one_message(settings, names):
    with pytest.raises(SettingsError) as raised:
        terms_of(settings, [IN_USDT], file="arb.toml")
    assert str(raised.value) == (
        f"arb.toml: nothing may be traded before you say what it may cost: set {names}; "
        "docs/how-to/go-live.md has an example"
    )


def test_paper_account_without_money_is_refused_with_the_lines_to_add():
    settings = Settings(
        venues={MEXC: ExchangeSettings(), GATE: ExchangeSettings(), VenueName("x"): ExchangeSettings()},
        paper=PaperSettings(balances={MEXC: {"USDT": Decimal(5)}, GATE: {"USDT": Decimal(0)}}),
    )
    with pytest.raises(
        SettingsError, match=r"add \[paper.balances.gateio\] with lines like USDT = 10000, and the same for x"
    ):
        check_paper_balances(settings, file="arb.toml")
    rich = msgspec.structs.replace(settings, venues={MEXC: ExchangeSettings()})
    check_paper_balances(rich, file="arb.toml")
