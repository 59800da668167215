"""Clients of AWS that are made quickly: botocore's own, with less read to make them.

A function makes its clients at each cold start, so what they are made from is chosen here, by way of botocore's public
extension points. What is left out is of no use to a function:

- boto3 itself (resources, S3 transfers, a session of its own);
- the search for installed services, which looks into each of botocore's 400 folders, twice for a client;
- ordered dictionaries, which make the service models three times as slow to read;
- `endpoints.json`, 1.2 MB. Endpoints come from each service's rules; from this file botocore takes only the signature,
  which `partitions.json` (7 KB, read anyway) is enough for.

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
"""The services that botocore itself asks for the credentials of a profile: assumed roles and signed-in people."""
_MAX_ATTEMPTS: Final = (
    2  # the second for a connection that broke while the process was frozen; the machine retries beyond that
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
    """Reads models into plain dictionaries, which keep their order as well."""

    def load_file(self, file_path: str) -> Any:
        """Return the content of a file, which is named without its ending, or None if there is no such file."""
        for ending, opened in ((".json", open), (".json.gz", gzip.open)):
            file = Path(file_path + ending)
            if file.is_file():
                with opened(file, "rb") as content:
                    return json.loads(content.read())
        return None


class _ServiceData(Loader):
    """botocore's data for the services that functions call, and for those that their credentials come from."""

    def __init__(self) -> None:
        super().__init__(file_loader=_PlainJson())

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore passes it by name
        """Return the services, of which botocore only asks whether the wanted one is among them."""
        return [*SERVICES, *FOR_CREDENTIALS]

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        """Return data and its path. That of the endpoints is botocore's, which then follows its rules for them."""
        if name == "endpoints":
            return _endpoints(self.load_data("partitions")), self.BUILTIN_DATA_PATH
        return cast("tuple[Any, str]", super().load_data_with_path(name))


def _endpoints(partitions: Any) -> Any:
    """Return the least that botocore needs to know about every partition besides the services' endpoint rules."""
    return {"version": 3, "partitions": [_partition(each) for each in partitions["partitions"]]}


def _partition(known: Any) -> Any:
    outputs = known["outputs"]
    host, suffix, dual = "{service}.{region}.{dnsSuffix}", outputs["dnsSuffix"], outputs["dualStackDnsSuffix"]
    variants = [
        {"tags": ["fips"], "hostname": "{service}-fips.{region}.{dnsSuffix}", "dnsSuffix": suffix},
        {"tags": ["dualstack"], "hostname": host, "dnsSuffix": dual},
        {"tags": ["dualstack", "fips"], "hostname": "{service}-fips.{region}.{dnsSuffix}", "dnsSuffix": dual},
    ]
    defaults = {"hostname": host, "protocols": ["https"], "signatureVersions": ["v4"], "variants": variants}
    s3: dict[str, Any] = {"defaults": {**defaults, "signatureVersions": ["s3v4"]}, "endpoints": {}}
    if known["id"] == "aws":  # in us-east-1, S3 is addressed by its global name
        s3["partitionEndpoint"] = "aws-global"
        s3["endpoints"] = {"aws-global": {"hostname": "s3.amazonaws.com", "credentialScope": {"region": "us-east-1"}}}
    return {
        "partition": known["id"],
        "dnsSuffix": suffix,
        "regionRegex": known["regionRegex"],
        "regions": {},
        "defaults": defaults,
        "services": {"s3": s3},
    }
