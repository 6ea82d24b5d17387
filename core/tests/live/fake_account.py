"""The private half of `fake_venue`: an account, and a dialect that signs, with tickets of its own."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from arb_core.errors import ExchangeAPIError
from arb_core.interfaces.private import PrivateExchange
from arb_core.interfaces.stream import Sink
from arb_core.structs.account import Balance, Credentials, KeyPermissions, TradingFees
from arb_core.structs.card import Capability
from arb_core.structs.market import Asset, AssetNetwork, Pair, Side, Symbol
from arb_core.structs.order import ClientOrderId, Fill, Order, OrderAck, OrderId, OrderRequest, OrderStatus
from arb_core.structs.stream import Feed, StreamTicket, Topic
from fake_venue import Dialect

CLAIMS = frozenset({Capability.TRADING, Capability.ORDERS_STREAM, Capability.FILLS_STREAM, Capability.BALANCES_STREAM})
KEY = Credentials(api_key="marked-key-0001", api_secret="marked-secret-0001", api_passphrase="marked-phrase-0001")
SECRETS = (KEY.api_key, KEY.api_secret, str(KEY.api_passphrase))
PRIVATE = "wss://account.fake.example/account"


class AccountDialect(Dialect):
    """Speaks of orders, fills and balances, and signs each subscription with the time."""

    async def ticket(self) -> StreamTicket:
        if self.ticket_error is not None:
            raise self.ticket_error
        token = f"marked-token-{len(self.created) + 1}"
        self.created.append(token)
        return StreamTicket(url=f"{PRIVATE}?token={token}", token=token, **self.ticket_terms)

    def channel(self, topic: Topic) -> str:
        if topic.pair is not None or topic.feed not in {Feed.ORDERS, Feed.FILLS, Feed.BALANCES}:
            raise ValueError(f"no private feed {topic}")
        return str(topic.feed)

    def subscribe(self, topics: Sequence[Topic], request_id: int, now_ns: int) -> str:
        said = json.loads(super().subscribe(topics, request_id, now_ns))
        return json.dumps({**said, "at": now_ns, "key": KEY.api_key})

    def decode(self, frame: memoryview, received_ns: int, out: Sink) -> None:
        said: dict[str, Any] = json.loads(bytes(frame))
        match said:
            case {"order": [order_id, status, filled]}:
                out.order(
                    Order(
                        pair=Pair("BTCUSDT"),
                        order_id=OrderId(order_id),
                        status=OrderStatus[status],
                        filled=Decimal(filled),
                    )
                )
            case {"fill": [trade_id, order_id, price, quantity]}:
                out.fill(
                    Fill(
                        pair=Pair("BTCUSDT"),
                        trade_id=trade_id,
                        order_id=OrderId(order_id),
                        side=Side.BUY,
                        price=Decimal(price),
                        quantity=Decimal(quantity),
                        exchange_ns=received_ns,
                    )
                )
            case {"balance": [asset, free]}:
                out.balance(Balance(asset=Asset(asset), free=Decimal(free)))
            case {"secret": secret}:
                raise ValueError(f"never heard of {secret}")
            case _:
                super().decode(frame, received_ns, out)


class FakePrivate(PrivateExchange):
    """One account, without the wire."""

    def __init__(self) -> None:
        self.fees: dict[Symbol, TradingFees] = {}
        self.fee_calls: list[Symbol] = []
        self.error: ExchangeAPIError | None = None
        self.networks: Mapping[Asset, Sequence[AssetNetwork]] = {}

    async def get_balances(self) -> Mapping[Asset, Balance]:
        return {Asset("BTC"): Balance(asset=Asset("BTC"), free=Decimal(1))}

    async def get_trading_fees(self, symbol: Symbol) -> TradingFees:
        self.fee_calls.append(symbol)
        if self.error is not None:
            raise self.error
        return self.fees[symbol]

    async def get_permissions(self) -> KeyPermissions:
        return KeyPermissions()

    async def place_order(self, request: OrderRequest) -> OrderAck:
        return OrderAck(order_id=OrderId("1"))

    async def cancel_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> None:
        return None

    async def cancel_all_orders(self, symbol: Symbol) -> None:
        return None

    async def get_order(
        self, symbol: Symbol, *, order_id: OrderId | None = None, client_order_id: ClientOrderId | None = None
    ) -> Order:
        return Order(pair=Pair("BTCUSDT"), order_id=OrderId("1"))

    async def get_open_orders(self, symbol: Symbol | None = None) -> Sequence[Order]:
        return ()

    async def get_order_history(self, symbol: Symbol, since_ns: int) -> Sequence[Order]:
        return ()

    async def get_fills(self, symbol: Symbol, since_ns: int, *, order_id: OrderId | None = None) -> Sequence[Fill]:
        return ()

    async def get_asset_networks(self) -> Mapping[Asset, Sequence[AssetNetwork]]:
        return self.networks
