"""The zip that a function is made of: the modules of a folder and a hashed lock; same sources, same bytes.

A package says what it was made from (`manifest.json` at its root) and has its recipe beside it, so that the embedded
AWS can make the like for this machine (`same_for`). Packages and installed wheels are kept in `.build/packages/`;
what did not change is not made again.
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
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a zip can hold
_KEPT = 10
_UNUSED_IN_WHEELS = ("__pycache__", "bin", "*.pyi", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "sboms")
_LINUX_MACHINE = {"arm64": "aarch64", "x86_64": "x86_64"}


class PackageFailed(Exception):
    """A package could not be made; the message says which step failed and what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The machine and interpreter that a package is for."""

    system: str
    machine: str
    python: str

    @classmethod
    def of_lambda(cls, architecture: str, python: str = "3.13") -> Self:
        """Lambda's Amazon Linux on `architecture` (arm64 or x86_64)."""
        return cls(system="lambda", machine=_LINUX_MACHINE[architecture], python=python)

    @classmethod
    def of_this_machine(cls) -> Self:
        """This machine and this interpreter."""
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        return cls(system=platform.system().lower(), machine=platform.machine().lower(), python=python)

    def __str__(self) -> str:
        return f"{self.system}-{self.machine}-python{self.python}"

    def pip_options(self) -> list[str]:
        """What pip is told, so that it takes wheels for this target."""
        if self.system != "lambda":
            return []
        platforms = [f"manylinux2014_{self.machine}", f"manylinux_2_17_{self.machine}"]
        named = [option for each in platforms for option in ("--platform", each)]
        return [*named, "--implementation", "cp", "--python-version", self.python]

    def interpreter(self) -> str | None:
        """An interpreter of this target's version that runs here, to compile byte code with."""
        if self.system != "lambda":
            return sys.executable
        found = shutil.which(f"python{self.python}")
        asked = found and subprocess.run([found, "-c", ""], capture_output=True, check=False, timeout=60)
        return found if asked and asked.returncode == 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a package is made of: the modules below `folder`, importable as `name`, and the wheels that `lock` pins."""

    name: str
    folder: Path
    lock: Path | None

    def sources(self) -> list[Path]:
        """The modules that are packed: every one in the folder but tests; no caches, no data, no hidden files."""
        found = sorted(path for path in self.folder.rglob("*.py") if self._is_packed(path.relative_to(self.folder)))
        if not found:
            raise PackageFailed(f"{self.folder} has no Python modules to pack")
        return found

    def digest(self) -> str:
        """SHA-256 over names and contents of all that goes in."""
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
        return not hidden and not path.name.startswith(("test_", "conftest"))


def handlers_package(architecture: str = "arm64", python: str = "3.13") -> Path:
    """The package of our functions for Lambda."""
    return build_package("handlers", HANDLERS, HANDLERS / "requirements.lock", Target.of_lambda(architecture, python))


def local_package() -> Path:
    """The package of our functions for this machine and this interpreter."""
    return build_package("handlers", HANDLERS, HANDLERS / "requirements.lock", Target.of_this_machine())


def build_package(name: str, folder: Path, lock: Path | None, target: Target, shelf: Path | None = None) -> Path:
    """A zip of the modules in `folder`, importable as `name`, with the wheels that `lock` pins, for `target`.

    Raises:
        PackageFailed: the folder has no modules, or a pinned wheel cannot be had for the target.
    """
    return _build(Recipe(name=name, folder=folder, lock=lock), target, shelf or _shelf())


def same_for(package: Path, target: Target) -> Path:
    """The package that `build_package` made, made again for another target.

    Raises:
        PackageFailed: `package` was not made by it here, or a pinned wheel cannot be had for the target.
    """
    try:
        recipe = json.loads(_recipe_file(package).read_text())
    except FileNotFoundError:
        raise PackageFailed(f"{package} has no recipe beside it: build_package did not make it here") from None
    lock = recipe["lock"] and Path(recipe["lock"])
    return build_package(recipe["name"], Path(recipe["folder"]), lock, target, package.parent)


def _build(recipe: Recipe, target: Target, shelf: Path) -> Path:
    digest = recipe.digest()
    package = shelf / f"{recipe.name}-{target}-{digest[:16]}.zip"
    if package.exists() and _recipe_file(package).exists():
        return package
    shelf.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=shelf, prefix=".making-") as folder:
        root = Path(folder, "root")
        _lay_out(root, recipe, target, shelf)
        manifest = {"schema": 1, "name": recipe.name, "target": str(target), "sources": digest}
        (root / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
        _pack(root, Path(folder, "zip"))
        _write_recipe(package, recipe)
        Path(folder, "zip").replace(package)
    _forget_old(shelf, f"{recipe.name}-{target}-")
    return package


def _lay_out(root: Path, recipe: Recipe, target: Target, shelf: Path) -> None:
    if recipe.lock:
        shutil.copytree(_wheels(recipe.lock, target, shelf), root)
    for source in recipe.sources():
        placed = root / recipe.name / source.relative_to(recipe.folder)
        placed.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, placed)
    _compile(root, target)


def _wheels(lock: Path, target: Target, shelf: Path) -> Path:
    """A folder with what `lock` pins, installed for `target`."""
    installed = shelf / f"wheels-{target}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    if installed.exists():
        return installed
    with tempfile.TemporaryDirectory(dir=shelf, prefix=".installing-") as folder:
        root = Path(folder, "root")
        only_pinned = ["--require-hashes", "--only-binary", ":all:", "--no-deps", "--no-compile"]
        quiet = ["--quiet", "--disable-pip-version-check", "--no-warn-conflicts", "--root-user-action", "ignore"]
        where = ["--target", str(root), "--requirement", str(lock)]
        pip = [sys.executable, "-m", "pip", "install", *quiet, *only_pinned, *target.pip_options(), *where]
        _run(pip, f"installing the wheels of {lock.name} for {target}")
        _leave_out_unused(root)
        if not installed.exists():
            root.replace(installed)
    return installed


def _leave_out_unused(root: Path) -> None:
    for path in [found for pattern in _UNUSED_IN_WHEELS for found in root.rglob(pattern)]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _compile(root: Path, target: Target) -> None:
    """Byte code that is never checked against its source, so that a cold start neither compiles nor looks."""
    interpreter = target.interpreter()
    if interpreter is None:
        print(
            f"No python{target.python} runs here, so the package has no byte code and starts slower.", file=sys.stderr
        )
        return
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", "/var/task"]
    _run([interpreter, "-m", "compileall", *options, str(root)], f"compiling for {target}")


def _pack(root: Path, package: Path) -> None:
    """Sorted names, one time, two modes: nothing in the zip depends on when or where it was made."""
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever it is made
            entry.external_attr = (0o100755 if ".so" in path.suffixes else 0o100644) << 16
            archive.writestr(entry, path.read_bytes())


def _run(command: list[str], step: str) -> None:
    steady = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=steady, timeout=600)
    if done.returncode:
        raise PackageFailed(f"{step} failed: {(done.stderr or done.stdout).strip()[-2000:]}")


def _write_recipe(package: Path, recipe: Recipe) -> None:
    lock = str(recipe.lock.resolve()) if recipe.lock else None
    told = {"name": recipe.name, "folder": str(recipe.folder.resolve()), "lock": lock}
    _recipe_file(package).write_text(json.dumps(told))


def _forget_old(shelf: Path, prefix: str) -> None:
    """Keep the packages that were made last; an older one is made again when it is wanted."""
    made = sorted(shelf.glob(f"{prefix}*.zip"), key=lambda package: package.stat().st_mtime, reverse=True)
    for package in made[_KEPT:]:
        package.unlink(missing_ok=True)
        _recipe_file(package).unlink(missing_ok=True)


def _recipe_file(package: Path) -> Path:
    return package.with_suffix(".recipe.json")


def _shelf() -> Path:
    """`.build/packages` of the checkout; of the working directory where this is installed as a wheel."""
    checkout = HANDLERS.parent
    return (checkout if (checkout / "Pulumi.yaml").exists() else Path.cwd()) / ".build" / "packages"
