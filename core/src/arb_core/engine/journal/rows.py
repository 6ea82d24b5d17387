"""What is recorded, as rows of the tables, and back. Pure; entered by `Journal`, which says when they are written."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from arb_core.engine.episodes import Episode
from arb_core.engine.ids import IntentId
from arb_core.engine.journal.database import Row
from arb_core.engine.journal.tables import (
    BALANCES,
    DRIFTS,
    EPISODES,
    FILLS,
    INTENTS,
    KILLS,
    NOTES,
    ORDERS,
    RESULTS,
    SETTINGS,
)
from arb_core.engine.ledger import Drift
from arb_core.engine.orders import TrackedOrder
from arb_core.engine.risk import RiskState
from arb_core.engine.trade import Intent, OrderPlan, Outcome, TradeResult
from arb_core.structs.account import Balance
from arb_core.structs.market import Asset, VenueName
from arb_core.structs.order import Fill

__all__ = [
    "amounts_of",
    "balance_rows",
    "drift_rows",
    "episode_row",
    "intent_row",
    "note_row",
    "order_rows",
    "out_of_time",
    "planned_rows",
    "result_of_row",
    "result_row",
    "risk_rows",
]

_LAST_NS = 2**63 - 1
"""The latest moment that a database takes, in the year 2262."""


def intent_row(intent: Intent) -> Row:
    """Return a trade as it was decided."""
    return INTENTS, {
        "id": intent.id,
        "strategy": intent.strategy,
        "symbol": str(intent.symbol),
        "money": intent.money,
        "notional": intent.notional,
        "edge_bps": intent.edge_bps,
        "created_ns": intent.created_ns,
        "document": _document(intent),
    }


def planned_rows(orders: Iterable[OrderPlan]) -> list[Row]:
    """Return orders of which nothing is known but that they were intended."""
    return [_order_row(TrackedOrder.planned(plan), plan.intended_ns) for plan in orders]


def order_rows(order: TrackedOrder, now_ns: int) -> list[Row]:
    """Return an order as it stands, with its fills.

    When a fill happened is the venue's word alone. Whatever it says, what was filled must be on record: a moment that
    no database takes becomes the nearest one that it does.
    """
    if out_of_time(order):
        fills = {trade_id: _in_time(fill) for trade_id, fill in order.fills.items()}
        order = msgspec.structs.replace(order, fills=fills)
    return [_order_row(order, now_ns), *(_fill_row(order, fill) for fill in order.fills.values())]


def out_of_time(order: TrackedOrder) -> list[Fill]:
    """Return the fills whose moment no database takes."""
    return [fill for fill in order.fills.values() if not -_LAST_NS <= fill.exchange_ns <= _LAST_NS]


def result_row(result: TradeResult) -> Row:
    """Return what a trade came to."""
    return RESULTS, {
        "intent": result.intent,
        "outcome": result.outcome.value,
        "money": result.money,
        "pnl": result.pnl,
        "residue_value": result.residue_value,
        "moves": _document(result.moves),
        "fees": _document(result.fees),
        "ended_ns": result.ended_ns,
        "detail": result.detail,
    }


def result_of_row(row: Any) -> TradeResult:
    """Return what a row of `results` says."""
    return TradeResult(
        intent=IntentId(row.intent),
        outcome=Outcome(row.outcome),
        money=Asset(row.money),
        moves=amounts_of(row.moves),
        fees=amounts_of(row.fees),
        residue_value=row.residue_value,
        pnl=row.pnl,
        ended_ns=row.ended_ns,
        detail=row.detail,
    )


def amounts_of(document: str) -> dict[Asset, Decimal]:
    """Return amounts by asset as they were written."""
    return msgspec.json.decode(document, type=dict[Asset, Decimal])


def risk_rows(state: RiskState) -> list[Row]:
    """Return what survives a restart; a kill goes into its own table, where only a person clears it."""
    rows: list[Row] = [(SETTINGS, {"name": "risk", "document": _document(state)})]
    if state.kill is not None:
        kill = {"since_ns": state.kill.since_ns, "reason": state.kill.reason}
        rows.append((KILLS, {**kill, "cleared_ns": None, "clear_reason": None}))
    return rows


def balance_rows(venue: VenueName, balances: Mapping[Asset, Balance], now_ns: int) -> list[Row]:
    """Return a venue's account as it was at a moment."""
    return [
        (BALANCES, {"taken_ns": now_ns, "venue": venue, "asset": asset, "free": b.free, "locked": b.locked})
        for asset, b in balances.items()
    ]


def drift_rows(drifts: Iterable[Drift], now_ns: int) -> list[Row]:
    """Return where a venue held something else than expected."""
    return [(DRIFTS, {"found_ns": now_ns, **msgspec.structs.asdict(drift)}) for drift in drifts]


def note_row(kind: str, words: str, now_ns: int, number: int, intent: IntentId | None) -> Row:
    """Return what a person has to know later; `number` tells apart what happened at one moment."""
    return NOTES, {"noted_ns": now_ns, "number": number, "kind": kind, "intent": intent, "text": words}


def episode_row(episode: Episode, now_ns: int, number: int) -> Row:
    """Return a chance that was seen; `number` as in a note."""
    strategy, legs = episode.key
    best = episode.best
    return EPISODES, {
        "closed_ns": now_ns,
        "number": number,
        "strategy": strategy,
        "symbol": str(best.symbol),
        "legs": json.dumps([[venue, str(symbol), side.name.lower()] for venue, symbol, side in legs]),
        "open_ns": episode.last_ns - episode.opened_ns,
        "best_edge_bps": best.edge_bps,
        "best_size": best.size,
        "best_profit": best.profit,
        "sightings": episode.sightings,
        "executable": episode.executable,
        "refused_by": episode.refused_by,
    }


def _order_row(order: TrackedOrder, now_ns: int) -> Row:
    plan = order.plan
    return ORDERS, {
        "client_order_id": plan.client_order_id,
        "intent": plan.intent,
        "leg": plan.leg,
        "attempt": plan.attempt,
        "purpose": plan.purpose.value,
        "venue": plan.venue,
        "symbol": str(plan.symbol),
        "side": int(plan.side),
        "quantity": plan.quantity,
        "price": plan.price,
        "order_id": order.order_id,
        "state": order.state.value,
        "filled": order.filled,
        "intended_ns": plan.intended_ns,
        "updated_ns": now_ns,
        "reason": "; ".join(order.reasons),
        "document": _document(order),
    }


def _fill_row(order: TrackedOrder, fill: Fill) -> Row:
    return FILLS, {
        "client_order_id": order.plan.client_order_id,
        "trade_id": fill.trade_id,
        "venue": order.plan.venue,
        "symbol": str(order.plan.symbol),
        "side": int(fill.side),
        "price": fill.price,
        "quantity": fill.quantity,
        "fee": fill.fee,
        "fee_asset": fill.fee_asset,
        "role": int(fill.role),
        "exchange_ns": fill.exchange_ns,
    }


def _in_time(fill: Fill) -> Fill:
    return msgspec.structs.replace(fill, exchange_ns=max(-_LAST_NS, min(fill.exchange_ns, _LAST_NS)))


def _document(value: object) -> str:
    return msgspec.json.encode(value).decode()
