"""Read back the resources that a driver created, without random values and times."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from local.instance import Instance
from local.provider.journal import Journal
from local.provider.provider import EmbeddedProvider

Facts = Mapping[str, Any]
"""URN → inputs and outputs, or None where AWS has no such resource."""
_TIMESTAMPS = {"createDate", "creationDate", "createdDate", "lastModified", "uniqueId", "streamLabel"}
_CODE = {"code", "sourceCodeHash", "sourceCodeSize"}


def journaled_resources(instance: Instance) -> list[tuple[str, str]]:
    """Return URN and id of each resource that was created in the instance and not deleted."""
    last: dict[str, str | None] = {}
    for line in (instance.folder / "journal.jsonl").read_text().splitlines():
        entry = json.loads(line)
        last[entry["urn"]] = entry["id"]
    return [(urn, id_) for urn, id_ in last.items() if id_ is not None]


def read_all(instance: Instance, resources: Iterable[tuple[str, str]]) -> Facts:
    """Read every resource through the provider."""
    found, names = {}, {}
    provider = EmbeddedProvider(instance.aws(), Journal(instance.folder / "reading.jsonl"))
    for urn, id_ in resources:
        token = urn.split("::")[2].split("$")[-1]
        read = provider.read(urn, token, id_, {"region": "us-east-1"})
        found[urn] = {"inputs": read.inputs, "outputs": read.outputs} if read else None
        names[id_] = urn.split("::")[-1]
    return {urn: _normalize(fact, names, instance.endpoint) for urn, fact in found.items()}


def _normalize(fact: Any, names: Mapping[str, str], endpoint: str) -> Any:
    text = json.dumps(_without_times(fact), default=str, sort_keys=True).replace(endpoint, "https://aws")
    for id_, name in sorted(names.items(), key=lambda pair: -len(pair[0])):
        if re.fullmatch(r"[0-9a-f-]{36}|[0-9a-z]{8,10}", id_):
            text = text.replace(id_, f"<{name}>")
    text = re.sub(r"-[0-9a-f]{7,8}(?![0-9a-f])", "-#######", text)  # Pulumi's random part, and that of an alias
    text = re.sub(r"/stream/[0-9T:.-]+", "/stream/<moment>", text)
    return json.loads(re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>", text))


def _without_times(fact: Any) -> Any:
    if isinstance(fact, dict):
        return {key: _without_times(value) for key, value in fact.items() if key not in _TIMESTAMPS | _CODE}
    return [_without_times(item) for item in fact] if isinstance(fact, list) else fact
