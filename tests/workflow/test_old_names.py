"""Old public names of the language still work, with a warning, and refer to the objects under the new names."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import workflow
from workflow import END, DistributedMap, Map, Retry, Workflow, WorkflowError, input_of, paths, run
from workflow.booking import Booking
from workflow.coverage import all_paths
from workflow.testing import Coverage

MACHINE = {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}}
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


class EachNumber(Workflow[int, int]):
    """The workflow that the Maps run."""

    only = workflow.Pass(input_of(int))
    start = only
    flow = (only >> END,)


def list_paths(**options: Any) -> list[str]:
    return [*map(str, paths(MACHINE, **options)), *map(str, all_paths(MACHINE, **options))]


@pytest.mark.parametrize(
    ("call", "old", "new", "value"),
    [
        (
            lambda **options: Map(input_of(list[int]), EachNumber, **options).max_concurrency,
            "at_once",
            "max_concurrency",
            3,
        ),
        (
            lambda **options: DistributedMap(input_of(list[int]), EachNumber, **options).max_concurrency,
            *("at_once", "max_concurrency", 3),
        ),
        (lambda **options: Retry(**options).asl(), "longest", "max_delay", timedelta(seconds=9)),
        (lambda **options: run(MACHINE, **options).path, "most_transitions", "max_transitions", 5),
        (list_paths, "most", "max_paths", 5),
        (lambda **options: Coverage(MACHINE).missing(**options), "most", "max_paths", 5),
    ],
)
def test_an_old_keyword_has_the_effect_of_the_new_one_and_warns(
    call: Callable[..., object], old: str, new: str, value: object
) -> None:
    with pytest.warns(DeprecationWarning, match=rf"\({old}=\) was renamed to .*\({new}=\)") as warnings:
        result = call(**{old: value})
    assert result == call(**{new: value})
    assert {warning.filename for warning in warnings} == {__file__}
    with pytest.raises(TypeError, match=rf"{old}= is the old name of {new}="):
        call(**{old: value, new: value})


def test_an_error_of_a_map_points_to_the_line_that_creates_it() -> None:
    with pytest.raises(WorkflowError, match="max_concurrency must be") as caught:
        Map(input_of(list[int]), EachNumber, max_concurrency=-1)
    assert caught.value.source is not None
    assert caught.value.source[0] == __file__
    each = Map(input_of(list[int]), EachNumber)
    assert each.source_line is not None
    assert each.source_line.file == __file__
