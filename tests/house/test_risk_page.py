"""`docs/reference/risk.md` names every reason, alarm, step and outcome that the engine has, and no other."""

import re

import pytest
from arb_core.engine.legs import Step
from arb_core.engine.risk import REASONS
from arb_core.engine.trade import Outcome
from arb_core.engine.trading.alarms import ALARMS


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "docs" / "reference" / "risk.md").read_text("utf-8")


def rows(page, title):
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, title
    return re.findall(r"^\| `([^`]+)` \|", found[1], re.MULTILINE)


def test_every_reason_stands_on_the_page_once(page):
    assert sorted(rows(page, "Why an executable opportunity is not traded")) == sorted(REASONS)


def test_every_alarm_stands_on_the_page_once(page):
    assert sorted(rows(page, "Alarms")) == sorted(ALARMS)


def test_every_step_and_outcome_stands_on_the_page(page):
    assert set(rows(page, "Leg policy")) == {step.value for step in Step} - {"wait"}
    for outcome in Outcome:
        assert f"`{outcome.value}`" in page
