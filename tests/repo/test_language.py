"""The language of the code may only improve: no more findings in a package than are recorded in language.json."""

import json
import subprocess
from pathlib import Path

import pytest

from tools.language import (
    MAXIMUMS,
    SYMPTOMS,
    Figures,
    Violation,
    list_files,
    lower,
    measure,
    package_of,
    participle_named,
)

ROOT = Path(__file__).parents[2]
SHOWN = 40
MAX_PARTICIPLE_PERCENT = 1.6
"""The highest share of functions named by a participle among the codebases whose style we follow."""

PACKAGES = sorted({package_of(name) for name in list_files(ROOT)})
RECORDED: dict[str, dict[str, int]] = json.loads((ROOT / MAXIMUMS).read_text("utf-8"))


@pytest.fixture(scope="module")
def figures() -> dict[str, Figures]:
    """The figures of this checkout, measured once because that takes 10 seconds."""
    return measure(ROOT)


@pytest.mark.parametrize("symptom", SYMPTOMS)
@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_has_more_findings_than_recorded(package: str, symptom: str, figures: dict[str, Figures]) -> None:
    found = figures[package].found[symptom]
    maximum = RECORDED.get(package, {}).get(symptom, 0)
    assert len(found) <= maximum, explanation(package, found, maximum)


def test_few_functions_are_named_by_a_participle(figures: dict[str, Figures]) -> None:
    shares = {
        package: round(100 * found.participles / found.functions, 1)
        for package, found in figures.items()
        if found.functions >= 100
    }
    assert len(shares) > 5
    assert {package: share for package, share in shares.items() if share > MAX_PARTICIPLE_PERCENT} == {}


def test_only_measured_packages_and_symptoms_are_recorded(figures: dict[str, Figures]) -> None:
    assert set(RECORDED) <= set(figures) == set(PACKAGES)
    assert {symptom for maximums in RECORDED.values() for symptom in maximums} <= set(SYMPTOMS)


PLANTED = {
    "participle": "def _charged(port: object) -> int:\n    port.write()\n    return 1\n",
    "question": '"""What this module is for."""\n',
    "is_no": 'MESSAGE = "this is' + ' no number"\n',
    "class": "class Clock: ...\n",
    "file": "ANYTHING = 1\n",
}


@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_each_symptom_is_found_with_file_and_line(symptom: str, tmp_path: Path) -> None:
    clean = {"cli/clock.py": "class Clock: ...\n", "cli/planted.py": "def charge() -> int:\n    return 1\n"}
    files = clean | {"cli/sub/planted.py" if symptom == "file" else "cli/other.py": PLANTED[symptom]}
    found = measure(checkout(tmp_path, files))["cli"].found
    assert {name for name, violations in found.items() if violations} == {symptom}
    assert str(found[symptom][0]).endswith(SYMPTOMS[symptom])
    assert (tmp_path / found[symptom][0].file).read_text("utf-8").splitlines()[found[symptom][0].line - 1]


def test_values_predicates_and_good_english_are_not_findings(tmp_path: Path) -> None:
    source = (
        "import pytest\n\n\n"
        "@property\ndef heard(self: object) -> int:\n    self.cache.clear()\n    return 1\n\n\n"
        "@pytest.fixture\ndef deployed(aws: object) -> object:\n    aws.up()\n    return aws\n\n\n"
        "def is_settled(port: object) -> bool:\n    port.read()\n    return True\n\n\n"
        "def _sorted(names: set[str]) -> list[str]:\n    found = list(names)\n    found.sort()\n    return found\n\n\n"
        'MESSAGE = "There is no such order, and it is no longer kept."\n'
    )
    found = measure(checkout(tmp_path, {"cli/values.py": source}))["cli"].found
    assert [violation for violations in found.values() for violation in violations] == []


def test_a_name_shared_by_a_strict_and_another_package_is_counted_in_the_other(tmp_path: Path) -> None:
    found = measure(checkout(tmp_path, {"cli/a.py": "class Clock: ...\n", "workflow/b.py": "class Clock: ...\n"}))
    assert [len(found[package].found["class"]) for package in ("cli", "workflow")] == [0, 1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("_charged", True),
        ("paid_back", True),
        ("_told", True),
        ("charge", False),
        ("stored_orders", False),
        ("feed", False),
        ("wait_until_closed", False),
    ],
)
def test_participles_are_recognised(name: str, expected: bool) -> None:
    assert participle_named(name) is expected


def test_maximums_only_fall(figures: dict[str, Figures]) -> None:
    own = {"workflow": figures["workflow"]}
    count = len(own["workflow"].found["question"])
    assert lower({"workflow": {"question": count + 5}}, own) == ({"workflow": {"question": count}} if count else {})
    assert lower({"workflow": {"question": 0}, "gone": {"question": 3}}, own) == {}


def explanation(package: str, found: list[Violation], maximum: int) -> str:
    """Return a message that lists the findings, those in the most recently edited files first."""
    newest = sorted(found, key=lambda violation: (ROOT / violation.file).stat().st_mtime, reverse=True)
    more = [f"… and {len(found) - SHOWN} more: python -m tools.language --list {package}"] if len(found) > SHOWN else []
    head = f"{package} has {len(found)} findings and may have {maximum}. Fix these:"
    return "\n".join([head, *map(str, newest[:SHOWN]), *more])


def checkout(folder: Path, files: dict[str, str]) -> Path:
    """Return a Git checkout that tracks `files`."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    return folder
