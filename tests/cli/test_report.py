"""`booking report` writes a page about an order or an execution, and so does a tour with a wrong outcome."""

from pathlib import Path

import pytest

from cli.executions import ClosedExecution
from cli.main import run
from cli.target import DeploymentTarget
from cli.tour import STEPS, StepOutcome
from cli.tour_report import report_mismatches
from tests.console.conftest import book_shop
from tests.console.in_process_deployment import InProcessDeployment
from tests.integration.failure_reports import write_reports

from .conftest import Shell
from .test_verbs import buy_mugs


def test_a_report_is_written_for_an_order_an_execution_or_its_name(shell: Shell, tmp_path: Path) -> None:
    bought = buy_mugs(shell)
    for subject in (bought["order_id"], bought["execution"], str(bought["execution"]).rpartition(":")[2]):
        result = shell("report", str(subject), "--out", str(tmp_path / "page.html"), "--json")
        assert (result.exit_code, result.stderr) == (0, "")
        page = (tmp_path / "page.html").read_text("utf-8")
        assert result.document == {"file": str(tmp_path / "page.html"), "bytes": len(page.encode())}
        for words in ("State diagram with the path taken: route, purchase", "step=purchase", "order_id"):
            assert words in page


@pytest.mark.parametrize("subject", ["ord_0", "arn:aws:states:us-east-1:000000000000:execution:no:no", "a b", ""])
def test_an_unknown_subject_is_a_usage_error(shell: Shell, subject: str, tmp_path: Path) -> None:
    result = shell("report", subject, "--out", str(tmp_path / "page.html"))
    assert (result.exit_code, result.stdout) == (64, "")
    assert "There is no order and no execution" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_a_usage_error(shell: Shell, tmp_path: Path) -> None:
    result = shell("report", str(buy_mugs(shell)["order_id"]), "--out", str(tmp_path / "no" / "page.html"))
    assert result.exit_code == 64
    assert "cannot be written" in result.stderr


def target_of(deployment: InProcessDeployment) -> DeploymentTarget:
    """Return a deployment in this process as the target of a verb."""
    return DeploymentTarget(name=deployment.name, outputs=deployment.outputs, client=deployment.client)


def test_a_tour_step_with_a_wrong_outcome_writes_a_report_and_prints_its_path(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shop = book_shop(InProcessDeployment())
    closed = ClosedExecution(arn=shop.rejected, path=(), status="SUCCEEDED")
    outcome = StepOutcome(step=STEPS[1], execution=closed, repeated=None, mismatches=("status is 'rejected'",))
    assert report_mismatches(target_of(shop.deployment), [outcome]) == 1
    path = capsys.readouterr().err.partition("Report of its execution: ")[2].strip()
    assert "REFUND_EXCEEDS_BALANCE" in Path(path).read_text("utf-8")


def test_a_failed_test_writes_a_report_of_each_execution(tmp_path: Path) -> None:
    shop = book_shop(InProcessDeployment())
    [path] = write_reports(target_of(shop.deployment), [shop.rejected], tmp_path)
    assert "REFUND_EXCEEDS_BALANCE" in path.read_text("utf-8")


def test_outside_of_a_program_the_error_mentions_booking_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["report", "ord_1"]) == 1
    assert "booking up" in capsys.readouterr().err
