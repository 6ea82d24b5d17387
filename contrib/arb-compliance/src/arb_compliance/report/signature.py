"""Signatures of reports: who says so, for whoever has the public key.

Ed25519, by `cryptography` (the extra `sign`). Signed is the whole report without its signature, as JSON with its keys
in order, so that it may be printed and stored in any way.

    openssl genpkey -algorithm ed25519 -out report.key && openssl pkey -in report.key -pubout -out report.pub
"""

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import msgspec
from arb_core.errors import SettingsError

from arb_compliance.report.document import Report

__all__ = ["is_sealed_by", "seal"]


def seal(report: Report, key: Path) -> Report:
    """Return the report with a signature.

    Raises:
        SettingsError: the file is no private Ed25519 key in PEM, or `cryptography` is not installed.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        private = load_pem_private_key(key.read_bytes(), password=None)
    except ImportError as error:
        raise _missing(error) from error
    except (OSError, ValueError, TypeError) as error:
        raise SettingsError(f"no private key in PEM: {error}", path=str(key)) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise SettingsError("expected an Ed25519 key: openssl genpkey -algorithm ed25519", path=str(key))
    document = msgspec.to_builtins(report)
    return msgspec.structs.replace(report, signature=b64encode(private.sign(_signed(document))).decode())


def is_sealed_by(document: dict[str, Any], key: Path) -> bool:
    """Whether a report, as JSON reads it, bears the signature of this public key and was not changed since.

    Raises:
        SettingsError: the file is no public Ed25519 key in PEM, or `cryptography` is not installed.
    """
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        public = load_pem_public_key(key.read_bytes())
    except ImportError as error:
        raise _missing(error) from error
    except (OSError, ValueError) as error:
        raise SettingsError(f"no public key in PEM: {error}", path=str(key)) from error
    if not isinstance(public, Ed25519PublicKey):
        raise SettingsError("expected an Ed25519 key", path=str(key))
    try:
        public.verify(b64decode(document.get("signature") or ""), _signed(document))
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed(document: dict[str, Any]) -> bytes:
    bare = {name: value for name, value in document.items() if name != "signature"}
    return msgspec.json.encode(bare, order="sorted")


def _missing(error: ImportError) -> SettingsError:
    return SettingsError(f"{error}; signatures need the extra: pip install 'arb-compliance[sign]'", key="--key")
