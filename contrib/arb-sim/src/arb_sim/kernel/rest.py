"""Small change of HTTP: what every venue's request handling needs."""

from urllib.parse import unquote_plus

import msgspec

from arb_sim.venue import Request, Response

__all__ = ["Refusal", "json", "number", "parameters"]

_JSON = {"content-type": "application/json"}


class Refusal(Exception):
    """A request that the venue refuses; `response` is how it says so."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def parameters(request: Request) -> dict[str, str]:
    """Decode a query; of a name that comes twice the last counts."""
    found: dict[str, str] = {}
    for part in request.query.split("&"):
        if part:
            name, _, value = part.partition("=")
            found[unquote_plus(name)] = unquote_plus(value)
    return found


def json(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer in JSON, without spaces, as the venues do."""
    return Response(status=status, headers=_JSON | (headers or {}), body=msgspec.json.encode(body))


def number(text: str | None, default: int | None, *, most: int | None = None) -> int | None:
    """Read a whole number at least 0; a larger one than `most` is cut down to it.

    Raises:
        ValueError: it is something else.
    """
    if text is None or text == "":
        return default
    value = int(text)
    if value < 0:
        raise ValueError(f"expected a number at least 0, found {text!r}")
    return value if most is None else min(value, most)
