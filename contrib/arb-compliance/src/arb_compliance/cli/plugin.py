"""`arb plugin`: makes an exchange plugin, and records what its venue says."""

import datetime as dt
import sys
from pathlib import Path

import click
from arb_core.cli.options import standard
from arb_core.cli.plain import emit
from arb_core.errors import SettingsError

from arb_compliance.authoring.identity import RefusedId, check_id, distribution_of
from arb_compliance.authoring.scaffold import LICENCES, Answers, scaffold

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
