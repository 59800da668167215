"""Function packages are reproducible, and contain what the functions need and nothing else."""

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
    """Return a platform team's folder of handlers that also contains files which must not be packed."""
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


def build(folder: Path, cache_name: str, target: Target = LAMBDA) -> Path:
    """Build a package of the folder in the named cache folder."""
    return build_package("work", folder, None, target, folder.parent / cache_name)


def test_identical_sources_produce_identical_packages(folder: Path) -> None:
    """Time and place of the build make no difference."""
    one, two = build(folder, "one", HERE), build(folder, "two", HERE)
    assert (one.name, one.read_bytes()) == (two.name, two.read_bytes())


def test_a_changed_source_changes_the_name_of_the_package(folder: Path) -> None:
    before = build(folder, "cache")
    (folder / "app.py").write_text("NAME = 'changed'\n")
    assert before.name != build(folder, "cache").name


def test_a_package_contains_only_modules_data_and_a_manifest(folder: Path) -> None:
    """No tests, caches, requirements or hidden files."""
    with zipfile.ZipFile(build(folder, "cache", HERE)) as package:
        names = [name for name in package.namelist() if not name.endswith(".pyc")]
        manifest = json.loads(package.read("manifest.json"))
    assert names == [
        "manifest.json",
        *("work/app.py", "work/inner/__init__.py", "work/inner/deep.py", "work/inner/rates.json"),
    ]
    assert (1, "work", str(HERE)) == (manifest["schema"], manifest["name"], manifest["target"])
    assert len(manifest["sources"]) == 64


def test_lambda_packages_do_not_depend_on_a_local_interpreter(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise deployments from laptops with and without python3.13 on PATH would publish a new version each time."""
    without = build(folder, "one").read_bytes()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3.13").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    assert build(folder, "two").read_bytes() == without


def test_packages_for_this_machine_contain_bytecode(folder: Path) -> None:
    with zipfile.ZipFile(build(folder, "cache", HERE)) as package:
        compiled = [name for name in package.namelist() if name.endswith(".pyc")]
        assert len(compiled) == 3
        assert {0b01} == {package.read(name)[4] for name in compiled}, "unchecked hash: flags are 0b01"


def test_a_package_is_rebuilt_for_this_machine_from_its_recipe(folder: Path) -> None:
    """The embedded AWS thus replaces packages that were built for Lambda."""
    rebuilt = rebuild_for(build(folder, "cache"), HERE)
    assert rebuilt == build(folder, "cache", HERE)


def test_only_the_ten_newest_packages_are_kept(folder: Path) -> None:
    """The packages of an old checkout do not fill the disk."""
    for number in range(13):
        (folder / "app.py").write_text(f"NUMBER = {number}\n")
        newest = build(folder, "cache")
    left = sorted(newest.parent.glob("work-*.zip"))
    assert (len(left), newest in left) == (10, True)
    assert len(sorted(newest.parent.glob("work-*.recipe.json"))) == 10


def test_a_zip_without_a_recipe_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(PackageFailed, match="has no recipe beside it"):
        rebuild_for(tmp_path / "foreign.zip", HERE)


def test_a_folder_without_modules_is_rejected(tmp_path: Path) -> None:
    """Packing such a folder is probably a mistake."""
    with pytest.raises(PackageFailed, match="must contain a Python module to pack"):
        build_package("work", tmp_path, None, LAMBDA, tmp_path)


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_the_handlers_package_contains_the_wheels_of_its_target(architecture: str) -> None:
    """pydantic's compiled core matches the architecture and Python version of Lambda, not of this machine."""
    with zipfile.ZipFile(handlers_package(architecture)) as package:
        compiled = [name for name in package.namelist() if name.endswith(".so")]
        names = package.namelist()
    machine = {"arm64": "aarch64", "x86_64": "x86_64"}[architecture]
    assert [f"pydantic_core/_pydantic_core.cpython-313-{machine}-linux-gnu.so"] == compiled
    assert "handlers/contracts/messages.py" in names
    assert not [name for name in names if "test" in name.split("/")[0] or name.startswith(("boto", "pulumi"))]


def test_the_package_for_this_machine_runs_outside_the_checkout(tmp_path: Path) -> None:
    """It is unpacked elsewhere, with only the standard library and boto3 on the path."""
    with zipfile.ZipFile(local_package()) as package:
        package.extractall(tmp_path)
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import handlers.contracts.messages as c; print(c.__file__)"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) in done.stdout


def test_the_lock_file_contains_hashes_and_no_index() -> None:
    """Every pinned wheel is identified by its hash and may come from any index."""
    lock = (HANDLERS / "requirements.lock").read_text()
    pinned = [line for line in lock.splitlines() if "==" in line and not line.startswith((" ", "#"))]
    assert all(line.endswith("\\") for line in pinned)
    assert "--index-url" not in lock
    assert "http" not in lock
