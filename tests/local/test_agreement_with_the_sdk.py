"""The property tables agree with the installed SDK on names and required inputs, at every depth."""

import importlib
import inspect
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pulumi import _types

from local.provider.property_schema import ListOf, Object, Property, Schema
from local.provider.registry import resource_types

REQUIRED_ONLY_HERE: Mapping[str, set[str]] = {
    # Optional in the SDK, and required here because their alternatives are not supported.
    "aws:lambda/function:Function": {"handler", "runtime"},
    "aws:apigatewayv2/authorizer:Authorizer": {"identitySources"},
    "aws:lambda/eventSourceMapping:EventSourceMapping": {"eventSourceArn"},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {"comparisonOperator", "evaluationPeriods"},
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": {"policyName"},
    "aws:dynamodb/table:Table": {"attributes", "hashKey"},
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {"rules"},
    "aws:s3/bucketObjectv2:BucketObjectv2": {"key", "source"},
}


def _class(token: str) -> Any:
    _, module, name = token.split(":")
    package = module.split("/")[0]
    return getattr(importlib.import_module(f"pulumi_aws.{'lambda_' if package == 'lambda' else package}"), name)


def _arguments(resource: Any) -> Any:
    module, name = inspect.getmodule(resource), resource.__name__
    return getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")


@pytest.mark.parametrize("token", resource_types())
def test_every_input_exists_in_the_sdk_at_every_depth(token: str) -> None:
    assert list(_unknown_inputs(_arguments(_class(token)), resource_types()[token].properties, token)) == []


@pytest.mark.parametrize("token", resource_types())
def test_every_output_exists_in_the_sdk(token: str) -> None:
    known = set(_types.resource_py_to_pulumi_names(_class(token)).values())
    assert set(resource_types()[token].properties) - known == set()


@pytest.mark.parametrize("token", resource_types())
def test_computed_properties_are_not_inputs_in_the_sdk(token: str) -> None:
    inputs = set(_types.input_type_py_to_pulumi_names(_arguments(_class(token))).values())
    computed = {name for name, property_ in resource_types()[token].properties.items() if property_.computed}
    assert computed & inputs == set()


@pytest.mark.parametrize("token", resource_types())
def test_required_inputs_match_the_sdk(token: str) -> None:
    """Exceptions are inputs whose alternatives are not supported here."""
    arguments = _arguments(_class(token))
    names = _types.input_type_py_to_pulumi_names(arguments)
    signature = inspect.signature(arguments.__init__).parameters
    required = {names[name] for name, one in signature.items() if one.default is one.empty and name in names}
    required_here = {name for name, property_ in resource_types()[token].properties.items() if property_.required}
    assert required_here - REQUIRED_ONLY_HERE.get(token, set()) == required


def test_the_sdk_uses_our_token_for_every_type() -> None:
    for token in resource_types():
        assert f'"{token}"' in inspect.getsource(_class(token)) or f"'{token}'" in inspect.getsource(_class(token))


def _unknown_inputs(arguments: Any, properties: Mapping[str, Property], path: str) -> Iterator[str]:
    names = set(_types.input_type_py_to_pulumi_names(arguments).values())
    types = _types.input_type_types(arguments)
    for name, property_ in properties.items():
        if property_.computed:
            continue
        if name not in names:
            yield f"{path}.{name}"
            continue
        inner = _object_in(property_.schema)
        if inner is not None:
            yield from _unknown_inputs(_input_class(types[name]), inner.fields, f"{path}.{name}")


def _object_in(shape: Schema) -> Object | None:
    if isinstance(shape, ListOf):
        return _object_in(shape.item)
    return shape if isinstance(shape, Object) else None


def _input_class(hint: Any) -> Any:
    """Return the SDK's class of a nested group from `Sequence[Union[SomeArgs, Awaitable[SomeArgs], Output[…]]]`."""
    if inspect.isclass(hint) and _types.is_input_type(hint):
        return hint
    found = (_input_class(inner) for inner in typing.get_args(hint))
    return next((one for one in found if one is not None), None)
