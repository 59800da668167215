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
from .wording import DefinitionChange, changed_fields, contrasted, short

RULES: Final = ("Choices", "Retry", "Catch")
_BESIDE_A_CONDITION: Final = ("Next", "Comment", "Assign", "Output")
_NUMBERS: Final = ("MaxAttempts", "IntervalSeconds", "BackoffRate", "MaxDelaySeconds", "JitterStrategy")
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
        condition = {name: value for name, value in self.fields.items() if name not in _BESIDE_A_CONDITION}
        return condition["Condition"] if set(condition) == {"Condition"} else condition

    @property
    def beside(self) -> JsonObject:
        """The fields of the rule that are not part of `when`."""
        own = set(_BESIDE_A_CONDITION) if self.field == "Choices" else set(self.fields) - {"ErrorEquals"}
        return {name: value for name, value in self.fields.items() if name in own}

    @property
    def target(self) -> str | None:
        """The name of the next state; None if there is none."""
        target = self.fields.get("Next")
        return target if isinstance(target, str) else None


def is_rules(value: Json) -> TypeGuard[list[JsonObject]]:
    """Return true if a value is a list of objects, as rules are."""
    return isinstance(value, list) and all(isinstance(rule, dict) for rule in value)


def changed_rules(matches: StateMatches, old: StateNode, new: StateNode, field: str) -> Iterator[DefinitionChange]:
    """Yield the changes in one list of rules."""
    here = child(new.pointer, field)
    if not old.fields.get(field) and not new.fields.get(field):  # an empty list was added or removed
        was, now = ({field: state.fields[field]} if field in state.fields else {} for state in (old, new))
        yield from changed_fields(new.name, was, now, new.pointer)
    before, after = _rules(old, field), _rules(new, field)
    pairs = _pair(matches, old, before, after)
    paired_before = {earlier.index for earlier, _ in pairs}
    for rule in after:
        earlier = next((one for one, other in pairs if other.index == rule.index), None)
        place = child(here, rule.index)
        yield from _added(new.name, rule, place) if earlier is None else _rule(matches, old, new, earlier, rule, place)
    for rule in before:
        if rule.index not in paired_before:
            yield DefinitionChange(
                "changed", new.pointer, f"{new.name}: the {_label(rule)}{_with_next(rule)} was removed."
            )
    yield from _order(new.name, pairs, here)


def _rules(state: StateNode, field: str) -> list[_Rule]:
    listed = state.fields.get(field, [])
    return [_Rule(field, rule, index) for index, rule in enumerate(listed)] if is_rules(listed) else []


def _pair(
    matches: StateMatches, old: StateNode, before: Sequence[_Rule], after: Sequence[_Rule]
) -> list[tuple[_Rule, _Rule]]:
    """Return the pairs of old and new rules: those with equal `when`, then the remaining ones whose partner is clear.

    A partner is clear if exactly one remaining rule has the same target, or, for a retrier, the same index.
    """
    waiting: dict[bytes, list[_Rule]] = {}
    for rule in before:
        waiting.setdefault(canonical(rule.when), []).append(rule)
    pairs: list[tuple[_Rule, _Rule]] = []
    new: list[_Rule] = []
    for rule in after:
        alike = waiting.get(canonical(rule.when))
        if alike:
            pairs.append((alike.pop(0), rule))
        else:
            new.append(rule)
    left = [rule for rules in waiting.values() for rule in rules]
    for rule in new:
        alike = [one for one in left if one.target and matches.target(old.scope, one.target) == rule.target]
        alike = alike or [one for one in left if rule.field == "Retry" and one.index == rule.index]
        if len(alike) == 1:
            left.remove(alike[0])
            pairs.append((alike[0], rule))
    return pairs


def _rule(
    matches: StateMatches, old: StateNode, new: StateNode, before: _Rule, after: _Rule, place: str
) -> Iterator[DefinitionChange]:
    name = new.name
    if not same(before.when, after.when):
        now, then = contrasted(_readable(after), _readable(before))
        part = "the condition" if after.field == "Choices" else "ErrorEquals"
        rule = f"{part} of the {_NAMES[after.field]}{_with_next(after)}"
        yield DefinitionChange("changed", place, f"{name}: {rule} changed from {then} to {now}.")
    told: set[str] = {*_NUMBERS} if after.field == "Retry" else set()
    if before.target is not None and after.target is not None:
        told.add("Next")
        if matches.target(old.scope, before.target) != after.target:
            sentence = f"{name}, {_label(after)}: Next changed from {before.target} to {after.target}."
            yield DefinitionChange("changed", child(place, "Next"), sentence)
    if after.field == "Retry":
        yield from _amounts(f"{name}, {_label(after)}", before.beside, after.beside, place)
    was, now_set = ({key: one[key] for key in one if key not in told} for one in (before.beside, after.beside))
    yield from changed_fields(f"{name}, {_label(after)}", was, now_set, place)


def _amounts(subject: str, old: JsonObject, new: JsonObject, place: str) -> Iterator[DefinitionChange]:
    for field in _NUMBERS:
        earlier, later = old.get(field), new.get(field)
        if (field in old) != (field in new) or not same(earlier, later):
            now, then = (_amount(one, field) for one in (new, old))
            yield DefinitionChange("changed", child(place, field), f"{subject}: {field} changed from {then} to {now}.")


def _amount(retrier: JsonObject, field: str) -> str:
    return short(retrier[field]) if field in retrier else "the default"


def _order(name: str, pairs: Sequence[tuple[_Rule, _Rule]], place: str) -> Iterator[DefinitionChange]:
    """Yield the matched rules whose position among the matched rules changed."""
    was = {before.index: turn for turn, (before, _) in enumerate(sorted(pairs, key=lambda pair: pair[0].index), 1)}
    for turn, (before, after) in enumerate(sorted(pairs, key=lambda pair: pair[1].index), 1):
        if turn != was[before.index]:
            now = f"{name}: the {_label(after)} is now number {turn} of {after.field}"
            yield DefinitionChange("changed", child(place, after.index), f"{now}; it was number {was[before.index]}.")


def _added(name: str, rule: _Rule, place: str) -> Iterator[DefinitionChange]:
    if rule.field == "Retry":
        attempts = rule.fields.get("MaxAttempts")
        limit = "" if attempts is None else f" with MaxAttempts {short(attempts)}"
        yield DefinitionChange("changed", place, f"{name}: a {_label(rule)} was added{limit}.")
    else:
        yield DefinitionChange(
            "changed", child(place, "Next"), f"{name}: a {_label(rule)} was added{_with_next(rule)}."
        )


def _with_next(rule: _Rule) -> str:
    return f" with Next {rule.target}" if rule.target else ""


def _label(rule: _Rule) -> str:
    """Return the kind and the condition or errors of a rule, which stay the same when its target changes."""
    return f"{_NAMES[rule.field]} for {short(_readable(rule))}"


def _readable(rule: _Rule) -> Json:
    when = rule.when
    if rule.field == "Choices":
        return when
    return ", ".join(str(error) for error in when) if isinstance(when, list) else "no errors" if when is None else when
