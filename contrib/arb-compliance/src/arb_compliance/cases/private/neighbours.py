"""Two accounts of one exchange in one process: each has its own keys, tokens and orders, and hears of nothing else."""

import asyncio
from random import Random

from arb_core.runtime.limits import Allowances
from arb_core.structs.account import Credentials
from arb_core.structs.card import Capability
from arb_core.structs.market import VenueName
from arb_core.structs.order import OrderId
from arb_core.venue import Venue
from arb_sim.kernel.accounts import Reason
from arb_sim.kernel.funding import opening
from arb_sim.simulation import keys

from arb_compliance.case import Proof, Tier, case
from arb_compliance.desk import LINK, Desk, Heard
from arb_compliance.expect import equal
from arb_compliance.subject import Subject

OTHER = "20777777"
"""The number of the second account."""


@case("PRIVATE-039", Tier.PRIVATE, needs=[Capability.TRADING], proof=Proof.VENUE)
async def two_accounts_do_not_mix(subject: Subject) -> None:
    """Of two accounts of one exchange each places its own orders, sees its own alone and hears of its own alone.

    Steps: two venues with a key each, in one process, at one moment: they open their streams, place an order that
        rests, and list what is open; then both connections are cut, and all of it is done again.
    Expect: at the venue each order belongs to the account whose key placed it; open orders and what is told are the
        account's own, all of them.
    When this fails: a token, a signer or a list of orders is kept where both venues share it: in a module or a class.
    Source: contract, hooks: what is made for a context is of that context alone
    """
    async with Desk(subject) as desk:
        second = _second(desk)
        async with second:
            await second.load_markets()
            heard = {desk.venue: desk.heard, second: Heard(desk.heard.changed)}
            placed: dict[Venue, list[OrderId]] = {venue: [] for venue in heard}
            if subject.claims(Capability.ORDERS_STREAM):
                for venue, listener in heard.items():
                    venue.account.listen(listener)
            for _ in range(2):
                await _both_at_once(desk, heard, placed)
                desk.kernel.cut_account(desk.kernel.account)
                desk.kernel.cut_account(desk.kernel.trading.accounts.open(OTHER))
                desk.transport.wake()
                await desk.pass_(1)


async def _both_at_once(desk: Desk, heard: dict[Venue, Heard], placed: dict[Venue, list[OrderId]]) -> None:
    told = desk.subject.claims(Capability.ORDERS_STREAM)
    if told:
        await desk.until(lambda: all(venue.account.listening for venue in heard), "both accounts listen", at_most_s=120)
    requests = [desk.request(), desk.request()]
    acks = await asyncio.gather(
        *(venue.private.place_order(request) for venue, request in zip(heard, requests, strict=True))
    )
    for venue, ack in zip(heard, acks, strict=True):
        placed[venue].append(ack.order_id)
    await desk.pass_(5)
    for venue, uid in zip(heard, (desk.kernel.account.uid, OTHER), strict=True):
        account = desk.kernel.trading.accounts.open(uid)
        own = {order.id for order in desk.kernel.trading.register(account).open()}
        equal(set(placed[venue]), own, "an order stands in another account than that of its key")
        found = {order.order_id for order in await venue.private.get_open_orders(LINK)}
        equal(found, own, "the open orders are not those of the account")
        if told:
            equal(
                {order.order_id for order in heard[venue].orders}, own, "the orders that are told are not the account's"
            )


def _second(desk: Desk) -> Venue:
    """Open a second account, with as much money, and make a venue with its key."""
    kernel, subject = desk.kernel, desk.subject
    account = kernel.trading.accounts.open(OTHER)
    for asset, much in opening(kernel.by_pair.values()).items():
        kernel.trading.deposit(account, asset, much, reason=Reason.OPENING)
    made = keys(subject.exchange, 0, passphrase=kernel.passphrase, number=1)
    kernel.key_ring.issue(account, made)
    return Venue(
        name=VenueName(f"{subject.exchange}_second"),
        card=desk.card,
        settings=subject.card.settings(),
        registry=subject.registry,
        clock=desk.clock,
        transport=desk.transport,
        rest_url=None,
        ws_url=None,
        random=Random(2),  # noqa: S311 (jitter)
        allowances=Allowances(desk.clock),
        credentials=Credentials(api_key=made.api_key, api_secret=made.api_secret, api_passphrase=made.passphrase),
    )
