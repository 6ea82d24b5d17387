"""What every simulated venue is made of, before it is dressed in one exchange's wire.

In the order of the data: `ladder` and `book` hold levels and count versions, `market` is one symbol on one venue with
its prints and candles, `sources` collect what changed since the last push, `streams` push it, `connections` and
`limits` are the house rules, `venue` puts them together for a plugin's `sim.py`. `history` remembers every version, for
tests.
"""
