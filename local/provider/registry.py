"""Which resource types and data sources there are: what is not here is refused by name."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache

from .errors import UnsupportedType
from .resource import Resource
from .resources import (
    backup,
    cloudwatch,
    dashboards,
    dynamodb,
    event_sources,
    events,
    iam,
    invocations,
    kms,
    lambda_,
    logs,
    s3,
    s3_objects,
    s3_rules,
    s3_settings,
    scheduler,
    sfn,
    signer,
    sns,
    sqs,
)

_MODULES = (
    *(backup, cloudwatch, dashboards, dynamodb, event_sources, events, iam, invocations, kms, lambda_, logs),
    *(s3, s3_objects, s3_rules, s3_settings, scheduler, sfn, signer, sns, sqs),
)


@cache
def resource_types() -> Mapping[str, Resource]:
    """Every supported type by its token, in the order of the tokens."""
    found = {
        kind.token: kind()
        for module in _MODULES
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Resource) and "token" in vars(kind)
    }
    return dict(sorted(found.items()))


def resource_type(token: str) -> Resource:
    """The class of a type; an error that names it, and what comes near, when there is none."""
    found = resource_types().get(token)
    if found is None:
        near = get_close_matches(token, resource_types(), n=3, cutoff=0.5)
        hint = f"; close to it: {', '.join(near)}" if near else ""
        raise UnsupportedType(
            f"the resource type {token} is not supported in the embedded AWS{hint} "
            "(docs/fidelity.md lists all that are)"
        )
    return found
