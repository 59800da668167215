"""An outside judge (Redocly) accepts the API's OpenAPI document, and finds planted errors."""

import copy
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.environment import require
from tools.openapi import build_document

pytestmark = pytest.mark.outside

CHECKOUT = Path(__file__).parents[2]
INSTALLED = CHECKOUT / ".build" / "judges" / "openapi"
CONFIG = CHECKOUT / "tools" / "judges" / "openapi" / "redocly.yaml"


def test_redocly_accepts_the_document_and_finds_planted_errors(tmp_path: Path) -> None:
    broken = copy.deepcopy(build_document())
    broken["paths"]["/v1/me"]["get"]["operationId"] = "purchase"
    broken["paths"]["/v1/orders"]["post"]["parameters"].append({"$ref": "#/components/parameters/Nothing"})
    found = lint(tmp_path, sound=build_document(), broken=broken)
    assert {each["file"] for each in found} == {"broken.json"}
    assert {"operation-operationId-unique", "no-unresolved-refs"} <= {each["rule"] for each in found}


def lint(folder: Path, **documents: Any) -> list[dict[str, str]]:
    """Return the findings in documents; one process judges all of them."""
    command = INSTALLED / "node_modules" / ".bin" / "redocly"
    require(command.exists(), "The judge of OpenAPI documents is not installed: run `make judges`.")
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    files = [f"{name}.json" for name in documents]
    arguments = [str(command), "lint", *files, "--config", str(CONFIG), "--format", "json"]
    ran = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=60)
    problems = [problem for report in _reports(ran.stdout) for problem in report["problems"]]
    return [{"rule": each["ruleId"], "file": each["location"][0]["source"]["ref"]} for each in problems]


def _reports(text: str) -> Iterator[Any]:
    """Yield the JSON documents in the output: Redocly prints one for each file."""
    while text := text.strip():
        report, end = json.JSONDecoder().raw_decode(text)
        yield report
        text = text[end:]
