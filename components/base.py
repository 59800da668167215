"""Base of all components: their children's region and shared values, and the validation of arguments."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Final, Self, cast

import pulumi
from typing_extensions import TypeIs

Tags = dict[str, pulumi.Input[str]]

KEY_ARN: Final = r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+"
TOPIC_ARN: Final = r"arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}"
"""The ARN of a standard topic: alarms cannot notify a FIFO topic."""
BOUNDARY_ARN: Final = r"arn:[a-z-]+:iam::(\d{12}|aws):policy/[\w+=,.@/-]+"

_WITHOUT_REGION = "aws:iam/"


class Component(pulumi.ComponentResource):
    """A component whose children are in its own region, else its parent's, else its provider's.

    Since version 7 each regional resource of pulumi-aws takes a `region`, so none needs a provider of its own.
    `descendants` begins with the component itself.
    """

    def __init__(self, token: str, name: str, args: Mapping[str, object], opts: pulumi.ResourceOptions | None) -> None:
        if not isinstance(args, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers need not check types
            raise InvalidArguments(
                f"{token.rpartition(':')[2]} {name!r}: args must be a dictionary, {{}} for the defaults, got {args!r}."
            )
        region = cast("pulumi.Input[str] | None", args.get("region"))
        self.chosen_region = _region_above(opts) if region is None else region
        self.descendants: list[pulumi.Resource] = []
        adopting = pulumi.ResourceOptions(transformations=[self._adopt])
        super().__init__(token, name, dict(args), pulumi.ResourceOptions.merge(opts, adopting))

    def _adopt(self, child: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        """Register a child and set its region, unless it has one or belongs to IAM."""
        self.descendants.append(child.resource)
        regional = child.type_.startswith("aws:") and not child.type_.startswith(_WITHOUT_REGION)
        props = cast("dict[str, Any]", child.props)  # the SDK does not type keys and values
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
    """A component's arguments are invalid; the message names each one, what is allowed and its value.

    Pulumi prints it without a traceback.
    """


_ARNS: Final[Mapping[str, tuple[str, str]]] = {
    **dict.fromkeys(("key", "logkey"), (KEY_ARN, "the ARN of a KMS key (arn:aws:kms:...:key/...)")),
    "topic": (TOPIC_ARN, "the ARN of a standard SNS topic (arn:aws:sns:...)"),
    "boundary": (BOUNDARY_ARN, "the ARN of an IAM policy (arn:aws:iam::...:policy/...)"),
}
"""Arguments that are ARNs in every component that has them: a pattern, and its meaning for people."""

_DICTIONARIES: Final = ("tags", "functions")
"""Arguments that are plain dictionaries with Outputs for values, because their keys decide what is created."""


class Arguments:
    """The arguments of one component, with all their problems collected, so that they are reported together.

    Arguments that several components share are checked by name immediately: ARNs, dictionaries and grants.
    """

    def __init__(self, component: str, name: str, args: Mapping[str, object], known: type) -> None:
        self._owner = f"{component} {name!r}"
        self._args = args
        self._problems: list[str] = []
        allowed = sorted(known.__annotations__)
        for key in sorted(set(args) - set(allowed)):
            similar = get_close_matches(key, allowed, n=1)
            hint = f"Did you mean {similar[0]}?" if similar else f"The arguments are {', '.join(allowed)}."
            self.reject(f"{key} is not an argument of {component}. {hint}")
        self._check_shared()

    def _check_shared(self) -> None:
        for key in _ARNS.keys() & self._args.keys():
            self._check_arn(key, *_ARNS[key])
        for key in _DICTIONARIES:
            if not isinstance(self._args.get(key), Mapping | None):
                self._reject_value(key, "a dictionary, whose values may be Outputs")
        self._check_grants(self._args.get("grants"))

    def _check_arn(self, key: str, pattern: str, meaning: str) -> None:
        value = self._args[key]
        if isinstance(value, pulumi.Resource):
            self.reject(f"{key} must be {meaning}, got the resource itself: pass its `arn`.")
        elif not isinstance(value, pulumi.Output | None) and not re.fullmatch(pattern, str(value)):
            self._reject_value(key, meaning)

    def _check_grants(self, grants: object) -> None:
        if not isinstance(grants, list | None):
            self._reject_value("grants", "a list of grants, each of which may be an Output")
            return
        for number, grant in enumerate(cast("list[object]", grants or [])):
            if not isinstance(grant, pulumi.Output) and not _is_grant(grant):
                self.reject(
                    f"grants[{number}] must be policy statements as a JSON list, such as json.dumps([{{'Effect': "
                    f"'Allow', ...}}]) or another component's grant, got {_shorten(grant)}."
                )

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
        value = self._args.get(key)
        if value is None:
            return list(default)
        strings = cast("list[object]", value) if isinstance(value, list) else []
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
        present = [key for key in keys if self._args.get(key)]
        if present and len(present) < len(keys):
            self.reject(f"{' and '.join(keys)} must be given together, got only {' and '.join(present)}.")

    def require_exactly_one(self, *keys: str) -> None:
        """Require one of `keys` and no second one."""
        present = [key for key in keys if self._args.get(key) is not None]
        if len(present) != 1:
            self.reject(f"Exactly one of {' and '.join(keys)} is required, got {' and '.join(present) or 'none'}.")

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
        shown = "an Output, which is not known yet" if isinstance(value, pulumi.Output) else _shorten(value)
        self.reject(f"{key} must be {allowed}, got {shown}.")


def _is_grant(value: object) -> bool:
    """Return whether a value is a JSON list of policy statements."""
    try:
        statements = json.loads(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return isinstance(statements, list) and all(isinstance(each, dict) for each in cast("list[object]", statements))


def _shorten(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 120 else f"{shown[:119]}…"


def _is_integer(value: object) -> TypeIs[int | float]:
    """Return whether a value is an integer, as Python or as another Pulumi language sends it (`3.0`)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
