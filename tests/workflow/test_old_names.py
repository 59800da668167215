"""Old public names of the language still work, with a warning, and refer to the objects under the new names."""

import pytest

import workflow
from workflow.booking import Booking

OLD = {name: (module, name) for module, names in workflow._OLD_NAMES.items() for name in names.split()}


@pytest.mark.parametrize(("name", "target"), (OLD | workflow._RENAMED).items())
def test_an_old_name_refers_to_its_replacement_and_warns(name: str, target: tuple[str, str]) -> None:
    module, new = target
    message = f"workflow.{name} was moved to workflow.{module}.{new}, and the old name will be removed in 0.3"
    with pytest.warns(DeprecationWarning, match=message) as warnings:
        old = getattr(workflow, name)
    assert old is getattr(__import__(f"workflow.{module}", fromlist=["_"]), new)
    assert warnings[0].filename == __file__
    assert name not in workflow.__all__


def test_the_package_exports_at_most_38_names() -> None:
    assert len(workflow.__all__) <= 38
    assert all(hasattr(workflow, name) for name in workflow.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nope'"):
        _ = workflow.nope


def test_a_renamed_method_keeps_its_old_name() -> None:
    assert Booking.required() == Booking.required_bindings()
