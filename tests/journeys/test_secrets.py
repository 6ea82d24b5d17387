"""A whole day of a trader on which everything goes wrong, and not a trace of the keys anywhere.

Trades on paper and live, a venue that misbehaves, a wrong key, logs of everything, captures, journals and their exports,
metrics, the doctor, errors with tracebacks, reprs: whatever any of them said or left on the disk is searched for the keys, as
they are and as encoders make them.
"""

import base64
import gzip
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from urllib.parse import quote
from urllib.request import urlopen

import pytest

ARB = Path(sys.executable).with_name("arb")
PATIENCE_S = 300

SETTINGS = """
symbols = ["BTC/USDT", "ETH/USDT"]
[venues.mexc]
[venues.gateio]
[venues.binance]
[detection]
price_window = "1s"
[risk]
max_notional = { USDT = 500 }
max_daily_loss = { USDT = 1000 }
max_open_trades = 2
[legs]
hedge_loss = { USDT = 5 }
unwind_loss = { USDT = 10 }
[trading]
shutdown = "10s"
countdown = "30s"
[paper.balances]
mexc = { USDT = 100000, BTC = 5, ETH = 100 }
gateio = { USDT = 100000, BTC = 5, ETH = 100 }
binance = { USDT = 100000, BTC = 5, ETH = 100 }
[plugins]
editable = ["arb-core", "arb-binance", "arb-gateio", "arb-mexc", "arb-prometheus"]
[observers.prometheus]
port = 0
"""

FAULTS = """
seed = 3
faults = [
    { kind = "disconnect", feed = "private", at_s = 14, every_s = 9, count = 4 },
    { kind = "malformed", feed = "private", probability = 0.05, count = 3, at_s = 12 },
    { kind = "answer_lost", probability = 0.1, count = 2, at_s = 12 },
    { kind = "error_after", probability = 0.1, count = 2, at_s = 12 },
    { kind = "order_rejected", why = "halted", probability = 0.1, count = 2, at_s = 12 },
    { kind = "server_error", probability = 0.05, count = 4, at_s = 16 },
]
"""

LIBRARY = """
import asyncio, logging, sys, traceback
from decimal import Decimal
import arb_core as arb
from arb_core.config import load_credentials

logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)

async def main():
    found = load_credentials("mexc")
    print(repr(found), str(found), f"{found!r:>200}", vars(type(found)).keys())
    wrong = arb.Credentials(api_key=found.api_key, api_secret=found.api_secret[::-1])
    for credentials in (found, wrong):
        async with arb.open_exchange("mexc", credentials=credentials) as mexc:
            print(repr(mexc), repr(mexc.private), repr(mexc.account), mexc.health())
            for call in (
                mexc.private.get_balances(),
                mexc.private.get_order(arb.Symbol("BTC", "USDT"), client_order_id="x" * 18),
                mexc.private.place_order(
                    arb.OrderRequest(
                        symbol=arb.Symbol("BTC", "USDT"), side=arb.Side.BUY, client_order_id="y" * 18,
                        quantity=Decimal("1000000"), price=Decimal(1),
                    )
                ),
            ):
                try:
                    print(await call)
                except arb.ArbError as error:
                    print(repr(error), vars(error))
                    traceback.print_exc()
    raise RuntimeError("the end")

asyncio.run(main())
"""


class Day:
    """What a trader does, with everything that any command said."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        self.variables = variables
        self.said: dict[str, str] = {}

    def do(self, *words: object, code: int | None = 0, **variables: str) -> str:
        """Run a command to its end."""
        name = " ".join(map(str, words[:3]))
        done = subprocess.run(
            [str(word) for word in words],
            env=self.variables | variables,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        self.said[f"{name} {len(self.said)}"] = done.stdout + done.stderr
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def arb(self, *words: object, code: int | None = 0, **variables: str) -> str:
        """Run `arb`."""
        return self.do(ARB, *words, code=code, **variables)

    def trade(self, *options: str, meanwhile: Iterator[None] | None = None) -> None:
        """Run `arb run` until it has traded and `meanwhile` has been done; look at its metrics."""
        errors = self.folder / "log"
        with (
            errors.open("w") as file,
            subprocess.Popen(
                [ARB, "run", "arb.toml", "--json", "-vv", "--log-json", *options],
                env=self.variables, cwd=self.folder, stdout=subprocess.PIPE, stderr=file, text=True,
            ) as running,
        ):  # fmt: skip
            watchdog = Timer(PATIENCE_S, running.kill)
            watchdog.start()
            assert running.stdout is not None
            lines: list[str] = []
            for line in running.stdout:
                lines.append(line)
                if '"kind":"result"' in line:
                    break
            port = re.search(r"metrics on http://127\.0\.0\.1:(\d+)/metrics", errors.read_text())
            assert port, errors.read_text()[-2000:]
            next(meanwhile or iter((None,)))
            with urlopen(f"http://127.0.0.1:{port[1]}/metrics", timeout=30) as answer:
                self.said[f"metrics {len(self.said)}"] = answer.read().decode()
            running.send_signal(signal.SIGTERM)
            lines += running.stdout
            running.wait(PATIENCE_S)
            watchdog.cancel()
        self.said[f"run {len(self.said)}"] = "".join(lines) + errors.read_text()
        assert any('"kind":"result"' in line for line in lines), errors.read_text()[-2000:]


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, str]]]:
    """Three venues that misbehave from the tenth second on."""
    faults = tmp_path_factory.mktemp("faults") / "faults.toml"
    faults.write_text(FAULTS)
    command = [ARB, "sim", "serve", "mexc", "gateio", "binance", "--json", "--symbols", "BTC/USDT,ETH/USDT"]
    command += ["--dislocate", "--steps-per-s", "10", "--while-stdin", "--faults", str(faults)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield [json.loads(process.stdout.readline()) for _ in range(3)]
        process.communicate()


@pytest.fixture
def day(served: list[dict[str, str]], tmp_path: Path) -> Day:
    folder = tmp_path / "day"
    folder.mkdir()
    variables = {
        **os.environ,
        "XDG_STATE_HOME": str(folder / "state"),
        "ARB_CREDENTIALS_FILE": str(tmp_path / "keys.toml"),
        "COLUMNS": "200",
    }
    keys = ""
    for venue in served:
        name = venue["exchange"]
        keys += f'[{name}]\napi_key = "{venue["api_key"]}"\napi_secret = "{venue["api_secret"]}"\n'
        variables |= {
            f"ARB_{name.upper()}_REST_URL": venue["rest_url"],
            f"ARB_{name.upper()}_WS_URL": venue["ws_url"],
        }
    (tmp_path / "keys.toml").write_text(keys)
    (tmp_path / "keys.toml").chmod(0o600)
    (folder / "arb.toml").write_text(SETTINGS)
    return Day(folder, variables)


def spellings(secret: str) -> dict[str, bytes]:
    """Return a secret as it is and as whoever hides it unknowingly would write it."""
    raw = secret.encode()
    forms = {"as it is": raw, "backwards": raw[::-1], "upper case": secret.upper().encode()}
    forms |= {"hex": raw.hex().encode(), "quoted": quote(secret, safe="").encode(), "repr": repr(secret)[1:-1].encode()}
    for skipped in range(3):
        # Inside of a longer text that is encoded, it begins at one of three places; its ends mix with what is beside it.
        encoded = base64.b64encode(b"\0" * skipped + raw)[(0, 2, 3)[skipped] :]
        forms[f"base64 from {skipped}"] = encoded[: len(encoded) // 4 * 4 - 4]
    return forms


def found(text: bytes, secrets: list[str]) -> list[str]:
    return [form for secret in secrets for form, spelled in spellings(secret).items() if spelled in text]


def everything(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            kept = path.read_bytes()
            yield path, gzip.decompress(kept) if path.suffix == ".gz" else kept


def test_no_key_shows_anywhere_in_a_day_on_which_everything_goes_wrong(served, day, tmp_path):
    secrets = [venue[part] for venue in served for part in ("api_key", "api_secret")]

    day.trade()

    def meanwhile() -> Iterator[None]:
        looked = [json.loads(line) for line in day.arb("doctor", "--config", "arb.toml", "--json", "-vv").splitlines()]
        held = {(line["check"], line["venue"]): (line["state"], line["detail"]) for line in looked}
        assert re.fullmatch(r"held by pid \d+, which runs", held["key lock", "mexc"][1])
        assert "is written by pid" in held["journal", None][1]
        assert {held["key lock", "mexc"][0], held["journal", None][0]} == {"ok"}
        yield

    day.trade("--live", meanwhile=meanwhile())
    wrong = {"ARB_MEXC_API_KEY": "x" * 32, "ARB_MEXC_API_SECRET": "0" * 32}
    day.arb("run", "arb.toml", "--live", "--debug", "-vv", "--log-json", code=1, **wrong)
    day.arb("reconcile", "arb.toml", "-vv", "--seconds", "5", code=None)
    day.arb("record", "-e", "mexc", "-s", "BTC/USDT", "--out", "capture.jsonl.gz", "--seconds", "1", "-vv")
    day.arb("orders", "--json", "--live")
    day.arb("trades", "--csv", "trades.csv", "--live")
    day.arb("export", "csv", "--live")
    day.arb("export", "parquet", "--parquet", "--live")
    day.do(sys.executable, "-c", LIBRARY, code=1)
    (tmp_path / "keys.toml").chmod(0o644)
    day.arb("run", "arb.toml", "--live", "--debug", code=1)
    assert "expected 0600; chmod 600" in day.said[list(day.said)[-1]]

    # The search finds what is there: in the file of the keys themselves, and in what somebody encoded.
    assert len(found((tmp_path / "keys.toml").read_bytes(), secrets)) >= len(secrets)
    for secret in secrets:
        for around in (b"", b"a", b"ab", b"abc"):
            basic = base64.b64encode(around + b"k:" + secret.encode() + b":v")
            assert [form for form in found(basic, [secret]) if form.startswith("base64")], (secret, around)
        assert found(f"x{secret[::-1]}y".encode(), [secret]) == ["backwards"]

    told = b"".join(text.encode() for text in day.said.values())
    for word in (b"AuthenticationFailed", b"arb_trades_total", b"Traceback", b"RuntimeError: the end"):
        assert word in told, f"{word.decode()} did not happen: less was shown than this test is for"
    assert any(word in told for word in (b"OutcomeUnknown", b"deaf: ", b"in_doubt", b"unreadable")), "no fault struck"
    leaks = {name: forms for name, text in day.said.items() if (forms := found(text.encode(), secrets))}
    leaks |= {str(path): forms for path, kept in everything(day.folder) if (forms := found(kept, secrets))}
    assert leaks == {}
