import json
from decimal import Decimal

import msgspec
import pytest
from arb_core.config import (
    Settings,
    duration_ns,
    load,
    load_file,
    schema,
    variable,
    venue_settings,
)
from arb_core.errors import PluginMissing, SettingsError
from arb_core.structs.card import (
    CONTRACT,
    ClientIdRule,
    ExchangeCard,
    ExchangeSettings,
    FeeSchedule,
    Hosts,
    ObserverCard,
    StrategyCard,
)
from arb_core.structs.market import ExchangeId, VenueName


class AcmeSettings(ExchangeSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    region: str = "eu"
    speed_ms: int = 100


def make_card(name, settings=ExchangeSettings):
    return ExchangeCard(
        id=ExchangeId(name),
        name=name,
        contract=CONTRACT,
        docs="",
        hosts=Hosts(rest="https://a.example", ws_public="wss://a.example"),
        capabilities=frozenset(),
        fees=FeeSchedule(maker=Decimal(0), taker=Decimal(0)),
        client_ids=ClientIdRule(max_length=32, lookup="always"),
        settings=settings,
    )


CARDS = {"acme": make_card("acme", AcmeSettings), "other": make_card("other")}


def cards(name):
    try:
        return CARDS[name]
    except KeyError:
        raise PluginMissing(f"no {name}", name=name) from None


class SpiralSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    min_edge_bps: float = 0.0


STRATEGIES = {
    "spatial": StrategyCard(id="spatial", name="Spatial", contract=CONTRACT, summary="", settings=SpiralSettings),
    "plain": StrategyCard(id="plain", name="Plain", contract=CONTRACT, summary=""),
}


def strategies(name):
    return STRATEGIES[name]


class TickerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    port: int = 1


OBSERVERS = {
    "ticker": ObserverCard(id="ticker", name="Ticker", contract=CONTRACT, summary="", settings=TickerSettings),
    "plain": ObserverCard(id="plain", name="Plain", contract=CONTRACT, summary=""),
}


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "arb.toml"
        path.write_text(text)
        return path

    return write


def fails(path, **options):
    with pytest.raises(SettingsError) as raised:
        load(path, cards, strategies, environ={}, **options)
    return raised.value


def test_file_is_read_into_structs(write):
    path = write("""
        symbols = ["BTC/USDT"]
        [detection]
        max_age = "250ms"
        [[detection.mute]]
        venues = ["acme", "other"]
        symbol = "LEO/USDT"
        [strategies.spatial]
        min_edge_bps = 2
        [venues.acme]
        region = "us"
        [venues.acme-2]
        exchange = "acme"
        rest_url = "http://127.0.0.1:1"
    """)
    settings = load(path, cards, strategies, environ={})
    assert settings.symbols == ("BTC/USDT",)
    assert settings.detection.duration_ns("max_age") == 250_000_000
    assert settings.detection.mute[0].venues == ("acme", "other")
    assert settings.strategies == {"spatial": SpiralSettings(min_edge_bps=2.0)}
    assert list(settings.venues) == ["acme", "acme-2"]
    assert settings.venues[VenueName("acme")] == AcmeSettings(region="us")
    assert settings.venues[VenueName("acme-2")] == AcmeSettings(exchange="acme", rest_url="http://127.0.0.1:1")


def test_variables_override_the_file_and_options_override_both(write):
    path = write(
        '[venues.acme-2]\nexchange = "acme"\nregion = "us"\nspeed_ms = 7\n[strategies.spatial]\nmin_edge_bps = 1.0\n'
    )
    environ = {"ARB_ACME_2_REGION": "jp", "ARB_ACME_2_SPEED_MS": "9", "ARB_ACME_2_WS_URL": "ws://127.0.0.1:2"}
    settings = load(
        path,
        cards,
        strategies,
        environ=environ,
        options={"strategies.spatial.min_edge_bps": 3.0, "detection.max_age": None, "symbols": ["A/B"]},
    )
    assert settings.venues[VenueName("acme-2")] == AcmeSettings(
        exchange="acme", region="jp", speed_ms=9, ws_url="ws://127.0.0.1:2"
    )
    assert settings.strategies == {"spatial": SpiralSettings(min_edge_bps=3.0)}
    assert settings.symbols == ("A/B",)


def test_spatial_runs_unless_other_strategies_are_named(write):
    assert load(None, cards, strategies, environ={}).strategies == {"spatial": SpiralSettings()}
    assert load(write("[strategies.plain]"), cards, strategies, environ={}).strategies == {"plain": None}


def test_venues_of_the_command_line_need_no_file():
    settings = load(None, cards, strategies, environ={"ARB_OTHER_TAKER_BPS": "7.5"}, venues=["other", "acme", "other"])
    assert list(settings.venues) == ["other", "acme"]
    assert settings.venues[VenueName("other")].taker_bps == 7.5


def test_venues_of_the_command_line_choose_among_those_of_the_file(write):
    path = write('[venues.acme]\nregion = "us"\n[venues.other]\n')
    settings = load(path, cards, strategies, environ={}, venues=["acme"])
    assert settings.venues == {"acme": AcmeSettings(region="us")}


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ("symbls = []", "symbls", "did you mean 'symbols'?"),
        ("symbols = 3", "symbols", "expected `array`, found 3"),
        ("symbols = ['BTC/USDT', 'BTCUSDT']", "symbols[1]", "expected a symbol like BTC/USDT, found 'BTCUSDT'"),
        ("[venues.acme]\nregon = 'us'", "venues.acme.regon", "did you mean 'region'?"),
        ("[venues.acme]\nspeed_ms = 'fast'", "venues.acme.speed_ms", "expected `int`, found 'fast'"),
        ("[venues.acme]\nshare = 0.0", "venues.acme.share", "expected a part in (0, 1], found 0.0"),
        ("[venues.x]\nexchange = 3", "venues.x.exchange", "expected `str`, found 3"),
        ("[detection]\nmax_edge = 3", "detection.max_edge", "did you mean 'max_edge_bps'?"),
        ("[strategies.spatial]\nmin_edge = 3", "strategies.spatial.min_edge", "did you mean 'min_edge_bps'?"),
        ("[strategies.plain]\nx = 3", "strategies.plain", "plain has no settings"),
        ("[[detection.mute]]\nvenues = ['a']", "detection.mute[0].venues", "length 2"),
        ("[[detection.mute]]\nvenues = ['a', 'b']\nsymbol = 'x'", "detection.mute[0].symbol", "expected a symbol"),
        (
            "[detection]\nmax_age = 'soon'",
            "detection.max_age",
            "expected a duration like 5s, 250ms or 2m, found 'soon'",
        ),
        ("[detection]\nmax_age = 5", "detection.max_age", "expected `str`, found 5"),
        ("[venues]\nacme = 5", "venues.acme", "expected `object`, found 5"),
        ("venues = 1", "venues", "expected `object`, found 1"),
        ("[risk]\nmax_nominal = {}", "risk.max_nominal", "did you mean 'max_notional'?"),
        (
            "[risk]\nmax_notional = 100",
            "risk.max_notional",
            "expected money by asset such as { USDT = 100 }, found 100",
        ),
        ("[risk.max_notional]\nBTC = 1\nUSDT = 'much'", "risk.max_notional.USDT", "expected a number, found 'much'"),
        ("[risk.max_notional]\nUSDT = -1", "risk.max_notional.USDT", "expected an amount, 0 or more, found -1"),
        ("[risk.max_daily_loss]\nUSDT = nan", "risk.max_daily_loss.USDT", "expected an amount, 0 or more, found NaN"),
        ("[risk.max_asset]\nbtc = 1", "risk.max_asset.btc", "did you mean 'BTC'?"),
        ("[risk.max_on_venue.acne]\nBTC = 1\n[venues.acme]", "risk.max_on_venue.acne", "did you mean 'acme'?"),
        ("[risk.max_on_venue.acme]\nBTC = []\n[venues.acme]", "risk.max_on_venue.acme.BTC", "expected `decimal`"),
        ("[risk]\nmax_open_trades = 0", "risk.max_open_trades", "expected `int` >= 1, found 0"),
        ("[risk]\ncooldown = 5", "risk.cooldown", "expected `str`, found 5"),
        ("[risk]\ncooldown = 'long'", "risk.cooldown", "expected a duration"),
        ("[legs]\nhedge_loss = 5", "legs.hedge_loss", "expected money by asset such as { USDT = 5 }, found 5"),
        ("[legs.hedge_loss]\nUSDT = inf", "legs.hedge_loss.USDT", "expected an amount, 0 or more, found Infinity"),
        ("[legs.unwind_loss]\nUSDT = -1", "legs.unwind_loss.USDT", "expected an amount, 0 or more, found -1"),
        ("[legs.unwind_loss]\nusdt = 1", "legs.unwind_loss.usdt", "did you mean 'USDT'?"),
        ("[trading]\nshutdown = 30", "trading.shutdown", "expected `str`, found 30"),
        ("[trading]\ncountdown = 'never'", "trading.countdown", "expected a duration"),
        ("[paper.balances.acme]\nusdt = 1\n[venues.acme]", "paper.balances.acme.usdt", "did you mean 'USDT'?"),
        ("[paper.balances.acme]\nUSDT = -1\n[venues.acme]", "paper.balances.acme.USDT", "0 or more, found -1"),
        ("[paper.balances.acne]\nUSDT = 1\n[venues.acme]", "paper.balances.acne", "did you mean 'acme'?"),
        ("[paper]\nfee_in = 'gold'", "paper.fee_in", "nvalid enum value 'gold'"),
        ("[plugins]\nallow = 'arb-core'", "plugins.allow", "expected `array`, found 'arb-core'"),
        ("[journal]\nplace = 3", "journal.place", "expected `str | null`, found 3"),
    ],
)
def test_error_names_file_place_expected_found_and_near_match(write, text, key, message):
    path = write(text)
    error = fails(path)
    assert (error.path, error.key) == (str(path), key)
    assert message in str(error)
    assert str(error).startswith(f"{path}: {key}: ")


def test_limits_are_exact_whether_written_as_numbers_or_as_texts(write):
    path = write("""
        [risk]
        max_notional = { USDT = 100, BTC = "0.00000000000000000001" }
        max_on_venue.acme = { USDT = 0.1 }
        cooldown = "1.5s"
        [legs]
        hedge_loss = { USDT = 5, BTC = "0.000050" }
        unwind_loss = { USDT = 2.5 }
        [venues.acme]
    """)
    settings = load(path, cards, strategies, environ={})
    assert settings.risk.max_notional == {"USDT": Decimal(100), "BTC": Decimal("1E-20")}
    assert settings.risk.max_on_venue == {"acme": {"USDT": Decimal("0.1")}}
    assert settings.risk.duration_ns("cooldown") == 1_500_000_000
    assert settings.legs.hedge_loss == {"USDT": Decimal(5), "BTC": Decimal("0.000050")}
    assert settings.legs.unwind_loss == {"USDT": Decimal("2.5")}


def test_limit_for_a_venue_of_the_command_line_needs_no_table_of_it(write):
    path = write("[risk.max_on_venue.other]\nBTC = 1")
    assert load(path, cards, strategies, environ={}, venues=["other"]).risk.max_on_venue == {
        "other": {"BTC": Decimal(1)}
    }


def test_password_in_the_address_of_a_journal_is_refused_without_repeating_it(write):
    error = fails(write("[journal]\nplace = 'postgresql://arb:hunter2hunter2@db.example/arb'"))
    assert (error.key, "PGPASSWORD" in str(error), "hunter2" in str(error)) == ("journal.place", True, False)
    assert load(write("[journal]\nplace = 'postgresql://arb@db.example/arb'"), cards, strategies, environ={})


def test_settings_are_read_without_any_plugin(write):
    path = write("[journal]\nplace = 'here.db'\n[venues.nobody]\nx = 1")
    assert load_file(path).journal.place == "here.db"


def test_error_in_a_variable_names_the_variable():
    with pytest.raises(SettingsError, match=r"ARB_ACME_SPEED_MS: expected `int`, found 'fast'"):
        venue_settings("acme", cards, environ={"ARB_ACME_SPEED_MS": "fast"})
    with pytest.raises(SettingsError, match=r"ARB_ACME_SHARE: expected a part in"):
        venue_settings("acme", cards, environ={"ARB_ACME_SHARE": "2"})


def test_what_is_not_toml_is_told_with_its_line(write):
    assert "line 2" in str(fails(write("symbols = []\n= 3")))


def test_missing_file_is_told(tmp_path):
    assert "No such file" in str(fails(tmp_path / "none.toml"))


def test_venue_name_must_fit_the_environment():
    with pytest.raises(SettingsError, match="expected a venue name of the form"):
        venue_settings("Acme 2", cards, environ={})


def test_exchange_that_is_not_installed_is_told(write):
    with pytest.raises(PluginMissing):
        load(write("[venues.nobody]"), cards, strategies, environ={})


def test_secret_in_a_settings_file_is_refused_without_repeating_it(write):
    error = fails(write("[venues.acme]\napi_secret = 'hunter2hunter2'"))
    assert "set ARB_ACME_API_SECRET" in str(error)
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    ("text", "expected"), [("5s", 5 * 10**9), ("250ms", 250 * 10**6), ("1.5m", 90 * 10**9), ("10 us", 10**4)]
)
def test_durations_become_nanoseconds(text, expected):
    assert duration_ns(text) == expected


@pytest.mark.parametrize("text", ["", "5", "s", "-5s", "5 seconds", "nan s"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="expected a duration"):
        duration_ns(text)


def test_variable_names_have_no_hyphen():
    assert variable("acme-2", "rest_url") == "ARB_ACME_2_REST_URL"


def test_observers_are_those_of_the_file_each_with_its_own_settings(write):
    path = write("[observers.ticker]\nport = 2\n[observers.plain]")
    settings = load(path, cards, strategies, observer_cards=OBSERVERS.__getitem__, environ={})
    assert settings.observers == {"ticker": TickerSettings(port=2), "plain": None}
    assert load(None, cards, strategies, observer_cards=OBSERVERS.__getitem__, environ={}).observers == {}


def test_mistake_in_the_table_of_an_observer_is_told_with_its_place(write):
    error = fails(write("[observers.ticker]\nprot = 2"), observer_cards=OBSERVERS.__getitem__)
    assert error.key == "observers.ticker.prot"
    assert "did you mean 'port'" in str(error)
    error = fails(write("[observers.plain]\nport = 2"), observer_cards=OBSERVERS.__getitem__)
    assert (error.key, "plain has no settings" in str(error)) == ("observers.plain", True)


def test_schema_describes_the_installed_exchanges():
    made = schema(CARDS.values(), STRATEGIES.values(), OBSERVERS.values())
    ticker = made["properties"]["observers"]["properties"]["ticker"]["$ref"].rpartition("/")[2]
    assert "port" in made["$defs"][ticker]["properties"]
    json.dumps(made)
    acme = made["properties"]["venues"]["properties"]["acme"]["$ref"].rpartition("/")[2]
    spatial = made["properties"]["strategies"]["properties"]["spatial"]["$ref"].rpartition("/")[2]
    assert "min_edge_bps" in made["$defs"][spatial]["properties"]
    assert "region" in made["$defs"][acme]["properties"]
    assert made["additionalProperties"] is False
    assert set(made["properties"]) == {field.encode_name for field in msgspec.structs.fields(Settings)}
    assert made["$defs"]["DetectionSettings"]["properties"]["max_age"]["default"] == "5s"
