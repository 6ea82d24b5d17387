"""KuCoin spot for arb.

Read in this order, which is the order of imports: `card` (facts as tables), `wire` (messages as KuCoin sends them),
`faults` (codes to errors), `parse` (wire to `arb_core.structs`), `sign` (the signature), `public` and `private`
(REST), `stream` and `private_stream` (the sockets), `plugin` (the hooks). The source is KuCoin's API documentation of
the classic spot account, in which all orders go through the high-frequency system (`hf`).
"""
