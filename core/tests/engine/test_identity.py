import pytest
from arb_core.engine.identity import Assets, Identity, PriceWatch, chain, compare, transfer
from arb_core.structs.market import Asset, AssetNetwork, Symbol, VenueName
from arb_core.structs.opportunity import CheckState

SECOND = 1_000_000_000
LEO_BITFINEX = "0x2AF5D2aD76741191D15Dfe7bF6aC92d4Bd912Ca3"
LEO_OTHER = "0x1111111111111111111111111111111111111111"


def on(
    network: str,
    contract: str | None = None,
    *,
    deposit: bool | None = True,
    withdraw: bool | None = True,
    asset: str = "LEO",
) -> AssetNetwork:
    return AssetNetwork(
        asset=Asset(asset), network=network, contract=contract, deposit_open=deposit, withdraw_open=withdraw
    )


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("BEP20(BSC)", "BSC"),
        ("bsc", "BNB Smart Chain"),
        ("BNB Smart Chain(BEP20)", "BEP20"),
        ("ERC20", "ETH"),
        ("Ethereum(ERC20)", "ETH"),
        ("Arbitrum One(ARB)", "ARBEVM"),
        ("AVAX_C", "Avalanche C Chain(AVAX CCHAIN)"),
        ("TRC20", "Tron(TRC20)"),
        ("KAVAEVM", "kava-evm"),
    ],
)
def test_one_network_by_two_names(a: str, b: str) -> None:
    assert chain(a) == chain(b)


@pytest.mark.parametrize(("a", "b"), [("ERC20", "BEP20"), ("ERC20", "QOM-ERC20"), ("SOL", "ETH")])
def test_two_networks_stay_two(a: str, b: str) -> None:
    assert chain(a) != chain(b)


def test_one_contract_is_one_asset_however_it_is_spelled() -> None:
    found = compare("LEO", [on("ERC20", LEO_BITFINEX)], [on("ETH", LEO_BITFINEX.lower())])
    assert found.identity is Identity.SAME


def test_base58_addresses_compare_with_their_case() -> None:
    mint = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
    assert compare("USDC", [on("SOL", mint)], [on("Solana", mint)]).identity is Identity.SAME
    assert compare("USDC", [on("SOL", mint)], [on("Solana", mint.lower())]).identity is Identity.DIFFERENT


def test_two_contracts_on_one_chain_are_two_assets() -> None:
    found = compare("LEO", [on("ERC20", LEO_BITFINEX)], [on("ETH", LEO_OTHER)])
    assert found.identity is Identity.DIFFERENT
    assert LEO_OTHER in found.detail


def test_one_shared_contract_outweighs_a_bridged_one_that_differs() -> None:
    ours = [on("ARB", LEO_OTHER), on("ETH", LEO_BITFINEX)]
    theirs = [on("ARB", "0x2222222222222222222222222222222222222222"), on("ETH", LEO_BITFINEX)]
    assert compare("LEO", ours, theirs).identity is Identity.SAME


def test_one_address_on_two_known_chains_proves_nothing() -> None:
    assert compare("LEO", [on("ETH", LEO_OTHER)], [on("BSC", LEO_OTHER)]).identity is Identity.UNKNOWN


def test_contracts_on_different_chains_leave_it_unknown() -> None:
    assert compare("LEO", [on("ETH", LEO_BITFINEX)], [on("BSC", LEO_OTHER)]).identity is Identity.UNKNOWN
    assert compare("LEO", None, [on("BSC", LEO_OTHER)]).identity is Identity.UNKNOWN


def test_a_coin_on_its_own_chain_needs_no_contract() -> None:
    assert compare("BTC", [on("BTC")], [on("Bitcoin", "")]).identity is Identity.SAME
    assert (
        compare("ETH", [on("ERC20")], [on("ETH", "0x0000000000000000000000000000000000000000")]).identity
        is Identity.SAME
    )
    assert compare("LEO", [on("ETH")], [on("ERC20")]).identity is Identity.UNKNOWN
    assert compare("ETH", [on("ETH")], [on("ETH", LEO_OTHER)]).identity is Identity.UNKNOWN


def test_an_address_of_the_instrument_list_counts_without_its_chain() -> None:
    assert compare("LEO", None, [on("ETH", LEO_BITFINEX)], LEO_BITFINEX, None).identity is Identity.SAME
    assert compare("LEO", None, None, LEO_BITFINEX, LEO_BITFINEX).identity is Identity.SAME
    assert compare("LEO", None, None, LEO_BITFINEX, LEO_OTHER).identity is Identity.UNKNOWN, "they may be two chains"


def test_a_transfer_needs_one_network_open_at_both_ends() -> None:
    state, detail = transfer([on("ERC20", withdraw=False), on("BEP20(BSC)")], [on("ETH"), on("BSC")])
    assert state is CheckState.PASS
    assert "BEP20" in detail


def test_closed_deposits_close_the_transfer_one_way_only() -> None:
    closed, open_ = [on("ETH", deposit=False)], [on("ERC20")]
    assert transfer(open_, closed)[0] is CheckState.FAIL
    assert "deposits closed" in transfer(open_, closed)[1]
    assert transfer(closed, open_)[0] is CheckState.PASS


def test_no_network_in_common_is_a_closed_transfer() -> None:
    state, detail = transfer([on("ERC20")], [on("QOM-ERC20")])
    assert state is CheckState.FAIL
    assert "no network in common: ERC20 against QOM-ERC20" in detail


def test_one_network_with_two_contracts_is_not_common() -> None:
    assert transfer([on("ETH", LEO_BITFINEX)], [on("ETH", LEO_OTHER)])[0] is CheckState.FAIL


@pytest.mark.parametrize(
    ("source", "target"), [(None, [on("ETH")]), ([on("ETH")], None), ([on("ETH", withdraw=None)], [on("ETH")])]
)
def test_what_a_venue_does_not_say_is_unknown(
    source: list[AssetNetwork] | None, target: list[AssetNetwork] | None
) -> None:
    assert transfer(source, target)[0] is CheckState.UNKNOWN


def test_prices_must_agree_for_the_whole_window() -> None:
    watch = PriceWatch()
    assert watch.state(10 * SECOND)[0] is CheckState.UNKNOWN
    for second in range(11):
        assert watch.state(10 * SECOND)[0] is CheckState.UNKNOWN
        watch.see(second * SECOND, 100.0 + second, 100.0, tolerance=0.12)
    assert watch.state(10 * SECOND)[0] is CheckState.PASS


def test_one_price_apart_begins_the_window_anew() -> None:
    watch = PriceWatch()
    for second in range(20):
        watch.see(second * SECOND, 8237.0 if second == 9 else 1.0, 1.0, tolerance=0.05)
        if second == 9:
            state, detail = watch.state(10 * SECOND)
            assert state is CheckState.FAIL
            assert "8237 times apart" in detail
    state, detail = watch.state(10 * SECOND)
    assert (state, detail) == (CheckState.UNKNOWN, "prices agree for 9 of 10 s")


def test_a_minute_without_prices_begins_the_window_anew() -> None:
    watch = PriceWatch()
    watch.see(0, 1.0, 1.0, tolerance=0.05)
    watch.see(61 * SECOND, 1.0, 1.0, tolerance=0.05)
    assert watch.state(10 * SECOND)[0] is CheckState.UNKNOWN


def test_a_finding_lasts_until_a_list_changes() -> None:
    assets, a, b = Assets(), VenueName("a"), VenueName("b")
    assert assets.identity("LEO", a, b).identity is Identity.UNKNOWN
    assets.set_networks(a, {Asset("LEO"): [on("ETH", LEO_BITFINEX)]}, read_ns=5)
    assets.set_networks(b, {Asset("LEO"): [on("ETH", LEO_OTHER)]}, read_ns=5)
    assert assets.identity("LEO", a, b).identity is Identity.DIFFERENT
    assert assets.age_ns(a, 12) == 7
    assert assets.age_ns(VenueName("c"), 12) is None


def test_two_venues_share_one_watch_whoever_asks() -> None:
    assets, symbol = Assets(), Symbol("LEO", "USDT")
    assert assets.watch(symbol, VenueName("a"), VenueName("b")) is assets.watch(symbol, VenueName("b"), VenueName("a"))
