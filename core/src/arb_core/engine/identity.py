"""Is it the same asset, and can it move: what contracts, networks and prices say of two venues' listings.

A ticker proves nothing: LEO on one venue once stood at 8237 times LEO on another. A contract address that both venues
publish proves it; where none is published, prices that agree over a whole window are taken for it, and until then the
asset is in quarantine. Networks bear other names on each venue (`BEP20(BSC)`, `BSC`, `BNB Smart Chain`), so addresses
are compared first and names only through the table below. Pure but for what `Assets` remembers.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from arb_core.structs.market import Asset, AssetNetwork, Symbol, VenueName
from arb_core.structs.opportunity import CheckState

__all__ = ["Assets", "Finding", "Identity", "PriceWatch", "chain", "compare", "transfer"]

_SECOND = 1_000_000_000
_SILENCE_NS = 60 * _SECOND
"""Prices not compared for this long begin a new window: what happened meanwhile is not known."""

_CHAINS = {
    "ARBITRUM": ("ARB", "ARBEVM", "ARBITRUM", "ARBITRUMONE", "ARBONE"),
    "ALGORAND": ("ALGO", "ALGORAND"),
    "APTOS": ("APT", "APTOS"),
    "AVALANCHE": ("AVAXC", "AVAXCCHAIN", "CAVAX", "CCHAIN", "AVALANCHECCHAIN", "AVALANCHE"),
    "BASE": ("BASE", "BASEEVM"),
    "BITCOIN": ("BTC", "BITCOIN", "XBT"),
    "BITCOINCASH": ("BCH", "BITCOINCASH"),
    "BSC": ("BSC", "BEP20", "BEP20BSC", "BNBSMARTCHAIN", "BINANCESMARTCHAIN", "BSCBEP20"),
    "CARDANO": ("ADA", "CARDANO"),
    "COSMOS": ("ATOM", "COSMOS"),
    "DOGECOIN": ("DOGE", "DOGECOIN"),
    "ETHEREUM": ("ETH", "ERC20", "ETHEREUM", "ETHERC20", "ERC20ETH"),
    "ETHEREUMCLASSIC": ("ETC", "ETHEREUMCLASSIC"),
    "FILECOIN": ("FIL", "FILECOIN"),
    "HEDERA": ("HBAR", "HEDERA"),
    "KASPA": ("KAS", "KASPA"),
    "LITECOIN": ("LTC", "LITECOIN"),
    "MONERO": ("XMR", "MONERO"),
    "NEAR": ("NEAR", "NEARPROTOCOL"),
    "OPTIMISM": ("OP", "OPETH", "OPTIMISM"),
    "POLKADOT": ("DOT", "POLKADOT"),
    "POLYGON": ("MATIC", "POL", "POLYGON", "POLYGONPOS"),
    "RIPPLE": ("XRP", "RIPPLE", "XRPL"),
    "SOLANA": ("SOL", "SOLANA", "SPL"),
    "STELLAR": ("XLM", "STELLAR"),
    "SUI": ("SUI",),
    "TEZOS": ("XTZ", "TEZOS"),
    "TON": ("TON", "TONCOIN", "THEOPENNETWORK"),
    "TRON": ("TRX", "TRC20", "TRON", "TRXTRC20"),
}
"""One name for each chain, and what venues call it, in capitals without punctuation."""

_CHAIN_OF = {alias: name for name, aliases in _CHAINS.items() for alias in aliases}

_NATIVE = {
    "ADA": "CARDANO",
    "ALGO": "ALGORAND",
    "APT": "APTOS",
    "ATOM": "COSMOS",
    "AVAX": "AVALANCHE",
    "BCH": "BITCOINCASH",
    "BNB": "BSC",
    "BTC": "BITCOIN",
    "DOGE": "DOGECOIN",
    "DOT": "POLKADOT",
    "ETC": "ETHEREUMCLASSIC",
    "ETH": "ETHEREUM",
    "FIL": "FILECOIN",
    "HBAR": "HEDERA",
    "KAS": "KASPA",
    "LTC": "LITECOIN",
    "NEAR": "NEAR",
    "POL": "POLYGON",
    "SOL": "SOLANA",
    "SUI": "SUI",
    "TON": "TON",
    "TRX": "TRON",
    "XLM": "STELLAR",
    "XMR": "MONERO",
    "XRP": "RIPPLE",
    "XTZ": "TEZOS",
}
"""Coins that have no contract on their own chain: the chain itself tells them."""


_UNNAMED = ""
"""The chain of an address given without one."""


class Identity(StrEnum):
    """What addresses alone can prove."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class Finding(msgspec.Struct, frozen=True):
    """An identity with its reason in words."""

    identity: Identity
    detail: str


def chain(network: str) -> str:
    """Return one name for a venue's network name: that of the table, else its letters and digits in capitals."""
    text = network.upper()
    whole = re.sub(r"[^A-Z0-9]", "", text)
    # `BEP20(BSC)` and `Arbitrum One(ARB)` name the chain twice; either half may be the one the table knows.
    for part in (whole, *(re.sub(r"[^A-Z0-9]", "", half) for half in re.split(r"[()]", text))):
        if part in _CHAIN_OF:
            return _CHAIN_OF[part]
    return whole


def _address(contract: str | None) -> str | None:
    """Spell an address so that equal ones compare equal; None where there is none, or only a coin's place-holder."""
    text = (contract or "").strip()
    if text[:2].lower() == "0x":
        text = text.lower()
        if text.strip("0x") == "" or text.strip("0xe") == "":
            return None
    return text or None


def compare(
    asset: str,
    ours: Sequence[AssetNetwork] | None,
    theirs: Sequence[AssetNetwork] | None,
    our_contract: str | None = None,
    their_contract: str | None = None,
) -> Finding:
    """Say whether two venues list one asset under a ticker, by addresses alone.

    `*_contract` is the address an instrument list gives without naming its chain. Same = one address listed by both, or
    a coin that both list on its own chain; different = both publish an address for one chain and these differ.
    """
    mine = [*(ours or ()), *_listed(asset, our_contract)]
    yours = [*(theirs or ()), *_listed(asset, their_contract)]
    home = _NATIVE.get(asset)
    two_contracts = None
    for a in mine:
        for b in yours:
            my_chain, your_chain = chain(a.network), chain(b.network)
            my_address, your_address = _address(a.contract), _address(b.contract)
            if my_address is None or your_address is None:
                if home is not None and my_chain == your_chain == home and my_address is your_address:
                    return Finding(Identity.SAME, f"both list {asset} on its own chain")
            elif my_address == your_address:
                if _may_be_one(my_chain, your_chain):
                    return Finding(Identity.SAME, f"one contract {my_address}")
            elif my_chain == your_chain != _UNNAMED:
                two_contracts = f"two contracts on {my_chain}: {my_address} and {your_address}"
    if two_contracts is not None:
        return Finding(Identity.DIFFERENT, two_contracts)
    return Finding(Identity.UNKNOWN, "no chain on which both publish a contract")


def _listed(asset: str, contract: str | None) -> list[AssetNetwork]:
    """Return the address that an instrument list gives without saying on which chain."""
    return [] if contract is None else [AssetNetwork(asset=Asset(asset), network=_UNNAMED, contract=contract)]


def _may_be_one(a: str, b: str) -> bool:
    """Whether two chain names may stand for one chain: equal, or not both in the table."""
    return a == b or a not in _CHAINS or b not in _CHAINS


def transfer(source: Sequence[AssetNetwork] | None, target: Sequence[AssetNetwork] | None) -> tuple[CheckState, str]:
    """Say whether an asset can be withdrawn from `source` and deposited at `target`, over some network of both.

    PASS = one such network is open at both ends; UNKNOWN = a venue does not say; FAIL = closed, or none in common.
    """
    if not source or not target:
        return CheckState.UNKNOWN, "a venue does not publish its networks"
    common = [(a, b) for a in source for b in target if _one_network(a, b)]
    if not common:
        ours, theirs = (", ".join(sorted({n.network for n in side})) for side in (source, target))
        return CheckState.FAIL, f"no network in common: {ours} against {theirs}"
    states = [(a.withdraw_open, b.deposit_open, a.network) for a, b in common]
    for withdraw, deposit, network in states:
        if withdraw and deposit:
            return CheckState.PASS, f"open on {network}"
    unsure = [network for withdraw, deposit, network in states if withdraw is not False and deposit is not False]
    if unsure:
        return CheckState.UNKNOWN, f"state of {unsure[0]} not published"
    return CheckState.FAIL, "; ".join(
        f"{network}: {'withdrawals' if withdraw is False else 'deposits'} closed" for withdraw, _, network in states
    )


def _one_network(a: AssetNetwork, b: AssetNetwork) -> bool:
    """Whether two venues mean one network: by the address of the asset on it, else by name."""
    mine, yours = _address(a.contract), _address(b.contract)
    my_chain, your_chain = chain(a.network), chain(b.network)
    if mine is None or yours is None:
        return my_chain == your_chain
    return mine == yours and _may_be_one(my_chain, your_chain)


class PriceWatch:
    """Whether two venues' prices of one symbol have agreed without a break, and for how long."""

    __slots__ = ("_last_ns", "_ratio", "_since_ns")

    def __init__(self) -> None:
        """Begin without an observation."""
        self._since_ns: int | None = None
        self._last_ns: int | None = None
        self._ratio = 1.0

    def see(self, monotonic_ns: int, mid: float, other: float, tolerance: float) -> None:
        """Compare two mid prices (both above 0); `tolerance` is a fraction of the lower one."""
        self._ratio = mid / other if mid >= other else other / mid
        if self._ratio > 1.0 + tolerance:
            self._since_ns = None
        elif self._since_ns is None or self._last_ns is None or monotonic_ns - self._last_ns > _SILENCE_NS:
            self._since_ns = monotonic_ns
        self._last_ns = monotonic_ns

    def state(self, window_ns: int) -> tuple[CheckState, str]:
        """Say whether the prices agreed for the whole window: FAIL = they differ, UNKNOWN = it is not over."""
        if self._last_ns is None:
            return CheckState.UNKNOWN, "prices not yet compared"
        if self._since_ns is None:
            return CheckState.FAIL, f"prices {self._ratio:.4g} times apart"
        agreed_ns = self._last_ns - self._since_ns
        if agreed_ns < window_ns:
            return CheckState.UNKNOWN, f"prices agree for {agreed_ns // _SECOND} of {window_ns // _SECOND} s"
        return CheckState.PASS, f"prices agreed for {agreed_ns // _SECOND} s"


class Assets:
    """What is known of every venue's assets. Network lists change slowly: set every few minutes, never per update."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._networks: dict[VenueName, Mapping[Asset, Sequence[AssetNetwork]]] = {}
        self._read_ns: dict[VenueName, int] = {}
        self._transfers: dict[tuple[str, VenueName, VenueName], tuple[CheckState, str]] = {}
        self._findings: dict[tuple[str, VenueName, VenueName, str | None, str | None], Finding] = {}
        self._watches: dict[tuple[Symbol, VenueName, VenueName], PriceWatch] = {}

    def set_networks(self, venue: VenueName, networks: Mapping[Asset, Sequence[AssetNetwork]], read_ns: int) -> None:
        """Take a venue's list of networks, read at `read_ns` (UTC)."""
        self._networks[venue] = networks
        self._read_ns[venue] = read_ns
        self._findings.clear()
        self._transfers.clear()

    def networks(self, venue: VenueName, asset: str) -> Sequence[AssetNetwork] | None:
        """Return an asset's networks, None where the venue does not say."""
        return self._networks.get(venue, {}).get(Asset(asset))

    def age_ns(self, venue: VenueName, now_ns: int) -> int | None:
        """Return how old a venue's network list is, None where there is none."""
        read_ns = self._read_ns.get(venue)
        return None if read_ns is None else now_ns - read_ns

    def identity(
        self, asset: str, a: VenueName, b: VenueName, contract_a: str | None = None, contract_b: str | None = None
    ) -> Finding:
        """Say what addresses prove of one ticker on two venues; remembered until a list changes."""
        key = (asset, a, b, contract_a, contract_b)
        finding = self._findings.get(key)
        if finding is None:
            finding = compare(asset, self.networks(a, asset), self.networks(b, asset), contract_a, contract_b)
            self._findings[key] = finding
        return finding

    def transfer(self, asset: str, source: VenueName, target: VenueName) -> tuple[CheckState, str]:
        """Say whether an asset can go from one venue to another; remembered until a list changes."""
        key = (asset, source, target)
        found = self._transfers.get(key)
        if found is None:
            state, detail = transfer(self.networks(source, asset), self.networks(target, asset))
            found = self._transfers[key] = (state, f"{asset} {source} to {target}: {detail}")
        return found

    def watch(self, symbol: Symbol, a: VenueName, b: VenueName) -> PriceWatch:
        """Return the watch over two venues' prices of a symbol, whichever is named first."""
        key = (symbol, a, b) if a <= b else (symbol, b, a)
        watch = self._watches.get(key)
        if watch is None:
            watch = self._watches[key] = PriceWatch()
        return watch
