"""Tier wire: errors in the venue's words become errors of the contract."""

from arb_core.errors import ExchangeAPIError, ExchangeUnavailable, OutcomeUnknown, Rejected

from arb_compliance.case import Proof, Tier, case
from arb_compliance.expect import NotProved, equal, fail, true
from arb_compliance.forms import form_of
from arb_compliance.reading import Reader
from arb_compliance.samples import Sample
from arb_compliance.subject import Subject

__all__ = ["errors_are_told_by_what_to_do_next", "trouble_of_the_venue_is_no_refusal", "unheard_codes_keep_their_code"]

UNHEARD = 987654321
UNHEARD_WORD = "ZZ_UNHEARD"
"""Codes that no venue documents."""

PAGE = b"<html><head><title>502 Bad Gateway</title></head><body></body></html>"

ASKING = ("get_", "ping")


@case("WIRE-013", Tier.WIRE, proof=Proof.SAMPLES)
async def errors_are_told_by_what_to_do_next(subject: Subject) -> None:
    """Each sample of an error becomes the class that it stands for, with the venue's own code.

    Steps: answer the sample's method with the error, at the sample's HTTP status.
    Expect: exactly the class of `arb_core.errors`, `api_code` as the venue wrote it.
    When this fails: a refused order counts as unknown, or worse: an order whose fate is unknown counts as refused.
    Source: contract, errors
    """
    reader = Reader(subject)
    errors = subject.samples.errors()
    if not errors:
        raise NotProved("no sample shows an error")
    for sample in errors:
        error = await _raised(reader, sample, sample.body)
        true(
            type(error).__name__ == sample.error and error.api_code is not None,
            f"{sample.name}: expected {sample.error}",
            frame=sample.body,
            found=f"{type(error).__name__}: {error}",
            fix="the table of codes in faults.py",
        )
        equal(str(error.api_code), sample.code, f"{sample.name}: the venue's code is lost", frame=sample.body)


@case("WIRE-014", Tier.WIRE, proof=Proof.SAMPLES)
async def unheard_codes_keep_their_code(subject: Subject) -> None:
    """An error with a code that nobody documents is an error all the same, of no special kind, and keeps its code.

    Steps: each sample of an error with another code, at HTTP 400.
    Expect: `Rejected` or a plain `ExchangeAPIError` with that code as `api_code`.
    When this fails: a new code of the venue crashes the plugin, counts as a success, or as an error that it is not.
    Source: contract, errors
    """
    reader = Reader(subject)
    tried = 0
    for sample in subject.samples.errors():
        for body, code in _with_other_code(sample):
            error = await _raised(reader, sample, body, status=400)
            true(
                type(error) in (Rejected, ExchangeAPIError),
                f"{sample.name}: an unheard code means {type(error).__name__}",
                frame=body,
                found=error,
            )
            equal(str(error.api_code), code, f"{sample.name}: the venue's code is lost", frame=body)
            tried += 1
    if not tried:
        raise NotProved("no sample shows an error with a code")


@case("WIRE-016", Tier.WIRE, proof=Proof.SAMPLES)
async def trouble_of_the_venue_is_no_refusal(subject: Subject) -> None:
    """A page of a proxy is nobody's answer: a question fails as unavailable, an order's fate is unknown.

    Steps: answer each method of the samples with an HTML page and HTTP 502, then with HTTP 504 and nothing.
    Expect: `ExchangeUnavailable` for what only asks, `OutcomeUnknown` for what places an order.
    When this fails: an order that stands is counted as refused, and sent again.
    Source: contract, errors
    """
    reader = Reader(subject)
    tried: set[str] = set()
    for sample in subject.samples:
        method = sample.call.method if sample.call else None
        if method is None or method in tried or not (method.startswith(ASKING) or method == "place_order"):
            continue
        tried.add(method)
        wanted = OutcomeUnknown if method == "place_order" else ExchangeUnavailable
        for body, status in ((PAGE, 502), (b"", 504)):
            error = await _raised(reader, sample, body, status=status)
            equal(type(error), wanted, f"{method}: HTTP {status} is not {wanted.__name__}", frame=body)
    if not tried:
        raise NotProved("no sample shows an answer")


async def _raised(reader: Reader, sample: Sample, body: bytes, *, status: int | None = None) -> ExchangeAPIError:
    try:
        value = await reader.value(sample, body, status=status)
    except ExchangeAPIError as error:
        return error
    except Exception as error:
        raise fail(f"{sample.name}: no error of the exchange", frame=body, found=repr(error)) from error
    raise fail(f"{sample.name}: an error is read as a success", frame=body, found=value)


def _with_other_code(sample: Sample) -> list[tuple[bytes, str]]:
    form = form_of(sample)
    if form is None:
        return []
    for path, value in form.fields():
        if not isinstance(value, bool) and isinstance(value, int | str) and str(value) == sample.code:
            # A code that is written in digits stays one.
            other = str(UNHEARD) if str(value).lstrip("-").isdecimal() else UNHEARD_WORD
            body = form.with_value(path, other if isinstance(value, str) else int(other))
            return [] if body is None else [(body, other)]
    return []
