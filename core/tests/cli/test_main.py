import subprocess
import sys
from types import ModuleType

import click
import pytest
from arb_core.cli import main as room
from arb_core.errors import ExchangeUnavailable, SettingsError
from arb_core.installed import Found


@pytest.fixture
def add(monkeypatch):
    """Install commands of other distributions."""
    found = {}
    monkeypatch.setattr(room, "discover", lambda _group: found)

    def add(name, callback, distribution="acme-tool"):
        module = ModuleType(f"{distribution}_{name}".replace("-", "_"))
        command = click.Command(name, callback=callback) if callable(callback) else callback
        vars(module)["command"] = command
        monkeypatch.setitem(sys.modules, module.__name__, module)
        entry = Found(
            name=name,
            group="arb.commands",
            value=f"{module.__name__}:command",
            distribution=distribution,
            version="1.0",
        )
        found.setdefault(name, []).append(entry)

    return add


def test_help_names_every_command_and_loads_none():
    code = (
        "import sys; from arb_core.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert all(f"  {name} " in done.stdout for name in room.BUILT_IN)
    loaded = set(done.stderr.split())
    assert not {"aiohttp", "rich", "picows", "uvloop", "arb_sim", "arb_mexc", "arb_core.cli.plugins"} & loaded


def test_listed_help_is_the_help_of_the_command():
    with click.Context(room.group) as context:
        for name, text in room.BUILT_IN.items():
            command = room.group.get_command(context, name)
            assert command is not None
            assert command.name == name
            assert (command.help or "").splitlines()[0] == text


def test_every_command_takes_json():
    def leaves(command):
        if isinstance(command, click.Group):
            return [leaf for sub in command.commands.values() for leaf in leaves(sub)]
        assert isinstance(command, click.Command)
        return [command]

    with click.Context(room.group) as context:
        commands = [leaf for name in room.BUILT_IN for leaf in leaves(room.group.get_command(context, name))]
    assert len(commands) > len(room.BUILT_IN)
    for command in commands:
        assert {"--json", "--debug", "--log-json"} <= {word for option in command.params for word in option.opts}


def test_misspelled_command_is_bad_use_with_a_near_match(arb):
    done = arb("montor")
    assert done.code == 2
    assert "did you mean 'monitor'?" in done.err
    assert done.out == ""


def test_command_of_a_tool_that_is_absent_answers_with_its_pip_line(arb, add):
    done = arb("demo")
    assert (done.code, "pip install arb-sim" in done.err) == (2, True)


def test_command_of_another_distribution_is_run(arb, add):
    add("greet", lambda: click.echo("hello"))
    assert arb("greet").out == "hello\n"
    assert ["greet", "(from", "acme-tool", "1.0)"] in [line.split() for line in arb("--help").out.splitlines()]


def test_broken_command_is_told_and_stops_no_other(arb, add):
    add("greet", "not a command")
    add("wave", lambda: click.echo("hello"))
    done = arb("greet")
    assert done.code == 1
    assert (
        done.err
        == "arb: greet (acme-tool 1.0): its entry point is a str, expected a click command; uninstall acme-tool\n"
    )
    assert arb("wave").code == 0
    assert arb("--help").code == 0


def test_command_with_two_owners_names_both(arb, add):
    add("greet", lambda: None)
    add("greet", lambda: None, distribution="other-tool")
    assert "acme-tool 1.0 and other-tool 1.0" in arb("greet").err


def fail(error):
    def callback():
        raise error

    return callback


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (SettingsError("bad", path="arb.toml", key="symbols"), 2, "arb: arb.toml: symbols: bad"),
        (ExchangeUnavailable("down", exchange="mexc", http_status=503), 1, "arb: mexc (HTTP 503): down"),
        (ExceptionGroup("tasks", [ExchangeUnavailable("down", exchange="mexc")]), 1, "arb: mexc: down"),
        (ZeroDivisionError("no"), 1, "arb: unexpected ZeroDivisionError: no (--debug shows where)"),
        (KeyboardInterrupt(), 1, "arb: interrupted"),
    ],
)
def test_error_is_one_line_and_an_exit_code(arb, add, error, code, line):
    add("fail", fail(error))
    done = arb("fail")
    assert (done.code, done.err, done.out) == (code, line + "\n", "")


def test_debug_shows_the_traceback(arb, monkeypatch):
    from arb_core.cli import plugins

    monkeypatch.setattr(plugins, "Registry", fail(ZeroDivisionError("no")))
    assert "Traceback" not in arb("plugins").err
    done = arb("plugins", "--debug")
    assert "Traceback" in done.err
    assert done.err.endswith("arb: unexpected ZeroDivisionError: no\n")


def test_reader_that_leaves_early_is_no_error(tmp_path):
    command = f"{sys.executable} -c 'from arb_core.cli.main import main; main()' config schema | head -c 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("{", "")
