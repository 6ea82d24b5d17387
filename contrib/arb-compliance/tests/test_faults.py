"""What says that too much was asked: the status, or the plugin's own table."""

import pytest
from arb_compliance.expect import CaseFailed
from arb_compliance.faults import asks_too_much
from arb_core.errors import ExchangeAPIError, RateLimitError, Rejected
from arb_core.interfaces.context import RestAnswer
from arb_sim.venue import Response


def read_fault(answer: RestAnswer) -> ExchangeAPIError | None:
    """Read a body as a venue's table would."""
    kinds = {b"slow down": RateLimitError, b"no": Rejected}
    kind = kinds.get(answer.body)
    return None if kind is None else kind("said so", exchange="x", http_status=answer.status)


@pytest.mark.parametrize(
    ("status", "body", "too_much"),
    [
        (200, b"yes", False),
        (200, b"no", False),
        (200, b"slow down", True),
        (403, b"slow down", True),
        (403, b"no", False),
        (418, b"no", True),
        (429, b"no", True),
    ],
)
def test_status_or_table_says_it(status, body, too_much):
    assert asks_too_much(read_fault, Response(status=status, body=body)) is too_much
    assert asks_too_much(read_fault, RestAnswer(status=status, headers={}, body=body, received_ns=0)) is too_much


@pytest.mark.parametrize("status", [418, 429])
def test_refusal_by_its_status_that_the_plugin_takes_for_a_success_fails(status):
    with pytest.raises(CaseFailed, match="no error to the plugin"):
        asks_too_much(read_fault, Response(status=status, body=b"yes"))
