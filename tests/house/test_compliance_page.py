"""The page of cases says what the cases say."""

from arb_compliance.case import Tier, catalogue
from arb_compliance.report.page import page

COMMAND = "uv run arb compliance cases --page > docs/reference/compliance-cases.md"


def test_the_page_of_cases_is_in_step(repository):
    written = (repository / "docs" / "reference" / "compliance-cases.md").read_text("utf-8")
    assert written == page(catalogue()), f"the cases have changed; run: {COMMAND}"


def test_every_tier_has_cases_and_every_id_its_tiers_name():
    for tier in Tier:
        ids = [case.id for case in catalogue().values() if case.tier is tier]
        assert ids, tier
        assert {id_.partition("-")[0].lower() for id_ in ids} == {tier.value}


def test_the_workflow_of_the_how_to_is_the_template_s(repository):
    how_to = (repository / "docs" / "how-to" / "run-the-kit.md").read_text("utf-8")
    template = "contrib/arb-compliance/src/arb_compliance/template/distribution/.github/workflows/compliance.yml.jinja"
    shown = how_to.partition("```yaml\n")[2].partition("```")[0]
    made = (repository / template).read_text("utf-8").replace("{{ exchange }}", "myexchange")
    # A plugin made from the template has linters, which another one may do without.
    ours = [line for line in made.splitlines() if line not in shown.splitlines()]
    assert [line.strip().partition(":")[0] for line in ours if not line.startswith("#")] == ["- run"] * 3
    assert "arb compliance run myexchange --report compliance.json" in shown
