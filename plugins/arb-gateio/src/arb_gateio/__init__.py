"""Gate.io spot for arb.

Read in this order, which is the order of imports: `card` (facts as tables), `wire` (messages as Gate.io sends them),
`parse` (wire to `arb_core.structs`), `faults` (labels to errors), `public` (REST), `stream` (the socket), `plugin` (the
hooks). The source is Gate.io's API v4 documentation.
"""
