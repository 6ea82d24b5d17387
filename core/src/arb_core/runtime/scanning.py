"""Whether there is a short way for a venue's depth messages: a scanner applies them, and Python only hears of it.

Entered by the venue and by a replay, which hand the scanner to their `dispatch`. A book is armed while it is LIVE;
`booksync` says when, and remains the only owner of its state.
"""

from collections.abc import Sequence

from arb_core.interfaces.book import BookFactory, Scanner
from arb_core.structs.book import BookRule, SequenceRule
from arb_core.structs.layout import WireLayout

__all__ = ["hindrance", "scanner_for"]


def scanner_for(factory: BookFactory, layouts: Sequence[WireLayout], rule: BookRule) -> Scanner | None:
    """Return one where the factory makes scanners for these layouts, and the rule can be kept by them."""
    return None if hindrance(layouts, rule) else factory.make_scanner(layouts)


def hindrance(layouts: Sequence[WireLayout], rule: BookRule) -> str | None:
    """Say why the messages of such a feed stay in Python, whatever the factory makes; None = nothing is in the way."""
    if not layouts:
        return "the plugin declares no layout"
    if rule.checksum is not None and rule.checksum.spelling is None:
        return "what its checksums are taken over is not declared"
    if rule.checksum is not None and not all(layout.checksum for layout in layouts):
        return "a layout does not say where the checksum stands"
    if rule.checksum is None and rule.ids is SequenceRule.NONE:
        return "a feed without ids or checksums is applied on trust"
    return None
