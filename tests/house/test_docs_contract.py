"""Hooks, errors and the surface of the contract: the pages say what the code says, name by name."""

import difflib
import inspect
import re
import runpy

import pytest
from arb_core import errors, hookspecs
from arb_core.hookspecs import hookimpl
from arb_core.structs.card import CONTRACT
from arb_sim import hookspecs as simulation


def page(repository, name):
    return (repository / "docs" / "reference" / f"{name}.md").read_text("utf-8")


def section(text, title):
    found = re.search(rf"^### {re.escape(title)}\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"hooks.md has no section {title}"
    return found[1]


def signature(function):
    """As it is implemented: without `self`, types by their names."""
    own = inspect.signature(function)
    arguments = [
        f"{name}: {parameter.annotation if isinstance(parameter.annotation, str) else parameter.annotation.__name__}"
        for name, parameter in own.parameters.items()
        if name != "self"
    ]
    return f"def {function.__name__}({', '.join(arguments)}) -> {own.return_annotation}"


HOOKS = {
    name: function
    for family in vars(hookspecs).values()
    if inspect.isclass(family) and family.__name__.endswith("Hooks")
    for name, function in vars(family).items()
    if name.startswith("arb_")
} | {"arb_simulated_venue": simulation.arb_simulated_venue}

ERRORS = [made for name in errors.__all__ if isinstance(made := getattr(errors, name), type)]


def test_every_hook_has_its_section_and_no_other(repository):
    titles = re.findall(r"^### (\w+)", page(repository, "hooks"), re.MULTILINE)
    assert sorted(titles) == sorted(HOOKS)


@pytest.mark.parametrize("name", HOOKS)
def test_signature_of_a_hook_is_that_of_the_code(repository, name):
    shown = re.findall(r"^```python\n(.*?)\n```", section(page(repository, "hooks"), name), re.MULTILINE | re.DOTALL)
    assert shown == [signature(HOOKS[name])]


def test_entry_point_groups_are_those_of_the_code(repository):
    from arb_core import installed

    rows = page(repository, "hooks").split("## Entry-point groups")[1]
    assert set(re.findall(r"^\| `([a-z.]+)` \|", rows, re.MULTILINE)) == {
        installed.PLUGINS,
        installed.SPECS,
        installed.COMMANDS,
    }


def broken(module_like, tmp_path, monkeypatch, name="tidepool"):
    """What the registry says of a plugin made of this source."""
    from arb_core.registry import Registry

    (tmp_path / f"{name}_plugin.py").write_text(module_like)
    info = tmp_path / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[arb]\n{name} = {name}_plugin\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    (entry,) = [entry for entry in Registry().plugins() if entry.id == name]
    return entry


@pytest.mark.parametrize(
    ("name", "source", "reason"),
    [
        ("wontimport", "import nothing_of_that_name", "cannot be imported"),
        ("unknownhook", "def arb_tides(): ...\narb_tides = hookimpl(arb_tides)", "does not fit the hooks"),
        ("extraargument", "@hookimpl\ndef arb_exchange_card(moon): ...", "does not fit the hooks"),
        ("needsmore", "@hookimpl\ndef arb_public_exchange(context): ...", "but not arb_exchange_card"),
        ("wrongtype", "@hookimpl\ndef arb_exchange_card(): return 1", "expected ExchangeCard"),
        ("raises", "@hookimpl\ndef arb_exchange_card(): raise OSError('no')", "raised OSError"),
    ],
)
def test_what_the_page_calls_broken_is_broken(tmp_path, monkeypatch, name, source, reason):
    entry = broken(f"from arb_core import hookimpl\n{source}\n", tmp_path, monkeypatch, name)
    assert entry.state == "broken"
    assert reason in entry.reason
    assert entry.cure is not None
    assert name in entry.cure
    assert "pip install" not in entry.cure


def test_marker_of_the_page_is_the_one_of_the_contract():
    import arb_core

    assert arb_core.hookimpl is hookimpl


def rows(text, columns):
    return [
        cells
        for line in text.splitlines()
        if line.startswith("| `") and len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == columns
    ]


def keywords(error):
    """Keyword fields of an error, with their defaults: those of the nearest constructor."""
    made = next(vars(base)["__init__"] for base in error.__mro__ if "__init__" in vars(base))
    if error.__init__ is Exception.__init__:
        return {}
    parameters = inspect.signature(made).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}


def test_every_error_stands_in_the_page_with_its_parent_action_and_fields(repository):
    shown = [tuple(cells[:4]) for cells in rows(page(repository, "errors"), 5)]
    actual = [
        (
            f"`{error.__name__}`",
            f"`{error.__bases__[0].__name__}`",
            f"`{error.action}`",
            ", ".join(f"`{name}`" for name in keywords(error)),
        )
        for error in ERRORS
    ]
    assert sorted(shown) == sorted(actual)


def test_every_action_stands_in_the_page(repository):
    assert [cells[0].strip("`") for cells in rows(page(repository, "errors"), 2)] == list(errors.Action.__args__)


def test_fields_of_an_error_are_its_attributes():
    values = {"venue": "here", "symbol": "BTC/USDT", "exchange": "here", "where": "/path", "path": "file", "name": "id"}
    for error in ERRORS:
        fields = {name: values.get(name, default) for name, default in keywords(error).items()}
        made = error("text", **fields)
        for name, value in fields.items():
            if name != "wire":
                assert getattr(made, name) == value, f"{error.__name__}.{name}"


def test_surface_of_the_contract_is_the_golden_one(repository):
    maker = runpy.run_path(str(repository / "tests" / "house" / "surface.py"))
    golden = maker["GOLDEN"].read_text("utf-8").splitlines()
    actual = maker["surface"]().splitlines()
    changes = "\n".join(difflib.unified_diff(golden, actual, "golden", "source", lineterm="", n=0))
    assert not changes, (
        f"the public surface of arb_core changed:\n{changes}\n"
        "If that is on purpose and docs/reference/contract.md allows it, run `uv run python tests/house/surface.py`, "
        "read `git diff tests/house/golden`, and add a line to core/CHANGELOG.md."
    )


def test_surface_holds_every_public_name_of_the_contract(repository):
    import arb_core

    text = (repository / "tests" / "house" / "golden" / f"contract-{CONTRACT}.txt").read_text("utf-8")
    assert all(name in text for name in arb_core.__all__)
    assert text.count("@abstractmethod") > 30


def test_contract_page_names_the_current_number(repository):
    text = page(repository, "contract")
    assert f"now **{CONTRACT}**" in text
    assert f"contract-{CONTRACT}.txt" in text
