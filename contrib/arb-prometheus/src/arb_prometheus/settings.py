"""What a user chooses: `[observers.prometheus]`."""

from typing import Annotated

import msgspec

__all__ = ["Settings"]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[observers.prometheus]`. The page is served on 127.0.0.1 only: there is no key for another address."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 9464
    """Where `/metrics` is served; 0 = a free port, which the log names."""
    per_symbol: bool = True
    """Show the state of each book; with many hundreds of books the state of each venue's may be enough."""
