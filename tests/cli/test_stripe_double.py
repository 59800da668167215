"""`booking up --gateway stripe-double`: a checkout pays through the Stripe double, over HTTP and with webhooks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest

from cli import stripe_double
from cli.command_errors import UsageError
from local.instance import Instance
from tests.fakes.clock import FakeClock
from tests.fakes.secrets_manager import FakeSecretsManager
from tests.support.stripe.double import TEST_KEY, StripeDouble
from tests.support.stripe.loopback_server import serve

from .conftest import run_booking
from .test_up import processes_of


def test_the_double_requires_a_checkout(tmp_path: Path) -> None:
    stripe_double.require_checkout()
    with pytest.raises(UsageError, match=r"needs a checkout of the booking repository: .* does not have\.$"):
        stripe_double.require_checkout(tmp_path)


def test_an_unknown_gateway_is_a_usage_error(program_folder: Path) -> None:
    result = run_booking(program_folder, "up", "--gateway", "stripe")
    assert (result.exit_code, result.stdout) == (64, "")
    assert "--gateway must be stripe-double, got 'stripe'." in result.stderr


def test_the_double_accepts_the_stored_key() -> None:
    assert stripe_double.API_KEY == TEST_KEY


@dataclass(kw_only=True)
class InstanceWithStripeDouble:
    """The parts of an instance with a Stripe double that the webhooks need; `stage` is the deployed one."""

    address: str
    secrets: FakeSecretsManager = field(default_factory=FakeSecretsManager)
    stage: str = "dev"

    def companions(self) -> dict[str, str]:
        return {stripe_double.GATEWAY: self.address}

    def outputs(self) -> dict[str, str]:
        return {"stage": self.stage, "webhookUrl": f"https://{self.stage}.example/"}

    def client(self, _: str) -> FakeSecretsManager:
        return self.secrets

    @property
    def signing_secret(self) -> str:
        return self.secrets.secrets[f"booking-stripe-double-signing-{self.stage}"]


def test_each_stage_has_its_own_endpoint_and_signing_secret() -> None:
    double = StripeDouble(FakeClock())
    with serve(double) as address:
        aws: Any = InstanceWithStripeDouble(address=address)
        stripe_double.connect_webhooks(aws)
        first = aws.signing_secret
        staging: Any = replace(aws, stage="staging")
        stripe_double.connect_webhooks(staging)
        stripe_double.connect_webhooks(aws)
    assert set(double.endpoints.secrets.values()) == {first, staging.signing_secret}
    assert aws.signing_secret == first != staging.signing_secret


class InterruptedSecretsManager(FakeSecretsManager):
    """Interrupt the storage of any secret but the placeholder, as if `up` were interrupted."""

    def put_secret_value(self, **request: Any) -> dict[str, Any]:
        if request["SecretString"] != "whsec_placeholder":
            raise KeyboardInterrupt
        return super().put_secret_value(**request)


def test_an_endpoint_whose_secret_was_never_stored_is_created_again() -> None:
    """The stage then has one endpoint and its secret, even if it had a secret before the interruption."""
    double = StripeDouble(FakeClock())
    interrupted = InterruptedSecretsManager(secrets={"booking-stripe-double-signing-dev": "whsec_of_an_ended_double"})
    with serve(double) as address:
        aws: Any = InstanceWithStripeDouble(address=address, secrets=interrupted)
        with pytest.raises(KeyboardInterrupt):
            stripe_double.connect_webhooks(aws)
        repeated: Any = replace(aws, secrets=FakeSecretsManager(secrets=interrupted.secrets))
        stripe_double.connect_webhooks(repeated)
    [endpoint] = double.books.newest_first("webhook_endpoint")
    assert repeated.signing_secret == double.endpoints.secrets[endpoint["id"]]


def test_the_tour_skips_steps_that_only_the_sandbox_supports() -> None:
    """Each order belongs to one step, because a second request for it would reuse its key."""
    steps = stripe_double.tour_steps(Instance(Path("never-started")))
    assert not any(step.is_sandbox_only for step in steps)
    names = [step.order_name for step in steps if step.order_name]
    assert len(names) == len(set(names))


@pytest.mark.nightly
def test_the_tour_is_completed_over_http_with_3d_secure_and_a_dispute(program_folder: Path) -> None:
    """Every booking of the tour succeeds, with outcomes that webhooks bring, and `down` also stops the double.

    No secret, page or payment method is in the output of `up`, in a log, a report, or a file of the instance:
    its log, journal, deployment state, outputs and audit objects.
    """
    result = run_booking(
        program_folder, "up", "--gateway", "stripe-double", "--engine", "in-process", "--json", "--wait-scale", "0"
    )
    assert result.exit_code == 0, result.stderr
    assert result.document["ok"]
    *_, confirmed, disputed, refunded = result.document["steps"]
    assert (confirmed["result"]["status"], confirmed["after_reconcile"]["status"]) == ("pending", "succeeded")
    assert disputed["result"]["status"] == "succeeded"
    assert (refunded["result"]["status"], refunded["after_reconcile"]["status"]) == ("rejected", "succeeded")
    assert [each["status"] for each in result.document["orders"]["disputed"]["disputes"]] == ["WON"]
    status = run_booking(program_folder, "status", "--json").document
    assert status["companions"]["stripe-double"].startswith("http://127.0.0.1:")
    assert run_booking(program_folder, "audit", "verify").exit_code == 0
    texts = dict(_output_texts(program_folder, result.document["orders"]["disputed"]["order_id"])) | {
        "up": result.stdout
    }
    assert {name.partition(" ")[0] for name in texts} >= {"up", "report", "log", "file"}
    assert {name: found[0] for name, text in texts.items() if (found := _SECRET.search(text))} == {}
    assert run_booking(program_folder, "down").exit_code == 0
    assert processes_of(program_folder) == []


_SECRET: Final = re.compile(r"sk_test_double|whsec_double\w+|pi_\w+_secret_\w+|3d_secure/pi_|pm_[a-z0-9]\w+")


def _output_texts(folder: Path, order_id: str) -> Iterator[tuple[str, str]]:
    """Yield every text that an instance has written, with its location.

    Packages are skipped, because their code lists the tokens, and compressed bytes may look like one by chance.
    """
    report = folder / "report.html"
    assert run_booking(folder, "report", order_id, "--out", str(report)).exit_code == 0
    yield "report", report.read_text()
    instance = Instance.at(folder)
    logs = instance.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        for stream in _streams(logs, name):
            log_page = logs.get_log_events(logGroupName=name, logStreamName=stream["logStreamName"])
            yield f"log {name} {stream['logStreamName']}", "\n".join(event["message"] for event in log_page["events"])
    for file in instance.folder.rglob("*"):
        if file.is_file() and file.suffix != ".zip" and instance.folder / "tmp" not in file.parents:
            yield f"file {file.relative_to(instance.folder)}", file.read_bytes().decode(errors="replace")


def _streams(logs: Any, group: str) -> Iterator[dict[str, Any]]:
    """Yield every stream of a log group, page by page."""
    for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=group):
        yield from page["logStreams"]
