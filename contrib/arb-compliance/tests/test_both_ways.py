"""Cases of streams are run on the dialect, and again on a scanner that would take its frames."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from arb_compliance.case import Case, Proof, Tier, catalogue
from arb_compliance.expect import fail
from arb_compliance.result import Result, State
from arb_compliance.subject import Subject
from arb_compliance.watch import Watch
from arb_compliance.worker import try_case
from arb_core.interfaces.stream import StreamDialect
from arb_core.runtime.book import SORTED
from arb_core.structs.card import Capability

pytest.importorskip("arb_mexc")


class Scanned(Subject):
    """A plugin for whose depth messages books of a name have a scanner."""

    def __init__(self, scanned: str | None) -> None:
        super().__init__("mexc", watch=Watch())
        self._scanned = scanned

    def scanned(self) -> str | None:
        return self._scanned


def a_case(run: Callable[[Subject], None], tier: Tier = Tier.STREAM, *needs: Capability) -> Case:
    return Case(
        id="HERE-001",
        tier=tier,
        purpose="",
        steps="",
        expect="",
        when_fails="",
        source="",
        needs=frozenset(needs),
        proof=Proof.PLUGIN,
        limit_s=1.0,
        run=run,
    )


def books_of(scanned: str | None, tier: Tier, *needs: Capability) -> list[str]:
    names: list[str] = []
    subject = Scanned(scanned)
    result = try_case(a_case(lambda s: names.append(s.registry.book_factory().name), tier, *needs), subject)
    assert result.state is State.PASSED, result
    assert subject.registry.book_factory().name == Subject("mexc", watch=Watch()).registry.book_factory().name
    return names


def test_the_dialect_is_tried_always_and_the_scanner_where_there_is_one() -> None:
    assert books_of(None, Tier.STREAM, Capability.BOOK) == [SORTED.name]
    assert books_of(SORTED.name, Tier.STREAM, Capability.BOOK) == [SORTED.name] * 2
    assert books_of(SORTED.name, Tier.STREAM) == [SORTED.name], "no scanner reads anything but books"
    assert len(books_of(SORTED.name, Tier.PRIVATE, Capability.BOOK)) == 1


def test_a_failure_on_the_scanners_way_says_so() -> None:
    times: list[int] = []

    def second(_subject: Subject) -> None:
        times.append(1)
        if len(times) == 2:
            raise fail("the book is wrong")

    result = try_case(a_case(second, Tier.STREAM, Capability.BOOK), Scanned(SORTED.name))
    assert result.failure is not None
    assert result.failure.message.startswith(f"with depth messages read by the {SORTED.name} scanner")
    assert result.failure.message.endswith("the book is wrong")


class Misled:
    """Plugins as they are installed, but what a scanner is told of their messages has two sides swapped."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def public_stream(self, name: str, context: Any) -> StreamDialect:
        dialect: StreamDialect = self._inner.public_stream(name, context)
        swapped = [msgspec.structs.replace(each, bids=each.asks, asks=each.bids) for each in dialect.layouts]
        dialect.__class__ = type("Misled", (type(dialect),), {"layouts": swapped})
        return dialect


def tried(case: str, subject: Subject) -> Result:
    return try_case(catalogue()[case], subject)


def test_layouts_that_are_not_the_dialects_are_found_and_named() -> None:
    pytest.importorskip("arb_native")
    subject = Subject("mexc", watch=Watch())
    assert subject.scanned() == "native"
    vars(subject)["registry"] = Misled(subject.registry)
    result = tried("STREAM-001", subject)
    assert result.failure is not None
    assert result.failure.message.startswith(
        "with depth messages read by the native scanner, by the dialect's `layouts`"
    )
