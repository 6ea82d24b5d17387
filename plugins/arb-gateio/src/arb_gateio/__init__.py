"""arb-gateio."""
