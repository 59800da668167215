"""The arguments that all components share: an encryption key, an alert topic, a permissions boundary and tags."""

from collections.abc import Mapping, Sequence
from typing import cast

import pulumi

from .alert_topic import AlertTopic, AlertTopicArgs
from .aws.eventbridge import alert_on_key_changes
from .aws.kms import encryption_key
from .base import Component, Shared, Tags, tags_of


def share(
    component: Component,
    name: str,
    args: Mapping[str, object],
    *,
    encrypts: str,
    key_deletion_days: int,
    services: Sequence[str] = (),
    protect: bool = False,
) -> Shared:
    """Return the values that the component's resources share, each as given in `args` or created.

    A new key encrypts what `encrypts` states; `services` may use it too, and with `protect` Pulumi refuses to delete
    it. The topic is notified when somebody disables it or schedules its deletion; a given key is monitored by its
    owner.
    """
    tags = tags_of(name, cast("Tags | None", args.get("tags")))
    key = encryption_key(
        f"{name}-key",
        cast("pulumi.Input[str] | None", args.get("key")),
        encrypts=encrypts,
        parent=component,
        tags=tags,
        deletion_window_days=key_deletion_days,
        services=services,
        protect=protect,
    )
    shared = Shared(
        parent=component,
        tags=tags,
        key=key,
        topic=_alert_topic(component, name, args, key_deletion_days, protect=protect),
        boundary=cast("pulumi.Input[str] | None", args.get("boundary")),
    )
    if args.get("key") is None:
        alert_on_key_changes(f"{name}-key-changes", key, shared, protect=protect)
    return shared


def _alert_topic(
    component: Component, name: str, args: Mapping[str, object], key_deletion_days: int, *, protect: bool
) -> pulumi.Output[str]:
    """Return the given topic or a new one: an alarm without an action is a defect."""
    topic = cast("pulumi.Input[str] | None", args.get("topic"))
    if topic is not None:
        return pulumi.Output.from_input(topic)
    tags = tags_of(name, cast("Tags | None", args.get("tags")))
    own = AlertTopicArgs(key_deletion_days=key_deletion_days, tags=tags)
    return AlertTopic(f"{name}-alerts", own, pulumi.ResourceOptions(parent=component, protect=protect or None)).arn
