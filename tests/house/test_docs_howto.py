"""The code of the how-to pages and of the tutorial, taken from the pages and run."""

import base64
import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FILE = re.compile(
    r"^```(?:python|toml)\n# (?P<file>\S+)\n(?P<code>.*?)^```$|in `(?P<named>\S+)`:\n\n```json\n(?P<json>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def page(repository, name):
    return (repository / "docs" / name).read_text("utf-8")


def unfold(text, folder):
    """Write every block that names its file."""
    for found in FILE.finditer(text):
        path = folder / (found["file"] or found["named"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found["code"] or found["json"])


ADDED = re.compile(r"^```python\n# (\S+), added\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def unfold_more(text, folder):
    """Write what a second page brings: files of its own, and more at the end of those of the first page."""
    unfold(text, folder)
    for name, code in ADDED.findall(text):
        path = folder / name
        path.write_text(f"{path.read_text()}\n\n{code}")


def environment(*paths):
    return {**os.environ, "PYTHONPATH": ":".join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"}


def run(command, folder, *paths):
    return subprocess.run(
        command, cwd=folder, env=environment(folder, *paths), capture_output=True, text=True, timeout=120, check=False
    )


def install(folder, distribution, entry_points):
    """Make a folder look like an installed distribution."""
    info = folder / f"{distribution.replace('-', '_')}-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[arb]\n{entry_points}\n")
    (info / "RECORD").write_text("".join(_recorded(folder)))


def _recorded(folder):
    """What a wheel says of its files; `arb doctor` compares them."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
        yield f"{path.relative_to(folder).as_posix()},sha256={digest},{path.stat().st_size}\n"


OPTIONS = ("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function", "-p", "no:cacheprovider")
PYTEST = (sys.executable, "-m", "pytest", "-q", *OPTIONS)


@pytest.fixture
def tidepool(repository, tmp_path):
    """The distribution of the page; a newcomer's walk through it is in `tests/third_party`."""
    scaffolding = pytest.importorskip("arb_compliance.authoring.scaffold")
    pytest.importorskip("copier", reason="the template is written by copier")
    scaffolding.scaffold(scaffolding.Answers(exchange="tidepool", name="Tidepool"), tmp_path, year=2026)
    unfold(page(repository, "how-to/add-an-exchange.md"), tmp_path)
    entry = re.search(r"^\[project.entry-points.arb\]\n(.+)$", (tmp_path / "pyproject.toml").read_text(), re.MULTILINE)
    assert entry
    install(tmp_path / "src", "arb-tidepool", entry[1].replace('"', ""))
    return tmp_path


@pytest.fixture
def tidepool_with_account(repository, tidepool):
    unfold_more(page(repository, "how-to/add-private-side.md"), tidepool)
    return tidepool


def test_toy_venue_has_tests_of_its_own(tidepool):
    ran = run([*PYTEST, "tests/test_market_data.py"], tidepool, tidepool / "src")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 passed" in ran.stdout


def test_account_of_the_toy_venue_works(tidepool_with_account):
    here = tidepool_with_account
    ran = run([*PYTEST, "tests/test_account.py"], here, here / "src")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "5 passed" in ran.stdout


def test_account_of_the_toy_venue_is_proved(tidepool_with_account):
    here = tidepool_with_account
    command = [sys.executable, "-m", "arb_core", "compliance", "run", "tidepool", "--short", "--tier", "private"]
    ran = run([*command, "--json"], here, here / "src")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    results = [result for result in objects(ran.stdout) if "case" in result]
    states = {result["state"] for result in results}
    assert states <= {"passed", "not_asked", "not_proved"}, results
    assert sum(result["state"] == "passed" for result in results) >= 25


def test_account_of_the_toy_venue_has_the_rooms_of_every_exchange(repository, tidepool_with_account):
    rooms = {path.stem for path in (tidepool_with_account / "src" / "arb_tidepool").glob("*.py")}
    ours = {path.stem for path in (repository / "plugins" / "arb-mexc" / "src" / "arb_mexc").glob("*.py")}
    assert rooms - {"sim"} == ours


def test_account_of_the_toy_venue_is_as_well_typed_as_ours(tidepool_with_account):
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--cache-dir", "/dev/null"]
    pytest.importorskip("mypy", reason="types are checked where mypy is installed: tox -e types")
    ran = run([*command, "src/arb_tidepool"], tidepool_with_account, tidepool_with_account / "src")
    assert ran.returncode == 0, ran.stdout


def test_toy_venue_is_known_by_being_installed(tidepool):
    ran = run([sys.executable, "-m", "arb_core", "plugins"], tidepool, tidepool / "src")
    (line,) = [line for line in ran.stdout.splitlines() if "tidepool" in line]
    assert "arb-tidepool" in line
    assert "ok" in line
    assert "broken" not in line


def test_toy_venue_has_the_rooms_of_every_exchange(repository, tidepool):
    rooms = {path.stem for path in (tidepool / "src" / "arb_tidepool").glob("*.py")}
    ours = {path.stem for path in (repository / "plugins" / "arb-mexc" / "src" / "arb_mexc").glob("*.py")}
    assert rooms - {"sim"} <= ours


def test_toy_venue_is_as_well_typed_as_ours(repository, tidepool):
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--cache-dir", "/dev/null"]
    pytest.importorskip("mypy", reason="types are checked where mypy is installed: tox -e types")
    ran = run([*command, "src/arb_tidepool"], tidepool, tidepool / "src")
    assert ran.returncode == 0, ran.stdout


def test_every_command_of_the_page_knows_the_toy_venue(repository, tidepool):
    shown = re.search(
        r"^```\n((?:arb (?:doctor|book|monitor) .*\n)+)```$",
        page(repository, "how-to/add-an-exchange.md"),
        re.MULTILINE,
    )
    assert shown
    paths = (tidepool / "src",)
    command = [sys.executable, "-m", "arb_core", "sim", "serve", "tidepool", "mexc", "--symbols", "BTC/USDT,ETH/USDT"]
    with served([*command, "--json", "--while-stdin"], 2, tidepool, *paths) as lines:
        variables = {name: url for venue in lines for name, url in urls(venue).items()}
        doctor, book, monitor = [command + " --json" for command in shown[1].splitlines()]
        text = "```sh\n" + "\n".join((doctor, book, monitor + " --seconds 5")) + "\n```\n"
        _, book, monitor = shell(text, tidepool, *paths, **variables)
    assert objects(book)[-1]["state"] == "LIVE"
    states = {name: books["BTC/USDT"]["state"] for name, books in objects(monitor)[-1]["books"].items()}
    assert states == {"tidepool": "LIVE", "mexc": "LIVE"}


# Pages with commands: each block marked `sh` is run as it stands, over simulated venues on real sockets.

COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


MARKET = ("--symbols", "BTC/USDT,ETH/USDT,SOL/USDT", "--dislocate")


@contextlib.contextmanager
def venues(*exchanges, options=MARKET):
    """Serve exchanges in a process of their own; return the lines that it prints, one an exchange."""
    command = [sys.executable, "-m", "arb_core", "sim", "serve", *exchanges, *options, "--json", "--while-stdin"]
    with served(command, len(exchanges)) as lines:
        yield lines


@contextlib.contextmanager
def served(command, count, folder=None, *paths):
    """Run a server until the block ends; return the first lines that it prints. It ends when its stdin is closed."""
    env = environment(*filter(None, (folder, *paths)))
    with subprocess.Popen(
        command, cwd=folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            yield [json.loads(server.stdout.readline()) for _ in range(count)]
        finally:
            server.stdin.close()
            server.stdout.close()


def shell(text, folder, *paths, **variables):
    """Run every command of a page, in order; return what each one said."""
    bin_ = str(Path(sys.executable).parent)
    said = []
    for block in COMMANDS.findall(text):
        for command in block.strip().splitlines():
            env = environment(folder, *paths) | {"PATH": f"{bin_}:{os.environ['PATH']}"} | variables
            ran = subprocess.run(
                ["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False
            )
            assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
            said.append(ran.stdout)
    return said


def objects(said):
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def urls(served, name=None):
    """The variables that lead a venue to its simulated side."""
    prefix = f"ARB_{(name or served['exchange']).upper().replace('-', '_')}"
    return {f"{prefix}_REST_URL": served["rest_url"], f"{prefix}_WS_URL": served["ws_url"]}


def test_recording_of_the_page_is_made_and_replayed(repository, tmp_path):
    with venues("mexc", "gateio") as served:
        variables = {name: url for venue in served for name, url in urls(venue).items()}
        _, whole, asked = shell(page(repository, "how-to/record-and-replay.md"), tmp_path, **variables)
    summary = objects(whole)[-1]
    assert summary["kind"] == "summary"
    assert {book["state"] for books in summary["books"].values() for book in books.values()} == {"LIVE"}
    assert {book["gaps"] for books in summary["books"].values() for book in books.values()} == {0}
    directions = {(edge["symbol"], edge["buy"], edge["sell"]) for edge in summary["edges"]}
    assert len(directions) == 4
    widest = {tuple(edge[part] for part in ("symbol", "buy", "sell")): edge["max_bps"] for edge in summary["edges"]}
    for edge in objects(asked)[-1]["edges"]:
        # Two fees of 5 bps lie between the two answers.
        direction = tuple(edge[part] for part in ("symbol", "buy", "sell"))
        assert edge["max_bps"] == pytest.approx(widest[direction] - 10, abs=0.5)


def test_settings_of_the_page_are_right_and_watched(repository, tmp_path):
    text = page(repository, "how-to/configure-venues.md")
    unfold(text, tmp_path)
    with venues("mexc", "gateio") as (mexc, gateio):
        *_, table, lines = shell(text, tmp_path, **urls(mexc), **urls(gateio, "gateio-test"))
    assert "mexc       gateio-te…" in table or "mexc       gateio-test" in table
    summary = objects(lines)[-1]
    assert summary["venues"] == ["mexc", "gateio-test"]
    assert {book["state"] for books in summary["books"].values() for book in books.values()} == {"LIVE"}


def test_settings_of_going_live_trade_on_paper(repository, tmp_path):
    text = page(repository, "how-to/go-live.md")
    unfold(text, tmp_path)
    with venues("mexc", "gateio") as served:
        variables = {name: url for venue in served for name, url in urls(venue).items()}
        checked, table, _, _ = shell(text, tmp_path, **variables, XDG_STATE_HOME=str(tmp_path / "state"))
    assert checked == "arb.toml: right; 2 venues, 2 symbols\n"
    assert "arb run  paper  mexc gateio" in table
    assert objects(table)[-1]["trades"] >= 0
    assert (tmp_path / "state" / "arb" / "paper.db").exists()


def test_account_of_the_page_is_used(repository, tmp_path):
    text = page(repository, "how-to/use-an-account.md")
    unfold(text, tmp_path)
    with venues("mexc", options=("--symbols", "BTC/USDT")) as (mexc,):
        keys = {"ARB_MEXC_API_KEY": mexc["api_key"], "ARB_MEXC_API_SECRET": mexc["api_secret"]}
        (said,) = shell(text, tmp_path, **urls(mexc), **keys)
    placed = re.search(r"^placed (\S+) at ([0-9.]+)$", said, re.MULTILINE)
    assert placed
    assert re.findall(r"^order (\S+) (\w+) 0", said, re.MULTILINE) == [(placed[1], "OPEN"), (placed[1], "CANCELED")]
    assert said.splitlines()[-1] == "open []"


def test_strategy_of_the_page_finds_what_the_market_makes(repository, tmp_path):
    text = page(repository, "how-to/write-a-strategy.md")
    unfold(text, tmp_path)
    install(tmp_path, "arb-widest", "widest = widest")
    with venues("mexc", "gateio", "binance") as served:
        variables = {name: url for venue in served for name, url in urls(venue).items()}
        _, lines = shell(text, tmp_path, **variables)
    found = [line for line in objects(lines) if line["kind"] == "opportunity"]
    assert found
    assert {line["strategy"] for line in found} == {"widest"}
    assert objects(lines)[-1]["opportunities"]["executable"] >= 1


def test_strategy_of_the_page_has_tests_of_its_own(repository, tmp_path):
    unfold(page(repository, "how-to/write-a-strategy.md"), tmp_path)
    ran = run([*PYTEST, "test_widest.py"], tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 passed" in ran.stdout


def test_strategy_of_the_page_is_as_well_typed_as_ours(repository, tmp_path):
    pytest.importorskip("mypy", reason="types are checked where mypy is installed: tox -e types")
    unfold(page(repository, "how-to/write-a-strategy.md"), tmp_path)
    ran = run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", "/dev/null", "widest.py"], tmp_path)
    assert ran.returncode == 0, ran.stdout


def test_tutorial_refuses_what_it_says(repository, tmp_path):
    text = page(repository, "tutorial/first-spread.md")
    assert f"arb sim serve mexc gateio {MARKET[0]} {MARKET[1]} --port 40001 {MARKET[2]}" in text
    with venues("mexc", "gateio") as (mexc, gateio):
        # The ports of the page may be taken on this machine.
        for written, served in (("http://127.0.0.1:40001", mexc), ("http://127.0.0.1:40002", gateio)):
            text = text.replace(written, served["rest_url"]).replace(written.replace("http", "ws"), served["ws_url"])
        unfold(text, tmp_path)
        (lines,) = shell(text, tmp_path)
        found = [line for line in objects(lines) if line["kind"] == "opportunity"]
        # An edge that opens or closes may pass through less than 1 bps, where nothing refuses it.
        wide = [line for line in found if line["edge_bps"] > 1.0]
        assert wide
        assert {line["refused_by"] for line in wide} <= {"absurd", "quarantined"}
        assert objects(lines)[-1]["opportunities"]["refused"].get("absurd", 0) >= 1
        settings = tmp_path / "first.toml"
        settings.write_text(settings.read_text().replace("max_edge_bps = 1.0\n", ""))
        (lines,) = shell(text, tmp_path)
        assert objects(lines)[-1]["opportunities"]["executable"] >= 1


TRADING = "--symbols BTC/USDT,ETH/USDT,SOL/USDT --port 40001 --seed 31 --dislocate --json"


def test_first_trade_is_made_as_the_tutorial_says(repository, tmp_path):
    text = page(repository, "tutorial/first-trade.md")
    assert f"arb sim serve mexc gateio {TRADING}" in text
    with venues("mexc", "gateio", options=[*MARKET, "--seed", "31"]) as (mexc, gateio):
        # The ports of the page may be taken on this machine. The keys are those that it shows.
        for written, served in (("http://127.0.0.1:40001", mexc), ("http://127.0.0.1:40002", gateio)):
            text = text.replace(written, served["rest_url"]).replace(written.replace("http", "ws"), served["ws_url"])
            assert f'api_key = "{served["api_key"]}"\napi_secret = "{served["api_secret"]}"' in text
        unfold(text, tmp_path)
        variables = {
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "ARB_CREDENTIALS_FILE": str(tmp_path / "keys.toml"),
            "COLUMNS": "200",
        }
        said = shell(text, tmp_path, **variables)
    paper, _, doctor, live, trades, orders, pnl, killed, stopped, lifted, compared = said
    assert "arb run  paper  mexc gateio" in paper
    assert re.findall(r"^mexc key withdraw +warning ", doctor, re.MULTILINE)
    assert "failed" not in doctor
    assert "arb run  LIVE  mexc gateio" in live
    made = objects(live)[-1]["trades"]
    assert objects(paper)[-1]["trades"] + made >= 1
    assert objects(stopped)[-1]["trades"] == 0
    assert "no new trades: kill: lunch" in stopped
    assert ("killed since" in killed, "1 kills lifted" in lifted) == (True, True)
    shown = re.search(r"^(\d+) trades in USDT: P&L (\S+) USDT", trades, re.MULTILINE)
    total = (int(shown[1]), shown[2]) if shown else (0, None)
    assert total == (made, objects(live)[-1]["pnl"].get("USDT"))
    assert made == 0 or re.search(rf"USDT +{made} +{re.escape(str(total[1]))} ", pnl)
    assert made == 0 or "entry" in orders
    told = re.search(r"^```\n(mexc: agrees .*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert told
    assert compared == told[1]


def test_arithmetic_of_the_tutorial_is_right(repository, tmp_path):
    text = page(repository, "tutorial/first-spread.md")
    unfold(text, tmp_path)
    claimed = re.search(r"print\(.*\)  # (\S+)$", text, re.MULTILINE)
    assert claimed
    assert run([sys.executable, "net.py"], tmp_path).stdout.strip() == claimed[1]


def test_rows_of_the_tutorial_are_those_of_the_picture(repository):
    import html

    from arb_core.cli.table import Footer, render

    text = page(repository, "tutorial/first-spread.md")
    shown = re.search(r"^```\n(symbol .*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert shown
    header, *rows = shown[1].splitlines()
    footer = Footer(
        elapsed_s=0, total_s=None, messages=0, rate=0, p50_ns=0, p99_ns=0, live=0, books=0, seen=0, executable=0
    )
    assert header == str(render("", (), footer, ()).renderables[1])
    svg = html.unescape((repository / "docs" / "images" / "demo.svg").read_text("utf-8")).replace("\xa0", " ")
    assert rows
    assert all(row in svg for row in rows), "copy the rows anew from docs/images/demo.svg"
