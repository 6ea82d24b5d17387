"""Acme for arb. Rooms in reading order: card, text, wire, parse, sign, faults, public, private, stream, private_stream, plugin."""
