"""Acme's private socket: a login, then orders, fills and balances. Entered by the core, frame by frame."""

from collections.abc import Sequence

from arb_core.interfaces.context import ExchangeContext
from arb_core.interfaces.stream import Sink
from arb_core.structs.account import Credentials
from arb_core.structs.stream import Feed, StreamTicket, Topic

from arb_acme import card, parse, text, wire
from arb_acme.sign import Signer
from arb_acme.stream import Channels, shaped

CHANNELS = {Feed.ORDERS: "orders", Feed.FILLS: "fills", Feed.BALANCES: "balances"}


class PrivateStream(Channels):
    """One account."""

    def __init__(self, context: ExchangeContext, credentials: Credentials) -> None:
        self._signer = Signer(credentials)

    async def ticket(self) -> StreamTicket:
        return StreamTicket(url=card.CARD.hosts.ws_private or "")

    def login(self, ticket: StreamTicket, now_ns: int) -> Sequence[str]:
        time = str(now_ns // parse.US)
        proof = self._signer.prove(time.encode(), b"LOGIN", b"/private")
        return [text.write("login", key=self._signer.key, time=time, proof=proof)]

    def channel(self, topic: Topic) -> str:
        if topic.feed not in CHANNELS or topic.pair is not None:
            raise ValueError(f"acme has no private feed {topic}")
        return CHANNELS[topic.feed]

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        lines = text.read(frame)
        first, words = lines[0] if lines else ("", [])
        match first:
            case "order":
                for order in [parse.order(shaped(rest, wire.Order)) for name, rest in lines if name == "order"]:
                    out.order(order)
            case "fill":
                for fill in [parse.fill(shaped(rest, wire.Fill)) for name, rest in lines if name == "fill"]:
                    out.fill(fill)
            case "balance":
                for row in [parse.balance(shaped(rest, wire.Balance)) for name, rest in lines if name == "balance"]:
                    out.balance(row)
            case "welcome":
                out.reply(None, "welcome")
            case "error":
                problem = shaped(words, wire.Problem)
                out.refused(None, (), problem.code)
            case _:
                self.answer(first, words, out)
