"""What all components have in common: they know what lies below them, and put it where they are told to."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi

_WITHOUT_REGION = "aws:iam/"


class Component(pulumi.ComponentResource):
    """A component whose children live in the region that it is given, else in its parent's, else in its provider's.

    Since version 7 each regional resource of pulumi-aws takes a `region`, so none needs a provider of its own.
    `below` is every resource under it, however deep, itself first.
    """

    def __init__(self, token: str, name: str, args: Mapping[str, object], opts: pulumi.ResourceOptions | None) -> None:
        given = cast("pulumi.Input[str] | None", args.get("region"))
        self.chosen_region = _region_above(opts) if given is None else given
        self.below: list[pulumi.Resource] = []
        seeing = pulumi.ResourceOptions(transformations=[self._place])
        super().__init__(token, name, dict(args), pulumi.ResourceOptions.merge(opts, seeing))

    def _place(self, seen: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        """Note a child, and put it into the chosen region: but one that says where it belongs, and IAM's."""
        self.below.append(seen.resource)
        regional = seen.type_.startswith("aws:") and not seen.type_.startswith(_WITHOUT_REGION)
        props = cast("dict[str, Any]", seen.props)  # the SDK leaves the type of keys and values open
        if self.chosen_region is None or not regional or props.get("region") is not None:
            return None
        return pulumi.ResourceTransformationResult({**props, "region": self.chosen_region}, seen.opts)


def _region_above(opts: pulumi.ResourceOptions | None) -> pulumi.Input[str] | None:
    return opts.parent.chosen_region if opts is not None and isinstance(opts.parent, Component) else None
