"""The certificate of an instance: made for 127.0.0.1 alone, trusted by its clients and its functions alone."""

import shutil
import subprocess
from pathlib import Path

from .errors import ToolMissing

_VALIDITY_DAYS = 825


def ensure_certificate(folder: Path) -> tuple[Path, Path]:
    """The certificate and its key in the folder, made when they are not there."""
    certificate_, key = folder / "instance.crt", folder / "instance.key"
    if not (certificate_.exists() and key.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        _generate(certificate_, key)
    return certificate_, key


def _generate(certificate: Path, key: Path) -> None:
    """Self-signed and no authority: it can vouch for nobody else. A key of a curve takes no time to make."""
    openssl = shutil.which("openssl")
    if openssl is None:
        raise ToolMissing("openssl is missing, and the embedded AWS speaks https only: install the package openssl.")
    extensions = (
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "basicConstraints=critical,CA:FALSE",
        "keyUsage=critical,digitalSignature",
        "extendedKeyUsage=serverAuth",
    )
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += [
        "-keyout",
        str(key),
        "-out",
        str(certificate),
        "-days",
        str(_VALIDITY_DAYS),
        "-subj",
        "/CN=booking embedded AWS",
    ]
    command += [part for extension in extensions for part in ("-addext", extension)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolMissing(f"openssl could not make a certificate: {done.stderr.strip().splitlines()[-1]}")
    key.chmod(0o600)
