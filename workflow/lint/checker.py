"""Lint a state machine's definition with `check`, which runs every rule and returns the findings.

Longer than 250 lines so that the order of the checks is in one place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

from ..asl.definition import Definition, Duplicate, StateNode, is_file_name, parse
from ..asl.json_type import Json
from ..asl.json_values import NotJson, child, json_text, walk
from ..asl.limits import MAX_DEFINITION_BYTES, MAX_EXPRESS_SECONDS, MAX_PAYLOAD_BYTES
from .lint_context import LintContext
from .lint_findings import LintFinding, LintFindings
from .reads import VariableRead
from .scope_contexts import ScopeContexts
from .scopes import ScopeChecker
from .state_fields import check_fields
from .variables import VariableFlow

MachineType = Literal["STANDARD", "EXPRESS"]
_MAX_BYTES_PER_CHARACTER: Final = 4
"""The maximum number of bytes in a value's JSON (UTF-8) per character of its Python repr."""
_PAYLOADS: Final = ("Result", "Parameters", "Arguments", "ItemSelector", "Items", "ResultSelector", "Output", "Assign")
_PLACEHOLDERS: Final = r'"(?:[^"\\]|\\.)*"|\$\{[\w:.\-]+\}'
_SURROGATE: Final = rb"\xed[\xa0-\xbf]|\\u[dD][89a-fA-F]"
_SURROGATE_STARTS: Final = (b"\xed", b"\\u")


def check(
    definition: object,
    *,
    type: MachineType = "STANDARD",  # noqa: A002  # AWS's own word
    variables: Iterable[str] = (),
) -> tuple[LintFinding, ...]:
    """Return every error and warning about a definition, in document order. Never raises, whatever the input.

    `definition`   JSON text (str or bytes), a JSON value, a Definition, a workflow class, or a file
    `type`         the type of the state machine: EXPRESS supports fewer features than STANDARD
    `variables`    names of variables that are assigned before the machine starts, as TestState allows
    """
    findings = LintFindings()
    try:
        parsed = _read(definition, findings)
    except NotJson as error:
        where = f" at line {error.line}, column {error.column}" if error.line else ""
        findings.error(
            "INVALID_JSON_DESCRIPTION", "", f"This is not valid JSON: {error.sentence}{where}.", "Correct the JSON."
        )
        return tuple(findings)
    if parsed is not None:
        return _sort_by_position(_find_all(parsed, findings, type, frozenset(variables)), parsed.value)
    return tuple(findings)


def _find_all(
    parsed: Definition,
    text_findings: LintFindings,
    type: MachineType,  # noqa: A002  # AWS's own word
    variables: frozenset[str],
) -> Iterable[LintFinding]:
    """Check a definition; if there are findings, check it again with its misspelled fields corrected."""
    found = LintFindings()
    _check_document(parsed, parsed.duplicates, found, type, variables)
    if not any(found):
        return text_findings
    from .typos import SpellingCorrector

    corrector = SpellingCorrector(text_findings)
    corrected = corrector.correct(parsed)
    if corrected is parsed:
        return [*text_findings, *found]
    _check_document(corrected, parsed.duplicates, text_findings, type, variables)
    return map(corrector.restore_pointer, text_findings)


def _read(definition: object, findings: LintFindings) -> Definition | None:
    if isinstance(definition, str | bytes) and not is_file_name(definition):
        if not definition.strip():
            findings.error("MISSING_DESCRIPTION", "", "The definition is empty.", "Provide a state machine.")
            return None
        parsed = _read_text(definition, findings)
    else:
        parsed = parse(definition)
    if parsed.text is None and _is_small(parsed.value):
        return parsed
    text = (parsed.json(indent=None) if parsed.text is None else parsed.text).encode("utf-8", "surrogatepass")
    _check_size(text, findings)
    if len(text) > MAX_PAYLOAD_BYTES:
        _check_payloads(parsed, findings)
    if any(start in text for start in _SURROGATE_STARTS) and re.search(_SURROGATE, text):
        _check_surrogates(parsed, findings)
    return parsed


def _is_small(value: Json) -> bool:
    """Return true if a value's repr proves that it is below every size limit and has no lone surrogate."""
    try:
        shown = repr(value)
    except RecursionError:
        return False
    return len(shown) * _MAX_BYTES_PER_CHARACTER <= MAX_PAYLOAD_BYTES and "\\ud" not in shown


def _read_text(text: str | bytes, findings: LintFindings) -> Definition:
    """Parse JSON, or a JSON template in which `${name}` without quotes is a placeholder for a value; raises NotJson."""
    try:
        return Definition.read(text)
    except NotJson:
        template = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        filled = re.sub(_PLACEHOLDERS, lambda found: found[0] if found[0][0] == '"' else f'"{found[0]}"', template)
        if filled == template:
            raise
    try:
        parsed = Definition.read(filled)
    except NotJson:
        return Definition.read(text)
    findings.warning(
        "OPEN_TEMPLATE",
        "",
        "This is a template: it is valid JSON only after placeholders such as ${name} are replaced.",
        "Check it again after they are replaced.",
    )
    return parsed


def _check_size(text: bytes, findings: LintFindings) -> None:
    if len(text) > MAX_DEFINITION_BYTES:
        findings.error(
            "DEFINITION_TOO_LARGE",
            "",
            f"The definition must have at most 1 MB ({MAX_DEFINITION_BYTES:,} bytes), got {len(text):,} bytes.",
            "Move parts of it into separate state machines.",
        )


def _check_payloads(parsed: Definition, findings: LintFindings) -> None:
    for state in _large_states(parsed.root.states):
        for name in _PAYLOADS:
            if name in state.fields and (length := _bytes_of(state.fields[name])) > MAX_PAYLOAD_BYTES:
                findings.warning(
                    "PAYLOAD_TOO_LARGE",
                    child(state.pointer, name),
                    f"{name} must have at most 256 KiB ({MAX_PAYLOAD_BYTES:,} bytes), got {length:,} bytes.",
                    "Store the data in S3, and pass its location.",
                )


def _large_states(states: Sequence[StateNode]) -> Iterator[StateNode]:
    """Yield the states, including nested ones, whose JSON is larger than the maximum payload.

    The states are measured in halves, so that few are written out individually.
    """
    half = (len(states) + 1) // 2
    for part in (states[:half], states[half:]):
        if _bytes_of([state.fields for state in part]) <= MAX_PAYLOAD_BYTES:
            continue  # the half fits as a whole, so each of its states does
        if len(part) > 1:
            yield from _large_states(part)
        else:
            yield part[0]
            yield from _large_states([inner for scope in part[0].scopes for inner in scope.states])


def _bytes_of(value: Json) -> int:
    return len(json_text(value).encode("utf-8", "surrogatepass"))


def _check_surrogates(parsed: Definition, findings: LintFindings) -> None:
    for pointer, value in walk(parsed.value):
        keys = value if isinstance(value, dict) else [value] if isinstance(value, str) else []
        for text in keys:
            if any("\ud800" <= character <= "\udfff" for character in text):
                findings.error(
                    "INVALID_JSON_DESCRIPTION",
                    child(pointer, text) if isinstance(value, dict) else pointer,
                    "The string contains half of a surrogate pair, which UTF-8 cannot encode.",
                    "Remove it, or add the other half.",
                )


def _check_document(
    parsed: Definition,
    duplicates: Iterable[Duplicate],
    findings: LintFindings,
    type: MachineType,  # noqa: A002  # as above
    variables: frozenset[str],
) -> None:
    for duplicate in duplicates:
        findings.error(
            "DUPLICATE_KEY",
            duplicate.pointer,
            f"The key {duplicate.key!r} is defined more than once.",
            "Keep one definition.",
        )
    if not isinstance(parsed.value, dict):
        findings.error("WRONG_TYPE", "", "A state machine must be an object.", 'Write {"StartAt": …, "States": {…}}.')
        return
    _check_machine_limit(parsed, findings, type)
    states = list(parsed.states())
    scopes, flow = ScopeChecker(findings, states), VariableFlow(findings, variables)
    contexts = ScopeContexts(parsed, type == "EXPRESS")
    uses = {state.pointer: _check_state(contexts.context(state, findings)) for state in states}
    for scope in parsed.scopes():
        scopes.check(scope)
        flow.check(scope, uses)
    _check_labels(states, findings)


def _check_machine_limit(parsed: Definition, findings: LintFindings, type: MachineType) -> None:  # noqa: A002  # as above
    limit = parsed.root.fields.get("TimeoutSeconds")
    if type == "EXPRESS" and isinstance(limit, int | float) and limit > MAX_EXPRESS_SECONDS:
        findings.warning(
            "EXPRESS_TIMEOUT",
            "/TimeoutSeconds",
            f"An EXPRESS workflow runs for at most {MAX_EXPRESS_SECONDS} seconds, so a longer timeout has no effect.",
            "Reduce the timeout, or use a STANDARD workflow.",
        )


def _check_state(context: LintContext) -> list[VariableRead]:
    check_fields(context)
    return context.strings.uses


def _check_labels(states: list[StateNode], findings: LintFindings) -> None:
    seen: dict[Json, StateNode] = {}
    for state in states:
        label = state.fields.get("Label")
        if state.type == "Map" and isinstance(label, str) and seen.setdefault(label, state) is not state:
            findings.error(
                "DUPLICATE_LABEL_NAME",
                f"{state.pointer}/Label",
                f"The label {label!r} is already used by {seen[label].name!r}.",
                "Choose another label.",
            )


def _sort_by_position(findings: Iterable[LintFinding], value: Json) -> tuple[LintFinding, ...]:
    """Sort findings by the position of their pointers in the document."""
    positions: dict[int, dict[str, int]] = {}

    def key(finding: LintFinding) -> tuple[int, ...]:
        node = value
        path: list[int] = []
        for escaped in finding.pointer.split("/")[1:]:
            step = escaped.replace("~1", "/").replace("~0", "~")
            if isinstance(node, dict) and step in node:
                if id(node) not in positions:
                    positions[id(node)] = {name: position for position, name in enumerate(node)}
                path.append(positions[id(node)][step])
                node = node[step]
            elif isinstance(node, list) and step.isdecimal() and int(step) < len(node):
                path.append(int(step))
                node = node[int(step)]
            else:
                break
        return tuple(path)

    return tuple(sorted(findings, key=key))
