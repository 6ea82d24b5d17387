"""Every protection that is claimed names a test, and the test exists."""

import ast
import re

import pytest
from arb_core.structs.book import BookFault
from arb_core.structs.opportunity import CHECKS


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "docs" / "reference" / "protections.md").read_text("utf-8")


def rows(page):
    lines = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| trouble")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def functions(path):
    tree = ast.parse(path.read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_protection_names_a_test_that_exists(page, repository):
    claims = rows(page)
    assert len(claims) > 40
    missing = []
    for claim in claims:
        assert len(claim) == 3, claim
        path, _, test = claim[2].strip("`").partition("::")
        if not (repository / path).is_file() or test not in functions(repository / path):
            missing.append(claim[2])
    assert not missing


def test_every_protection_test_is_claimed(page, repository):
    written = {
        f"{path.relative_to(repository)}::{name}"
        for path in (repository / "tests" / "journeys").glob("test_protections_*.py")
        for name in functions(path)
        if name.startswith("test_")
    }
    claimed = {claim[2].strip("`") for claim in rows(page)}
    # The page tells each trouble once; these show its other side: what is right goes through.
    beside = {
        "test_lasting_edge_without_a_reason_against_it_is_executable",
        "test_one_contract_proves_the_asset_at_once",
        "test_closed_transfers_can_be_ignored_by_who_holds_both_sides",
        "test_broken_package_of_a_stranger_is_not_advised_to_be_upgraded",
    }
    assert {name for name in written - claimed if name.partition("::")[2] not in beside} == set()


def test_checks_and_faults_of_the_page_exist(page):
    assert set(re.findall(r"[Cc]heck `(\w+)`", page)) <= set(CHECKS)
    assert set(re.findall(r"fault `(\w+)`", page)) <= {str(fault) for fault in BookFault}
