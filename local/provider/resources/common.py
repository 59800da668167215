"""Helpers for the modules of this folder: short names for properties, AWS's formats of tags, missing resources."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from ..aws import Aws, AwsClient, is_not_found
from ..journal import OWN_TAGS
from ..property_schema import Boolean, JsonString, MapOf, Number, Property, String
from ..property_values import ReadonlyValues, Values
from ..resource import Inputs

TAGS = Property(schema=MapOf(String()))


def string(*one_of: str, **rest: Any) -> Property:
    """Return a string property, optionally one of a few values."""
    return Property(schema=String(one_of), **rest)


def number(minimum: float | None = None, maximum: float | None = None, **rest: Any) -> Property:
    """Return a number property with limits."""
    return Property(schema=Number(minimum, maximum), **rest)


def boolean(**rest: Any) -> Property:
    """Return a boolean property, false by default."""
    return Property(schema=Boolean(), **{"default": False, **rest})


def policy(**rest: Any) -> Property:
    """Return a property with a policy document."""
    return Property(schema=JsonString(policy=True), **rest)


def output(*follows: str) -> Property:
    """Return a string property that AWS computes, and computes again when one of the named properties changes."""
    return Property(schema=String(), computed=True, derived_from=follows)


def fetch_or_none(operation: Callable[..., Any], **arguments: Any) -> Any:
    """Call an operation and return its answer, or None if AWS reports that the resource does not exist."""
    try:
        return operation(**arguments)
    except ClientError as error:
        if is_not_found(error):
            return None
        raise


@contextmanager
def ignore_not_found() -> Iterator[None]:
    """Ignore AWS's error that the resource does not exist, for deletions."""
    try:
        yield
    except ClientError as error:
        if not is_not_found(error):
            raise


def tag_list(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Return tags as the list of key-value pairs that most services use."""
    return [{key: name, value: content} for name, content in tags.items()]


def tag_map(tags: Iterable[Mapping[str, str]] | None, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """Return the tags in a list of key-value pairs."""
    return {tag[key]: tag[value] for tag in tags or ()}


def sync_tags(
    client: AwsClient,
    aws: Aws,
    inputs: Inputs,
    present: Mapping[str, str],
    *,
    noun: str = "resource",
    names: tuple[str, str] = ("Tags", "TagKeys"),
    pairs: Callable[[Mapping[str, str]], object] = tag_list,
    provider_tags: Mapping[str, str] | None = None,
    **resource: str,
) -> None:
    """Update a resource's tags to those of the inputs and those of this provider (`own`).

    Services differ in whether tags are `pairs` or a map (`dict`), in the `names` of tags and of keys to drop, and in
    the `noun` of the operations and the parameter that name the resource.
    """
    wanted = {**aws.tags(inputs), **(provider_tags or {})}
    dropped = [key for key in present if key not in wanted and not key.startswith(OWN_TAGS)]
    changed = {key: value for key, value in wanted.items() if present.get(key) != value}
    if dropped:
        getattr(client, f"untag_{noun}")(**resource, **{names[1]: dropped})
    if changed:
        getattr(client, f"tag_{noun}")(**resource, **{names[0]: pairs(changed)})


def without_none(values: ReadonlyValues) -> Values:
    """Return the values without those that are None."""
    return {name: value for name, value in values.items() if value is not None}
