"""Tokens, and where to connect with them: no socket opens without one. Entered by `venue`.

Source: https://www.kucoin.com/docs-new/websocket-api/base-info/get-public-token-spot-margin
"""

from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from arb_sim.kernel.accounts import Account
from arb_sim.kernel.connections import Peer
from arb_sim.venue import Close, Request, Response

from arb_kucoin.card import CARD
from arb_kucoin.sim import frames
from arb_kucoin.sim.frames import PING_EVERY_MS, PING_WITHIN_MS
from arb_kucoin.sim.spelling import done

if TYPE_CHECKING:
    from arb_kucoin.sim.venue import KucoinVenue

__all__ = ["Bullets"]


class Bullets:
    """Every token. One that nobody signed for belongs to nobody, and opens the public topics alone."""

    def __init__(self, venue: "KucoinVenue") -> None:
        self._venue = venue
        self._nobody = Account("nobody", lambda: venue.timeline.now_ns)

    def shoot(self, request: Request, account: Account | None) -> Response:
        """Answer with a token, good for a day."""
        ticket = self._venue.tickets.make(account or self._nobody)
        server = {
            "endpoint": self._endpoint(request),
            "encrypt": True,
            "protocol": "websocket",
            "pingInterval": PING_EVERY_MS,
            "pingTimeout": PING_WITHIN_MS,
        }
        return done({"token": "" if ticket is None else ticket.text, "instanceServers": [server]})

    def _endpoint(self, request: Request) -> str:
        """Where this venue's sockets are: on the host that was asked, where there truly is one."""
        host = request.headers.get("host")
        return (CARD.hosts.ws_public or "") if host is None else f"ws://{host}/"

    def receive(self, peer: Peer) -> None:
        """Greet a connection that stands on a token, and turn any other away."""
        venue, words = self._venue, _words(peer.query)
        ticket = venue.tickets.find(words.get("token"))
        connect_id = words.get("connectId") or f"sim{peer.conn:07d}"
        if ticket is not None and ticket.account is self._nobody:
            venue.tickets.seat(ticket, peer.conn)
            peer.ticket = ticket
        elif ticket is not None:
            venue.seat(peer, ticket)
        # The handshake comes first: nothing can be sent before the connection stands.
        venue.timeline.call_at(venue.timeline.now_ns, lambda: self._greet(peer, connect_id))

    def _greet(self, peer: Peer, connect_id: str) -> None:
        if peer.ticket is None:
            self._venue.say(peer, frames.error(connect_id, 401, "token is invalid"))
            self._venue.cut(peer.conn, Close(1000, ""))
        else:
            self._venue.say(peer, frames.welcome(connect_id))

    def end(self, peer: Peer) -> Close:
        """Tell a connection that its token has ended, and close it."""
        self._venue.say(peer, frames.error("", 401, "token is expired"))
        return Close(1000, "")


def _words(query: str) -> dict[str, str]:
    parts = (part.partition("=") for part in query.split("&") if part)
    return {name: unquote_plus(value) for name, _, value in parts}
