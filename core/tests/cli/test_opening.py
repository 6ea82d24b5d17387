import msgspec
from arb_core.cli.opening import openers_for, policy_of
from arb_core.config import DetectionSettings, MuteSettings
from arb_core.engine.opportunity import Policy
from arb_core.registry import Registry
from arb_core.structs.market import VenueName


def test_defaults_of_the_settings_are_those_of_the_engine():
    assert policy_of(DetectionSettings()) == Policy()


def test_every_bound_of_the_engine_can_be_set():
    pair = (VenueName("a"), VenueName("b"))
    settings = DetectionSettings(
        max_age="1s",
        max_edge_bps=1.0,
        premium="1m",
        price_window="2m",
        price_tolerance_bps=2.0,
        delisting_margin="1h",
        ignore_transfers=True,
        mute=(MuteSettings(venues=pair, symbol="LEO/USDT"),),
    )
    made, default = msgspec.structs.asdict(policy_of(settings)), msgspec.structs.asdict(Policy())
    assert not [name for name in default if made[name] == default[name]]


def test_no_names_and_no_file_open_nothing():
    _, openers = openers_for((), registry=Registry({}))
    assert openers == {}
