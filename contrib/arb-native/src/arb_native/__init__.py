"""Order books and scanners in Rust, for arb. Installing the distribution is all that is needed to use them."""

from arb_native._native import NativeBook, NativeScanner

__all__ = ["NativeBook", "NativeScanner"]
