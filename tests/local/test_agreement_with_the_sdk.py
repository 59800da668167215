"""The tables of properties against the installed SDK: same names, same required ones, at every depth."""

import importlib
import inspect
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pulumi import _types

from local.provider.property_schema import ListOf, Object, Property, Schema
from local.provider.registry import resource_types

OURS_ALONE: Mapping[str, set[str]] = {
    # Required here and optional in the SDK: the other ways to give code, keys or conditions are not supported.
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
def test_every_input_is_one_of_the_sdks_at_every_depth(token: str) -> None:
    assert list(_unknown_inputs(_arguments(_class(token)), resource_types()[token].properties, token)) == []


@pytest.mark.parametrize("token", resource_types())
def test_every_output_is_one_of_the_sdks(token: str) -> None:
    known = set(_types.resource_py_to_pulumi_names(_class(token)).values())
    assert set(resource_types()[token].properties) - known == set()


@pytest.mark.parametrize("token", resource_types())
def test_what_only_aws_sets_is_no_input_of_the_sdks(token: str) -> None:
    inputs = set(_types.input_type_py_to_pulumi_names(_arguments(_class(token))).values())
    computed = {name for name, property_ in resource_types()[token].properties.items() if property_.computed}
    assert computed & inputs == set()


@pytest.mark.parametrize("token", resource_types())
def test_what_the_sdk_requires_is_required_here(token: str) -> None:
    """And nothing else, but for what has no other way here."""
    arguments = _arguments(_class(token))
    names = _types.input_type_py_to_pulumi_names(arguments)
    signature = inspect.signature(arguments.__init__).parameters
    required = {names[name] for name, one in signature.items() if one.default is one.empty and name in names}
    ours = {name for name, property_ in resource_types()[token].properties.items() if property_.required}
    assert ours - OURS_ALONE.get(token, set()) == required


def test_the_sdk_knows_every_type_by_our_token() -> None:
    for token in resource_types():
        assert f'"{token}"' in inspect.getsource(_class(token)) or f"'{token}'" in inspect.getsource(_class(token))


def _unknown_inputs(arguments: Any, properties: Mapping[str, Property], place: str) -> Iterator[str]:
    names = set(_types.input_type_py_to_pulumi_names(arguments).values())
    types = _types.input_type_types(arguments)
    for name, property_ in properties.items():
        if property_.computed:
            continue
        if name not in names:
            yield f"{place}.{name}"
            continue
        inner = _object_in(property_.schema)
        if inner is not None:
            yield from _unknown_inputs(_input_class(types[name]), inner.fields, f"{place}.{name}")


def _object_in(shape: Schema) -> Object | None:
    if isinstance(shape, ListOf):
        return _object_in(shape.item)
    return shape if isinstance(shape, Object) else None


def _input_class(hint: Any) -> Any:
    """The SDK's class of a nested group, out of `Sequence[Union[SomeArgs, Awaitable[SomeArgs], Output[…]]]`."""
    if inspect.isclass(hint) and _types.is_input_type(hint):
        return hint
    found = (_input_class(inner) for inner in typing.get_args(hint))
    return next((one for one in found if one is not None), None)
