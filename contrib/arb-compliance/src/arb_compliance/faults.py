"""What a plugin takes for an error: its own table, as it hands it to the core. Entered by the cases about refusals."""

from typing import Any, cast

from arb_core.errors import RateLimitError
from arb_core.interfaces.context import FaultReader, RestAnswer, Signer
from arb_core.runtime.context import Context
from arb_core.runtime.rest import Rest
from arb_core.structs.account import Credentials
from arb_sim.venue import Response

from arb_compliance.expect import fail
from arb_compliance.subject import Subject

__all__ = ["REFUSALS", "asks_too_much", "fault_reader"]

REFUSALS = (429, 418)
"""HTTP statuses: wait, and banned."""


def fault_reader(subject: Subject, *, private: bool = True) -> FaultReader:
    """Return what reads the plugin's errors, as it hands it to the core."""
    context = subject.context()
    rest = _Overheard(context.rest)
    heard = Context(
        venue=context.venue,
        clock=context.clock,
        rest=cast("Rest", rest),
        settings=context.settings,
        markets=context.markets,
        logger=context.logger,
    )
    if private:
        nobody = Credentials(api_key="a" * 32, api_secret="b" * 32, api_passphrase="c")  # noqa: S106 (opens nothing)
        subject.registry.private(subject.exchange, heard, nobody)
    else:
        subject.registry.public(subject.exchange, heard)
    if rest.read_fault is None:
        raise fail("nothing reads the venue's errors", fix="context.rest.bind(faults.read, ...)")
    return rest.read_fault


def asks_too_much(read_fault: FaultReader, answer: RestAnswer | Response) -> bool:
    """Return whether an answer says that too much was asked: by its status, or by what the plugin's table makes of it.

    Raises:
        CaseFailed: it is such a one by its status, and no error to the plugin.
    """
    heard = RestAnswer(status=answer.status, headers=dict(answer.headers), body=answer.body, received_ns=0)
    fault = read_fault(heard)
    if answer.status in REFUSALS and fault is None:
        raise fail(f"the simulated venue's {answer.status} is no error to the plugin", frame=answer.body)
    return answer.status in REFUSALS or isinstance(fault, RateLimitError)


class _Overheard:
    """A REST client that keeps what it is bound to."""

    def __init__(self, inner: Any) -> None:
        self.read_fault: FaultReader | None = None
        self._inner = inner

    def bind(self, read_fault: FaultReader, sign: Signer | None = None) -> Any:
        self.read_fault = read_fault
        return self._inner.bind(read_fault, sign)
