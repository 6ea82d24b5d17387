"""`arb plugin`: makes an exchange plugin, and records what its venue says."""

import datetime as dt
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import click
from arb_core.cli.loop import run
from arb_core.cli.opening import Opener, no_key, openers_for
from arb_core.cli.options import SYMBOL, config_file, keep_secret, seconds, standard
from arb_core.cli.plain import emit, note
from arb_core.config import load_credentials
from arb_core.errors import SettingsError
from arb_core.installed import PLUGINS, discover
from arb_core.structs.market import Symbol, VenueName

from arb_compliance.authoring.identity import RefusedId, check_id, distribution_of
from arb_compliance.authoring.overhear import Notes, OverhearingRegistry
from arb_compliance.authoring.recorder import Recording, record
from arb_compliance.authoring.scaffold import LICENCES, Answers, scaffold
from arb_compliance.authoring.scrub import Scrubber
from arb_compliance.authoring.shelf import Origin, Shelf

__all__ = ["plugin"]


@click.group()
def plugin() -> None:
    """Make an exchange plugin, and record what its venue says."""


@plugin.command("new")
@click.argument("exchange")
@click.option("--name", help="The exchange's name, as it spells it itself.")
@click.option("--docs", metavar="URL", help="Page of its API documentation.")
@click.option("--rest", metavar="URL", help="Base address of its REST API.")
@click.option("--websocket", metavar="URL", help="Address of its public socket.")
@click.option("--separator", metavar="TEXT", help="What stands between base and quote in a market's name: - _ / or ''.")
@click.option("--author", help="Who writes it.")
@click.option("--licence", type=click.Choice(LICENCES), help="Default: Apache-2.0.")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), help="Folder; default: arb-EXCHANGE, here.")
@click.option("--yes", is_flag=True, help="Ask nothing: what is not given has its default.")
@standard
def new(
    *,
    exchange: str,
    name: str | None,
    docs: str | None,
    rest: str | None,
    websocket: str | None,
    separator: str | None,
    author: str | None,
    licence: str | None,
    into: Path | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Write a new distribution for EXCHANGE, whose facts an author then makes true, case by case."""
    try:
        check_id(exchange)
    except RefusedId as error:
        raise SettingsError(str(error), key="EXCHANGE") from error
    answers = Answers(
        exchange=exchange,
        name=name,
        docs=docs,
        rest=rest,
        websocket=websocket,
        separator=separator,
        author=author,
        licence=licence,
    )
    if not (yes or as_json) and sys.stdin.isatty():
        answers = _asked(answers)
    folder = into or Path(distribution_of(exchange))
    written = scaffold(answers, folder, year=dt.datetime.now(dt.UTC).year)
    if as_json:
        emit({"kind": "plugin", "exchange": exchange, "folder": str(folder), "files": [str(file) for file in written]})
        return 0
    click.echo("\n".join(map(str, written)))
    click.echo(
        f"next: pip install -e {folder}, then `arb compliance next {exchange}` says which case to turn green;\n"
        "docs/how-to/add-an-exchange.md goes through all of it"
    )
    return 0


@plugin.command("record")
@click.argument("exchange")
@click.option("-s", "--symbol", type=SYMBOL, required=True, metavar="BASE/QUOTE", help="What is asked about.")
@seconds(10.0)
@click.option("--each", type=click.IntRange(1), default=2, show_default=True, help="Frames that are kept of each kind.")
@click.option("--account", is_flag=True, help="Ask and hear the account of the key as well; nothing is traded.")
@click.option("--samples", type=click.Path(file_okay=False, path_type=Path), help="Folder; default: the plugin's own.")
@click.option("--source", metavar="TEXT", help="What the entries name as source; default: the page on the card.")
@click.option("--licence", default="facts", show_default=True, help="What the entries name as licence.")
@config_file
@standard
def record_samples(
    *,
    exchange: str,
    symbol: Symbol,
    seconds: float,
    each: int,
    account: bool,
    samples: Path | None,
    source: str | None,
    licence: str,
    config: str | None,
    as_json: bool,
) -> int:
    """Record what the venue of EXCHANGE says, as samples of its plugin: answers and frames, secrets taken out."""
    notes = Notes()
    registry = OverhearingRegistry(notes)
    keys = load_credentials if account else no_key
    settings, openers = openers_for([exchange], registry=registry, file=config, keys=keys)
    key = keys(VenueName(exchange))
    if account and key is None:
        raise SettingsError(f"no API key of {exchange} was found: docs/how-to/keys.md", key="--account")
    scrubber = Scrubber()
    if key is not None:
        keep_secret(key.api_key, key.api_secret, key.api_passphrase)
        scrubber.learn(key.api_key, key.api_secret, key.api_passphrase)
    made, pair = run(_recorded(openers[VenueName(exchange)], notes, symbol, seconds, each))
    scrubber.learn(*notes.secrets)
    for message in (*(answer.body for answer in notes.answers), *(frame.body for frame in made.frames)):
        scrubber.look(message)
    card = registry.card(exchange)
    host = settings.venues[VenueName(exchange)].rest_url or card.hosts.rest
    origin = Origin(
        source=source or card.docs,
        licence=licence,
        host=urlsplit(host).hostname or host,
        date=dt.datetime.now(dt.UTC).date(),
    )
    shelf = Shelf(samples or _samples_of(exchange), origin, scrubber, {pair: str(symbol)})
    for answer in notes.answers:
        shelf.put_answer(answer)
    for frame in made.frames:
        shelf.put_frame(frame)
    try:
        shelf.close()
    except ValueError as error:
        raise SettingsError(str(error)) from error
    for failed in made.failed:
        note(f"arb: not recorded: {failed}")
    if as_json:
        files = [str(file) for file in shelf.written]
        emit({"kind": "samples", "exchange": exchange, "files": files, "failed": made.failed})
    else:
        click.echo("\n".join(map(str, shelf.written)))
        click.echo(f"next: read what was recorded, and its entries; then arb compliance next {exchange}")
    return 1 if made.failed else 0


async def _recorded(opener: Opener, notes: Notes, symbol: Symbol, seconds: float, each: int) -> tuple[Recording, str]:
    """Open the venue, listen, and say how it calls the symbol."""
    async with opener() as venue:
        made = await record(venue, notes, symbol, seconds=seconds, each=each, on_progress=note)
        return made, venue.markets.pair(symbol)


def _samples_of(exchange: str) -> Path:
    """Return the folder of the plugin's samples, beside its code."""
    (owner,) = discover(PLUGINS)[exchange]
    package = owner.value.partition(":")[0].partition(".")[0]
    found = find_spec(package)
    if found is None or found.origin is None:
        raise SettingsError(f"{package} is in no folder: say where by --samples", key="--samples")
    return Path(found.origin).parent / "samples"


def _asked(given: Answers) -> Answers:
    """Ask for what was not given."""

    def ask(question: str, answer: str | None, default: str) -> str:
        return answer if answer is not None else click.prompt(question, default=default, err=True)

    exchange = given.exchange
    return Answers(
        exchange=exchange,
        name=ask("Its name", given.name, exchange.title()),
        docs=ask("Page of its API documentation", given.docs, f"https://{exchange}.example/api"),
        rest=ask("Base address of its REST API", given.rest, f"https://api.{exchange}.example"),
        websocket=ask("Address of its public socket", given.websocket, f"wss://stream.{exchange}.example/ws"),
        separator=ask("Between base and quote in a market's name", given.separator, "-"),
        author=ask("Your name", given.author, f"The authors of {distribution_of(exchange)}"),
        licence=given.licence or click.prompt("Licence", default=LICENCES[0], type=click.Choice(LICENCES), err=True),
    )
