"""Output and exit codes of the verbs of `booking` against a deployed stack."""

import json
from pathlib import Path

import pytest

from local.pytest_plugin import DeployedStack

from .conftest import Shell, supply


def buy_mugs(shell: Shell, *options: str) -> dict[str, object]:
    """Stock mugs, buy two, and return the result."""
    supply(shell)
    result = shell("purchase", "MUG=2", "--customer", "c-1", "--json", *options)
    assert result.exit_code == 0, result.stderr
    return dict(result.document)


def test_prices_come_from_stock_and_amounts_are_parsed(shell: Shell) -> None:
    """The output contains the result and the path of the execution."""
    bought = buy_mugs(shell)
    order = str(bought["order_id"])
    assert (bought["status"], bought["amount_minor"], bought["order_status"]) == ("succeeded", 1600, "CONFIRMED")
    result = shell("refund", order, "--amount", "5.5", "--by", "agent-7", "--reason", "late", "--json")
    assert result.exit_code == 0
    assert (result.document["amount_minor"], result.document["refundable_minor"]) == (550, 1050)
    assert result.document["path"] == ["route", "refund", "record", "verdict", "completed"]


def test_a_refund_by_line_returns_the_price_paid(shell: Shell) -> None:
    """One of two mugs is returned."""
    order = str(buy_mugs(shell)["order_id"])
    result = shell("refund", order, "--line", "MUG=1", "--by", "a", "--reason", "broken", "--json")
    assert (result.exit_code, result.document["amount_minor"]) == (0, 800)


def test_a_rejection_exits_with_2_and_states_the_allowed_amount(shell: Shell) -> None:
    """A rejection has its own exit code, because it is not a failure of the system."""
    order = str(buy_mugs(shell)["order_id"])
    result = shell("refund", order, "--amount", "16.01", "--by", "a", "--reason", "all and more")
    assert result.exit_code == 2
    assert "REFUND_EXCEEDS_BALANCE" in result.stdout
    assert "16.00 EUR" in result.stdout


def test_an_unknown_outcome_exits_with_3_and_reconcile_settles_it(shell: Shell) -> None:
    """The gateway does not answer during the purchase."""
    supply(shell)
    result = shell("purchase", "MUG", "--customer", "c-2", "--payment", "pm_timeout", "--json")
    assert (result.exit_code, result.document["status"]) == (3, "unknown")
    order = result.document["order_id"]
    report = shell("reconcile", "--json")
    assert report.exit_code == 0
    assert order in report.document["settled"]
    shown = shell("show", order, "--json").document
    assert (shown["status"], shown["captured_minor"]) == ("CONFIRMED", 800)


def test_show_agrees_with_the_ledger(shell: Shell) -> None:
    """The totals are the sums of the entries, and every outcome has its audit object."""
    order = str(buy_mugs(shell)["order_id"])
    shell("refund", order, "--amount", "3", "--by", "a", "--reason", "late")
    shown = shell("show", order, "--json").document
    amounts = {entry["type"]: entry["amount_minor"] for entry in shown["ledger"]}
    assert shown["captured_minor"] == amounts["PaymentCaptured"] == 1600
    assert shown["refunded_minor"] == amounts["RefundSettled"] == 300
    assert shown["refundable_minor"] == 1300
    assert len(shown["audit_objects"]) == 2
    for word in (order, "PaymentCaptured", "16.00 EUR", "000004.json"):
        assert word in shell("show", order).stdout


def test_run_accepts_a_file_and_prints_the_result(shell: Shell, tmp_path: Path) -> None:
    """The file becomes the input of the execution unchanged."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"action": "purchase", "amount": 1.5}))
    result = shell("run", str(event), "--json")
    assert result.exit_code == 2
    assert (result.document["status"], result.document["code"]) == ("rejected", "INVALID_REQUEST")


@pytest.mark.parametrize("text", ["[]", '"purchase"', "null", "17", "{}"])
def test_run_of_an_invalid_request_is_rejected(shell: Shell, tmp_path: Path, text: str) -> None:
    """The system rejects it with a result and an audit record, not the command."""
    event = tmp_path / "event.json"
    event.write_text(text)
    result = shell("run", str(event), "--json")
    assert (result.exit_code, result.document["code"]) == (2, "INVALID_REQUEST")


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", '{"amount_minor": NaN}', "[" * 100_000])
def test_a_file_without_valid_json_is_a_usage_error(shell: Shell, tmp_path: Path, text: str) -> None:
    """No execution is started, and one sentence names the file."""
    event = tmp_path / "event.json"
    event.write_text(text)
    result = shell("run", str(event))
    assert (result.exit_code, result.stdout) == (64, "")
    assert "event.json is not JSON" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("purchase", "MUG=0", "--customer", "c"), "'MUG=0' is not a line"),
        (("purchase", "MUG", "--customer", "c d"), "--customer 'c d' is not an id"),
        (("purchase", "MUG@8.001", "--customer", "c"), "'8.001' is not an amount in EUR: write it like 12.34"),
        (("purchase", "NOTHING", "--customer", "c"), "There is no SKU NOTHING"),
        (("refund", "ord", "--by", "a", "--reason", "r", "--amount", "1", "--line", "MUG"), "not both"),
        (("purchase", "MUG", "--customer", "c", "--hold-seconds", "60"), "only for --capture later"),
        (("capture", "ord", "--by", "a", "--amount", "1", "--line", "MUG"), "not both"),
        (("capture", "ord", "--by", "a", "--line", "MUG@1"), "must not have a price"),
        (("cancel", "ord 1", "--by", "a"), "ORDER 'ord 1' is not an id"),
        (("capture", "ord_0", "--by", "a", "--dry-run"), "There is no order ord_0"),
        (("show", "ord_0"), "There is no order ord_0"),
        (("stock", "set", "X", "--price", "1", "--available", "-1"), "greater than or equal to 0"),
        (("stock", "set", "X", "--price", "1", "--available", "1", "--currency", "XYZ"), "'XYZ'"),
        (("stock", "receive", "X", "0"), "greater than or equal to 1"),
        (("stock", "remove", "X", "one"), "should be a valid integer"),
        (("stock", "count", "X", "--seen", "1"), "Missing option '--is'"),
        (("frobnicate",), "No such command 'frobnicate'"),
        (("run", "nowhere.json"), "nowhere.json cannot be read"),
        (("up", "--engine", "steam"), "steam"),
    ],
)
def test_usage_errors_exit_with_64_and_one_sentence(shell: Shell, arguments: tuple[str, ...], sentence: str) -> None:
    """Invalid input never prints a traceback."""
    if arguments[0] != "stock":
        supply(shell)
    result = shell(*arguments)
    assert (result.exit_code, result.stdout) == (64, "")
    assert sentence in result.stderr or "Pulumi.yaml" in result.stderr
    assert "Traceback" not in result.stderr


def test_without_an_embedded_aws_the_error_mentions_booking_up(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No instance runs in this folder."""
    monkeypatch.chdir(tmp_path)
    result = shell("stock", "show")
    assert result.exit_code == 1
    assert "booking up" in result.stderr


def test_stock_verbs_apply_changes_that_dry_runs_only_preview(shell: Shell) -> None:
    sku = "VASE"
    assert shell("stock", "set", sku, "--price", "8", "--available", "5", "--dry-run", "--json").document["dry_run"]
    assert shell("stock", "show", sku).exit_code == 64
    shell("stock", "set", sku, "--price", "8", "--available", "5")
    steps = (
        (("receive", sku, "3", "--request-id", "delivery-1"), (8, 800), False),
        (("receive", sku, "3", "--request-id", "delivery-1"), (8, 800), True),
        (("remove", sku, "2"), (6, 800), False),
        (("price", sku, "9.50"), (6, 950), False),
        (("count", sku, "--seen", "6", "--is", "4"), (4, 950), False),
    )
    for arguments, expected, replayed in steps:
        before = shell("stock", "show", sku, "--json").document
        planned = shell("stock", *arguments, "--dry-run", "--json").document
        assert shell("stock", "show", sku, "--json").document == before
        changed = shell("stock", *arguments, "--json").document
        assert (changed["available"], changed["price_minor"]) == expected
        assert changed["replayed"] is replayed
        assert replayed or (planned["available"], planned["price_minor"]) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("set", "BOWL", "--price", "7", "--available", "9"), "SKU BOWL exists already, at 8.00 EUR with 5 available."),
        (("remove", "BOWL", "6"), "SKU BOWL has 5 available, so 6 cannot be removed."),
        (("count", "BOWL", "--seen", "4", "--is", "9"), "SKU BOWL has 5 available, not 4"),
        (("price", "BOWL", "7", "--currency", "USD"), "SKU BOWL is sold in EUR, not USD."),
        (("receive", "NOTHING", "1"), "There is no SKU NOTHING."),
    ],
)
def test_a_refused_stock_verb_exits_with_1_and_states_the_reason(
    shell: Shell, arguments: tuple[str, ...], message: str
) -> None:
    shell("stock", "set", "BOWL", "--price", "8", "--available", "5")
    for mode in ((), ("--dry-run",)):
        refused = shell("stock", *arguments, *mode)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert message in refused.stderr


def test_another_person_approves_a_refund_after_a_preview(shell: Shell) -> None:
    """Law 35 (approval): the preview moves nothing, the requester may not approve, another person may."""
    order = str(buy_mugs(shell)["order_id"])
    pending = shell("refund", order, "--amount", "5", "--by", "a", "--reason", "kind", "--override-window", "--json")
    assert (pending.exit_code, pending.document["status"]) == (0, "pending")
    refund = str(pending.document["refund_id"])
    shown = shell("approve", order, refund, "--by", "b", "--dry-run", "--json")
    assert (shown.exit_code, shown.document["entry"]) == (0, "RefundApproved")
    own = shell("approve", order, refund, "--by", "a", "--json")
    assert (own.exit_code, own.document["code"]) == (2, "OWN_DECISION"), own.document
    approved = shell("approve", order, refund, "--by", "b", "--json")
    assert (approved.exit_code, approved.document["status"]) == (0, "succeeded")
    assert shell("deny", order, refund, "--by", "b", "--dry-run").exit_code == 2
    assert shell("show", order, "--json").document["refunded_minor"] == 500


def test_a_purchase_is_authorised_then_captured_by_lines_after_a_preview(shell: Shell) -> None:
    """Law 33 (authorise): the preview moves nothing, the capture takes the lines, and there is no second one."""
    bought = buy_mugs(shell, "--capture", "later", "--hold-seconds", "86400")
    order = str(bought["order_id"])
    assert bought["order_status"] == "AUTHORIZED"
    assert "16.00 EUR until " in shell("show", order).stdout
    command = ("capture", order, "--by", "b", "--line", "MUG=1", "--request-id", "once", "--json")
    shown = shell(*command, "--dry-run")
    assert (shown.exit_code, shown.document["entry"], shown.document["amount_minor"]) == (
        0,
        "PaymentCaptureRequested",
        800,
    )
    assert shell("show", order, "--json").document["held_minor"] == 1600
    captured = shell(*command)
    assert (captured.exit_code, captured.document["status"], captured.document["amount_minor"]) == (0, "succeeded", 800)
    assert shell(*command, "--dry-run").document["status"] == "succeeded"
    again = shell("capture", order, "--by", "b", "--amount", "1", "--json")
    assert (again.exit_code, again.document["code"]) == (2, "ALREADY_CAPTURED")


def test_a_payment_is_cancelled_after_a_preview(shell: Shell) -> None:
    """Law 33 (authorise): a cancelled order holds nothing and is never captured."""
    order = str(buy_mugs(shell, "--capture", "later")["order_id"])
    shown = shell("cancel", order, "--by", "b", "--dry-run", "--json")
    assert (shown.exit_code, shown.document["dry_run"]) == (0, True)
    cancelled = shell("cancel", order, "--by", "b", "--json")
    assert (cancelled.exit_code, cancelled.document["order_status"]) == (0, "CANCELLED")
    refused = shell("capture", order, "--by", "b", "--dry-run", "--json")
    assert (refused.exit_code, refused.document["code"]) == (2, "PAYMENT_CANCELLED")


def test_a_cancellation_that_waits_for_the_bank_is_pending_and_exits_with_0(shell: Shell) -> None:
    """Law 34 (pending): the output names the party that it waits for."""
    supply(shell)
    bought = shell("purchase", "MUG", "--customer", "c-3", "--payment", "pm_slow_bank", "--json")
    assert (bought.exit_code, bought.document["status"]) == (0, "pending")
    result = shell("cancel", str(bought.document["order_id"]), "--by", "b")
    assert result.exit_code == 0
    assert "pending" in result.stdout
    assert "bank" in result.stdout


def test_an_orphan_that_is_not_listed_cannot_be_closed(shell: Shell) -> None:
    refused = shell("close-orphan", "txn_0", "--by", "a", "--evidence", "A receipt.")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "There is no orphan txn_0" in refused.stderr


def test_two_people_close_a_case_after_a_preview(shell: Shell, booking_stack: DeployedStack) -> None:
    """Law 37 (cases): the preview changes nothing, and the proposer may not approve."""
    order = str(buy_mugs(shell)["order_id"])
    outputs = shell("status", "--json").document["outputs"]
    table = booking_stack.instance.client("dynamodb")
    key = {"TableName": outputs["gatewayTable"], "Key": {"pk": {"S": order}}}
    table.put_item(TableName=key["TableName"], Item={**table.get_item(**key)["Item"], "heard": {"S": "declined"}})
    assert len(shell("reconcile", "--json").document["cases"]) == 1
    (case,) = shell("show", order, "--json").document["cases"]
    command = ("resolve", order, case["case_id"], "--outcome", "settled", "--evidence", "A receipt.", "--by", "a")
    shown = shell(*command, "--dry-run", "--json")
    assert (shown.exit_code, shown.document["entry"]) == (0, "ResolutionProposed")
    pending = shell(*command, "--json")
    assert (pending.exit_code, pending.document["status"], pending.document["case_id"]) == (
        0,
        "pending",
        case["case_id"],
    )
    assert shell("approve", order, case["case_id"], "--by", "a", "--json").document["code"] == "OWN_DECISION"
    assert shell("approve", order, case["case_id"], "--by", "b").exit_code == 0
    assert shell("reconcile", "--json").document["cases"] == []
