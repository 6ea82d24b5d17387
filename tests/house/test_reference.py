"""The pages of the reference say what the code does: every key, default, command and option, and nothing else."""

import json
import re

import click
import msgspec
import pytest
from arb_core.cli.main import BUILT_IN, group
from arb_core.config import (
    DetectionSettings,
    JournalSettings,
    LegSettings,
    LoopSettings,
    MuteSettings,
    PaperSettings,
    PluginSettings,
    RiskSettings,
    Settings,
    TradingSettings,
)
from arb_core.known import COMMANDS
from arb_core.strategies.spatial import Settings as SpatialSettings
from arb_core.structs.card import ExchangeSettings
from arb_prometheus.settings import Settings as PrometheusSettings
from arb_triangular.settings import Settings as TriangularSettings

SECTIONS = {
    "Top level": Settings,
    "`[venues.NAME]`": ExchangeSettings,
    "`[strategies.spatial]`": SpatialSettings,
    "`[strategies.triangular]`": TriangularSettings,
    "`[observers.prometheus]`": PrometheusSettings,
    "`[detection]`": DetectionSettings,
    "`[risk]`": RiskSettings,
    "`[legs]`": LegSettings,
    "`[journal]`": JournalSettings,
    "`[plugins]`": PluginSettings,
    "`[trading]`": TradingSettings,
    "`[paper]`": PaperSettings,
    "`[loop]`": LoopSettings,
}


def section(page, title):
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def table(text):
    """The rows of the first table: first cell without its backticks, and the second cell."""
    rows = re.findall(r"^\| `([^`|]+)` \| (.*?) \|", text, re.MULTILINE)
    assert rows
    return dict(rows)


@pytest.fixture(scope="module")
def settings(repository):
    return (repository / "docs" / "reference" / "settings.md").read_text("utf-8")


@pytest.fixture(scope="module")
def commands(repository):
    return (repository / "docs" / "reference" / "commands.md").read_text("utf-8")


@pytest.mark.parametrize("title", SECTIONS)
def test_every_key_stands_in_the_reference_with_its_default(settings, title):
    rows = table(section(settings, title))
    fields = {field.encode_name: field for field in msgspec.structs.fields(SECTIONS[title])}
    assert list(rows) == list(fields)
    for name, shown in rows.items():
        default = fields[name].default
        if re.fullmatch(r"`[^`]+`", shown):
            written = json.loads(shown.strip("`"))
            written = tuple(written) if isinstance(written, list) else written
            actual = default if default is not msgspec.NODEFAULT else fields[name].default_factory()
            assert actual == written, name
        else:
            assert default is None or isinstance(default, msgspec.Struct), (
                f"{name}: the default {default!r} is not shown"
            )


def test_keys_of_a_mute_stand_in_the_reference(settings):
    (line,) = [line for line in settings.splitlines() if line.startswith("| `mute`")]
    assert all(f"`{field.encode_name}`" in line for field in msgspec.structs.fields(MuteSettings))


def test_example_of_the_reference_is_right(settings, tmp_path):
    import tomllib

    example = re.search(r"```toml\n(.*?)```", settings, re.DOTALL)
    assert example
    raw = tomllib.loads(example[1])
    assert set(raw) == {field.encode_name for field in msgspec.structs.fields(Settings)}
    for venue in raw.pop("venues").values():
        msgspec.convert(venue, ExchangeSettings)
    msgspec.convert(raw.pop("strategies")["spatial"], SpatialSettings)
    msgspec.convert(raw.pop("observers")["prometheus"], PrometheusSettings)
    for name in set(raw) - {"symbols"}:
        msgspec.convert(raw[name], SECTIONS[f"`[{name}]`"])


def leaves(command, path):
    if isinstance(command, click.Group):
        for name, sub in command.commands.items():
            yield from leaves(sub, f"{path} {name}")
    else:
        yield path, command


COMMON = {"--json", "--debug", "--log-json", "-v", "--verbose", "-h", "--help"}


def test_every_command_and_option_stands_in_the_reference(commands):
    with click.Context(group) as context:
        found = [leaf for name in BUILT_IN for leaf in leaves(group.get_command(context, name), f"arb {name}")]
    for path, command in found:
        text = section(commands, f"`{path}`")
        taken = [option for option in command.params if isinstance(option, click.Option)]
        options = {word for option in taken for word in (*option.opts, *option.secondary_opts)}
        told = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", "".join(re.findall(r"`[^`]+`", text))))
        assert options - COMMON == told - COMMON, path
    titles = set(re.findall(r"^## `(arb [a-z -]+)`", commands, re.MULTILINE))
    assert titles == {path for path, _ in found} | {f"arb {name}" for name in COMMANDS}


def test_common_options_stand_in_the_reference(commands):
    assert all(f"`{option}`" in section(commands, "Every command") for option in COMMON - {"--verbose", "-h"})


def test_commands_of_first_party_tools_are_those_of_the_workspace(members):
    added = {
        name: member.name
        for member in members
        for name in member.project.get("entry-points", {}).get("arb.commands", {})
    }
    assert added == COMMANDS
