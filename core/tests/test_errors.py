"""What an error is that no table of a venue's codes holds."""

import pytest
from arb_core.errors import (
    AuthenticationFailed,
    ExchangeAPIError,
    ExchangeUnavailable,
    RateLimitError,
    Rejected,
    unlisted,
)


@pytest.mark.parametrize("worded", [True, False])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AuthenticationFailed),
        (418, RateLimitError),
        (429, RateLimitError),
        (500, ExchangeUnavailable),
        (599, ExchangeUnavailable),
    ],
)
def test_status_that_says_enough_is_believed_of_anybody(status, kind, worded):
    assert unlisted(worded=worded, status=status) is kind


@pytest.mark.parametrize("status", [None, 200, 400, 403, 404])
def test_only_the_venues_own_word_is_a_refusal(status):
    assert unlisted(worded=True, status=status) is Rejected
    assert unlisted(worded=False, status=status) is ExchangeAPIError


def test_venue_says_by_which_status_it_limits():
    assert unlisted(worded=False, status=403, limited=(403, 429)) is RateLimitError
