"""The embedded AWS's own issuer of access tokens, for APIs of stages without an issuer.

Its address does not resolve: the embedded API Gateway reads the public key from the instance's folder. The private key
never leaves that folder, so an instance's tokens are invalid at every other instance and in AWS.
"""

import base64
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

BOOKING: Final = "booking"
"""The project whose stages get an issuer here if they have none: the booking program's."""
OWN_ISSUER: Final = "https://tokens.booking.invalid"
OWN_AUDIENCE: Final = "booking"
_KEY_ID: Final = "embedded"
TOKEN_LIFE: Final = timedelta(hours=1)


def default_api_config(values: Mapping[str, object]) -> dict[str, str]:
    """Return the configuration that gives a stage of the booking program an API here if it has no issuer.

    An EXPRESS machine gets none by default, because its executions may take longer than a call waits.
    """
    names_audiences = values.get("booking:apiAudiences") not in (None, "", "[]", [])
    if values.get("booking:apiIssuer") or names_audiences or values.get("booking:workflowType") == "EXPRESS":
        return {}
    return {"booking:apiIssuer": OWN_ISSUER, "booking:apiAudiences": json.dumps([OWN_AUDIENCE])}


def issue_token(folder: Path, subject: str, roles: Sequence[str], life: timedelta = TOKEN_LIFE) -> str:
    """Return an access token (RFC 9068) of the instance in `folder` for a person with these roles."""
    now = int(time.time())
    claims = {
        "iss": OWN_ISSUER,
        "sub": subject,
        "aud": OWN_AUDIENCE,
        "iat": now,
        "exp": now + int(life.total_seconds()),
        "jti": secrets.token_hex(8),
        "groups": list(roles),
    }
    return sign_token(folder, {"typ": "at+jwt"}, claims)


def sign_token(folder: Path, header: Mapping[str, object], claims: Mapping[str, object]) -> str:
    """Return any token, signed with the instance's key; tests use it for invalid ones."""
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.hashes import SHA256

    parts = ({"alg": "RS256", "kid": _KEY_ID, **header}, claims)
    text = ".".join(_encode(json.dumps(part).encode()) for part in parts)
    signature = _private_key(folder).sign(text.encode(), padding.PKCS1v15(), SHA256())
    return f"{text}.{_encode(signature)}"


def public_keys_file(folder: Path) -> Path:
    """Return the file with the public key, as a JSON web key set."""
    return folder / "issuer" / "jwks.json"


def create_keys(folder: Path) -> None:
    """Create the instance's keys, unless it has them."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    if public_keys_file(folder).exists():
        return
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    new = Path(tempfile.mkdtemp(dir=folder, prefix="issuer-"))
    _write(new / "key.pem", pem)
    _write(new / "jwks.json", json.dumps({"keys": [_public_key(key)]}).encode())
    try:
        new.rename(folder / "issuer")
    except OSError:  # another process was first, and its keys are used
        shutil.rmtree(new)


def _public_key(key: "RSAPrivateKey") -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    modulus, exponent = (_encode(n.to_bytes((n.bit_length() + 7) // 8, "big")) for n in (numbers.n, numbers.e))
    return {"kty": "RSA", "kid": _KEY_ID, "alg": "RS256", "use": "sig", "n": modulus, "e": exponent}


def _private_key(folder: Path) -> "RSAPrivateKey":
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    create_keys(folder)
    key = load_pem_private_key((folder / "issuer" / "key.pem").read_bytes(), password=None)
    assert isinstance(key, RSAPrivateKey)
    return key


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
