"""Build the zip of a function from a folder and a hashed lock file: the same sources give the same bytes, anywhere.

`manifest.json` at the root of a package names its sources, and a recipe beside it lets the embedded AWS build the same
package for this machine (`rebuild_for`). Packages and installed wheels are kept in `.build/packages/` and reused.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

HANDLERS = Path(__file__).parents[1] / "handlers"
_MANIFEST = "manifest.json"
_EARLIEST_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can store
_MAX_KEPT_PACKAGES = 10
_UNUSED_IN_WHEELS = ("__pycache__", "bin", "*.pyi", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "sboms")
_UNUSED_IN_FOLDERS = ("*.pyc", "*.pyi", "*.lock", "requirements*.in", "requirements*.txt")
_LINUX_MACHINE = {"arm64": "aarch64", "x86_64": "x86_64"}


class PackageFailed(Exception):
    """A package could not be built; the message names the step that failed and its error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The machine and interpreter that a package is for."""

    system: str
    machine: str
    python: str

    @classmethod
    def of_lambda(cls, architecture: str, python: str = "3.13") -> Self:
        """Return Lambda's Amazon Linux on `architecture` (arm64 or x86_64)."""
        return cls(system="lambda", machine=_LINUX_MACHINE[architecture], python=python)

    @classmethod
    def of_this_machine(cls) -> Self:
        """Return this machine and this interpreter."""
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        return cls(system=platform.system().lower(), machine=platform.machine().lower(), python=python)

    def __str__(self) -> str:
        return f"{self.system}-{self.machine}-python{self.python}"

    def pip_options(self) -> list[str]:
        """Return the options that make pip select wheels for this target."""
        if self.system != "lambda":
            return []
        platforms = [f"manylinux2014_{self.machine}", f"manylinux_2_17_{self.machine}"]
        named = [option for each in platforms for option in ("--platform", each)]
        return [*named, "--implementation", "cp", "--python-version", self.python]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The contents of a package: the files below `folder`, importable as `name`, and the wheels that `lock` pins."""

    name: str
    folder: Path
    lock: Path | None

    def sources(self) -> list[Path]:
        """Return the files to pack: modules and data, but no tests, caches, requirements or hidden files."""
        paths = (path for path in self.folder.rglob("*") if path.is_file())
        found = sorted(path for path in paths if self._is_packed(path.relative_to(self.folder)))
        if not any(path.suffix == ".py" for path in found):
            raise PackageFailed(f"{self.folder} must contain a Python module to pack.")
        return found

    def digest(self) -> str:
        """Return the SHA-256 of the names and contents of everything in the package."""
        digest = hashlib.sha256()
        for path in [*self.sources(), *([self.lock] if self.lock else [])]:
            content = path.read_bytes()
            digest.update(
                f"{path.name if path == self.lock else path.relative_to(self.folder)} {len(content)}\n".encode()
            )
            digest.update(content)
        return digest.hexdigest()

    def _is_packed(self, path: Path) -> bool:
        hidden = any(part.startswith(".") or part in ("__pycache__", "tests") for part in path.parts)
        unused = path.name.startswith(("test_", "conftest")) or any(map(path.match, _UNUSED_IN_FOLDERS))
        return not hidden and not unused


def handlers_package(architecture: str = "arm64", python: str = "3.13") -> Path:
    """Build the package of our functions for Lambda."""
    return build_package("handlers", HANDLERS, HANDLERS / "requirements.lock", Target.of_lambda(architecture, python))


def local_package() -> Path:
    """Build the package of our functions for this machine and this interpreter."""
    return build_package("handlers", HANDLERS, HANDLERS / "requirements.lock", Target.of_this_machine())


def build_package(name: str, folder: Path, lock: Path | None, target: Target, cache_folder: Path | None = None) -> Path:
    """Build a zip of the files in `folder`, importable as `name`, with the wheels that `lock` pins, for `target`.

    Raises:
        PackageFailed: the folder has no modules, or a pinned wheel is not available for the target.
    """
    return _build(Recipe(name=name, folder=folder, lock=lock), target, cache_folder or _default_cache_folder())


def rebuild_for(package: Path, target: Target) -> Path:
    """Rebuild a package of `build_package` for another target.

    Raises:
        PackageFailed: `package` was not built here by it, or a pinned wheel is not available for the target.
    """
    try:
        recipe = json.loads(_recipe_file(package).read_text())
    except FileNotFoundError:
        raise PackageFailed(f"{package} has no recipe beside it: it was not built here by build_package") from None
    lock = recipe["lock"] and Path(recipe["lock"])
    return build_package(recipe["name"], Path(recipe["folder"]), lock, target, package.parent)


def _build(recipe: Recipe, target: Target, cache_folder: Path) -> Path:
    digest = recipe.digest()
    package = cache_folder / f"{recipe.name}-{target}-{digest[:16]}.zip"
    if package.exists() and _recipe_file(package).exists():
        return package
    cache_folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_folder, prefix=".making-") as folder:
        root = Path(folder, "root")
        _assemble(root, recipe, target, cache_folder)
        manifest = {"schema": 1, "name": recipe.name, "target": str(target), "sources": digest}
        (root / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
        _write_zip(root, Path(folder, "zip"))
        _write_recipe(package, recipe)
        Path(folder, "zip").replace(package)
    _delete_old(cache_folder, f"{recipe.name}-{target}-")
    return package


def _assemble(root: Path, recipe: Recipe, target: Target, cache_folder: Path) -> None:
    if recipe.lock:
        shutil.copytree(_install_wheels(recipe.lock, target, cache_folder), root)
    for source in recipe.sources():
        destination = root / recipe.name / source.relative_to(recipe.folder)
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, destination)
    _compile(root, target)


def _install_wheels(lock: Path, target: Target, cache_folder: Path) -> Path:
    """Return a folder with the wheels that `lock` pins, installed for `target`."""
    installed = cache_folder / f"wheels-{target}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    if installed.exists():
        return installed
    with tempfile.TemporaryDirectory(dir=cache_folder, prefix=".installing-") as folder:
        root = Path(folder, "root")
        pinned_options = ["--require-hashes", "--only-binary", ":all:", "--no-deps", "--no-compile"]
        quiet_options = [
            "--quiet",
            "--disable-pip-version-check",
            "--no-warn-conflicts",
            "--root-user-action",
            "ignore",
        ]
        source_options = ["--target", str(root), "--requirement", str(lock)]
        pip = [
            sys.executable,
            "-m",
            "pip",
            "install",
            *quiet_options,
            *pinned_options,
            *target.pip_options(),
            *source_options,
        ]
        _run(pip, f"installing the wheels of {lock.name} for {target}")
        _remove_unused(root)
        if not installed.exists():
            root.replace(installed)
    return installed


def _remove_unused(root: Path) -> None:
    for path in [found for pattern in _UNUSED_IN_WHEELS for found in root.rglob(pattern)]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _compile(root: Path, target: Target) -> None:
    """Add byte code for this machine, so that functions in the embedded AWS start faster.

    Packages for Lambda have none: they would differ between machines with and without Lambda's interpreter, so every
    deployment from another machine would publish a new version (docs/adr/0009-packages-without-byte-code.md).
    """
    if target.system == "lambda":
        return
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", "/var/task"]
    _run([sys.executable, "-m", "compileall", *options, str(root)], f"compiling for {target}")


def _write_zip(root: Path, package: Path) -> None:
    """Write a zip with sorted names, a fixed time and two file modes, independent of when and where it is built."""
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), _EARLIEST_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, on every machine
            entry.external_attr = (0o100755 if ".so" in path.suffixes else 0o100644) << 16
            archive.writestr(entry, path.read_bytes())


def _run(command: list[str], step: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    completed = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=600)
    if completed.returncode:
        raise PackageFailed(f"{step} failed: {(completed.stderr or completed.stdout).strip()[-2000:]}")


def _write_recipe(package: Path, recipe: Recipe) -> None:
    lock = str(recipe.lock.resolve()) if recipe.lock else None
    fields = {"name": recipe.name, "folder": str(recipe.folder.resolve()), "lock": lock}
    _recipe_file(package).write_text(json.dumps(fields))


def _delete_old(cache_folder: Path, prefix: str) -> None:
    """Keep only the newest packages; older ones can be rebuilt."""
    packages = sorted(cache_folder.glob(f"{prefix}*.zip"), key=lambda package: package.stat().st_mtime, reverse=True)
    for package in packages[_MAX_KEPT_PACKAGES:]:
        package.unlink(missing_ok=True)
        _recipe_file(package).unlink(missing_ok=True)


def _recipe_file(package: Path) -> Path:
    return package.with_suffix(".recipe.json")


def _default_cache_folder() -> Path:
    """Return `.build/packages` of the checkout, or of the working directory if this is installed as a wheel."""
    checkout = HANDLERS.parent
    return (checkout if (checkout / "Pulumi.yaml").exists() else Path.cwd()) / ".build" / "packages"
