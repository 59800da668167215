"""`check` reports every class of defect with its code and location, and nothing else."""

import pytest

from tests.workflow.defects import DEFECTS, Defect, calls, ends, jsonata, machine
from tests.workflow.wrong_values import WRONG_VALUES
from workflow import check


@pytest.mark.parametrize("defect", [*DEFECTS, *WRONG_VALUES], ids=lambda defect: f"a machine {defect.name}")
def test_each_seeded_defect_is_found_at_its_location(defect: Defect) -> None:
    found = check(defect.text, type="EXPRESS" if defect.express else "STANDARD")
    assert (defect.code, defect.severity, defect.pointer) in {(f.code, f.severity, f.pointer) for f in found}, found


@pytest.mark.parametrize("defect", [*DEFECTS, *WRONG_VALUES], ids=lambda defect: f"a machine {defect.name}")
def test_each_defect_is_reported_once(defect: Defect) -> None:
    """Consequences of a defect are not reported; only a group of unreachable states gives several findings."""
    found = check(defect.text, type="EXPRESS" if defect.express else "STANDARD")
    assert len(found) == 1 or {finding.code for finding in found} == {"UNREACHABLE_STATE"}, found
    assert all(finding.sentence.endswith((".", "…")) for finding in found)


@pytest.mark.parametrize(
    ("expression", "correction"),
    [
        ("$states.input.first-name", "in backquotes: $states.input.`a-b`"),
        ("$states.input.ready = True", "Write true."),
        ("order.id", "Write $states.input.order."),
        ("'\\q'", "\\q is not a valid escape sequence in a string"),
        ("!$states.input", "JSONata has no '!'"),
        ("1 /* one", "empty or incomplete expression"),
        ("$map([1], $lenght)", "Did you mean $length?"),
        ("$Now()", "Did you mean $now?"),
    ],
)
def test_messages_contain_the_correction(expression: str, correction: str) -> None:
    """The examples are common mistakes in JSONata."""
    (found,) = check(jsonata({"A": ends(Output=f"{{% {expression} %}}")}))
    assert correction in str(found)


def test_sdk_names_are_accepted_in_java_spelling() -> None:
    """Step Functions writes the SDK's `DB` as `Db`; both are accepted, but no other difference in case."""
    spellings = ("DBInstances", "DbInstances", "dbInstances", "DBinstances", "DBInstanceS")
    found = [check(machine({"A": calls(f"aws-sdk:rds:describe{each}", Parameters={})})) for each in spellings]
    assert [len(each) for each in found] == [0, 0, 1, 1, 1]


def test_there_are_at_least_eighty_distinct_defects() -> None:
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS) >= 80
