"""The delivery workflows are pinned, use no stored keys, and match the operators' page."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
OPERATORS = (ROOT / "docs" / "how-to" / "deploy.md").read_text()


def _jobs(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text())["jobs"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_permissions_are_declared(path: Path) -> None:
    """A tag can be moved; a commit hash cannot."""
    text = path.read_text()
    used = re.findall(r"uses: (\S+)", text)
    assert [one for one in used if not re.fullmatch(r"\S+@[0-9a-f]{40}|\./\.github/workflows/\w+\.yml", one)] == []
    assert "permissions" in yaml.safe_load(text)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_workflow_reads_a_stored_key(path: Path) -> None:
    assert "secrets." not in path.read_text()


def test_workflows_use_the_pulumi_cli_that_the_tests_use() -> None:
    """A newer CLI could change the effect of an `up` without a commit."""
    [tested] = re.findall(r"github.com/pulumi/pulumi/pkg/v3 v(\S+)", (ROOT / "tools/engine/go.mod").read_text())
    steps = [step for path in WORKFLOWS for job in _jobs(path).values() for step in job.get("steps", [])]
    used = [step["with"].get("pulumi-version") for step in steps if "pulumi/actions" in step.get("uses", "")]
    assert used == [tested] * 2


def test_every_stage_is_previewed_and_deployed_in_order() -> None:
    stages = {path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml")}
    [preview] = _jobs(ROOT / ".github/workflows/preview.yml").values()
    deploy = _jobs(ROOT / ".github/workflows/deploy.yml")
    assert set(preview["strategy"]["matrix"]["stage"]) == stages == {job["with"]["stage"] for job in deploy.values()}
    assert (deploy["staging"]["needs"], deploy["prod"]["needs"]) == ("dev", "staging")


def test_a_stage_is_deployed_in_its_github_environment() -> None:
    [up] = _jobs(ROOT / ".github/workflows/up.yml").values()
    assert up["environment"] == "${{ inputs.stage }}"


def test_the_operators_page_lists_every_workflow_except_reusable_ones() -> None:
    reusable = {"up.yml"}
    assert {path.name for path in WORKFLOWS if f"`{path.name}`" in OPERATORS} == {p.name for p in WORKFLOWS} - reusable
