"""A creation that is killed before its result is recorded leaves no orphan: the next one of its URN adopts it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.errors import PartiallyCreated
from local.instance import Instance
from local.provider.journal import Journal, JournalEntry
from local.provider.provider import EmbeddedProvider
from local.provider.registry import resource_types
from local.provider.resource import NameProposal
from tests.local.inputs import INPUTS, Prerequisites, urn_of


class Killed(BaseException):
    """Ends the creation like SIGKILL: nothing runs after it."""


class KilledAfterTheCall(Journal):
    """A journal that is killed after the AWS call, before it records the result."""

    lost_id: str | None = None

    def record_created(self, entry: JournalEntry, id_: str) -> JournalEntry:
        self.lost_id = id_
        raise Killed


class KilledBeforeTheCall(Journal):
    """A journal that is killed after it has recorded the intent, before the AWS call."""

    def record_intent(self, urn: str, names: dict[str, Any]) -> JournalEntry:
        super().record_intent(urn, names)
        raise Killed


@pytest.fixture(scope="module")
def world(embedded_aws: Instance, tmp_path_factory: pytest.TempPathFactory) -> Prerequisites:
    folder = tmp_path_factory.mktemp("world")
    return Prerequisites.create(EmbeddedProvider(embedded_aws.aws(), Journal(folder / "journal.jsonl")), folder)


@pytest.fixture(scope="module")
def journals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a new journal file for each example."""
    folder = tmp_path_factory.mktemp("journals")
    return (folder / f"{number}.jsonl" for number in range(10_000))


@pytest.mark.parametrize("token", resource_types())
@settings(max_examples=1)  # each example is a dozen AWS calls; the types are what varies
@given(data=st.data())
def test_a_creation_killed_after_the_call_is_adopted(
    token: str, data: st.DataObject, world: Prerequisites, journals: Iterator[Path]
) -> None:
    urn, path, inputs = urn_of(token, "orphan"), next(journals), data.draw(INPUTS[token](world))
    killed = KilledAfterTheCall(path)
    first = EmbeddedProvider(world.provider.aws, killed)
    with pytest.raises(Killed):
        first.create(urn, token, first.check(urn, token, inputs, naming=NameProposal(seed=b"first")).inputs)

    second = EmbeddedProvider(world.provider.aws, Journal(path))
    checked = second.check(urn, token, inputs, naming=NameProposal(seed=b"second"))
    created = second.create(urn, token, checked.inputs)
    try:
        assert created.id == killed.lost_id
        found = second.read(urn, token, created.id, checked.inputs)
        assert found is not None
        assert second.diff(urn, token, created.id, found.inputs, checked.inputs).is_empty
        assert second.journal.orphans() == []
    finally:
        second.delete(urn, token, created.id, created.outputs)


def test_a_creation_killed_before_its_call_is_repeated(world: Prerequisites, journals: Iterator[Path]) -> None:
    token, path = "aws:sqs/queue:Queue", next(journals)
    urn = urn_of(token, "never-made")
    first = EmbeddedProvider(world.provider.aws, KilledBeforeTheCall(path))
    inputs = first.check(urn, token, {}).inputs
    with pytest.raises(Killed):
        first.create(urn, token, inputs)
    second = EmbeddedProvider(world.provider.aws, Journal(path))
    created = second.create(urn, token, second.check(urn, token, {}).inputs)
    assert created.outputs["name"] == inputs["name"]


def test_a_replacement_is_created_instead_of_adopting_the_old_resource(
    world: Prerequisites, journals: Iterator[Path]
) -> None:
    """The engine has requested a diff of the old resource, so that one is not an orphan."""
    token = "aws:kms/key:Key"
    urn, provider = urn_of(token, "replaced"), EmbeddedProvider(world.provider.aws, Journal(next(journals)))
    old = provider.create(urn, token, {})
    provider.diff(urn, token, old.id, {}, {"keyUsage": "SIGN_VERIFY"})
    assert provider.create(urn, token, {}).id != old.id


def test_a_deleted_resource_is_not_adopted(world: Prerequisites, journals: Iterator[Path]) -> None:
    token = "aws:kms/key:Key"
    urn, provider = urn_of(token, "deleted"), EmbeddedProvider(world.provider.aws, Journal(next(journals)))
    old = provider.create(urn, token, {})
    provider.delete(urn, token, old.id, old.outputs)
    assert provider.create(urn, token, {}).id != old.id


def test_a_resource_of_another_urn_is_not_adopted(world: Prerequisites, journals: Iterator[Path]) -> None:
    """Only resources in the journal are adopted, even if the name is taken."""
    token = "aws:dynamodb/table:Table"
    provider = EmbeddedProvider(world.provider.aws, Journal(next(journals)))
    inputs = {
        "name": "taken",
        "hashKey": "pk",
        "billingMode": "PAY_PER_REQUEST",
        "attributes": [{"name": "pk", "type": "S"}],
    }
    provider.create(urn_of(token, "owner"), token, inputs)
    with pytest.raises(Exception, match="stranger could not be created: AWS says ResourceInUseException"):
        provider.create(urn_of(token, "stranger"), token, inputs)


def test_a_truncated_journal_line_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    entry = journal.record_intent("urn:a", {"name": "x"})
    journal.record_created(entry, "id")
    path.write_text(path.read_text() + '{"urn": "urn:b", "mar')
    again = Journal(path)
    assert [(entry.urn, entry.id) for entry in again.orphans()] == [("urn:a", "id")]


def test_a_partially_created_resource_is_finished_by_an_update(world: Prerequisites, journals: Iterator[Path]) -> None:
    """The engine keeps its id and outputs, and calls Update next time even without a difference."""
    token, provider = "aws:dynamodb/table:Table", EmbeddedProvider(world.provider.aws, Journal(next(journals)))
    urn, table = urn_of(token, "half"), {"hashKey": "pk", "billingMode": "PAY_PER_REQUEST"}
    wrong = provider.check(
        urn,
        token,
        {**table, "attributes": [{"name": "pk", "type": "S"}], "ttl": {"enabled": True, "attributeName": ""}},
    ).inputs
    with pytest.raises(PartiallyCreated, match="Table half could not be created: ") as failure:
        provider.create(urn, token, wrong)
    assert failure.value.id == wrong["name"]
    assert failure.value.outputs["arn"].endswith(f"table/{wrong['name']}")
    right = {**wrong, "ttl": {"enabled": True, "attributeName": "expires"}}
    outputs = provider.update(urn, token, failure.value.id, wrong, right)
    assert outputs["ttl"] == {"enabled": True, "attributeName": "expires"}
