"""Decides and acts on objects handed in; looks up no plugin and does no I/O.

The detection half, in reading order: `edge` and `rounding` are arithmetic, `identity` tells assets apart, `view` is
what is known of every venue, `opportunity` judges the market, `episodes` counts, `session` joins them to the venues.

The trading half: `ids`, `trade` and `money` are its words, `orders` the life of one order, `ledger` what is ours,
`risk` whether we may, `legs` what to do about legs that did not fill alike, `journal` what must survive,
`paper` an account that is filled from the live books.
"""
