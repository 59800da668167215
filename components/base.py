"""Base of all components: the region of their children, what those children share, and the check of arguments."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Self, cast

import pulumi
from typing_extensions import TypeIs

Tags = dict[str, pulumi.Input[str]]

_WITHOUT_REGION = "aws:iam/"


class Component(pulumi.ComponentResource):
    """A component whose children live in the region that it is given, else in its parent's, else in its provider's.

    Since version 7 each regional resource of pulumi-aws takes a `region`, so none needs a provider of its own.
    `below` lists every resource under it, however deep, itself first.
    """

    def __init__(self, token: str, name: str, args: Mapping[str, object], opts: pulumi.ResourceOptions | None) -> None:
        given = cast("pulumi.Input[str] | None", args.get("region"))
        self.chosen_region = _region_above(opts) if given is None else given
        self.below: list[pulumi.Resource] = []
        transformed = pulumi.ResourceOptions(transformations=[self._place])
        super().__init__(token, name, dict(args), pulumi.ResourceOptions.merge(opts, transformed))

    def _place(self, child: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        """Note a child and put it into the chosen region, unless it names a region or belongs to IAM."""
        self.below.append(child.resource)
        regional = child.type_.startswith("aws:") and not child.type_.startswith(_WITHOUT_REGION)
        props = cast("dict[str, Any]", child.props)  # the SDK leaves the type of keys and values open
        if self.chosen_region is None or not regional or props.get("region") is not None:
            return None
        return pulumi.ResourceTransformationResult({**props, "region": self.chosen_region}, child.opts)


def _region_above(opts: pulumi.ResourceOptions | None) -> pulumi.Input[str] | None:
    return opts.parent.chosen_region if opts is not None and isinstance(opts.parent, Component) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """Values that the resources of one component share: parent, tags, key, alert topic and permissions boundary."""

    parent: pulumi.Resource
    tags: Tags
    key: pulumi.Input[str]
    topic: pulumi.Input[str]
    boundary: pulumi.Input[str] | None = None

    def below(self, parent: pulumi.Resource) -> Self:
        """Return the same values for the children of `parent`."""
        return replace(self, parent=parent)


def tags_of(component: str, given: Tags | None) -> Tags:
    """Return project, stage and component as tags, and the caller's own (such as `cost-centre`)."""
    own: Tags = {"project": pulumi.get_project(), "stage": pulumi.get_stack(), "component": component}
    return own | (given or {})


class InvalidArguments(pulumi.RunError):
    """A component cannot work with its arguments; the message names each one, what is allowed and its value.

    Pulumi prints it without a traceback.
    """


class Arguments:
    """The arguments of one component, with all their problems collected, so that they are reported at once."""

    def __init__(self, component: str, name: str, args: Mapping[str, object], known: type) -> None:
        self._owner = f"{component} {name!r}"
        self._args = args
        self._problems: list[str] = []
        allowed = sorted(known.__annotations__)
        for key in sorted(set(args) - set(allowed)):
            near = get_close_matches(key, allowed, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"The arguments are {', '.join(allowed)}."
            self.reject(f"{key} is not an argument of {component}. {hint}")

    def integer(self, key: str, default: int, minimum: int, maximum: int, unit: str) -> int:
        """Return the integer under `key`, between `minimum` and `maximum`."""
        value = self._args.get(key)
        if value is None:
            return default
        if not _is_integer(value) or not minimum <= value <= maximum:
            self._reject_value(key, f"an integer, {minimum}–{maximum} {unit}")
            return default
        return int(value)

    def one_of(self, key: str, default: int, allowed: Sequence[int], unit: str) -> int:
        """Return the integer under `key`, one of `allowed`."""
        value = self._args.get(key)
        if value is None:
            return default
        if not _is_integer(value) or value not in allowed:
            self._reject_value(key, f"one of {', '.join(map(str, allowed))} {unit}")
            return default
        return int(value)

    def boolean(self, key: str, default: bool) -> bool:
        """Return the boolean under `key`."""
        value = self._args.get(key)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self._reject_value(key, "true or false")
        return default

    def choice(self, key: str, default: str, allowed: Sequence[str]) -> str:
        """Return the string under `key`, one of `allowed`."""
        return self.string(key, default, "|".join(map(re.escape, allowed)), " or ".join(allowed))

    def string(self, key: str, default: str, pattern: str, meaning: str) -> str:
        """Return the string under `key`, which must match `pattern`; `meaning` describes the pattern to people."""
        value = self._args.get(key)
        if value is None or (isinstance(value, str) and re.fullmatch(pattern, value)):
            return default if value is None else str(value)
        self._reject_value(key, meaning)
        return default

    def strings(self, key: str, default: Sequence[str], maximum: int, pattern: str, meaning: str) -> list[str]:
        """Return the list under `key`: 1 to `maximum` strings that match `pattern`."""
        given = self._args.get(key)
        if given is None:
            return list(default)
        strings = cast("list[object]", given) if isinstance(given, list) else []
        valid = [each for each in strings if isinstance(each, str) and re.fullmatch(pattern, each)]
        if not 1 <= len(valid) <= maximum or valid != strings:
            self._reject_value(key, f"a list of 1–{maximum} {meaning} ({pattern})")
        return valid

    def require(self, *keys: str) -> None:
        """Require each of `keys`; an Output counts as given."""
        for key in keys:
            if self._args.get(key) is None:
                self.reject(f"{key} is required.")

    def require_all_or_none(self, *keys: str) -> None:
        """Require either all of `keys` or none of them."""
        given = [key for key in keys if self._args.get(key)]
        if given and len(given) < len(keys):
            self.reject(f"{' and '.join(keys)} must be given together, got only {' and '.join(given)}.")

    def require_exactly_one(self, *keys: str) -> None:
        """Require one of `keys` and no second one."""
        given = [key for key in keys if self._args.get(key) is not None]
        if len(given) != 1:
            self.reject(f"Exactly one of {' and '.join(keys)} is required, got {' and '.join(given) or 'none'}.")

    def reject(self, problem: str) -> None:
        """Add a problem, as a full sentence."""
        self._problems.append(problem)

    def raise_if_invalid(self) -> None:
        """Raise if any argument is invalid.

        Raises:
            InvalidArguments: one line for each problem.
        """
        if self._problems:
            count = len(self._problems)
            heading = f"{self._owner} has {count} invalid argument{'s' if count > 1 else ''}:"
            raise InvalidArguments("\n  ".join([heading, *self._problems]))

    def _reject_value(self, key: str, allowed: str) -> None:
        value = self._args[key]
        shown = "an Output, which is not known yet" if isinstance(value, pulumi.Output) else repr(value)
        self.reject(f"{key} must be {allowed}, got {shown}.")


def _is_integer(value: object) -> TypeIs[int | float]:
    """Return whether a value is an integer, as Python or as another Pulumi language sends it (`3.0`)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
