"""The labels of a diagram: short descriptions of a state's work and of a transition's condition."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ..asl.definition import StateNode, Transition
from ..asl.json_type import Json
from ..asl.json_values import JsonObject, json_text

MAX_TEXT_LENGTH: Final = 38
_GUARD: Final = re.compile(r'\$(?:type\([^()]*\) = "\w+"|exists\([^()]*\)) and ')
_ROOT: Final = re.compile(
    r"\$states\.(?:context\.Execution\.Input|input)\.|\$\$?\.(?:Execution\.Input\.)?(?=\w)|\$(?=\w+\.)"
)
_PIECE: Final = r'"[^"\\]*"|\$+[\w.]+'
_JOINED: Final = re.compile(rf"(?:{_PIECE})(?:\s*&\s*(?:{_PIECE}))+")
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SERVICES: Final[Mapping[str, str]] = {
    "lambda": "Lambda",
    "dynamodb": "DynamoDB",
    "sqs": "SQS",
    "sns": "SNS",
    "s3": "S3",
    "states": "Step Functions",
    "sfn": "Step Functions",
    "events": "EventBridge",
    "eventbridge": "EventBridge",
    "ecs": "ECS",
    "http": "HTTP",
}
_OPERATOR_SYMBOLS: Final[Mapping[str, str]] = {
    "Equals": "=",
    "LessThan": "<",
    "LessThanEquals": "≤",
    "GreaterThan": ">",
    "GreaterThanEquals": "≥",
    "Matches": "~",
}


def subtitle(state: StateNode) -> str:
    """Return a short description of a state's work, such as its call, time limit and retries, or an empty string."""
    if state.type == "Task":
        return " · ".join(part for part in (_call(state), _limit(state), _retries(state)) if part)
    if state.type == "Wait":
        for field in ("Seconds", "Timestamp", "SecondsPath", "TimestampPath"):
            if field in state.fields:
                unit = " s" if field == "Seconds" and not isinstance(state.fields[field], str) else ""
                return shorten(f"{_format_value(state.fields[field])}{unit}")
    if state.type == "Fail":
        error = state.fields.get("Error", state.fields.get("ErrorPath"))
        return shorten(_format_value(error)) if error is not None else ""
    if state.type == "Map":
        distributed = "DISTRIBUTED" in json_text(_object(state.fields.get("ItemProcessor")).get("ProcessorConfig"))
        limit = state.fields.get("MaxConcurrency")
        concurrency = f"{limit} at once" if isinstance(limit, int) and limit else ""
        return " · ".join(part for part in ("distributed" if distributed else "", concurrency, _retries(state)) if part)
    return "" if state.type in ("Succeed", "Choice", "Pass") else _retries(state)


def transition_label(transition: Transition) -> str:
    """Return the condition of a transition, or an empty string for a plain Next."""
    if transition.kind == "next":
        return ""
    if transition.kind == "default":
        return "otherwise"
    if transition.kind == "catch":
        errors = transition.holder.get("ErrorEquals")
        names = [str(error) for error in errors] if isinstance(errors, list) else []
        return "on any error" if "States.ALL" in names else "on " + ", ".join(names)
    return _condition(transition.holder)


def printable(text: str) -> str:
    """Return the text with the characters that XML forbids replaced by U+FFFD."""
    return _FORBIDDEN.sub("\ufffd", text)


def shorten(text: str, max_length: int = MAX_TEXT_LENGTH) -> str:
    """Return the text, cut to at most `max_length` characters with an ellipsis."""
    return text if len(text) <= max_length else text[: max_length - 1].rstrip() + "…"


def _call(state: StateNode) -> str:
    resource = state.fields.get("Resource")
    if not isinstance(resource, str):
        return ""
    if ":function:" in resource:
        return "Lambda " + resource.split(":function:")[1].split(":")[0]
    if ":activity:" in resource:
        return "activity " + resource.rsplit(":", 1)[1]
    name = resource.split(":states:::")[-1].removeprefix("aws-sdk:")
    service, _, action = name.partition(":")
    service_name = _SERVICES.get(service, service)
    action_name = _function(state) if action.startswith("invoke") and service == "lambda" else action.split(".")[0]
    waits = " · waits" if ".waitForTaskToken" in resource else ""
    return shorten(f"{service_name} {action_name}{waits}".strip(), 32)


def _function(state: StateNode) -> str:
    sent = _object(state.fields.get("Arguments", state.fields.get("Parameters")))
    name = sent.get("FunctionName")
    if not isinstance(name, str) or name.startswith("{%"):
        return ""
    return (name.split(":function:")[1].split(":")[0] if ":function:" in name else name).strip("${}")


def _limit(state: StateNode) -> str:
    limit = state.fields.get("TimeoutSeconds")
    return f"{limit:g} s" if isinstance(limit, int | float) else ""


def _retries(state: StateNode) -> str:
    retriers = state.fields.get("Retry")
    attempts = [
        retrier.get("MaxAttempts", 3)
        for retrier in (retriers if isinstance(retriers, list) else [])
        if isinstance(retrier, dict)
    ]
    return "↻ " + "/".join(str(attempt) for attempt in attempts) if attempts else ""


def _condition(rule: JsonObject) -> str:
    if "Condition" in rule:
        text = _GUARD.sub("", _plain(rule["Condition"]))
        text = _ROOT.sub("", text)
        membership = re.fullmatch(r"(\S+) in \[(.*)\]", text)
        text = f"{membership[1]} = {membership[2].replace(', ', ' | ')}" if membership else text
        return text.replace('"', "")
    return _comparison(rule)


def _comparison(rule: JsonObject) -> str:
    """Return a JSONPath rule in infix form, without type guards and with at most four comparisons."""
    parts: list[str] = []
    stack: list[tuple[JsonObject, str]] = [(rule, "")]
    while stack and len(parts) < 4:
        node, joint = stack.pop()
        for word in ("And", "Or"):
            inner = node.get(word)
            if isinstance(inner, list):
                comparisons = [part for part in inner if isinstance(part, dict) and not _is_guard(part)] or [{}]
                stack.extend(
                    (part, f" {word.lower()} " if index else joint)
                    for index, part in reversed(list(enumerate(comparisons)))
                )
        negated = node.get("Not")
        if isinstance(negated, dict):
            stack.append((negated, f"{joint}not "))
        operator = next(
            (key for key in node if key not in ("Variable", "Next", "Comment", "Assign", "Output", "And", "Or", "Not")),
            "",
        )
        if operator:
            name = re.sub(r"Path$", "", operator)
            symbol = next((symbol for suffix, symbol in _OPERATOR_SYMBOLS.items() if name.endswith(suffix)), operator)
            operand = "" if symbol == operator and node[operator] is True else f" {_plain(node[operator])}"
            parts.append(f"{joint}{_ROOT.sub('', str(node.get('Variable', '')))} {symbol}{operand}")
    return "".join(parts)


def _is_guard(rule: JsonObject) -> bool:
    return any(rule.get(key) is True for key in ("IsPresent", "IsString", "IsNumeric", "IsBoolean"))


def _plain(value: Json) -> str:
    text = value if isinstance(value, str) else json_text(value)
    return text.removeprefix("{%").removesuffix("%}").strip()


def _format_value(value: Json) -> str:
    """Return a readable form of a value: a path without its root, a concatenation as one string with {placeholders}."""
    text = _plain(value)
    if not _JOINED.fullmatch(text):
        return _ROOT.sub("", text)
    pieces = re.findall(_PIECE, text)
    return "".join(piece[1:-1] if piece.startswith('"') else f"{{{_ROOT.sub('', piece)}}}" for piece in pieces)


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}
