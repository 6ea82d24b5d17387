"""Trading: from an executable verdict to a result in the journal.

    verdict -> gate -> risk -> journal -> execution -> desk -> venue
                                             ^                   |
                                             +---- ledger <------+  private stream, queries

Reading order: `settings` and `alarms` are the words; `gate` judges account and moment, `sizing` says how much; `ticket`
is one order of ours, `desk` one venue's orders, `search` finds those whose fate is unknown; `marks` and `ways` price
what is left over; `execution` is one trade's life; `latches` owns what survives a restart, `watch` looks for a kill by
others, `countdown` keeps a venue's dead-man's switch from firing; `reconcile` compares with the venue; `session` joins
them.

Nothing here looks up a plugin or opens a socket; accounts, books and the journal are handed in.
"""
