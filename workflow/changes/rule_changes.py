"""Changes in the ordered lists of a state: choice rules, retriers and catchers, all called rules here.

Two rules match if they have the same condition or errors; if several have the same, they match in their order. Of the
remaining rules, two with the same target count as one rule whose condition changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeGuard

from ..asl.definition import StateNode
from ..asl.json_type import Json
from ..asl.json_values import JsonObject, canonical, child, same
from .matching import StateMatches
from .wording import DefinitionChange, contrast, field_changes, shorten

RULES: Final = ("Choices", "Retry", "Catch")
_OTHER_RULE_FIELDS: Final = ("Next", "Comment", "Assign", "Output")
_RETRIER_FIELDS: Final = ("MaxAttempts", "IntervalSeconds", "BackoffRate", "MaxDelaySeconds", "JitterStrategy")
"""The fields of a retrier that have a default."""
_NAMES: Final = {"Choices": "choice rule", "Retry": "retrier", "Catch": "catcher"}


@dataclass(frozen=True, slots=True)
class _Rule:
    """A choice rule, a retrier or a catcher."""

    field: str
    fields: JsonObject
    index: int

    @property
    def when(self) -> Json:
        """The condition of a choice rule, or the errors of a retrier or catcher."""
        if self.field != "Choices":
            return self.fields.get("ErrorEquals")
        condition = {name: value for name, value in self.fields.items() if name not in _OTHER_RULE_FIELDS}
        return condition["Condition"] if set(condition) == {"Condition"} else condition

    @property
    def other_fields(self) -> JsonObject:
        """The fields of the rule that are not part of `when`."""
        own = set(_OTHER_RULE_FIELDS) if self.field == "Choices" else set(self.fields) - {"ErrorEquals"}
        return {name: value for name, value in self.fields.items() if name in own}

    @property
    def target(self) -> str | None:
        """The name of the next state; None if there is none."""
        target = self.fields.get("Next")
        return target if isinstance(target, str) else None


def is_rules(value: Json) -> TypeGuard[list[JsonObject]]:
    """Return true if a value is a list of objects, as rules are."""
    return isinstance(value, list) and all(isinstance(rule, dict) for rule in value)


def rule_list_changes(matches: StateMatches, old: StateNode, new: StateNode, field: str) -> Iterator[DefinitionChange]:
    """Yield the changes in one list of rules."""
    list_pointer = child(new.pointer, field)
    if not old.fields.get(field) and not new.fields.get(field):  # an empty list was added or removed
        was, now = ({field: state.fields[field]} if field in state.fields else {} for state in (old, new))
        yield from field_changes(new.name, was, now, new.pointer)
    before, after = _rules(old, field), _rules(new, field)
    pairs = _pair(matches, old, before, after)
    paired_before = {earlier.index for earlier, _ in pairs}
    for rule in after:
        earlier = next((one for one, other in pairs if other.index == rule.index), None)
        location = child(list_pointer, rule.index)
        yield from (
            _addition(new.name, rule, location)
            if earlier is None
            else _rule_changes(matches, old, new, earlier, rule, location)
        )
    for rule in before:
        if rule.index not in paired_before:
            yield DefinitionChange(
                "changed", new.pointer, f"{new.name}: the {_label(rule)}{_next_text(rule)} was removed."
            )
    yield from _order_changes(new.name, pairs, list_pointer)


def _rules(state: StateNode, field: str) -> list[_Rule]:
    listed = state.fields.get(field, [])
    return [_Rule(field, rule, index) for index, rule in enumerate(listed)] if is_rules(listed) else []


def _pair(
    matches: StateMatches, old: StateNode, before: Sequence[_Rule], after: Sequence[_Rule]
) -> list[tuple[_Rule, _Rule]]:
    """Return the pairs of old and new rules: those with equal `when`, then the remaining ones whose partner is clear.

    A partner is clear if exactly one remaining rule has the same target, or, for a retrier, the same index.
    """
    by_condition: dict[bytes, list[_Rule]] = {}
    for rule in before:
        by_condition.setdefault(canonical(rule.when), []).append(rule)
    pairs: list[tuple[_Rule, _Rule]] = []
    added: list[_Rule] = []
    for rule in after:
        candidates = by_condition.get(canonical(rule.when))
        if candidates:
            pairs.append((candidates.pop(0), rule))
        else:
            added.append(rule)
    unpaired = [rule for rules in by_condition.values() for rule in rules]
    for rule in added:
        candidates = [one for one in unpaired if one.target and matches.target(old.scope, one.target) == rule.target]
        candidates = candidates or [one for one in unpaired if rule.field == "Retry" and one.index == rule.index]
        if len(candidates) == 1:
            unpaired.remove(candidates[0])
            pairs.append((candidates[0], rule))
    return pairs


def _rule_changes(
    matches: StateMatches, old: StateNode, new: StateNode, before: _Rule, after: _Rule, location: str
) -> Iterator[DefinitionChange]:
    name = new.name
    if not same(before.when, after.when):
        now, then = contrast(_readable(after), _readable(before))
        part = "the condition" if after.field == "Choices" else "ErrorEquals"
        rule = f"{part} of the {_NAMES[after.field]}{_next_text(after)}"
        yield DefinitionChange("changed", location, f"{name}: {rule} changed from {then} to {now}.")
    covered: set[str] = {*_RETRIER_FIELDS} if after.field == "Retry" else set()
    if before.target is not None and after.target is not None:
        covered.add("Next")
        if matches.target(old.scope, before.target) != after.target:
            sentence = f"{name}, {_label(after)}: Next changed from {before.target} to {after.target}."
            yield DefinitionChange("changed", child(location, "Next"), sentence)
    if after.field == "Retry":
        yield from _number_changes(f"{name}, {_label(after)}", before.other_fields, after.other_fields, location)
    was, now_set = (
        {key: one[key] for key in one if key not in covered} for one in (before.other_fields, after.other_fields)
    )
    yield from field_changes(f"{name}, {_label(after)}", was, now_set, location)


def _number_changes(subject: str, old: JsonObject, new: JsonObject, location: str) -> Iterator[DefinitionChange]:
    for field in _RETRIER_FIELDS:
        earlier, later = old.get(field), new.get(field)
        if (field in old) != (field in new) or not same(earlier, later):
            now, then = (_number_text(one, field) for one in (new, old))
            yield DefinitionChange(
                "changed", child(location, field), f"{subject}: {field} changed from {then} to {now}."
            )


def _number_text(retrier: JsonObject, field: str) -> str:
    return shorten(retrier[field]) if field in retrier else "the default"


def _order_changes(name: str, pairs: Sequence[tuple[_Rule, _Rule]], location: str) -> Iterator[DefinitionChange]:
    """Yield the matched rules whose position among the matched rules changed."""
    was = {
        before.index: position for position, (before, _) in enumerate(sorted(pairs, key=lambda pair: pair[0].index), 1)
    }
    for position, (before, after) in enumerate(sorted(pairs, key=lambda pair: pair[1].index), 1):
        if position != was[before.index]:
            now = f"{name}: the {_label(after)} is now number {position} of {after.field}"
            yield DefinitionChange(
                "changed", child(location, after.index), f"{now}; it was number {was[before.index]}."
            )


def _addition(name: str, rule: _Rule, location: str) -> Iterator[DefinitionChange]:
    if rule.field == "Retry":
        attempts = rule.fields.get("MaxAttempts")
        limit = "" if attempts is None else f" with MaxAttempts {shorten(attempts)}"
        yield DefinitionChange("changed", location, f"{name}: a {_label(rule)} was added{limit}.")
    else:
        yield DefinitionChange(
            "changed", child(location, "Next"), f"{name}: a {_label(rule)} was added{_next_text(rule)}."
        )


def _next_text(rule: _Rule) -> str:
    return f" with Next {rule.target}" if rule.target else ""


def _label(rule: _Rule) -> str:
    """Return the kind and the condition or errors of a rule, which stay the same when its target changes."""
    return f"{_NAMES[rule.field]} for {shorten(_readable(rule))}"


def _readable(rule: _Rule) -> Json:
    when = rule.when
    if rule.field == "Choices":
        return when
    return ", ".join(str(error) for error in when) if isinstance(when, list) else "no errors" if when is None else when
