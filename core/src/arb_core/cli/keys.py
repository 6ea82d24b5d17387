"""Keys on the command line: found where they are kept, known to the log so that it blots them out, held by one process.

Entered by `doctor`, and by what hands keys out: `run --live` and `reconcile`.
"""

from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager

from arb_core.cli.findings import Finding, State
from arb_core.cli.options import keep_secret
from arb_core.config import load_credentials, variable
from arb_core.errors import KeyInUse, SettingsError
from arb_core.structs.account import Credentials
from arb_core.structs.market import VenueName

__all__ = ["KeyRing"]


class KeyRing:
    """The keys of one run, by venue; called with a venue's name it finds the key."""

    def __init__(self) -> None:
        """Begin without keys."""
        self.found: dict[VenueName, Credentials] = {}
        self._broken: dict[VenueName, str] = {}

    def __call__(self, name: VenueName) -> Credentials | None:
        """Find the key of a venue; None where there is none or it cannot be read, which `missing` tells."""
        try:
            credentials = load_credentials(name)
        except SettingsError as error:
            self._broken[name] = str(error)
            return None
        if credentials is not None:
            keep_secret(credentials.api_key, credentials.api_secret, credentials.api_passphrase)
            self.found[name] = credentials
        return credentials

    def broken(self) -> list[Finding]:
        """Say which keys are there and cannot be read."""
        return [Finding(check="key", venue=name, state="failed", detail=why) for name, why in self._broken.items()]

    def missing(self, names: Iterable[VenueName]) -> list[Finding]:
        """Say which venues have no key."""
        return [
            Finding(
                check="key",
                venue=name,
                state="failed",
                detail=f"none was found: set {variable(name, 'api_key')} and {variable(name, 'api_secret')}, or "
                "ARB_CREDENTIALS_FILE, or leave the venue out; docs/how-to/keys.md has the ways",
            )
            for name in names
            if name not in self.found and name not in self._broken
        ]

    @contextmanager
    def held(
        self, exchanges: Iterable[tuple[VenueName, str]], *, elsewhere: State = "failed"
    ) -> Generator[list[Finding]]:
        """Keep every other process of this user from trading with these keys during the block.

        Args:
            exchanges: venue and the id of its exchange.
            elsewhere: what it means that somebody else trades with one: to who only looks, nothing bad.

        Yields:
            Which of them somebody else holds.
        """
        from arb_core.engine.journal.locks import KeyLock, fingerprint_of, lock_folder

        taken: list[Finding] = []
        with ExitStack() as stack:
            for name, exchange in exchanges:
                if name not in self.found:
                    continue
                try:
                    stack.enter_context(KeyLock(lock_folder(), exchange, fingerprint_of(self.found[name].api_key)))
                except KeyInUse as error:
                    cure = "stop it, or give each process a key of its own"
                    detail = f"{error}: {cure}"
                    if elsewhere == "ok":
                        who = "another process" if error.pid is None else f"pid {error.pid}"
                        detail = f"held by {who}, which runs"
                    taken.append(Finding(check="key lock", venue=name, state=elsewhere, detail=detail))
            yield taken
