"""The provider over gRPC, called as the engine calls it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

from local.instance import Instance
from local.provider.journal import Journal
from local.provider.property_values import UNKNOWN
from local.provider.provider import EmbeddedProvider
from local.provider.registry import resource_types
from local.provider.server import listen
from local.provider.wire import unwrap, wrap

from .inventory import account_inventory

sys.path.insert(0, str(Path(__file__).parents[1] / "local"))
from inputs import INPUTS, Prerequisites, urn_of

pytestmark = pytest.mark.outside

QUEUE, TABLE, LOGS = "aws:sqs/queue:Queue", "aws:dynamodb/table:Table", "aws:cloudwatch/logGroup:LogGroup"
ONE_KEY = {"hashKey": "pk", "attributes": [{"name": "pk", "type": "S"}], "billingMode": "PAY_PER_REQUEST"}


class ProviderClient:
    """A connection to the provider, with a method for each request."""

    def __init__(self, port: int, folder: Path) -> None:
        self._folder = folder
        own = [("grpc.use_local_subchannel_pool", 1)]  # two engines are two connections
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", own)
        self.stub = ResourceProviderStub(self.channel)
        self.stub.Configure(provider_pb2.ConfigureRequest(acceptSecrets=True, args=wrap({})), timeout=120)

    def check(self, token: str, name: str, inputs: dict[str, Any]) -> Any:
        request = provider_pb2.CheckRequest(urn=urn_of(token, name), type=token, news=wrap(inputs), randomSeed=b"1")
        return self.stub.Check(request, timeout=120)

    def create(self, token: str, name: str, inputs: Struct, *, preview: bool = False) -> Any:
        return self.stub.Create(
            provider_pb2.CreateRequest(urn=urn_of(token, name), type=token, properties=inputs, preview=preview),
            timeout=60,
        )

    def read(self, token: str, name: str, id_: str, inputs: Struct) -> Any:
        return self.stub.Read(
            provider_pb2.ReadRequest(id=id_, urn=urn_of(token, name), type=token, inputs=inputs), timeout=120
        )

    def diff(self, token: str, name: str, id_: str, old: Struct, new: Struct) -> Any:
        request = provider_pb2.DiffRequest(id=id_, urn=urn_of(token, name), type=token, old_inputs=old, news=new)
        return self.stub.Diff(request, timeout=120)

    def delete(self, token: str, name: str, id_: str, outputs: Struct) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(id=id_, urn=urn_of(token, name), type=token, properties=outputs), timeout=120
        )

    def values(self, struct: Struct) -> dict[str, Any]:
        return unwrap(struct, self._folder).values


@pytest.fixture(scope="module")
def client(aws: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderClient]:
    folder = tmp_path_factory.mktemp("provider")
    server, port = listen(EmbeddedProvider(aws.aws(), Journal(folder / "journal.jsonl")))
    client = ProviderClient(port, folder)
    yield client
    client.channel.close()
    server.stop(None).wait()


@pytest.fixture(scope="module")
def world(aws: Instance, tmp_path_factory: pytest.TempPathFactory) -> Prerequisites:
    folder = tmp_path_factory.mktemp("grpc-world")
    return Prerequisites.create(EmbeddedProvider(aws.aws(), Journal(folder / "journal.jsonl")), folder)


@pytest.mark.parametrize("token", resource_types())
@settings(
    max_examples=1, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)  # tests/local runs more examples
@given(data=st.data())
def test_a_created_resource_is_read_back_without_a_difference(
    token: str, data: st.DataObject, client: ProviderClient, world: Prerequisites
) -> None:
    """Check, Create, Read and Diff agree over the wire for every resource type."""
    checked = client.check(token, "wired", data.draw(INPUTS[token](world)))
    assert list(checked.failures) == []
    created = client.create(token, "wired", checked.inputs)
    try:
        found = client.read(token, "wired", created.id, checked.inputs)
        assert found.id == created.id
        for old, new in ((checked.inputs, found.inputs), (found.inputs, checked.inputs)):
            diff = client.diff(token, "wired", created.id, old, new)
            assert (diff.changes, list(diff.diffs)) == (diff.DIFF_NONE, [])
    finally:
        client.delete(token, "wired", created.id, created.properties)


def test_a_preview_creates_nothing_and_marks_values_of_aws_as_unknown(client: ProviderClient, aws: Instance) -> None:
    before = account_inventory(aws)
    checked = client.check(TABLE, "preview", ONE_KEY)
    previewed = client.values(client.create(TABLE, "preview", checked.inputs, preview=True).properties)
    assert previewed["arn"] is UNKNOWN
    assert previewed["hashKey"] == "pk"
    assert account_inventory(aws) == before


def test_the_engines_seed_determines_the_name(client: ProviderClient) -> None:
    """A preview and its up, and two engines, thus compute the same name."""
    first, second = (client.values(client.check(QUEUE, "seeded", {}).inputs)["name"] for _ in range(2))
    assert first == second


def test_the_engine_may_propose_or_forbid_automatic_names(client: ProviderClient) -> None:
    options = provider_pb2.CheckRequest.AutonamingOptions

    def check(**autonaming: Any) -> Any:
        request = provider_pb2.CheckRequest(
            urn=urn_of(QUEUE, "named"), type=QUEUE, news=wrap({}), autonaming=options(**autonaming)
        )
        return client.stub.Check(request, timeout=120)

    proposed = check(proposed_name="ours-dev-named", mode=options.PROPOSE)
    assert client.values(proposed.inputs)["name"] == "ours-dev-named"
    [failure] = check(mode=options.DISABLE).failures
    assert failure.property == "name"
    assert "must be set, because pulumi:autonaming disables automatic names" in failure.reason
    enforced = check(proposed_name="ours", mode=options.ENFORCE)
    assert client.values(enforced.inputs)["name"] == "ours"


def test_a_diff_lists_changed_and_replacing_properties(client: ProviderClient) -> None:
    old = wrap({**ONE_KEY, "name": "one", "tags": {"team": "a"}})
    new = wrap({**ONE_KEY, "name": "two", "tags": {"team": "b"}})
    diff = client.diff(TABLE, "diffed", "one", old, new)
    kinds = {path: provider_pb2.PropertyDiff.Kind.Name(entry.kind) for path, entry in diff.detailedDiff.items()}
    assert kinds == {"name": "UPDATE_REPLACE", "tags.team": "UPDATE"}
    assert list(diff.replaces) == ["name"]


def test_secrets_stay_secret_in_outputs(client: ProviderClient, tmp_path: Path) -> None:
    """These are values that the program marked, and values that AWS derives from them."""
    inputs = wrap({"name": "hush", "tags": {"word": "sesame"}}, {("tags", "word")})
    created = client.create(QUEUE, "secret", inputs)
    secrets = unwrap(created.properties, tmp_path).secrets
    client.delete(QUEUE, "secret", created.id, created.properties)
    assert ("tags", "word") in secrets
    assert any(property_path[0] == "tagsAll" for property_path in secrets)


def test_a_partial_creation_is_recorded_with_its_id(client: ProviderClient) -> None:
    """The log group exists although its retention was refused: the engine keeps it, and calls Update next time."""
    with pytest.raises(grpc.RpcError) as error:
        client.create(LOGS, "half-made", wrap({"name": "half-made", "retentionInDays": 8}))
    details = dict(error.value.trailing_metadata())["grpc-status-details-bin"]
    failure = provider_pb2.ErrorResourceInitFailed()
    status = descriptor_pool.Default().FindMessageTypeByName("google.rpc.Status")
    assert message_factory.GetMessageClass(status).FromString(details).details[0].Unpack(failure)
    assert failure.id == "half-made"
    assert "Invalid retentionInDays value: 8" in failure.reasons[0]
    client.delete(LOGS, "half-made", failure.id, failure.properties)


def test_after_a_cancellation_nothing_new_starts(client: ProviderClient, aws: Instance, tmp_path: Path) -> None:
    """The connection of the cancelled engine refuses; that of another engine still works."""
    server, port = listen(EmbeddedProvider(aws.aws(), Journal(tmp_path / "journal.jsonl")))
    cancelled, other = ProviderClient(port, tmp_path), ProviderClient(port, tmp_path)
    cancelled.stub.Cancel(Empty(), timeout=120)
    with pytest.raises(grpc.RpcError, match="cancelled before it was begun"):
        cancelled.create(QUEUE, "cancelled", wrap({"name": "cancelled"}))
    created = other.create(QUEUE, "going-on", wrap({"name": "going-on"}))
    other.delete(QUEUE, "going-on", created.id, created.properties)
    for connection in (cancelled, other):
        connection.channel.close()
    server.stop(None).wait()


def test_unsupported_provider_settings_and_other_regions_are_reported(client: ProviderClient) -> None:
    def invalid_properties(name: str, **settings: Any) -> list[str]:
        request = provider_pb2.CheckRequest(urn=urn_of("pulumi:providers:aws", name), news=wrap(settings))
        return [failure.property for failure in client.stub.CheckConfig(request, timeout=120).failures]

    assert invalid_properties("default_7_20_0", region="eu-central-1", defaultTags="{}", profile="ours") == []
    assert invalid_properties("ours", region="us-east-1") == []
    assert invalid_properties("far", region="eu-central-1") == ["region"]
    assert invalid_properties("ours", assumeRoleWithWebIdentity="{}") == ["assumeRoleWithWebIdentity"]
