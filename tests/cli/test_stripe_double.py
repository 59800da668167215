"""`booking up --gateway stripe-double`: a checkout pays through the double of Stripe, over HTTP and with webhooks."""

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


def test_an_installed_product_says_that_the_double_needs_a_checkout(tmp_path: Path) -> None:
    stripe_double.require_checkout()
    with pytest.raises(UsageError, match=r"needs a checkout of the booking repository: .* does not have\.$"):
        stripe_double.require_checkout(tmp_path)


def test_another_gateway_is_one_sentence(program_folder: Path) -> None:
    said = run_booking(program_folder, "up", "--gateway", "stripe")
    assert (said.exit_code, said.stdout) == (64, "")
    assert "--gateway must be stripe-double, got 'stripe'." in said.stderr


def test_the_double_takes_the_key_that_is_stored_for_it() -> None:
    assert stripe_double.API_KEY == TEST_KEY


@dataclass(kw_only=True)
class DoubleBesideAws:
    """The part of an instance with a double of Stripe that the webhooks need; `stage` is the deployed one."""

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


def test_each_stage_has_an_endpoint_and_a_signing_secret_of_its_own() -> None:
    double = StripeDouble(FakeClock())
    with serve(double) as address:
        aws: Any = DoubleBesideAws(address=address)
        stripe_double.connect_webhooks(aws)
        first = aws.signing_secret
        staging: Any = replace(aws, stage="staging")
        stripe_double.connect_webhooks(staging)
        stripe_double.connect_webhooks(aws)
    assert set(double.endpoints.secrets.values()) == {first, staging.signing_secret}
    assert aws.signing_secret == first != staging.signing_secret


class InterruptedSecretsManager(FakeSecretsManager):
    """Fails to store any secret but the placeholder, as if `up` had been interrupted."""

    def put_secret_value(self, **request: Any) -> dict[str, Any]:
        if request["SecretString"] != "whsec_placeholder":
            raise KeyboardInterrupt
        return super().put_secret_value(**request)


def test_an_endpoint_whose_secret_was_never_stored_is_created_anew() -> None:
    """The second secret is that of the only endpoint, also if the stage had one before the interruption."""
    double = StripeDouble(FakeClock())
    interrupted = InterruptedSecretsManager(secrets={"booking-stripe-double-signing-dev": "whsec_of_an_ended_double"})
    with serve(double) as address:
        aws: Any = DoubleBesideAws(address=address, secrets=interrupted)
        with pytest.raises(KeyboardInterrupt):
            stripe_double.connect_webhooks(aws)
        healed: Any = replace(aws, secrets=FakeSecretsManager(secrets=interrupted.secrets))
        stripe_double.connect_webhooks(healed)
    [endpoint] = double.books.newest_first("webhook_endpoint")
    assert healed.signing_secret == double.endpoints.secrets[endpoint["id"]]


def test_the_tour_leaves_out_the_payment_methods_of_the_sandbox() -> None:
    """Each order, and so each request that begins one, belongs to one step: a second one would be a reused key."""
    steps = stripe_double.tour_steps(Instance(Path("never-started")))
    assert not any(step.is_sandbox_only for step in steps)
    names = [step.order_name for step in steps if step.order_name]
    assert len(names) == len(set(names))


@pytest.mark.nightly
def test_the_tour_is_completed_over_http_with_3d_secure_and_a_dispute(program_folder: Path) -> None:
    """Every booking of the tour, and those of which webhooks bring the outcome; `down` stops the double too.

    And no secret, page or payment method is in what `up` said, in a log, in a report, or in a file of the instance:
    its log, journal, deployment state, outputs and audit objects.
    """
    said = run_booking(
        program_folder, "up", "--gateway", "stripe-double", "--engine", "in-process", "--json", "--wait-scale", "0"
    )
    assert said.exit_code == 0, said.stderr
    assert said.document["ok"]
    *_, confirmed, disputed, refunded = said.document["steps"]
    assert (confirmed["result"]["status"], confirmed["after_reconcile"]["status"]) == ("pending", "succeeded")
    assert disputed["result"]["status"] == "succeeded"
    assert (refunded["result"]["status"], refunded["after_reconcile"]["status"]) == ("rejected", "succeeded")
    assert [each["status"] for each in said.document["orders"]["disputed"]["disputes"]] == ["WON"]
    status = run_booking(program_folder, "status", "--json").document
    assert status["companions"]["stripe-double"].startswith("http://127.0.0.1:")
    assert run_booking(program_folder, "audit", "verify").exit_code == 0
    written = dict(_written(program_folder, said.document["orders"]["disputed"]["order_id"])) | {"up": said.stdout}
    assert {name.partition(" ")[0] for name in written} >= {"up", "report", "log", "file"}
    assert {name: found[0] for name, text in written.items() if (found := _HIDDEN.search(text))} == {}
    assert run_booking(program_folder, "down").exit_code == 0
    assert processes_of(program_folder) == []


_HIDDEN: Final = re.compile(r"sk_test_double|whsec_double\w+|pi_\w+_secret_\w+|3d_secure/pi_|pm_[a-z0-9]\w+")


def _written(folder: Path, order_id: str) -> Iterator[tuple[str, str]]:
    """Yield what an instance has written, with its place.

    The code of the functions lists the tokens, and compressed bytes may look like one by chance: both are left out.
    """
    report = folder / "report.html"
    assert run_booking(folder, "report", order_id, "--out", str(report)).exit_code == 0
    yield "report", report.read_text()
    instance = Instance.at(folder)
    logs = instance.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        for stream in _streams(logs, name):
            told = logs.get_log_events(logGroupName=name, logStreamName=stream["logStreamName"])
            yield f"log {name} {stream['logStreamName']}", "\n".join(event["message"] for event in told["events"])
    for file in instance.folder.rglob("*"):
        if file.is_file() and file.suffix != ".zip" and instance.folder / "tmp" not in file.parents:
            yield f"file {file.relative_to(instance.folder)}", file.read_bytes().decode(errors="replace")


def _streams(logs: Any, group: str) -> Iterator[dict[str, Any]]:
    """Yield every stream of a log group, page by page."""
    for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=group):
        yield from page["logStreams"]
