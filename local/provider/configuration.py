"""The settings of an AWS provider in a program: those that are supported, and those that are ignored.

Pulumi passes a nested setting as a JSON string, both to the engine's provider and to the in-process driver.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from .aws import REGION
from .property_values import UNKNOWN
from .provider import EmbeddedProvider

SUPPORTED_KEYS: Final = frozenset({"defaultTags", "region"})
IGNORED_KEYS: Final = frozenset(
    {
        *("accessKey", "secretKey", "token", "profile", "allowedAccountIds", "forbiddenAccountIds", "assumeRoles"),
        *("skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId"),
        *("sharedConfigFiles", "sharedCredentialsFiles", "endpoints", "s3UsePathStyle", "maxRetries", "retryMode"),
        *("version", "pluginDownloadURL", "__internal"),
    }
)
"""Settings for connecting to the real AWS: accepted without effect, so that the same program runs here."""


def setting_faults(settings: Mapping[str, object], *, explicit: bool) -> Iterator[tuple[str, str]]:
    """Yield each unsupported setting with the reason.

    The default provider may have any region: it is the stage's, and all of the stage is deployed to the one region
    here. An explicit provider of another region would need a second one.
    """
    supported = ", ".join(sorted(SUPPORTED_KEYS))
    for name in sorted(set(settings) - SUPPORTED_KEYS - IGNORED_KEYS):
        yield name, f"not supported by the embedded AWS's provider; supported are {supported}"
    region = settings.get("region")
    if explicit and region not in (None, UNKNOWN, REGION):
        yield "region", f"{region!r} does not exist here: the embedded AWS has one region, {REGION}"


def configure(provider: EmbeddedProvider, settings: Mapping[str, object]) -> EmbeddedProvider:
    """Return the provider with the default tags of a provider resource."""
    tags = _parse(settings.get("defaultTags"))
    tag_setting = tags.get("tags") if isinstance(tags, Mapping) else None
    known = {str(key): str(value) for key, value in tag_setting.items()} if isinstance(tag_setting, Mapping) else {}
    return EmbeddedProvider(replace(provider.aws, default_tags=known), provider.journal)


def _parse(setting: object) -> object:
    return json.loads(setting) if isinstance(setting, str) else setting
