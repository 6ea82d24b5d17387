"""Triangular arbitrage for arb: three conversions on one venue that bring back more than they began with.

Read in this order, which is the order of imports: `settings` and `card` (what a user chooses, what it says of itself),
`cycles` (which symbols make a cycle, and when the best levels pay), `depth` (how much, and rounded to what can be
ordered), `strategy` (from a changed book to opportunities), `plugin` (the hooks).
"""
