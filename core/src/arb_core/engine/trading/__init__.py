"""Trading: from an executable verdict to a result in the journal.

    verdict -> gate -> risk -> journal -> execution -> desk -> venue
                                             ^           |
                                             |         ledger <- private stream, queries

Reading order: `settings` and `alarms` are the words; `gate` judges account and moment, `sizing` says how much, `lanes`
is what both know of one symbol on one venue; `ticket` is one order of ours, `desk` one venue's orders, `search` finds
those whose fate is unknown; `marks` and `ways` price what is left over; `execution` is one trade's life; `latches` owns
what survives a restart, `watch` looks for what others decide; `reconcile` compares with a venue, `keeper` sees to it;
`session` joins them, `status` says how they stand, `crew` holds their tasks.

Nothing here looks up a plugin or opens a socket; accounts, books and the journal are handed in.
"""
