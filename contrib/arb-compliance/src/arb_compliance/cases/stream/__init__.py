"""Tier stream: books and feeds over a socket, before a venue that misbehaves on purpose.

The rooms: `books` is a book in step, and what breaks it from outside its socket; `messages` every way in which a push
can go wrong; `connections` how a socket lives and ends; `subscriptions` what is asked for, granted and refused; `feeds`
every other feed of the card; `soak` all of it together; `recorded` what can be tried where there is no venue. In all of
them a LIVE book is compared with the venue's at each of its updates (`oracle`).
"""

from arb_compliance.cases.stream import books, connections, feeds, messages, soak, subscriptions

__all__ = ["books", "connections", "feeds", "messages", "soak", "subscriptions"]
