"""Check the rules of a Choice: JSONata conditions, and JSONPath operators at any nesting depth."""

from __future__ import annotations

from ..asl.definition import JsonObject
from ..asl.fields import JOINERS, OPERATORS, RULE, WORDS
from ..asl.json_type import Json
from ..asl.json_values import child, format_value
from ..asl.suggestions import format_list, suggest
from ..queries.jsonata_evaluation import is_expression
from .lint_context import AssignCheck, LintContext, is_time, unknown_field
from .lint_findings import Code
from .reads import has_placeholders, looks_like_path


def check_choices(context: LintContext, check_assign: AssignCheck) -> None:
    """Check every rule of a Choice."""
    rules = context.fields.get("Choices")
    if "Choices" not in context.fields:
        context.missing(
            context.state.pointer, "Choices", "A Choice state must have Choices.", "Add a list of choice rules."
        )
        return
    if not isinstance(rules, list):
        context.wrong_type(context.at("Choices"), "Choices must be a list of choice rules.")
        return
    if not rules:
        context.findings.error(
            "EMPTY_LIST", context.at("Choices"), "Choices must contain at least one choice rule.", "Add a choice rule."
        )
    for index, rule in enumerate(rules):
        _check_rule(context, rule, context.at("Choices", index), check_assign)


def _check_rule(context: LintContext, rule: Json, pointer: str, check_assign: AssignCheck) -> None:
    if not isinstance(rule, dict):
        context.wrong_type(pointer, "A choice rule must be an object.")
        return
    if "Next" not in rule:
        context.missing(pointer, "Next", "A choice rule must have Next.")
    check_assign(context, rule, pointer, "after")
    if context.uses_jsonata:
        _check_jsonata_rule(context, rule, pointer)
    else:
        _check_path_rule(context, rule, pointer)


def _check_jsonata_rule(context: LintContext, rule: JsonObject, pointer: str) -> None:
    foreign = [name for name in rule if name in OPERATORS or name in JOINERS or name == "Variable"]
    if foreign:
        context.findings.error(
            "WRONG_QUERY_LANGUAGE",
            child(pointer, foreign[0]),
            f"{format_list(foreign)} belong{'' if foreign[1:] else 's'} to JSONPath, but the state uses JSONata.",
            "Replace it by a Condition.",
        )
        context.findings.note_intention(pointer, "Condition")
    for name in rule:
        if name not in RULE and name not in foreign:
            unknown_field(context.findings, name, child(pointer, name), "a choice rule", RULE)
    context.check_string(rule, "Comment", pointer)
    if "Output" in rule:
        context.strings.check_jsonata(rule["Output"], child(pointer, "Output"), "after")
    _check_condition(context, rule, pointer)


def _check_condition(context: LintContext, rule: JsonObject, pointer: str) -> None:
    if "Condition" not in rule:
        example = "Add a Condition, such as {% $states.input.ready %}."
        context.missing(pointer, "Condition", "A choice rule must have a Condition.", example)
        return
    condition, location = rule["Condition"], child(pointer, "Condition")
    if isinstance(condition, bool) or has_placeholders(condition):
        return
    if isinstance(condition, str) and condition.startswith("{%"):
        context.strings.check_jsonata(condition, location, "before", ("boolean",))
        return
    context.wrong_type(
        location, "A Condition must be an expression {% … %} that yields a boolean.", "Enclose it in {% … %}."
    )


def _check_path_rule(context: LintContext, rule: JsonObject, pointer: str) -> None:
    stack: list[tuple[JsonObject, str, bool]] = [(rule, pointer, True)]
    while stack:
        node, location, top = stack.pop()
        for part, part_location in _check_node(context, node, location, top):
            if isinstance(part, dict):
                stack.append((part, part_location, False))
            else:
                context.wrong_type(part_location, "A choice rule must be an object.")


def _check_node(context: LintContext, rule: JsonObject, pointer: str, top: bool) -> list[tuple[Json, str]]:
    """Check one JSONPath rule, and return the rules nested in it, each with its JSON pointer."""
    _check_names(context, rule, pointer, top)
    context.check_string(rule, "Comment", pointer)
    joiners = [name for name in JOINERS if name in rule]
    tests = [name for name in rule if name in OPERATORS]
    if len(joiners) + len(tests) > 1:
        context.findings.error(
            "CONFLICTING_FIELDS",
            child(pointer, (joiners + tests)[1]),
            f"A choice rule must have one operator, got {' and '.join(joiners + tests)}.",
            "Combine several conditions with And.",
        )
    elif not joiners and not tests:
        if not context.findings.has_within(pointer):
            context.missing(
                pointer,
                (*JOINERS, *OPERATORS),
                "A choice rule must have an operator.",
                "Add one, such as StringEquals.",
            )
    elif joiners:
        if "Variable" in rule:
            context.findings.error(
                "CONFLICTING_FIELDS",
                child(pointer, "Variable"),
                f"A choice rule with {joiners[0]} must not have a Variable of its own.",
                f"Remove it, or move it into {joiners[0]}.",
            )
        return _nested_rules(context, rule, joiners[0], pointer)
    for name in tests[:1]:
        _check_test(context, rule, name, pointer)
    return []


def _check_names(context: LintContext, rule: JsonObject, pointer: str, top: bool) -> None:
    allowed = ("Variable", "Comment", *(("Next", "Assign") if top else ()))
    for name in rule:
        if name in allowed or name in OPERATORS or name in JOINERS:
            continue
        location = child(pointer, name)
        if name in ("Condition", "Output"):
            context.findings.error(
                "WRONG_QUERY_LANGUAGE",
                location,
                f"{name} belongs to JSONata, but the state uses JSONPath.",
                'Use Variable and an operator, or set "QueryLanguage": "JSONata".',
            )
        elif name in ("Next", "Assign"):
            context.findings.error(
                "UNSUPPORTED_FIELD",
                location,
                f"A nested choice rule must not have {name}.",
                "Move it to the outermost rule.",
            )
        elif name in WORDS:
            context.findings.error(
                "UNSUPPORTED_FIELD", location, f"A choice rule does not support {name}.", "Remove it."
            )
        else:
            words = (*allowed, *OPERATORS, *JOINERS)
            context.findings.error(
                "UNKNOWN_OPERATOR", location, f"There is no operator {name!r}.", suggest(name, words, "Remove it.")
            )


def _nested_rules(context: LintContext, rule: JsonObject, joiner: str, pointer: str) -> list[tuple[Json, str]]:
    parts, location = rule[joiner], child(pointer, joiner)
    if joiner == "Not":
        return [(parts, location)]
    if not isinstance(parts, list):
        context.wrong_type(location, f"{joiner} must be a list of choice rules.")
        return []
    if not parts:
        context.findings.error(
            "EMPTY_LIST", location, f"{joiner} must contain at least one choice rule.", "Add a choice rule."
        )
    return [(part, child(location, index)) for index, part in reversed(list(enumerate(parts)))]


def _check_test(context: LintContext, rule: JsonObject, name: str, pointer: str) -> None:
    if "Variable" not in rule:
        context.missing(
            pointer, "Variable", f"A choice rule with {name} must have a Variable.", "Add Variable with a JSONPath."
        )
    else:
        context.strings.check_path(rule["Variable"], child(pointer, "Variable"), tolerant=name == "IsPresent")
    value, location, kind = rule[name], child(pointer, name), OPERATORS[name]
    if kind == "Path":
        context.strings.check_path(value, location)
    elif not has_placeholders(value):
        _check_operand(context, name, kind, value, location)


def _check_operand(context: LintContext, name: str, kind: str, value: Json, pointer: str) -> None:
    is_valid = {
        "String": isinstance(value, str),
        "Numeric": isinstance(value, int | float) and not isinstance(value, bool),
        "Boolean": isinstance(value, bool),
        "Timestamp": is_time(value),
    }
    if looks_like_path(value) and name + "Path" in OPERATORS:
        report = context.findings.warning if is_valid[kind] else context.findings.error
        code: Code = "NO_PATH" if is_valid[kind] else "WRONG_TYPE"
        report(
            code, pointer, f"{value!r} looks like a JSONPath but is treated as a literal string.", f"Use {name}Path."
        )
    elif not is_valid[kind]:
        expected = {
            "String": "a string",
            "Numeric": "a number",
            "Boolean": "true or false",
            "Timestamp": "a timestamp such as 2026-01-31T12:00:00Z",
        }
        context.wrong_type(pointer, f"{name} must be {expected[kind]}, got {format_value(value)}.")
    elif is_expression(value):
        context.findings.warning(
            "WRONG_QUERY_LANGUAGE",
            pointer,
            "{% … %} is JSONata; in a JSONPath state it is a literal string.",
            "Write a literal value.",
        )
