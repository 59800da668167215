"""Function packages for this machine, made from a program's packages for Lambda.

A package of our builder has a manifest and a recipe, from which an equivalent is built for this machine. Any other runs
unchanged if it is pure Python; compiled modules would be for another machine.
"""

import hashlib
import io
import threading
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from ...errors import InstanceError, ProviderError
from ...instance.function_runtime import bootstrap_script
from ..property_values import FileArchive

OWN_METADATA = "booking-embedded-"
SIGNER_METADATA = f"{OWN_METADATA}signed-by"
_PATH_METADATA, _SHA256_METADATA = f"{OWN_METADATA}path", f"{OWN_METADATA}sha256"
_EARLIEST_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_build_lock = threading.Lock()
_built_packages: dict[tuple[str, str, str], bytes] = {}


class NotRunnable(ProviderError):
    """The package cannot run on this machine."""


def build_runnable(archive: FileArchive, runtime: str, folder: Path) -> bytes:
    """Return the bytes of a zip that runs here under AWS's own client, always the same for the same package."""
    if not runtime.startswith("python"):
        raise NotRunnable(f"the embedded AWS runs functions of Python runtimes only, not {runtime}")
    if archive.path is None:
        raise NotRunnable("the embedded AWS runs code from a file or folder (FileArchive) only")
    key = (archive.hash, runtime, str(folder))
    with _build_lock:
        if key not in _built_packages:
            _built_packages[key] = _build(archive.path, runtime, folder)
        return _built_packages[key]


def package_metadata(package: Path) -> dict[str, str]:
    """Return an object's metadata with the file that it was created from."""
    return {_PATH_METADATA: quote(str(package)), _SHA256_METADATA: hashlib.sha256(package.read_bytes()).hexdigest()}


def load_from_s3(s3: Any, bucket: str, key: str, version: str | None, folder: Path) -> tuple[FileArchive, str | None]:
    """Return the package in a bucket, and its signer.

    The package is the file it was put from if unchanged, else a copy.
    """
    version_id = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}
    metadata = s3.head_object(**version_id)["Metadata"]
    original = Path(unquote(metadata.get(_PATH_METADATA, "")))
    if original.is_file() and package_metadata(original)[_SHA256_METADATA] == metadata.get(_SHA256_METADATA):
        return FileArchive(hash=metadata[_SHA256_METADATA], path=original), metadata.get(SIGNER_METADATA)
    content = s3.get_object(**version_id)["Body"].read()
    digest = hashlib.sha256(content).hexdigest()
    copy = folder / "archives" / f"{digest}.zip"
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(content)
    return FileArchive(hash=digest, path=copy), metadata.get(SIGNER_METADATA)


def code_sha256(package: bytes) -> str:
    """Return the hash that AWS calls CodeSha256."""
    import base64

    return base64.b64encode(hashlib.sha256(package).digest()).decode()


def _build(path: Path, runtime: str, folder: Path) -> bytes:
    try:
        files = _files(_for_this_machine(path))
        files["bootstrap"] = bootstrap_script(folder, runtime).encode()
    except InstanceError as error:
        raise NotRunnable(str(error)) from error
    except (OSError, zipfile.BadZipFile) as error:
        raise NotRunnable(f"the package {path} cannot be read: {error}") from error
    return _zip(files)


def _for_this_machine(path: Path) -> Path:
    if path.is_file() and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as package:
            names = package.namelist()
        if "manifest.json" in names:
            return _rebuild(path)
        compiled = [name for name in names if name.endswith((".so", ".pyd", ".dylib"))]
        if compiled:
            raise NotRunnable(
                f"the package {path} contains {compiled[0]}, compiled for another machine, and no manifest to rebuild "
                "it for this one (build it with components.build_package)"
            )
    return path


def _rebuild(package: Path) -> Path:
    # Imported late: the components import Pulumi, which takes a while.
    from components.packaging import PackageFailed, Target, rebuild_for

    try:
        return rebuild_for(package, Target.of_this_machine())
    except PackageFailed as error:
        raise NotRunnable(str(error)) from error


def _files(path: Path) -> dict[str, bytes]:
    if path.is_dir():
        found = (file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
        return {file.relative_to(path).as_posix(): file.read_bytes() for file in found}
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist() if not name.endswith("/")}


def _zip(files: dict[str, bytes]) -> bytes:
    """Return a zip with the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EARLIEST_ZIP_TIME)
            entry.external_attr = (0o755 if name == "bootstrap" else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, files[name])
    return buffer.getvalue()
