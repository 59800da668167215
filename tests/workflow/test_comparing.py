"""What `diff` says is what differs: no two things are told alike, and an order that matters is told."""

from typing import Any

import pytest

from workflow.comparing import diff

LONG = "{% $states.input.order.customer.address.country.region.subregion.code = "


def choosing(*rules: tuple[str, str]) -> dict[str, Any]:
    """A Choice with these conditions and targets."""
    choice = {"Type": "Choice", "Choices": [{"Condition": condition, "Next": to} for condition, to in rules]}
    ends = {name: {"Type": "Succeed"} for name in ("B", "C", "D")}
    return {"StartAt": "A", "QueryLanguage": "JSONata", "States": {"A": choice | {"Default": "D"}, **ends}}


def calling(field: str, *handlers: dict[str, Any]) -> dict[str, Any]:
    """A Task with these retriers or catchers."""
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity", "Parameters": {}, "End": True}
    ends = {name: {"Type": "Fail"} for name in ("B", "C")} if field == "Catch" else {}
    return {"StartAt": "A", "States": {"A": task | {field: list(handlers)}, **ends}}


def passing(result: Any) -> dict[str, Any]:
    """A Pass that gives this."""
    return {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": result, "End": True}}}


def said(old: Any, new: Any) -> list[str]:
    """The sentences."""
    return [str(change) for change in diff(old, new)]


def test_conditions_that_differ_late_are_two() -> None:
    """A condition is cut where it is told, not where it is compared."""
    one, other = (choosing((f"{LONG}'{code}' %}}", "B")) for code in ("DE", "FR"))
    rule = LONG.removeprefix("{% ")
    assert said(one, other) == [
        f"A goes to B when {rule}'FR' now.",
        f"A does not go to B when {rule}'DE' any more.",
    ]
    both = choosing((f"{LONG}1 %}}", "B"), (f"{LONG}2 %}}", "C"))
    moved = choosing((f"{LONG}1 %}}", "C"), (f"{LONG}2 %}}", "C"))
    assert said(both, moved) == [f"A goes to C when {rule}1; it went to B."]


def test_the_same_condition_twice_is_two_ways() -> None:
    """The first of them is the one that is taken."""
    old, new = choosing(("{% $a %}", "B"), ("{% $a %}", "C")), choosing(("{% $a %}", "C"), ("{% $a %}", "D"))
    assert said(old, new) == ["A goes to C when $a; it went to B.", "A goes to D when $a (2); it went to C."]


def test_the_order_of_choices_matters() -> None:
    """The first rule that holds is taken."""
    old = choosing(("{% $a %}", "B"), ("{% $b %}", "C"))
    new = choosing(("{% $b %}", "C"), ("{% $a %}", "B"))
    assert said(old, new) == ["A, which way it takes: when $b comes before when $a now."]


@pytest.mark.parametrize(
    ("field", "sentence"),
    [("Catch", "A, what it catches: on Y comes before on X now."), ("Retry", "A, trying again: Y comes before X now.")],
)
def test_the_order_of_handlers_matters(field: str, sentence: str) -> None:
    """The first that names the error is taken."""
    extra = {"Catch": {"Next": "B"}, "Retry": {}}[field]
    one, other = ({"ErrorEquals": [name], **extra} for name in ("X", "Y"))
    assert said(calling(field, one, other), calling(field, other, one)) == [sentence]


def test_the_same_errors_twice_are_two_retriers() -> None:
    """A change of the first is not hidden by the second."""
    retriers = [{"ErrorEquals": ["X"], "MaxAttempts": attempts} for attempts in (1, 2, 5)]
    old, new = calling("Retry", retriers[0], retriers[2]), calling("Retry", retriers[1], retriers[2])
    assert said(old, new) == ["A, trying again on X: retries 2; was 1."]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (1, "1", 'A: Result is "1" now; it was 1.'),
        (True, "true", 'A: Result is "true" now; it was true.'),
        ("", None, 'A: Result is null now; it was "".'),
        (" x", "x ", 'A: Result is "x " now; it was " x".'),
        ("y" * 80 + "1", "y" * 80 + "2", f"A: Result is …{'y' * 12}2 now; it was …{'y' * 12}1."),
    ],
)
def test_values_that_differ_are_told_apart(old: Any, new: Any, sentence: str) -> None:
    """Also where they look alike, or differ late."""
    assert said(passing(old), passing(new)) == [sentence]
