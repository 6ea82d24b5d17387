"""Gate.io spot for arb.

Read in this order, which is the order of imports: `card` (facts as tables), `wire` (messages as Gate.io sends them),
`faults` (labels to errors), `parse` (wire to `arb_core.structs`), `sign` (the signature), `public` and `private`
(REST), `stream` and `private_stream` (the sockets), `plugin` (the hooks). The source is Gate.io's API v4 documentation.
"""
