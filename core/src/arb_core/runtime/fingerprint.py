"""What may be shown and stored of an API key."""

import hashlib

__all__ = ["fingerprint_of"]


def fingerprint_of(api_key: str) -> str:
    """Return 16 hexadecimal digits that tell keys apart and do not lead back to one."""
    return hashlib.sha256(f"arb:{api_key}".encode()).hexdigest()[:16]
