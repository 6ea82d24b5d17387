"""Binance spot for arb.

Read in this order, which is the order of imports: `card` (facts as tables), `wire` (messages as Binance sends them),
`parse` (wire to `arb_core.structs`), `faults` (codes to errors), `public` (REST), `stream` (the socket), `plugin` (the
hooks). The source is Binance's spot API documentation.
"""
