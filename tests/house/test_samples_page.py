"""The page about samples names every field and every kind of evidence, and its example reads."""

import re
from pathlib import Path

import msgspec
from arb_compliance.evidence import SHOWN_BY
from arb_compliance.samples import Index, Sample


def page(repository: Path) -> str:
    return (repository / "docs" / "reference" / "samples.md").read_text("utf-8")


def test_every_field_of_the_index_is_on_the_page(repository: Path) -> None:
    told = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (.*?) \|", page(repository), re.MULTILINE))))
    assert set(Sample.__struct_fields__) - {"body"} <= told
    (example,) = re.findall(r"```toml\n(.*?)```", page(repository), re.DOTALL)
    index = msgspec.toml.decode(example, type=Index)
    assert [sample.file for sample in index.sample] == ["rest_trades.json"]
    assert set(Index.__struct_fields__) == {"sample", "symbols", "binary", "kinds"}


def test_every_message_that_counts_as_evidence_is_on_the_page(repository: Path) -> None:
    table = page(repository).partition("## What counts as evidence")[2]
    named = set(re.findall(r"`(\w+)`", table))
    assert {capability.value for capability in SHOWN_BY} <= named
    assert {message for messages in SHOWN_BY.values() for message in messages} - {"error"} <= named
