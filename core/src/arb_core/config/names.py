"""How venues and their keys are called in variables, keyrings and files."""

__all__ = ["SECRETS", "variable"]

SECRETS = ("api_key", "api_secret", "api_passphrase")
"""The parts of a key; the last one only where a venue has one."""


def variable(venue: str, field: str) -> str:
    """Return the name of the variable that sets one field of a venue: `ARB_MEXC_REST_URL`."""
    return f"ARB_{venue.upper().replace('-', '_')}_{field.upper()}"
