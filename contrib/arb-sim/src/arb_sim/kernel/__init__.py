"""What every simulated venue is made of, before it is dressed in one exchange's wire.

In the order of the data: `book` holds levels and counts versions, `matching` lets orders of accounts stand in it,
`market` is one symbol on one venue with its prints and candles, `sources` collect what changed since the last push,
`streams` push it, `connections` and `limits` are the house rules. Of accounts: `money` counts it, `accounts` hold it
and write every movement down, `access` and `tickets` say who may come in, `orders` and `rules` are what is asked for
and what is demanded, `register` finds them again, `floor` matches and settles, `trading` judges and answers,
`happenings` tell the account's client. `venue` puts everything together for a plugin's `sim.py`. `history` remembers
every version of a book, for tests.
"""
