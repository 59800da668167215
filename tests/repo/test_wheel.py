"""The wheel serves a platform team whose project has its own `handlers` and `workflow` (ADR 1)."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from local.engine import find_cli
from tests.environment import require

ROOT = Path(__file__).parents[2]

THEIR_PROGRAM = """
import importlib, json, pkgutil, sys
import handlers, workflow            # theirs: they are beside this file
import stepbooking
from stepbooking.components import OrderStore
from stepbooking.handlers.contracts.messages import RefundRequest
from stepbooking.workflow.booking import Booking

found = pkgutil.walk_packages(stepbooking.__path__, "stepbooking.")
mine = sorted(module.name for module in found if not module.name.endswith("__main__"))
for name in mine:
    importlib.import_module(name)
print(json.dumps({
    "theirs": [handlers.WHOSE, workflow.WHOSE],
    "ours": [OrderStore.__module__, RefundRequest.__module__, Booking.__module__],
    "imported": len(mine),
    "leaked": sorted(n for n in sys.modules if n.split(".")[0] in ("components", "local", "cli")),
    "start": Booking.asl()["StartAt"],
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout as `make wheel` builds it."""
    folder = tmp_path_factory.mktemp("dist")
    built = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(built, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def their_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheel and our third-party packages, but without the checkout."""
    folder = tmp_path_factory.mktemp("their") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", f"--python={python}", "install", "--no-deps", "--no-index", "-q", str(wheel)]
    subprocess.run(pip, check=True, env=_bare_environment())
    site = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    # A .pth inside a folder that a .pth names is not read, so our own editable install stays out.
    Path(site.stdout.strip(), "third_party.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_a_project_can_use_its_own_handlers_and_workflow_beside_ours(their_python: Path, tmp_path: Path) -> None:
    """Both packages of each name are imported in one process, and every module of the wheel can be imported."""
    for name in ("handlers", "workflow"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("WHOSE = 'theirs'\n")
    (tmp_path / "main.py").write_text(THEIR_PROGRAM)
    ran = subprocess.run(
        [str(their_python), "main.py"], cwd=tmp_path, capture_output=True, text=True, env=_bare_environment()
    )
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout.splitlines()[-1])
    assert report["theirs"] == ["theirs", "theirs"]
    assert all(module.startswith("stepbooking.") for module in report["ours"])
    assert report["leaked"] == []
    assert report["start"] == "route"
    assert report["imported"] > 50


def test_the_wheel_installs_only_one_top_level_package(wheel: Path) -> None:
    """Two distributions with a `handlers` folder would overwrite each other silently."""
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {"stepbooking"} == {top for top in tops if not top.endswith(".dist-info")}


def test_the_wheel_installs_the_command(their_python: Path, tmp_path: Path) -> None:
    """`booking --help` runs from the wheel, and a verb that needs a program says where to run it."""
    booking = their_python.parent / "booking"
    shown = subprocess.run(
        [str(booking), "--help"], cwd=tmp_path, capture_output=True, text=True, env=_bare_environment()
    )
    assert shown.returncode == 0, shown.stderr
    failed = subprocess.run([str(booking), "up"], cwd=tmp_path, capture_output=True, text=True, env=_bare_environment())
    assert failed.returncode == 64
    assert "Pulumi.yaml" in failed.stderr


@pytest.mark.nightly
def test_the_documented_project_and_the_platform_teams_tests_pass_with_the_wheel(
    their_python: Path, tmp_path: Path
) -> None:
    """The team copies the files of the page into a folder of its own, adds its tests, and runs pytest."""
    page = (ROOT / "docs" / "how-to" / "use-the-components.md").read_text("utf-8")
    files = re.findall(r"^`([^`\n]+)`[^`\n]*:\n\n```\w+\n(.*?)^```", page, re.M | re.S)
    assert [name for name, _ in files] == ["functions/greet.py", "__main__.py", "Pulumi.yaml", "test_guests.py"]
    for name, content in files:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    ran = _run_team_tests(their_python, tmp_path, "not nightly", _bare_environment())
    assert re.search(r"^(1[6-9]|20) passed", ran, re.M), ran


@pytest.mark.nightly
@pytest.mark.outside
def test_the_platform_teams_engine_tests_pass_with_the_wheel(their_python: Path, tmp_path: Path) -> None:
    """Those of `refresh` and `env`, with a Pulumi CLI on the PATH and its settings in a folder of this test."""
    cli = find_cli(ROOT)
    require(cli, "There is no Pulumi CLI: `make engine` finds or builds one.")
    assert cli is not None
    folder = Path(shutil.which(cli.command) or cli.command).parent
    environment = _bare_environment()
    path = f"{folder}{os.pathsep}{environment['PATH']}"
    ran = _run_team_tests(
        their_python, tmp_path, "nightly", {**environment, "PATH": path, "PULUMI_HOME": str(tmp_path / "home")}
    )
    assert "2 passed" in ran, ran


def _run_team_tests(python: Path, folder: Path, marked: str, environment: dict[str, str]) -> str:
    """Return what pytest prints for the tests of a platform team in its own folder."""
    shutil.copy(Path(__file__).with_name("platform_team.py"), folder / "test_platform_team.py")
    ran = subprocess.run(
        [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", marked],
        cwd=folder,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def _bare_environment() -> dict[str, str]:
    names = ("PATH", "HOME", "LANG", "TMPDIR")
    return {name: os.environ[name] for name in names if name in os.environ}
