"""Documents with many defects: each is reported beside all others, but its consequences are not."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.workflow.defects import DEFECTS, Defect, ends, machine, task
from workflow.lint import check
from workflow.lint.lint_findings import LintFinding

_TARGETS = ("Next", "Default", "StartAt")


def _with_prefix(value: Any, prefix: str) -> Any:
    """Return the scope with prefixed state names, so that it can be a branch beside others."""
    if isinstance(value, list):
        return [_with_prefix(item, prefix) for item in value]
    if not isinstance(value, dict):
        return value
    scope = "StartAt" in value and isinstance(value.get("States"), dict)
    return {
        key: {prefix + name: _with_prefix(state, prefix) for name, state in item.items()}
        if key == "States" and scope
        else prefix + item
        if key in _TARGETS and isinstance(item, str)
        else _with_prefix(item, prefix)
        for key, item in value.items()
    }


def _branches(query_language: str | None) -> Iterator[tuple[Defect, dict[str, Any]]]:
    """Yield the defects of single states, with the machines that have them."""
    for defect in DEFECTS:
        try:
            document = json.loads(defect.text)
        except ValueError:
            continue
        if defect.express or defect.code == "DUPLICATE_KEY" or not defect.pointer.startswith("/States/"):
            continue
        if document.pop("QueryLanguage", None) == query_language and set(document) == {"StartAt", "States"}:
            yield defect, document


@pytest.mark.parametrize("query_language", [None, "JSONata"])
def test_every_defect_is_found_among_all_others(query_language: str | None) -> None:
    """A machine with one branch per defect has all their findings, in the order of the branches."""
    pairs = list(_branches(query_language))
    assert len(pairs) > 30
    branches = [_with_prefix(document, f"{index}-") for index, (_, document) in enumerate(pairs)]
    language = {} if query_language is None else {"QueryLanguage": query_language}
    found = check(json.dumps(machine({"P": {"Type": "Parallel", "Branches": branches, "End": True}}, **language)))
    locations = {(finding.code, finding.severity, finding.pointer) for finding in found}
    for index, (defect, _) in enumerate(pairs):
        steps = defect.pointer.split("/")
        inside = "/".join(
            f"{index}-{step}" if before == "States" else step for before, step in zip(["", *steps], steps, strict=False)
        )
        assert (defect.code, defect.severity, f"/States/P/Branches/{index}{inside}") in locations, defect.name
    order = [int(finding.pointer.split("/")[4]) for finding in found]
    assert order == sorted(order)


def _code_and_pointers(states: dict[str, Any]) -> list[tuple[str, str]]:
    return [_code_and_pointer(finding) for finding in check(json.dumps(machine(states)))]


def _code_and_pointer(finding: LintFinding) -> tuple[str, str]:
    return finding.code, finding.pointer.removeprefix("/States/")


def passes_to(target: object, **fields: Any) -> dict[str, Any]:
    return {"Type": "Pass", "Next": target, **fields}


def chooses_between(target: str, otherwise: str | None = None) -> dict[str, Any]:
    rules = [{"Variable": "$.x", "IsNull": True, "Next": target}]
    return {"Type": "Choice", "Choices": rules, **({} if otherwise is None else {"Default": otherwise})}


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({"A": passes_to("Recrod"), "Record": ends()}, [("MISSING_TRANSITION_TARGET", "A/Next")]),
        (
            {"A": passes_to("Recrod"), "Orphan": ends(), "Record": ends()},
            [("MISSING_TRANSITION_TARGET", "A/Next"), ("UNREACHABLE_STATE", "Orphan")],
        ),
        ({"A": passes_to("Zed"), "B": passes_to("C"), "C": ends()}, [("MISSING_TRANSITION_TARGET", "A/Next")]),
        (
            {"A": passes_to("Zed"), "B": ends(), "C": ends()},
            [("MISSING_TRANSITION_TARGET", "A/Next"), ("UNREACHABLE_STATE", "C")],
        ),
        (
            {"A": ends(), "B": passes_to("Zed"), "C": ends()},
            [("UNREACHABLE_STATE", "B"), ("MISSING_TRANSITION_TARGET", "B/Next"), ("UNREACHABLE_STATE", "C")],
        ),
        (
            {"A": {"Type": "Tsk", "Resourse": "arn", "End": True}},
            [("UNKNOWN_TYPE", "A/Type"), ("UNKNOWN_FIELD", "A/Resourse")],
        ),
        (
            {"A": {"Type": "Pass", "nextt": "B", "nxt": "B"}, "B": ends()},
            [("UNKNOWN_FIELD", "A/nextt"), ("UNKNOWN_FIELD", "A/nxt")],
        ),
        (
            {"A": {"Type": "Pass"}, "B": passes_to("C"), "C": passes_to("B"), "D": ends()},
            [("MISSING_TRANSITION", "A"), ("UNREACHABLE_STATE", "B"), ("UNREACHABLE_STATE", "C")],
        ),
        (
            {"A": {"Type": "Pass"}, "B": chooses_between("C", "D"), "C": passes_to("B"), "D": ends()},
            [("MISSING_TRANSITION", "A")],
        ),
        ({"A": chooses_between("B"), "B": passes_to("A"), "C": ends()}, [("UNREACHABLE_STATE", "C")]),
        (
            {"A": chooses_between("B", "C"), "B": passes_to("D"), "C": ends(), "D": passes_to("B")},
            [("ENDLESS_LOOP", "B")],
        ),
        ({"A": {"Type": "Choice", "Default": "C"}, "B": ends(), "C": ends()}, [("MISSING_REQUIRED_FIELD", "A")]),
        ({"A": passes_to("B", Assign=3), "B": ends(Parameters={"x.$": "$v"})}, [("WRONG_TYPE", "A/Assign")]),
        ({"A": passes_to("B", assign={"v": 1}), "B": ends(Parameters={"x.$": "$v"})}, [("UNKNOWN_FIELD", "A/assign")]),
        (
            {"A": chooses_between("B", "C") | {"default": "D"}, "B": ends(), "C": ends(), "D": ends()},
            [("UNKNOWN_FIELD", "A/default"), ("UNREACHABLE_STATE", "D")],
        ),
        (
            {"A": task(catch=[{"ErrorEquals": ["E"], "next": "B"}]), "B": ends()},
            [("UNKNOWN_FIELD", "A/catch"), ("UNKNOWN_FIELD", "A/catch/0/next")],
        ),
        (
            {"A": {"Type": "Pass", "Nextt": "Zed"}},
            [("UNKNOWN_FIELD", "A/Nextt"), ("MISSING_TRANSITION_TARGET", "A/Nextt")],
        ),
        ({"A": {"Type": "Pass"}, "B": ends()}, [("MISSING_TRANSITION", "A")]),
        (
            {"A": {"Type": "Pass"}, "B": passes_to("D"), "C": ends(), "D": ends()},
            [("MISSING_TRANSITION", "A"), ("UNREACHABLE_STATE", "C")],
        ),
        ({"A": passes_to(5), "B": ends()}, [("WRONG_TYPE", "A/Next")]),
        ({"A": passes_to("B"), "B": 5, "C": ends()}, [("WRONG_TYPE", "B")]),
        (
            {"A": {"Type": "Pss", "Next": "B"}, "B": ends(), "C": ends()},
            [("UNKNOWN_TYPE", "A/Type"), ("UNREACHABLE_STATE", "C")],
        ),
        (
            {"A": {"Type": "Chioce", "Choices": [{"Next": "B"}], "Default": "C"}, "B": ends(), "C": ends()},
            [("UNKNOWN_TYPE", "A/Type")],
        ),
        (
            {
                "A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True}], "Default": "C"},
                "B": ends(),
                "C": ends(),
                "D": ends(),
            },
            [("MISSING_REQUIRED_FIELD", "A/Choices/0"), ("UNREACHABLE_STATE", "D")],
        ),
        (
            {"A": passes_to("B"), "B": ends(Assign={"x": 1}), "C": passes_to("Nowhere", Parameters={"x.$": "$x"})},
            [("UNREACHABLE_STATE", "C"), ("MISSING_TRANSITION_TARGET", "C/Next")],
        ),
        (
            {"A": passes_to("Nwoher", Assign={"x": 1}), "Nowhere": ends(Parameters={"x.$": "$x"})},
            [("MISSING_TRANSITION_TARGET", "A/Next")],
        ),
    ],
)
def test_consequences_of_a_defect_are_not_reported(states: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """A wrong transition explains one unreachable state; all other unreachable states are reported."""
    assert _code_and_pointers(states) == expected


def test_suggestions_for_a_thousand_wrong_targets_are_limited() -> None:
    """Each target is reported, but the number of suggestions is limited, because each compares all names."""
    found = check(json.dumps(machine({f"State {n}": passes_to(f"Stato {n + 1}") for n in range(1000)})))
    proposed = [finding for finding in found if "Did you mean" in finding.remedy]
    assert len(found) == 1000
    assert 100 < len(proposed) < 400


def test_a_missing_target_suggests_the_unreachable_state() -> None:
    """The message names the state that is not reported as unreachable because of this mistake."""
    (found,) = check(json.dumps(machine({"A": passes_to("Zed"), "B": ends()})))
    assert found.remedy == "Add it, or name a state of the same scope; no transition leads to 'B'."


def test_suggestions_for_thousands_of_undefined_variables_are_limited() -> None:
    """Each variable is reported, but the number of suggestions is limited, as for targets."""
    assign, output = {f"value{n}": n for n in range(2000)}, [f"{{% $walue{n} %}}" for n in range(2000)]
    found = check(json.dumps(machine({"A": ends(Assign=assign, Output=output)}, QueryLanguage="JSONata")))
    assert len(found) == 2000
    assert len([finding for finding in found if "Did you mean" in finding.remedy]) < 200


def test_functions_in_objects_can_be_called() -> None:
    """A call by a plain name is reported only if no value there can be a function."""
    for expression in ("($o := {'f': function($x) {$x}}; $o.f(1))", "{'up': $uppercase}.up('a')"):
        assert check(json.dumps(machine({"A": ends(Output=f"{{% {expression} %}}")}, QueryLanguage="JSONata"))) == ()


def test_lone_surrogates_in_names_are_escaped_in_messages() -> None:
    """A lone surrogate in a name is escaped in messages, also if the field was corrected to another one."""
    state = {"Type": "Pass", "QueryLanguage\ud800": "JSONata", "Output": "{% 1 %}", "End": True}
    found = check(machine({"A\udfff": state}))
    assert {finding.code for finding in found} == {"INVALID_JSON_DESCRIPTION", "UNKNOWN_FIELD"}
    assert all(str(finding).encode() for finding in found)
