"""AWS clients that are created quickly: botocore's own, built from less data.

A function creates its clients at each cold start, so this module selects what they are built from, through botocore's
public extension points. It leaves out what a function does not need:

- boto3 itself (resources, S3 transfers, a session of its own);
- the search for installed services, which visits each of botocore's 400 folders twice per client;
- ordered dictionaries, which make the service models three times as slow to read;
- `endpoints.json`, 1.2 MB. Endpoints come from each service's rules; botocore takes only the signature from this file,
  and `partitions.json` (7 KB, read anyway) suffices for that.

A test compares clients of every service and partition with boto3's (tests/handlers/test_aws_clients.py).
"""

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, cast

from botocore.config import Config
from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session

SERVICES: Final = ("dynamodb", "events", "kms", "s3", "secretsmanager", "sqs", "stepfunctions")
"""The services that functions call."""
FOR_CREDENTIALS: Final = ("signin", "sso", "sso-oidc", "sts")
"""The services that botocore itself calls for the credentials of a profile: assumed roles and signed-in people."""
_MAX_ATTEMPTS: Final = (
    2  # one retry, for connections that broke while the process was frozen; the machine does the rest
)


def client_factory(timeout: timedelta) -> Callable[[str], Any]:  # clients have no common type
    """Return a factory of clients whose calls, including retries, end within the timeout."""
    session = Session()
    session.register_component("data_loader", _ServiceData())
    per_attempt = timeout.total_seconds() / _MAX_ATTEMPTS
    limits = Config(
        connect_timeout=per_attempt / 5,
        read_timeout=per_attempt * 4 / 5,
        retries={"total_max_attempts": _MAX_ATTEMPTS, "mode": "standard"},
    )

    def client(service: str) -> Any:  # as above
        return session.create_client(service, config=limits)

    return client


class _PlainJson(JSONFileLoader):
    """A loader that reads models into plain dictionaries, which also keep their order."""

    def load_file(self, file_path: str) -> Any:
        """Return the content of a file, named without its extension, or None if it does not exist."""
        for ending, opened in ((".json", open), (".json.gz", gzip.open)):
            file = Path(file_path + ending)
            if file.is_file():
                with opened(file, "rb") as content:
                    return json.loads(content.read())
        return None


class _ServiceData(Loader):
    """botocore's data for the services that functions call, and for those that provide their credentials."""

    def __init__(self) -> None:
        super().__init__(file_loader=_PlainJson())

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore passes it by name
        """Return the services; botocore only checks that the requested one is among them."""
        return [*SERVICES, *FOR_CREDENTIALS]

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        """Return data and its path.

        The path of the endpoints is botocore's own, so that it applies its rules for them.
        """
        if name == "endpoints":
            return _endpoints(self.load_data("partitions")), self.BUILTIN_DATA_PATH
        return cast("tuple[Any, str]", super().load_data_with_path(name))


def _endpoints(partitions: Any) -> Any:
    """Return the minimum that botocore needs about every partition besides the services' endpoint rules."""
    return {"version": 3, "partitions": [_partition(each) for each in partitions["partitions"]]}


def _partition(source: Any) -> Any:
    outputs = source["outputs"]
    host, suffix, dual = "{service}.{region}.{dnsSuffix}", outputs["dnsSuffix"], outputs["dualStackDnsSuffix"]
    variants = [
        {"tags": ["fips"], "hostname": "{service}-fips.{region}.{dnsSuffix}", "dnsSuffix": suffix},
        {"tags": ["dualstack"], "hostname": host, "dnsSuffix": dual},
        {"tags": ["dualstack", "fips"], "hostname": "{service}-fips.{region}.{dnsSuffix}", "dnsSuffix": dual},
    ]
    defaults = {"hostname": host, "protocols": ["https"], "signatureVersions": ["v4"], "variants": variants}
    s3: dict[str, Any] = {"defaults": {**defaults, "signatureVersions": ["s3v4"]}, "endpoints": {}}
    if source["id"] == "aws":  # in us-east-1, S3 is addressed by its global name
        s3["partitionEndpoint"] = "aws-global"
        s3["endpoints"] = {"aws-global": {"hostname": "s3.amazonaws.com", "credentialScope": {"region": "us-east-1"}}}
    return {
        "partition": source["id"],
        "dnsSuffix": suffix,
        "regionRegex": source["regionRegex"],
        "regions": {},
        "defaults": defaults,
        "services": {"s3": s3},
    }
