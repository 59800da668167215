"""Function packages: the same bytes from the same sources, with what they need and nothing else."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from components.packaging import (
    HANDLERS,
    PackageFailed,
    Target,
    build_package,
    handlers_package,
    local_package,
    rebuild_for,
)

HERE = Target.of_this_machine()
LAMBDA = Target.of_lambda("arm64")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A platform team's folder of handlers, with what must not ship beside it."""
    root = tmp_path / "work"
    for name in (
        "app.py",
        "inner/__init__.py",
        "inner/deep.py",
        "tests/test_app.py",
        "__pycache__/app.py",
        ".hidden/x.py",
        "requirements.lock",
        "requirements.in",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"NAME = {name!r}\n")
    (root / "inner" / "rates.json").write_text("{}")
    return root


def built(folder: Path, shelf: str, target: Target = LAMBDA) -> Path:
    """A package of the folder on a shelf of its own."""
    return build_package("work", folder, None, target, folder.parent / shelf)


def test_the_same_sources_give_the_same_bytes(folder: Path) -> None:
    """Wherever and whenever it is made."""
    one, two = built(folder, "one", HERE), built(folder, "two", HERE)
    assert (one.name, one.read_bytes()) == (two.name, two.read_bytes())


def test_a_changed_source_gives_another_package(folder: Path) -> None:
    """And the name says so."""
    before = built(folder, "shelf")
    (folder / "app.py").write_text("NAME = 'changed'\n")
    assert before.name != built(folder, "shelf").name


def test_a_package_holds_modules_data_and_a_manifest_and_nothing_else(folder: Path) -> None:
    """No tests, caches, requirements or hidden files."""
    with zipfile.ZipFile(built(folder, "shelf", HERE)) as package:
        names = [name for name in package.namelist() if not name.endswith(".pyc")]
        manifest = json.loads(package.read("manifest.json"))
    assert names == [
        "manifest.json",
        *("work/app.py", "work/inner/__init__.py", "work/inner/deep.py", "work/inner/rates.json"),
    ]
    assert (1, "work", str(HERE)) == (manifest["schema"], manifest["name"], manifest["target"])
    assert len(manifest["sources"]) == 64


def test_packages_for_lambda_are_the_same_with_and_without_its_interpreter(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A python3.13 on PATH, as on some laptops, changes no byte: a deployment would publish new versions for ever."""
    without = built(folder, "one").read_bytes()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3.13").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    assert built(folder, "two").read_bytes() == without


def test_packages_for_this_machine_have_byte_code(folder: Path) -> None:
    with zipfile.ZipFile(built(folder, "shelf", HERE)) as package:
        compiled = [name for name in package.namelist() if name.endswith(".pyc")]
        assert len(compiled) == 3
        assert {0b01} == {package.read(name)[4] for name in compiled}, "unchecked hash: flags are 0b01"


def test_the_like_is_made_for_this_machine(folder: Path) -> None:
    """The embedded AWS swaps packages by the recipe beside them."""
    ours = rebuild_for(built(folder, "shelf"), HERE)
    assert ours == built(folder, "shelf", HERE)


def test_old_packages_are_forgotten(folder: Path) -> None:
    """A checkout that is worked on for years does not fill the disk."""
    for number in range(13):
        (folder / "app.py").write_text(f"NUMBER = {number}\n")
        newest = built(folder, "shelf")
    left = sorted(newest.parent.glob("work-*.zip"))
    assert (len(left), newest in left) == (10, True)
    assert len(sorted(newest.parent.glob("work-*.recipe.json"))) == 10


def test_a_zip_of_somebody_elses_making_has_no_recipe(tmp_path: Path) -> None:
    """And the error says so."""
    with pytest.raises(PackageFailed, match="has no recipe beside it"):
        rebuild_for(tmp_path / "foreign.zip", HERE)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A package without modules cannot be meant."""
    with pytest.raises(PackageFailed, match="must contain a Python module to pack"):
        build_package("work", tmp_path, None, LAMBDA, tmp_path)


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_our_package_has_the_wheels_of_its_target(architecture: str) -> None:
    """pydantic's compiled core is for Lambda's machine and Python, whatever this machine is."""
    with zipfile.ZipFile(handlers_package(architecture)) as package:
        compiled = [name for name in package.namelist() if name.endswith(".so")]
        names = package.namelist()
    machine = {"arm64": "aarch64", "x86_64": "x86_64"}[architecture]
    assert [f"pydantic_core/_pydantic_core.cpython-313-{machine}-linux-gnu.so"] == compiled
    assert "handlers/contracts/messages.py" in names
    assert not [name for name in names if "test" in name.split("/")[0] or name.startswith(("boto", "pulumi"))]


def test_the_package_for_this_machine_runs_apart_from_the_checkout(tmp_path: Path) -> None:
    """Unpacked elsewhere, with nothing else on the path but the standard library and boto3."""
    with zipfile.ZipFile(local_package()) as package:
        package.extractall(tmp_path)
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import handlers.contracts.messages as c; print(c.__file__)"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) in done.stdout


def test_the_lock_names_hashes_and_no_index() -> None:
    """Every pinned wheel is known by its hash, and from nowhere in particular."""
    lock = (HANDLERS / "requirements.lock").read_text()
    pinned = [line for line in lock.splitlines() if "==" in line and not line.startswith((" ", "#"))]
    assert all(line.endswith("\\") for line in pinned)
    assert "--index-url" not in lock
    assert "http" not in lock
