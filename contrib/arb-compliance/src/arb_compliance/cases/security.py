"""Tier security: what a plugin must not do behind anybody's back, with keys that open other people's accounts.

Most cases look at one and the same life of the plugin before its venue (`exercise`), the others at its import in a
fresh interpreter (`newborn`) or at its source.
"""

import ast
from urllib.parse import urlsplit

from arb_core.structs.card import Capability

from arb_compliance import exercise, imports, newborn, traffic
from arb_compliance.case import Proof, Tier, case
from arb_compliance.exercise import Lived
from arb_compliance.expect import fail, true
from arb_compliance.measure import waits
from arb_compliance.stage import urls_of
from arb_compliance.subject import Subject
from arb_compliance.watch import BLOCKING, ENVIRONMENT, by

CONTRACT_PAGE = "docs/reference/contract.md"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104 (recognised, not bound)
DEFAULT_PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}
NO_VERIFICATION = frozenset({"CERT_NONE", "_create_unverified_context", "verify_ssl", "check_hostname"})


@case("SECURITY-001", Tier.SECURITY, proof=Proof.VENUE)
async def only_hosts_of_the_card_are_contacted(subject: Subject) -> None:
    """Whoever reads the card knows where keys and orders go.

    Steps: live a whole life before the venue; note the address of each request and of each socket that is opened.
    Expect: scheme, host and port of each are those of a role of `card.hosts`.
    When this fails: a ticket names a host of its own; put it on the card, where the user can override it.
    Source: contract, hosts
    """
    lived = await exercise.live(subject)
    known = {_origin(url) for url in urls_of(subject.card.hosts)}
    for url in lived.urls:
        true(_origin(url) in known, f"{_shown(url)} is on no host of the card", found=sorted(known))
    _lived_through(lived)


@case("SECURITY-002", Tier.SECURITY)
def nothing_is_sent_in_the_clear(subject: Subject) -> None:
    """TLS everywhere but on the own machine, and never without looking at the certificate.

    Steps: read the source of every room but the simulation: the texts that are addresses, the names of what switches
        verification off.
    Expect: no `http://` or `ws://` beyond loopback, no `CERT_NONE` and its like.
    When this fails: keys and orders can be read, and changed, by whoever is on the way.
    Source: contract, hosts
    """
    for name, entry in imports.modules(subject.package):
        if ".sim" in name:
            continue
        tree = ast.parse(entry.read_text("utf-8"))
        for text, line in _texts(tree):
            address = urlsplit(text) if text.startswith(("http://", "ws://")) else None
            true(
                address is None or address.hostname in LOOPBACK,
                f"{name}, line {line}: an address without TLS",
                frame=text,
                fix="https or wss; an override of the user may be plain on loopback, and the core sees to that",
            )
        for word, line in _names(tree):
            true(word not in NO_VERIFICATION, f"{name}, line {line}: certificates are not looked at", frame=word)


@case("SECURITY-003", Tier.SECURITY, needs=[Capability.TRADING], proof=Proof.VENUE)
async def secrets_never_show(subject: Subject) -> None:
    """Keys are in no log, error, repr, event or health, whatever goes wrong.

    Steps: live a whole life with a key, orders refused, lost, unknown; then ask everything with a key that opens
        nothing, of a venue that answers nonsense; keep all logs of every level, all errors with their causes, stdout,
        the repr of everything returned, told or made.
    Expect: neither key, secret, passphrase nor the token of a socket is anywhere in it, also not encoded.
    When this fails: users post their keys with the log that they add to a bug report.
    Source: contract, errors
    """
    lived = await exercise.live(subject)
    for what, secret in lived.secrets.items():
        for where, text in lived.said:
            if secret in text:
                at = text.index(secret)
                raise fail(
                    f"{what} is in {where}",
                    frame=f"{text[max(0, at - 200) : at]}<{what}>",
                    fix="never format a key, a signed request or a ticket; give an object that holds one a `__repr__`",
                )
    _lived_through(lived)


@case("SECURITY-004", Tier.SECURITY, proof=Proof.VENUE)
async def nothing_is_done_outside_the_core(subject: Subject) -> None:
    """No files, sockets, processes or threads: what the core does not know of, it can neither limit nor close.

    Steps: live a whole life before the venue, with an audit hook that sees what the plugin's code does, or has a
        library do.
    Expect: nothing of the kind.
    When this fails: requests go around the budgets, proxies and captures, and a shutdown leaves things behind.
    Source: contract, what a plugin is
    """
    lived = await exercise.live(subject)
    own = [deed for deed in by(subject.package, lived.deeds) if deed.event not in ENVIRONMENT | BLOCKING]
    true(
        not own,
        "the plugin acts by itself",
        found=", ".join(map(str, own[:10])),
        fix="ask through `context.rest`; log through `context.logger`; keep nothing on disk",
    )
    _lived_through(lived)


@case("SECURITY-005", Tier.SECURITY, proof=Proof.VENUE)
async def nothing_of_others_is_changed(subject: Subject) -> None:
    """Functions of other modules, and settings of the whole process, are left as they are.

    Steps: compare all functions and classes of all other modules, and the settings that everybody shares, before and
        after the import in a fresh interpreter, and before and after a whole life.
    Expect: the same objects, the same values.
    When this fails: `json`, `decimal` or the core behave in another way for every venue of the process.
    Source: contract, what a plugin is
    """
    foreign = {name for names in _imported(subject).values() for name in names}
    born = newborn.of(subject, sorted(foreign))
    true(not born.changed, "the import changes what belongs to others", found=", ".join(born.changed[:10]))
    lived = await exercise.live(subject)
    true(not lived.tampered, "the plugin changes what belongs to others", found=", ".join(lived.tampered[:10]))
    _lived_through(lived)


@case("SECURITY-006", Tier.SECURITY)
def nothing_happens_at_the_import(subject: Subject) -> None:
    """Importing a plugin defines things; `arb plugins` imports all of them.

    Steps: import the plugin and ask for its card in a fresh interpreter, with an audit hook; look for threads.
    Expect: no files, sockets, processes, threads, sleeps; nothing read from the environment.
    When this fails: every command, whichever venue it is about, pays for it and is at its mercy.
    Source: contract, hooks
    """
    born = newborn.of(subject)
    own = by(subject.package, born.done())
    true(not own, "the import does things", found=", ".join(map(str, own[:10])), fix="do it in a method, or not at all")
    true(not born.threads, "the import leaves threads behind", found=", ".join(born.threads))


@case("SECURITY-007", Tier.SECURITY, proof=Proof.VENUE)
async def nothing_blocks(subject: Subject) -> None:
    """One thread decodes the frames of every venue: whoever waits in it, stops them all.

    Steps: live a whole life, with an audit hook; read the frames of the venue again, and count how often the thread
        gives itself up meanwhile.
    Expect: no sleep and no input; no more waiting than frames that would each wait.
    When this fails: a sleep, a lock, a synchronous request or a write to a disk is in `decode` or on the way to it.
    Source: performance rules
    """
    lived = await exercise.live(subject)
    own = [deed for deed in by(subject.package, lived.deeds) if deed.event in BLOCKING]
    true(not own, "the plugin waits in the event loop", found=", ".join(map(str, own[:10])), fix="await clock.sleep")
    frames, dialect = await traffic.frames(subject), subject.dialect()
    times = len(frames)
    waited = waits(lambda: traffic.read(dialect, frames))
    true(
        waited < times // 2,
        f"the thread waited {waited} times while {times} frames were read",
        fix="`decode` computes; it waits for nothing",
    )


@case("SECURITY-008", Tier.SECURITY, proof=Proof.VENUE)
async def the_environment_is_not_read(subject: Subject) -> None:
    """Settings and keys come through the context, so that two venues of one exchange can differ.

    Steps: see who reads or changes the environment, in the import and in a whole life.
    Expect: not the plugin.
    When this fails: a key that the user gave to one venue is used for another, or one that nobody gave.
    Source: contract, settings
    """
    lived = await exercise.live(subject)
    own = [
        deed for deed in by(subject.package, [*newborn.of(subject).done(), *lived.deeds]) if deed.event in ENVIRONMENT
    ]
    true(
        not own,
        "the plugin looks into the environment",
        found=", ".join(map(str, own[:10])),
        fix="a field of the card's settings struct, which ARB_<VENUE>_<FIELD> sets already",
    )
    _lived_through(lived)


@case("SECURITY-009", Tier.SECURITY, proof=Proof.VENUE)
async def no_tasks_are_started(subject: Subject) -> None:
    """Every task has an owner that ends it, and that is the core.

    Steps: live a whole life, and see whose code starts tasks.
    Expect: not the plugin's; none is left when the venue is closed.
    When this fails: retries, renewals and timers of the plugin's own run beside the core's, and after it.
    Source: contract, what a plugin is
    """
    lived = await exercise.live(subject)
    true(not lived.tasks, "the plugin starts tasks", found=", ".join(lived.tasks[:10]), fix="await it, or leave it")
    _lived_through(lived)


def _lived_through(lived: Lived) -> None:
    """Fail where the life came to an early end: what was not seen is not proved."""
    true(lived.stopped is None, "a whole life before the venue was not possible", found=lived.stopped)


def _imported(subject: Subject) -> dict[str, set[str]]:
    """Return the modules of others that each room imports."""
    return {
        name: {
            found
            for found in imports.of_module(name, entry.read_text("utf-8"), is_package=entry.name == "__init__.py")
            if found.partition(".")[0] != subject.package
        }
        for name, entry in imports.modules(subject.package)
        if ".sim" not in name
    }


def _origin(url: str) -> tuple[str, str | None, int | None]:
    address = urlsplit(url)
    return address.scheme, address.hostname, address.port or DEFAULT_PORTS.get(address.scheme)


def _shown(url: str) -> str:
    """Leave out the query: it may be a token."""
    return url.partition("?")[0]


def _texts(tree: ast.Module) -> list[tuple[str, int]]:
    """Return every text of a module that is no docstring, with its line."""
    words = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        (node.value, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in words
    ]


def _names(tree: ast.Module) -> list[tuple[str, int]]:
    """Return every name, attribute and keyword that a module uses, with its line."""
    found: list[tuple[str, int]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.append((node.id, node.lineno))
        elif isinstance(node, ast.Attribute):
            found.append((node.attr, node.lineno))
        elif isinstance(node, ast.keyword) and node.arg is not None:
            found.append((node.arg, node.value.lineno))
    return found
