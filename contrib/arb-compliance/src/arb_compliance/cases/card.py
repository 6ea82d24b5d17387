"""Tier card: the facts, before a single message. The first cases that an author turns green."""

from importlib.resources import files
from urllib.parse import urlsplit

import msgspec
from arb_core.engine.ids import ID_LENGTH
from arb_core.installed import ID
from arb_core.registry import Registry
from arb_core.structs.card import CONTRACT, Capability, Endpoint, ExchangeCard, ExchangeSettings
from arb_core.structs.market import Symbol
from arb_core.structs.stream import KLINE_INTERVALS, Feed, Topic

from arb_compliance import imports
from arb_compliance.case import Tier, case
from arb_compliance.expect import equal, fail, true
from arb_compliance.subject import Subject

CONTRACT_PAGE = "docs/reference/contract.md"
SECOND = 1_000_000_000

FEEDS = {
    Feed.BOOK: Capability.BOOK,
    Feed.DEPTH: Capability.DEPTH,
    Feed.QUOTE: Capability.QUOTE,
    Feed.TRADES: Capability.TRADES,
    Feed.KLINES: Capability.KLINES,
}
PUBLIC_FEEDS = frozenset(FEEDS.values())
ACCOUNT_STREAMS = frozenset({Capability.ORDERS_STREAM, Capability.FILLS_STREAM, Capability.BALANCES_STREAM})
WORDS_OF_TRADING = ACCOUNT_STREAMS | {
    Capability.MARKET_ORDERS,
    Capability.QUOTE_QUANTITY,
    Capability.IOC,
    Capability.FOK,
    Capability.POST_ONLY,
    Capability.MODIFY_ORDER,
    Capability.CANCEL_ALL,
    Capability.COUNTDOWN_CANCEL,
    Capability.ORDER_HISTORY,
}

SYMBOLS = [Symbol.parse(text) for text in ("BTC/USDT", "ETH/BTC", "1INCH/USDT", "A/USDC", "1000SATS/USDT", "ETH/USDC")]


@case("CARD-001", Tier.CARD)
def the_plugin_loads(subject: Subject) -> None:
    """The entry point is found, imports, and its hooks are the contract's.

    Steps: find the entry point of the id; import it; ask for the card.
    Expect: one owner; no error; an `ExchangeCard`.
    When this fails: `arb plugins` shows the same reason with a cure.
    Source: contract, hooks
    """
    entries = [entry for entry in subject.registry.plugins() if entry.id == subject.exchange]
    true(bool(entries), f"no plugin owns {subject.exchange!r}", fix=f"see {CONTRACT_PAGE}")
    for entry in entries:
        if entry.state == "broken":
            raise fail(f"{entry.distribution} is broken: {entry.reason}", fix=entry.cure)
    true(isinstance(subject.card, ExchangeCard), "the hook returns no card", found=type(subject.card))  # type: ignore[redundant-expr,unused-ignore]


@case("CARD-002", Tier.CARD)
def the_card_bears_the_id_of_its_entry_point(subject: Subject) -> None:
    """The card's id, the entry point's name and the form of an id agree.

    Steps: read the card.
    Expect: `card.id` is the entry point's name; lower case letters, digits and single hyphens.
    When this fails: users find the venue under one name and see another in logs and journals.
    Source: contract, names
    """
    equal(subject.card.id, subject.exchange, "the card's id is not the entry point's name")
    true(ID.fullmatch(subject.card.id) is not None, f"{subject.card.id!r} is no id", fix="[a-z][a-z0-9]*(-[a-z0-9]+)*")


@case("CARD-003", Tier.CARD)
def the_contract_is_the_one_of_this_core(subject: Subject) -> None:
    """The plugin was written for the contract that is installed.

    Steps: read `card.contract`.
    Expect: the core's `CONTRACT`.
    When this fails: the plugin is older or newer than the core; its hooks may lack arguments.
    Source: contract, version
    """
    equal(subject.card.contract, CONTRACT, "written for another version of the contract")


@case("CARD-004", Tier.CARD)
def the_hosts_are_encrypted_and_complete(subject: Subject) -> None:
    """Every host is reached by TLS, and each claimed side has one.

    Steps: read `card.hosts`.
    Expect: `https` for REST, `wss` for sockets; a private socket host where a private stream is claimed.
    When this fails: keys and orders would go over the net in the clear, or nowhere.
    Source: contract, hosts
    """
    hosts = subject.card.hosts
    for role, scheme in (("rest", "https"), ("ws_public", "wss"), ("ws_private", "wss"), ("ws_api", "wss")):
        url = getattr(hosts, role)
        if url is not None:
            equal(urlsplit(url).scheme, scheme, f"hosts.{role} is not encrypted", frame=url)
            true(bool(urlsplit(url).hostname), f"hosts.{role} names no host", frame=url)
    for feed, url in hosts.ws_feeds.items():
        equal(urlsplit(url).scheme, "wss", f"hosts.ws_feeds: {feed} is not encrypted", frame=url)
        true(bool(urlsplit(url).hostname), f"hosts.ws_feeds: {feed} names no host", frame=url)
    if subject.card.capabilities & ACCOUNT_STREAMS:
        true(
            hosts.ws_private is not None or hosts.ws_api is not None,
            "a private stream is claimed, and no host of the card carries one",
            fix="hosts.ws_private or hosts.ws_api",
        )


@case("CARD-005", Tier.CARD)
def the_capabilities_fit_together(subject: Subject) -> None:
    """What is claimed, unknown and described does not contradict itself.

    Steps: compare `capabilities`, `unknown`, `kline_intervals` and `depths`.
    Expect: no capability both claimed and unknown; words of orders and streams of the account only with TRADING;
        intervals in the contract's spelling exactly where candles are claimed; depths exactly where DEPTH is.
    When this fails: users are promised what no call can keep.
    Source: contract, capabilities
    """
    card = subject.card
    both = card.capabilities & card.unknown
    true(not both, "claimed and unknown at once", found=sorted(both))
    alone = (card.capabilities & WORDS_OF_TRADING) if Capability.TRADING not in card.capabilities else frozenset()
    true(not alone, "claimed without TRADING", found=sorted(alone))
    odd = [interval for interval in card.kline_intervals if interval not in KLINE_INTERVALS]
    true(not odd, "intervals that the contract does not spell so", found=odd, fix=" ".join(KLINE_INTERVALS))
    candles = bool(card.capabilities & {Capability.KLINES, Capability.REST_KLINES})
    equal(bool(card.kline_intervals), candles, "kline_intervals are listed exactly where candles are claimed")
    equal(bool(card.depths), Capability.DEPTH in card.capabilities, "depths are listed exactly where DEPTH is claimed")


@case("CARD-006", Tier.CARD)
def the_hooks_carry_the_capabilities(subject: Subject) -> None:
    """For each side that is claimed there is the hook that makes it, and for no other.

    Steps: compare the hooks that the plugin implements with the capabilities of its card.
    Expect: `arb_public_exchange` always; `arb_public_stream` with a public feed; `arb_private_exchange` with TRADING;
        `arb_private_stream` with a stream of the account.
    When this fails: a claim that cannot be called, or a side that nobody will find.
    Source: contract, hooks
    """
    claimed = subject.card.capabilities
    wanted = {
        "arb_public_exchange": True,
        "arb_public_stream": bool(claimed & PUBLIC_FEEDS),
        "arb_private_exchange": Capability.TRADING in claimed,
        "arb_private_stream": bool(claimed & ACCOUNT_STREAMS),
    }
    for hook, needed in wanted.items():
        there = subject.registry.implements(subject.exchange, hook)
        if needed:
            true(there, f"the capabilities need {hook}, and the plugin has none", fix="implement it, or claim less")
        elif there:
            subject.warn(f"{hook} is implemented, and no capability of the card uses it")


@case("CARD-007", Tier.CARD)
def every_cost_names_a_limit(subject: Subject) -> None:
    """The table of endpoints spends from limits that exist.

    Steps: read every `Endpoint` of the plugin's `card` room, every limit and usage header.
    Expect: each cost names a declared limit and is positive; limits and windows are positive; a usage header reports a
        declared limit.
    When this fails: the core cannot hold a budget that nobody declared, and the venue bans the user.
    Source: contract, limits
    """
    card = subject.card
    names = [limit.name for limit in card.limits]
    true(len(names) == len(set(names)), "a limit is declared twice", found=names)
    for limit in card.limits:
        true(limit.limit > 0 and limit.window_ns > 0, f"limit {limit.name} allows nothing", found=limit)
        true(
            limit.window_ns >= SECOND // 100,
            f"the window of {limit.name} is shorter than 10 ms: seconds for nanoseconds?",
            found=limit.window_ns,
        )
    for header in card.usage:
        true(
            header.limit in names,
            f"{header.header} reports a limit that is not declared",
            found=header.limit,
        )
    room = subject.module("card")
    for name, endpoint in vars(room).items() if room is not None else ():
        if isinstance(endpoint, Endpoint):
            true(endpoint.path.startswith("/"), f"{name}: its path does not begin with /", found=endpoint.path)
            for spent, cost in endpoint.cost.items():
                true(spent in names, f"{name} spends from {spent!r}, which is not declared", found=names)
                true(cost > 0, f"{name} costs nothing", found=endpoint.cost)


@case("CARD-008", Tier.CARD, needs=[Capability.TRADING])
def our_order_ids_fit(subject: Subject) -> None:
    """The ids by which orders are found again fit the venue.

    Steps: add the card's prefix to the longest id of the core.
    Expect: no longer than `client_ids.max_length`; a history lag between a millisecond and a day.
    When this fails: the venue cuts or refuses ids, and an order with an unknown outcome is lost.
    Source: contract, client order ids
    """
    if not subject.claims(Capability.TRADING):
        return
    rule = subject.card.client_ids
    longest = len(rule.prefix) + ID_LENGTH
    true(longest <= rule.max_length, f"our ids are {longest} characters with the prefix", found=rule.max_length)
    true(SECOND // 1000 <= rule.history_lag_ns <= 86_400 * SECOND, "an odd history lag", found=rule.history_lag_ns)


@case("CARD-009", Tier.CARD)
def the_settings_are_the_venues_own(subject: Subject) -> None:
    """The settings struct extends the core's, has a default for everything and refuses what it does not know.

    Steps: decode `{}` and a table with an unknown key.
    Expect: the first gives the defaults; the second is refused.
    When this fails: a typing mistake in a settings file goes unnoticed while money is at work.
    Source: contract, settings
    """
    kind = subject.card.settings
    true(issubclass(kind, ExchangeSettings), "no subclass of ExchangeSettings", found=kind)
    try:
        msgspec.convert({}, kind)
    except msgspec.ValidationError as error:
        raise fail("cannot be opened without settings", found=error, fix="give every field a default") from error
    try:
        msgspec.convert({"no-such-key-anywhere": 1}, kind)
    except msgspec.ValidationError:
        return
    raise fail("an unknown key is accepted", fix="forbid_unknown_fields=True")


@case("CARD-010", Tier.CARD)
def the_distribution_declares_what_it_imports(subject: Subject) -> None:
    """Installed alone from its own wheel, the plugin finds all it needs.

    Steps: read the metadata; collect the imports of every module of the package.
    Expect: a version, `requires-python`, `py.typed`; each imported distribution is declared, the simulation's under an
        extra at least.
    When this fails: it works on the author's machine and nowhere else.
    Source: contract, distribution
    """
    metadata = subject.distribution.metadata
    true(bool(metadata["Version"]), "no version")
    true(bool(metadata["Requires-Python"]), "no requires-python")
    root = files(subject.package)
    true((root / "py.typed").is_file(), "no py.typed in the package", fix="an empty file beside __init__.py")
    declared = imports.declared(subject.distribution)
    missing = {
        name: sorted(modules)
        for name, modules in imports.of_package(subject.package).items()
        if not imports.is_declared(name, declared)
    }
    true(not missing, "imports that no dependency declares", found=missing, fix="[project] dependencies")


@case("CARD-011", Tier.CARD)
def the_rooms_are_those_of_every_exchange(subject: Subject) -> None:
    """A reader of one plugin finds every line of another.

    Steps: list the modules of the package; read what its `card` room imports.
    Expect: card, wire, parse, faults, public, stream and plugin; private and sign where TRADING is claimed: a missing
        one is told as a warning. There is a room `card`, and it imports no other room of the package.
    When this fails: facts are mixed with code, and the simulated venue, which may read nothing but facts, gets the code
        too.
    Source: design, an exchange plugin
    """
    wanted = ["card", "wire", "parse", "faults", "public", "stream", "plugin"]
    if subject.claims(Capability.TRADING):
        wanted += ["private", "sign"]
    missing = [name for name in wanted if not imports.has_room(subject.package, name)]
    if missing:
        subject.warn(f"rooms that other exchanges have: {', '.join(missing)}")
    true(imports.has_room(subject.package, "card"), "the facts have no room of their own", fix="card.py")
    name = f"{subject.package}.card"
    entered = {
        module
        for own, entry in imports.modules(subject.package)
        if own == name
        for module in imports.of_module(own, entry.read_text("utf-8"), is_package=entry.name == "__init__.py")
        if module.startswith(f"{subject.package}.") and not module.startswith(f"{name}.")
    }
    true(not entered, "the facts enter other rooms", found=sorted(entered), fix="card.py imports the core only")


@case("CARD-012", Tier.CARD)
def the_card_is_plain_data(subject: Subject) -> None:
    """A card is facts: the same each time, printable, without a network.

    Steps: ask the hook twice in two registries; encode the card.
    Expect: equal cards; it encodes.
    When this fails: what the core obeys depends on when it was asked.
    Source: contract, hooks
    """
    again = Registry().card(subject.exchange)
    equal(again, subject.card, "two cards of one plugin differ")
    try:
        msgspec.json.encode(subject.card, enc_hook=repr)
    except (TypeError, msgspec.MsgspecError) as error:
        raise fail("the card cannot be printed", found=error) from error


@case("CARD-013", Tier.CARD)
def symbols_are_spelled_and_read_back(subject: Subject) -> None:
    """A symbol in the venue's spelling is the same symbol again.

    Steps: spell symbols with digits, long and short names; spell each alone and compare.
    Expect: distinct symbols have distinct spellings; the spelling is text without spaces.
    When this fails: two markets share a book.
    Source: contract, PublicExchange
    """
    public = subject.public()
    seen: dict[str, Symbol] = {}
    for symbol in SYMBOLS:
        pair = public.symbol_to_pair(symbol)
        true(bool(pair) and not any(char.isspace() for char in pair), f"{symbol} is spelled {pair!r}")
        true(pair not in seen, f"{symbol} and {seen.get(pair)} are both spelled {pair!r}")
        seen[pair] = symbol


@case("CARD-014", Tier.CARD)
def what_works_is_claimed(subject: Subject) -> None:
    """A capability that works although nobody claims it is told.

    Steps: ask the public dialect for a channel of every feed that the card does not claim.
    Expect: `ValueError` for each; a channel that is there all the same is told as a warning.
    When this fails: a user who asks for what is not there gets a stranger's error in place of an answer.
    Source: contract, capabilities
    """
    if not subject.registry.implements(subject.exchange, "arb_public_stream"):
        return
    dialect = subject.dialect()
    pair = subject.public().symbol_to_pair(SYMBOLS[0])
    for feed, capability in FEEDS.items():
        if capability in subject.card.capabilities | subject.card.unknown:
            continue
        topic = Topic(
            feed,
            pair,
            depth=5 if feed is Feed.DEPTH else None,
            interval="1m" if feed is Feed.KLINES else None,
        )
        try:
            dialect.channel(topic)
        except ValueError:
            continue
        subject.warn(f"the dialect has a channel for {feed}, and the card does not claim {capability}")
