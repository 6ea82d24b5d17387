"""Cases that an author knows to fail, each with a reason, a link and a day on which the patience ends.

    # compliance-waivers.toml, beside the plugin's pyproject.toml
    [[waiver]]
    case = "STREAM-012"
    reason = "the venue answers no ping on its test network"
    link = "https://example.org/issues/7"
    expires = 2027-03-01

A waiver is strict: a case that passes in spite of it fails until the waiver is taken out, and so does one whose day has
come. A plugin with waivers is not certified.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from arb_compliance.result import Failure, Result, State

__all__ = ["Waiver", "WaiverError", "apply", "read"]


class WaiverError(ValueError):
    """The file of waivers cannot be used; the message says where."""


class Waiver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One case that may fail until `expires`."""

    case: str
    reason: str
    link: str
    expires: dt.date


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    waiver: tuple[Waiver, ...] = ()


def read(path: Path, known: Collection[str]) -> dict[str, Waiver]:
    """Return the waivers of a file by case.

    Args:
        path: a TOML file.
        known: the ids of the catalogue.

    Raises:
        WaiverError: it cannot be read, names a case twice or one that does not exist, or gives no reason or link.
    """
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=_File).waiver
    except (OSError, msgspec.MsgspecError) as error:
        raise WaiverError(f"{path}: {error}") from error
    by_case: dict[str, Waiver] = {}
    for waiver in found:
        if waiver.case not in known:
            raise WaiverError(f"{path}: there is no case {waiver.case}")
        if waiver.case in by_case:
            raise WaiverError(f"{path}: {waiver.case} is waived twice")
        if not waiver.reason.strip() or not waiver.link.startswith(("http://", "https://")):
            raise WaiverError(f"{path}: the waiver of {waiver.case} needs a reason and a link")
        by_case[waiver.case] = waiver
    return by_case


def apply(result: Result, waivers: Mapping[str, Waiver], today: dt.date) -> Result:
    """Return the result as a waiver makes it."""
    waiver = waivers.get(result.case)
    if waiver is None or result.state in {State.NOT_ASKED, State.NOT_PROVED}:
        return result
    if result.state is State.PASSED:
        message = "passes, although it is waived"
        return _failed(result, Failure(message=message, fix="take the waiver out of the file"))
    if today >= waiver.expires:
        failure = result.failure or Failure(message="failed")
        message = f"{failure.message} (its waiver expired on {waiver.expires})"
        return _failed(result, msgspec.structs.replace(failure, message=message))
    return msgspec.structs.replace(result, state=State.WAIVED, why=f"{waiver.reason} ({waiver.link})")


def _failed(result: Result, failure: Failure) -> Result:
    return msgspec.structs.replace(result, state=State.FAILED, failure=failure)
