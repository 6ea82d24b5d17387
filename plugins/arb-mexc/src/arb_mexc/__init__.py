"""MEXC spot for arb.

Read in this order, which is the order of imports: `card` (facts as tables), `wire` (messages as MEXC sends them, with
`_proto` for its protobuf), `faults` (codes to errors), `parse` (wire to `arb_core.structs`), `sign` (the signature),
`public` and `private` (REST), `stream` and `private_stream` (the sockets), `plugin` (the hooks). The sources are MEXC's
spot v3 documentation and its published .proto files.
"""
