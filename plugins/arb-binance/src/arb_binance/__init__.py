"""arb-binance."""
