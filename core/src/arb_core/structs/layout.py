"""Where a venue's depth messages keep what a book needs: a declaration by which a scanner reads them without Python.

A plugin declares (`StreamDialect.layouts`), and its dialect stays the reference: what a scanner does not take for the
plain next message of a LIVE book goes to `decode` untouched.
"""

from typing import Literal

import msgspec

from arb_core.structs.book import SequenceRule

__all__ = ["Path", "WireLayout"]

Path = tuple[str | int, ...]
"""From the outermost object on. JSON: keys, and 0 for "the only element of this array". Protobuf: field numbers."""


class WireLayout(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of depth message that carries changes, not a whole book.

    JSON levels are arrays that begin with price and size, or objects; a number may stand in quotes. Protobuf levels are
    repeated messages with both as text, ids are texts, times varints. Sizes are absolute, 0 removes. Whatever `decode`
    needs to be there, the layout names: `()` stands for a value that the messages do not have.
    """

    form: Literal["json", "protobuf"]
    ids: SequenceRule
    """RANGE needs `first_id` and `last_id`, CHAIN `previous_id` and `last_id`, CONSECUTIVE `last_id`, NONE `checksum`.
    """
    symbol: Path
    """The pair, in the venue's spelling."""
    bids: Path
    asks: Path
    last_id: Path = ()
    first_id: Path = ()
    previous_id: Path = ()
    time_ms: Path = ()
    """When the venue made it, in milliseconds."""
    time_iso: Path = ()
    """The same as RFC 3339 prints it in UTC. JSON alone."""
    checksum: Path = ()
    """Of the book after the message: a CRC32, of which 0 stands for none. JSON alone."""
    around_symbol: tuple[str, str] = ("", "")
    """What stands before and after the pair in its value: ("ob.", ".400")."""
    level: tuple[int, int] | tuple[str, str] = (1, 2)
    """Where price and size are in a level. Protobuf: field numbers. JSON: keys, where levels are objects."""
    bare: bool = False
    """JSON: prices, sizes and checksums are numbers, and never texts."""
    longer_levels: bool = False
    """JSON: a level may have more elements than price and size."""
    optional: tuple[Path, ...] = ()
    """Of the above, what may be absent."""
    equal: tuple[tuple[Path, tuple[str, ...]], ...] = ()
    """Texts of which one must be there: by them the message is told from others."""
    texts: tuple[Path, ...] = ()
    """Texts that must be there, whatever they say."""
    absent: tuple[Path, ...] = ()
    """Values that make it another kind of message: "full", where that means a whole book."""
    passed: tuple[Path, ...] = ()
    """Protobuf: fields that are known and of no use. One that is nowhere named makes it another kind of message."""
