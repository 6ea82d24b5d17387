"""I/O and state: clock, transport, limits, rest, stream, book, booksync, dispatch, markets.

Knows no exchange, no engine and no pluggy: it is handed a card and a dialect, and obeys them.
"""
