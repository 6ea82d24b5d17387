"""Recordings of what venues say: `format` is the file, `record` makes one, `replay` runs one through the engine.

A replay is a venue without a session: `recorded` (lines that need no plugin) and `venue` (frames and answers that do)
feed the same books, strategy and verdict as a live run, on a clock that the file drives; `summary` is what comes out.
"""
