"""The provider for drivers: the verbs of Pulumi's provider protocol, on plain values in normal form.

A driver (the in-process one, or the gRPC server for the real engine) only unwraps its wire format, calls these methods,
and wraps the answer. All methods may be called from many threads.

    check → inputs completed with a name, or problems per property
    diff    → what would change, in place or by a new resource
    create  → id and outputs; in a preview outputs with UNKNOWN and without touching AWS
    read    → what is there now (for refresh and import), or None
    update  → outputs
    delete  → nothing
    invoke  → the result of a data source

Failures are `errors.ProviderError`s; after `PartiallyCreated` the resource exists.

Longer than 250 lines: one method per verb of the protocol.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ..errors import PartiallyCreated, ProviderError, ResourceFailed
from .aws import Aws
from .diff import AUTO_NAMED, NAME_PREFIX, Diff, compare_inputs
from .journal import OWN_TAGS, Journal, JournalEntry
from .property_schema import PropertyFault, find_faults, inputs_from_actual
from .property_values import UNKNOWN, PropertyPath, ReadonlyValues, Values, format_path, integral_to_int
from .registry import call_function, resource_type
from .resource import Inputs, NameMissing, NameProposal, Outputs, Resource, generate_name, generate_prefixed_name


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """Inputs for the engine to store; if there are faults, they must not be used."""

    inputs: Values
    faults: tuple[PropertyFault, ...] = ()

    def messages(self) -> list[str]:
        return [f"{format_path(fault.path)}: {fault.reason}" for fault in self.faults]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedResource:
    """A resource that exists, or in a preview would."""

    id: str
    outputs: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResource:
    """A resource's actual state: `outputs`, and the `inputs` of a program that describes exactly that."""

    id: str
    inputs: Values
    outputs: Values


class EmbeddedProvider:
    """The resources of one embedded AWS."""

    def __init__(self, aws: Aws, journal: Journal) -> None:
        self.aws = aws
        self.journal = journal

    def check(
        self,
        urn: str,
        token: str,
        new_inputs: Inputs,
        old_inputs: Inputs | None = None,
        naming: NameProposal | None = None,
    ) -> CheckResult:
        """Validate the program's inputs and generate missing names; `olds` are the existing resource's inputs."""
        kind = resource_type(token)
        inputs = {name: value for name, value in integral_to_int(new_inputs).items() if value is not None}
        inputs.pop(AUTO_NAMED, None)
        faults = (*find_faults(kind.properties, inputs), *self._region_faults(kind, inputs))
        if not faults:
            faults = tuple(PropertyFault((name,), reason) for name, reason in kind.validate(inputs).items())
        try:
            inputs = self._with_name(kind, urn, inputs, old_inputs or {}, naming or NameProposal())
        except NameMissing as error:
            assert kind.auto_name is not None
            faults = (*faults, PropertyFault((kind.auto_name.property,), str(error)))
        return CheckResult(inputs=inputs, faults=faults)

    def diff(self, urn: str, token: str, id_: str, old_inputs: Inputs, new_inputs: Inputs) -> Diff:
        """Return the effect of an update from the old to the new inputs."""
        self.journal.record_known(urn, id_)
        kind = resource_type(token)
        return compare_inputs(kind.properties, integral_to_int(old_inputs), integral_to_int(new_inputs), kind.identity)

    def create(self, urn: str, token: str, inputs: Inputs, *, preview: bool = False) -> CreatedResource:
        """Create the resource, or adopt the one that an interrupted creation under the same URN has left."""
        kind, wanted = resource_type(token), _without_missing(inputs)
        if preview:
            return CreatedResource(id="", outputs=_predicted_outputs(kind, wanted, {}, kind.properties))
        try:
            id_ = self._adopt(kind, urn, wanted)
            is_complete = id_ is None and kind.creates_completely
            id_ = id_ or self._create(kind, urn, wanted)
        except (ClientError, BotoCoreError, ProviderError, OSError) as error:
            raise ResourceFailed(urn, "created", _failure_reason(error)) from error
        outputs = self._converge(kind, urn, "created", id_, wanted, {}, is_complete=is_complete)
        return CreatedResource(id=id_, outputs=outputs)

    def read(self, urn: str, token: str, id_: str, old_inputs: Inputs | None = None) -> ReadResource | None:
        """Read the resource's current state; None if it does not exist. Without old inputs it is an import."""
        kind, old_values = resource_type(token), integral_to_int(dict(old_inputs or {}))
        id_ = id_ if old_values else kind.import_id(id_)
        self.journal.record_known(urn, id_)
        try:
            outputs = self._read_outputs(kind, id_, old_values)
        except (ClientError, BotoCoreError, OSError) as error:
            raise ResourceFailed(urn, "read", _failure_reason(error)) from error
        if outputs is None:
            return None
        inputs = inputs_from_actual(kind.properties, outputs, old_values)
        if AUTO_NAMED in old_values:
            inputs[AUTO_NAMED] = old_values[AUTO_NAMED]
        return ReadResource(id=id_, inputs=inputs, outputs=outputs)

    def update(
        self,
        urn: str,
        token: str,
        id_: str,
        old_inputs: Inputs,
        new_inputs: Inputs,
        old_outputs: ReadonlyValues | None = None,
        *,
        preview: bool = False,
    ) -> Values:
        """Update the resource to the new inputs. The same routine completes a creation, so it also repairs."""
        kind, old_values, wanted = resource_type(token), _without_missing(old_inputs), _without_missing(new_inputs)
        self.journal.record_known(urn, id_)
        if preview:
            return _predicted_outputs(
                kind, wanted, old_outputs or {}, self.diff(urn, token, id_, old_values, wanted).changed_properties
            )
        return self._converge(kind, urn, "updated", id_, wanted, old_values)

    def delete(self, urn: str, token: str, id_: str, outputs: ReadonlyValues) -> None:
        """Remove the resource."""
        try:
            resource_type(token).delete(self.aws, id_, integral_to_int(dict(outputs)))
        except (ClientError, BotoCoreError, OSError) as error:
            raise ResourceFailed(urn, "deleted", _failure_reason(error)) from error
        self.journal.record_deleted(urn, id_)

    def delete_entry(self, entry: JournalEntry, overrides: ReadonlyValues | None = None) -> str | None:
        """Delete the resource of a journal entry that is in no state, and return its id if there was one.

        `overrides` are outputs that the deletion uses, such as `forceDestroy`.
        """
        kind = resource_type(entry.token)
        id_ = entry.id or kind.find(self.aws, entry.names, entry.marker)
        if id_ is not None:
            self.delete(entry.urn, entry.token, id_, {**(kind.read(self.aws, id_) or {}), **(overrides or {})})
        self.journal.record_deleted(entry.urn, id_)
        return id_

    def invoke(self, token: str, args: ReadonlyValues) -> Values:
        """Return the result of a data source such as `aws:index/getCallerIdentity:getCallerIdentity`."""
        return call_function(self.aws, token, integral_to_int(dict(args)))

    def secret_outputs(self, token: str, secret_inputs: frozenset[PropertyPath]) -> frozenset[PropertyPath]:
        """Return the paths of the secret outputs, given those of the secret inputs."""
        hidden = {path[0] for path in secret_inputs}
        secret_properties = {
            (name,)
            for name, property_ in resource_type(token).properties.items()
            if property_.secret or hidden.intersection(property_.derived_from)
        }
        return secret_inputs | secret_properties

    def _region_faults(self, kind: Resource, inputs: Inputs) -> tuple[PropertyFault, ...]:
        """Reject a resource of another region, because there is only one here."""
        region = inputs.get("region", UNKNOWN)
        if not kind.is_regional or region is UNKNOWN or region == self.aws.region:
            return ()
        return (
            PropertyFault(("region",), f"{region!r} is not here, the embedded AWS has one region: {self.aws.region}"),
        )

    def _with_name(self, kind: Resource, urn: str, inputs: Values, old_inputs: Inputs, naming: NameProposal) -> Values:
        """Return the inputs with a name: the old one, else that of an interrupted creation, else a new one."""
        rule = kind.auto_name
        if rule is None or rule.property in inputs:
            return inputs
        orphan = self.journal.orphan(urn)
        prefix = inputs.get(NAME_PREFIX)
        former = old_inputs.get(rule.property) if old_inputs.get(NAME_PREFIX) == prefix else None
        kept = former or (orphan.names.get(rule.property) if orphan else None)
        if isinstance(prefix, str) and not kept:
            kept = generate_prefixed_name(prefix, urn, naming)
        ends = rule.suffix_if[1] if rule.suffix_if and inputs.get(rule.suffix_if[0]) else ""
        return {**inputs, rule.property: kept or generate_name(rule, urn, naming, ends), AUTO_NAMED: [rule.property]}

    def _adopt(self, kind: Resource, urn: str, inputs: Inputs) -> str | None:
        """Return the id of the resource that an interrupted creation has left, if any."""
        entry = self.journal.orphan(urn)
        if entry is not None:
            id_ = kind.find(self.aws, {**inputs, **entry.names}, entry.marker)
            if id_ is not None and (entry.id in (None, id_)):
                self.journal.record_created(entry, id_)
                return id_
        return None

    def _create(self, kind: Resource, urn: str, inputs: Inputs) -> str:
        """Create the bare resource and return its id."""
        entry = self.journal.record_intent(urn, {name: inputs[name] for name in kind.identity if name in inputs})
        id_ = kind.create(self.aws, inputs, entry.marker)
        self.journal.record_created(entry, id_)
        return id_

    def _converge(
        self,
        kind: Resource,
        urn: str,
        verb: str,
        id_: str,
        inputs: Inputs,
        old_inputs: Inputs,
        *,
        is_complete: bool = False,
    ) -> Values:
        try:
            if not is_complete:
                kind.converge(self.aws, id_, inputs, old_inputs)
            outputs = self._read_outputs(kind, id_, inputs)
        except (ClientError, BotoCoreError, ProviderError, OSError) as error:
            raise PartiallyCreated(
                urn, verb, id_, self._best_known_outputs(kind, id_, inputs), [_failure_reason(error)]
            ) from error
        if outputs is None:
            raise ResourceFailed(urn, verb, "it disappeared right after its creation")
        return outputs

    def _best_known_outputs(self, kind: Resource, id_: str, inputs: Inputs) -> Values:
        """Return the outputs of a partly created resource: AWS's, else the requested ones."""
        with suppress(ClientError, BotoCoreError, ProviderError, OSError):
            return self._read_outputs(kind, id_, inputs) or _predicted_outputs(kind, inputs, {}, ())
        return _predicted_outputs(kind, inputs, {}, ())

    def _read_outputs(self, kind: Resource, id_: str, inputs: Inputs) -> Outputs | None:
        """Return AWS's outputs, completed with the inputs that it does not return."""
        actual = kind.read(self.aws, id_)
        if actual is None:
            return None
        unreturned = {
            name: inputs[name] for name, property_ in kind.properties.items() if _is_write_only(property_, name, inputs)
        }
        if kind.is_regional:
            actual["region"] = self.aws.region
        if "tags" in kind.properties:
            _split_tags(actual, inputs, self.aws.default_tags)
        return {name: value for name, value in {**actual, **unreturned}.items() if value is not None}


def _is_write_only(property_: Any, name: str, inputs: Inputs) -> bool:
    return bool(property_.write_only) and inputs.get(name) is not None


def _split_tags(actual: Outputs, inputs: Inputs, default_tags: Mapping[str, str]) -> None:
    """Set `tags` to the resource's own tags, and `tagsAll` to those and the program's default ones."""
    tags = {key: value for key, value in (actual.get("tags") or {}).items() if not key.startswith(OWN_TAGS)}
    written_tags = inputs.get("tags") or {}
    actual["tagsAll"] = tags
    actual["tags"] = {
        key: value for key, value in tags.items() if key in written_tags or default_tags.get(key) != value
    }


def _predicted_outputs(kind: Resource, inputs: Inputs, old_outputs: ReadonlyValues, changed: Any) -> Values:
    """Return a preview's outputs: the requested values, and those of the rest that do not change."""
    outputs = {**old_outputs, **{name: value for name, value in inputs.items() if not name.startswith("__")}}
    for name, property_ in kind.properties.items():
        stale = name not in old_outputs or any(source in changed for source in property_.derived_from)
        if property_.computed and changed and stale:
            outputs[name] = UNKNOWN
    return outputs


def _without_missing(inputs: Inputs) -> Values:
    return {name: value for name, value in integral_to_int(dict(inputs)).items() if value is not None}


def _failure_reason(error: Exception) -> str:
    if isinstance(error, ClientError):
        detail = error.response.get("Error", {})
        return f"AWS says {detail.get('Code', 'error')}: {detail.get('Message', '')}".rstrip(": ")
    return str(error)
