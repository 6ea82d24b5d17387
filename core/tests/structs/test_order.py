"""How a request names an order."""

import pytest
from arb_core.structs.order import ClientOrderId, OrderId, named


def test_order_is_named_by_the_id_that_is_given():
    words = {"theirs": "orderId", "ours": "clientOid", "prefix": "t-"}
    assert named(OrderId("7"), None, **words) == {"orderId": "7"}
    assert named(None, ClientOrderId("a1"), **words) == {"clientOid": "t-a1"}
    assert named(None, ClientOrderId("a1"), theirs="id", ours="id") == {"id": "a1"}


@pytest.mark.parametrize("ids", [(None, None), (OrderId("7"), ClientOrderId("a1"))])
def test_order_is_named_by_exactly_one_id(ids):
    with pytest.raises(ValueError, match="exactly one"):
        named(*ids, theirs="orderId", ours="clientOid")
