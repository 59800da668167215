"""Old public names of the language keep working: the same objects under the names that replace them."""

import workflow
from workflow import fn
from workflow.booking import Booking


def test_functions_are_in_fn_and_under_their_old_names() -> None:
    for name in fn.__all__:
        if name != "chunks":
            assert getattr(workflow, name) is getattr(fn, name)
        assert name not in workflow.__all__
    assert workflow.parted is fn.chunks


def test_renamed_verbs_keep_their_old_names() -> None:
    assert workflow.covered is workflow.coverage_fixture
    assert Booking.required() == Booking.required_bindings()
