"""`check` finds every class of defect, says which one it is and where, and nothing that is not there."""

import pytest

from tests.workflow.defects import DEFECTS, Defect
from tests.workflow.wrong_values import WRONG_VALUES
from workflow import check


@pytest.mark.parametrize("defect", [*DEFECTS, *WRONG_VALUES], ids=lambda defect: f"a machine {defect.name}")
def test_a_seeded_defect_is_found_at_its_place(defect: Defect) -> None:
    """Code, severity and pointer are those of the defect."""
    found = check(defect.text, type="EXPRESS" if defect.express else "STANDARD")
    assert (defect.code, defect.severity, defect.pointer) in {(f.code, f.severity, f.pointer) for f in found}, found


@pytest.mark.parametrize("defect", [*DEFECTS, *WRONG_VALUES], ids=lambda defect: f"a machine {defect.name}")
def test_one_defect_is_told_once(defect: Defect) -> None:
    """What follows from a defect is not held against the document as well; of an island, each state is named."""
    found = check(defect.text, type="EXPRESS" if defect.express else "STANDARD")
    assert len(found) == 1 or {finding.code for finding in found} == {"UNREACHABLE_STATE"}, found
    assert all(finding.sentence.endswith((".", "…")) for finding in found)


def test_there_are_at_least_eighty_classes_of_documents() -> None:
    """The suite's own promise."""
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS) >= 80
