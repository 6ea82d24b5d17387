"""What must survive a crash: intents before they are sent, and everything that became of them.

Reading order: `records` are the plain structs that others speak, `opening` opens a journal (and says which extra is
missing), `tables` and `migrations` are the schema, `database` the two kinds of database, `hold` keeps a second process
off the same journal, `writer` is the one thread that commits, `journal` joins them for the engine, `reader` and
`export` are for people, `locks` keep a second process off the same key.

Importing this package, `records`, `writer` or `opening` needs no extra; the other rooms need `arb-core[journal]`.
"""
