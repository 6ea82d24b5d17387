"""What a user chooses: `[strategies.triangular]`."""

import msgspec

__all__ = ["Settings"]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[strategies.triangular]`.

    Raises:
        ValueError: an asset of `money` is not spelled in capitals, as venues print them.
    """

    money: tuple[str, ...] = ("USDT",)
    """What a cycle begins and ends with. One that holds several of these begins with the first of them."""
    min_edge_bps: float = 0.0
    """The edge of the best levels, after the fees of all three legs, must be strictly above this."""
    max_notional: float | None = None
    """Most that the first leg may pay, in the money of the cycle; None = what the depth gives."""

    def __post_init__(self) -> None:
        for asset in self.money:
            if not asset or asset != asset.upper():
                raise ValueError(f"expected an asset in capitals, like USDT, found {asset!r}")
