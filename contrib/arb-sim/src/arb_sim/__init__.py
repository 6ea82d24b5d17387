"""arb-sim."""
