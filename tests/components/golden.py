"""The reviewed resource graph of each stage, and the consequences of a change for a deployed one.

`python -m tests.components.golden` rewrites the files; reviewing their diff is reviewing the change. prod.json is
complete. The other stages are JSON merge patches (RFC 7396) over it: null removes a resource or a property.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local.provider.diff import compare_inputs
from local.provider.registry import resource_type
from tests.components.former import former_urns
from tests.components.synth import STAGES, Graph, RegisteredResource, synth

FOLDER = Path(__file__).parent / "golden"
BASE = "prod"
Golden = dict[str, dict[str, Any]]

# Inputs that change with every release of the functions and say nothing about the graph.
_VARYING_INPUTS = {
    "aws:lambda/function:Function": "code",
    "aws:s3/bucketObjectv2:BucketObjectv2": "source",
    "aws:sfn/stateMachine:StateMachine": "definition",
}
_REBUILT_PREFIX = "base-code-"  # packages, which can be rebuilt from a commit
_HOLDS_DATA = ("aws:dynamodb/table:Table", "aws:s3/bucket:Bucket", "aws:kms/key:Key", "aws:backup/vault:Vault")

# Inputs that protect data and change in place: the change may be irreversible.
_GUARDS = {
    "aws:backup/plan:Plan": ("rules",),
    "aws:backup/vault:Vault": ("forceDestroy",),
    "aws:dynamodb/table:Table": (
        *("deletionProtectionEnabled", "globalSecondaryIndexes", "pointInTimeRecovery", "serverSideEncryption"),
    ),
    "aws:kms/key:Key": ("deletionWindowInDays", "enableKeyRotation"),
    "aws:s3/bucket:Bucket": ("forceDestroy",),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": ("rule",),
    "aws:s3/bucketVersioning:BucketVersioning": ("versioningConfiguration",),
}


def golden_of(graph: Graph) -> Golden:
    """Return the graph by URN, with the properties that a reviewer needs."""
    return {each.urn: _describe(each) for each in sorted(graph.resources, key=lambda each: each.urn)}


def under_former_names(reviewed: Golden, graph: Graph) -> Golden:
    """Return the reviewed graph with each resource under its present URN."""
    now = former_urns(graph)
    return {now.get(urn, urn): resource for urn, resource in reviewed.items()}


def read(stage: str) -> Golden:
    """Return the reviewed graph."""
    base = _load(BASE)
    return base if stage == BASE else patch(_rename(base, stage), _load(stage))


def write(graphs: Mapping[str, Golden]) -> None:
    """Replace the reviewed graphs by these."""
    for stage, graph in graphs.items():
        content = graph if stage == BASE else difference(_rename(graphs[BASE], stage), graph)
        (FOLDER / f"{stage}.json").write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def _load(stage: str) -> Golden:
    content: Golden = json.loads((FOLDER / f"{stage}.json").read_text())
    return content


def _rename(base: Golden, stage: str) -> Golden:
    """Return the base with its stage's name replaced wherever it is a whole word: in URNs, names and tags."""
    renamed: Golden = json.loads(re.sub(rf"(?<![a-z]){BASE}(?![a-z])", stage, json.dumps(base)))
    return renamed


def patch(base: Any, changes: Any) -> Any:
    """Apply a merge patch."""
    if not isinstance(base, dict) or not isinstance(changes, dict):
        return changes
    merged = {**base, **{key: patch(base.get(key), value) for key, value in changes.items()}}
    return {key: value for key, value in merged.items() if value is not None}


def difference(base: Any, now: Any) -> Any:
    """Return the smallest merge patch that turns `base` into `now`. Neither contains null."""
    if not isinstance(base, dict) or not isinstance(now, dict):
        return now
    changed = {key: difference(base.get(key), value) for key, value in now.items() if base.get(key) != value}
    return changed | dict.fromkeys(base.keys() - now.keys())


def consequences(reviewed: Golden, now: Golden) -> list[str]:
    """List what an `up` over the reviewed graph would lose, replace or expose, one sentence each, data first."""
    sentences = [*_deletions(reviewed, now), *_replacements(reviewed, now), *_weakened_guards(reviewed, now)]
    return sorted(sentences, key=lambda sentence: (not sentence.startswith("DATA"), sentence))


def _deletions(reviewed: Golden, now: Golden) -> Iterator[str]:
    for urn in reviewed.keys() - now.keys():
        yield f"{_warning(urn)}deleted (or renamed without an alias): {_short(urn)}"


def _replacements(reviewed: Golden, now: Golden) -> Iterator[str]:
    for urn in reviewed.keys() & now.keys():
        token = _token(urn)
        if token.startswith("aws:"):
            diff = compare_inputs(resource_type(token).properties, reviewed[urn]["inputs"], now[urn]["inputs"])
            if diff.replacing_properties:
                yield f"{_warning(urn)}replaced for a new {', '.join(diff.replacing_properties)}: {_short(urn)}"


def _weakened_guards(reviewed: Golden, now: Golden) -> Iterator[str]:
    for urn in reviewed.keys() & now.keys():
        before, after = reviewed[urn], now[urn]
        if before["protect"] and not after["protect"]:
            yield f"GUARD no longer protected: {_short(urn)}"
        for guard in _GUARDS.get(_token(urn), ()):
            old, new = before["inputs"].get(guard), after["inputs"].get(guard)
            if old != new:
                yield f"GUARD {guard} was {json.dumps(old)}, becomes {json.dumps(new)}: {_short(urn)}"


def _warning(urn: str) -> str:
    holds_data = _token(urn) in _HOLDS_DATA and not _name(urn).startswith(_REBUILT_PREFIX)
    return "DATA LOSS: " if holds_data else ""


def _short(urn: str) -> str:
    return f"{_token(urn)} {_name(urn)}"


def _token(urn: str) -> str:
    return urn.split("::")[2].split("$")[-1]


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _describe(each: RegisteredResource) -> dict[str, Any]:
    inputs = {key: _readable(value) for key, value in each.inputs.items() if _VARYING_INPUTS.get(each.type) != key}
    return {"inputs": inputs if each.custom else {}, "protect": each.protect, "parent": each.parent.rpartition("::")[2]}


def _readable(value: Any) -> Any:
    """Parse policies and other JSON strings, so that a diff shows the line that changed."""
    if isinstance(value, str) and value.startswith(("{", "[")):
        return {"json": json.loads(value)}
    if isinstance(value, dict):
        return {key: _readable(inner) for key, inner in value.items()}
    return value


if __name__ == "__main__":
    write({stage: golden_of(synth(stage)) for stage in STAGES})
