"""arb-mexc."""
