"""Bitget spot for arb.

Read in this order, which is the order of imports: `card` (facts as tables), `wire` (messages as Bitget sends them),
`faults` (codes to errors), `parse` (wire to `arb_core.structs`), `sign` (the signature), `public` and `private`
(REST), `stream` and `private_stream` (the sockets), `plugin` (the hooks). The source is Bitget's API v2 documentation.
"""
