"""Write docs/reference/config.md and the keys in Pulumi.yaml from the stage: `python -m tools.config_page`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from components.stage import PROJECT, Stage, allowed_values

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "reference" / "config.md"
PROGRAM: Final = ROOT / "Pulumi.yaml"
STAGES: Final = ("dev", "staging", "prod")

_HEAD: Final = """\
# Configuration of a stage

Written by `python -m tools.config_page` from `components/stage.py`, which validates every key before any resource
exists and reports all problems at once, each with key, allowed values and value. Set a key with
`pulumi config set booking:KEY VALUE -s STAGE`. `booking config schema --output .build/stage.schema.json` writes the
schema with which editors complete and check the files. What a change of a key does to what is deployed is in
[config-changes.md](config-changes.md).

Every default is the strict one. An empty cell under a stage means the default.

| key | meaning | allowed | default | dev | staging | prod |
|---|---|---|---|---|---|---|
"""

_TAIL: Final = """
## Rules between keys

- `sdkTimeoutSeconds` < `functionTimeoutSeconds` < `taskTimeoutSeconds` < `executionTimeoutSeconds`: each
  timeout is longer than those inside it. `alarmP99Seconds` < `executionTimeoutSeconds`.
- `workflowType: EXPRESS` needs `executionTimeoutSeconds` of at most 300.
- `forceDestroy` cannot be combined with `deletionProtection` or `auditLockMode: COMPLIANCE`.
- `apiIssuer` and `apiAudiences` must be set together, and so must `subnetIds` and `securityGroupIds`.
  `apiDecidingClients` needs `apiIssuer`.
- `alertRecipientRequired` needs `alertEmail` or `alertTopicArn`: a stage that notifies nobody is not deployed.
- `reconcileSchedule` must run at least once a day. An alarm fires when reconcile has not finished for 15 minutes; on a
  schedule slower than every five minutes, when it is two runs late, but at most an hour.

`aws:region` and the other keys of the AWS provider are set as for any Pulumi program.
"""


def render_page() -> str:
    """Return the page."""
    return _HEAD + "".join(f"{line}\n" for line in render_rows()) + _TAIL


def render_rows() -> Iterator[str]:
    """Yield a row of the table for each key."""
    chosen = {stage: _values(stage) for stage in STAGES}
    for key, described in Stage.model_json_schema(by_alias=True)["properties"].items():
        if key != "name":
            cells = [f"`{key}`", _description(described), allowed_values(key), _format_value(described["default"])]
            yield "| " + " | ".join([*cells, *(_stage_value(chosen[stage], key) for stage in STAGES)]) + " |"


def _values(stage: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stage}.yaml").read_text("utf-8"))["config"]
    return {key.removeprefix(f"{PROJECT}:"): value for key, value in values.items() if key.startswith(f"{PROJECT}:")}


def _stage_value(values: dict[str, Any], key: str) -> str:
    return _format_value(values[key]) if key in values else ""


def _description(described: dict[str, Any]) -> str:
    return str(described["description"]).replace("\n", " ").replace("|", "\\|")


def _format_value(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`" if text and text != "[]" else "empty"


def render_declarations(text: str) -> str:
    """Return Pulumi.yaml with its keys declared as the program knows them.

    A deprecated key is left out, because a declared default would make every stage look as if it set the key.
    """
    head, _, _ = text.partition(f"  {PROJECT}:")
    described = Stage.model_json_schema(by_alias=True)["properties"]
    keys = (key for key in described if key != "name" and not described[key].get("deprecated"))
    return head + "".join(_declare(key, described[key]) for key in keys)


def _declare(key: str, described: dict[str, Any]) -> str:
    items = "    items:\n      type: string\n" if described["type"] == "array" else ""
    return (
        f"  {PROJECT}:{key}:\n    type: {described['type']}\n{items}"
        f"    default: {json.dumps(described['default'])}\n"
        f"    description: {json.dumps(described['description'].replace(chr(10), ' '), ensure_ascii=False)}\n"
    )


if __name__ == "__main__":
    PAGE.write_text(render_page(), "utf-8")
    PROGRAM.write_text(render_declarations(PROGRAM.read_text("utf-8")), "utf-8")
