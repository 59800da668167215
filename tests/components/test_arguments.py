"""Component arguments are validated before any resource is registered, and are documented and typed."""

import inspect
import json
import re
import typing
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.provider.experimental.analyzer import Analyzer, ComponentDefinition

import components
from components.aws.backup import BackupPolicy
from components.base import Arguments, InvalidArguments
from tests.components.synth import Graph, record

PUBLIC = (components.OrderStore, components.AuditBucket, components.MonitoredLambda, components.BookingStateMachine)
VERSIONS = {
    name: f"arn:aws:lambda:eu-central-1:123456789012:function:{name}:1" for name in ("purchase", "refund", "record")
}
CODE = {"code": pulumi.AssetArchive({}), "handler": "app.handler"}

REFUSED: list[tuple[type[Any], dict[str, Any], str]] = [
    (components.OrderStore, {"backup_days": 0}, "backup_days must be an integer, 1–36500 days, got 0."),
    (components.OrderStore, {"backup_days": 1.5}, "backup_days must be an integer, 1–36500 days, got 1.5."),
    (components.OrderStore, {"backup_days": True}, "backup_days must be an integer, 1–36500 days, got True."),
    (components.OrderStore, {"backup_schedule": "daily"}, "backup_schedule must be an AWS cron expression such as"),
    (components.OrderStore, {"protect": "yes"}, "protect must be true or false, got 'yes'."),
    (components.OrderStore, {"topik": "x"}, "topik is not an argument of OrderStore. Did you mean topic?"),
    (components.OrderStore, {"xyzzy": "x"}, "xyzzy is not an argument of OrderStore. The arguments are backup_days, "),
    (components.AuditBucket, {"lock_mode": "SOFT"}, "lock_mode must be COMPLIANCE or GOVERNANCE or NONE, got 'SOFT'."),
    (components.AuditBucket, {"force_destroy": True}, "force_destroy must be false with lock_mode COMPLIANCE"),
    (components.AuditBucket, {"archive_days": 7}, "archive_days must be an integer, 30–3650 days, got 7."),
    (
        components.MonitoredLambda,
        {},
        "handler is required.\n  Exactly one of code and code_bucket is required, got none.",
    ),
    (
        components.MonitoredLambda,
        CODE | {"code_bucket": "b", "code_key": "k"},
        "Exactly one of code and code_bucket is required, got code and code_bucket.",
    ),
    (
        components.MonitoredLambda,
        {"handler": "a.b", "code_bucket": "b"},
        "code_bucket and code_key must be given together, got only code_bucket.",
    ),
    (components.MonitoredLambda, CODE | {"memory": 64}, "memory must be an integer, 128–10240 MB, got 64."),
    (components.MonitoredLambda, CODE | {"log_days": 2}, "log_days must be one of 1, 3, 5"),
    (components.MonitoredLambda, CODE | {"schedule": "often"}, "schedule must be an EventBridge expression such as"),
    (components.MonitoredLambda, CODE | {"subnets": ["subnet-1"]}, "subnets and securitygroups must be given together"),
    (components.MonitoredLambda, CODE | {"architecture": "mips"}, "architecture must be arm64 or x86_64, got 'mips'."),
    (components.BookingStateMachine, {}, "functions must name purchase, record, refund too, which Booking invokes"),
    (
        components.BookingStateMachine,
        {"functions": VERSIONS, "task_seconds": 300},
        "task_seconds must be less than execution_seconds, 300, got 300.",
    ),
    (components.OrderStore, {"key": "alias/ours"}, "key must be the ARN of a KMS key (arn:aws:kms:...:key/...), got"),
    (components.OrderStore, {"topic": VERSIONS["record"]}, "topic must be the ARN of a standard SNS topic"),
    (components.OrderStore, {"boundary": "Boundary"}, "boundary must be the ARN of an IAM policy"),
    (
        components.OrderStore,
        {"tags": ["team"]},
        "tags must be a dictionary, whose values may be Outputs, got ['team'].",
    ),
    (components.MonitoredLambda, CODE | {"logkey": "key/1"}, "logkey must be the ARN of a KMS key"),
    (components.MonitoredLambda, CODE | {"grants": "[]"}, "grants must be a list of grants, each of which may be"),
    (
        components.MonitoredLambda,
        CODE | {"grants": ["[]", {"Version": "2012-10-17", "Statement": []}]},
        "grants[1] must be policy statements as a JSON list, such as json.dumps([{'Effect': 'Allow', ...}])",
    ),
    (components.MonitoredLambda, CODE | {"grants": ['{"Statement": []}']}, "grants[0] must be policy statements as a"),
    (
        components.BookingStateMachine,
        {"functions": ["arn"]},
        "functions must be a dictionary, whose values may be Outputs, got ['arn'].",
    ),
    (
        components.BookingStateMachine,
        {"definition": {"StartAt": "A"}},
        "definition must be JSON text, got a dict: pass json.dumps(...) of it.",
    ),
    (
        components.BookingStateMachine,
        {"definition": '{"StartAt": "A", "States": {"B": {"Type": "Succeed"}}}'},
        "definition, /StartAt: MISSING_TRANSITION_TARGET: ",
    ),
]


@pytest.mark.parametrize(("component", "args", "sentence"), REFUSED)
def test_invalid_arguments_are_rejected_before_any_resource_is_registered(
    component: type[Any], args: dict[str, Any], sentence: str
) -> None:
    """The message names the component, the key, its value and what is allowed."""
    created: list[Graph] = []
    with pytest.raises(InvalidArguments) as refused:
        created.append(record(lambda: component("mine", args)))
    assert str(refused.value).startswith(f"{component.__name__} 'mine' has ")
    assert sentence in str(refused.value)
    assert created == []


@pytest.mark.parametrize("component", PUBLIC)
def test_arguments_that_are_not_a_dictionary_are_rejected(component: type[Any]) -> None:
    with pytest.raises(
        InvalidArguments, match=f"^{component.__name__} 'mine': args must be a dictionary, {{}} for the"
    ):
        record(lambda: component("mine", None))


def test_an_output_is_rejected_where_a_plain_value_is_required() -> None:
    """A key that decides whether a child exists must be known at once."""

    def program() -> None:
        components.AuditBucket("mine", typing.cast("Any", {"lock_days": pulumi.Output.from_input(3)}))

    with pytest.raises(
        InvalidArguments, match="lock_days must be an integer, 1–36500 days, got an Output, which is not known yet"
    ):
        record(program)


def test_a_resource_passed_instead_of_its_arn_is_rejected() -> None:
    """The message tells the caller to pass its `arn`."""
    key = object.__new__(aws.kms.Key)  # registering it would leave a task behind
    arguments = Arguments("OrderStore", "mine", {"key": key}, components.OrderStoreArgs)
    with pytest.raises(InvalidArguments, match=r"key must be .*, got the resource itself: pass its `arn`"):
        arguments.raise_if_invalid()


def test_all_invalid_arguments_are_reported_at_once() -> None:
    wrong: Any = {"lock_mode": "SOFT", "lock_days": 0, "lifetime": 1}
    with pytest.raises(InvalidArguments, match=r"(?s)has 3 invalid arguments:.*lifetime.*lock_mode.*lock_days"):
        record(lambda: components.AuditBucket("mine", wrong))


def test_grant_methods_return_the_grant_outputs() -> None:
    """Programs in Python call `grant_x()`; those in other languages read the output."""
    same: list[bool] = []

    def program() -> None:
        orders = components.OrderStore("orders", components.OrderStoreArgs())
        audit = components.AuditBucket("audit", components.AuditBucketArgs())
        machine = components.BookingStateMachine(
            "booking", components.BookingStateMachineArgs(functions=dict(VERSIONS))
        )
        same.extend(
            [
                orders.grant_read() is orders.readgrant,
                orders.grant_book() is orders.bookgrant,
                orders.grant_refund() is orders.refundgrant,
                orders.grant_reconcile() is orders.reconcilegrant,
                audit.grant_write() is audit.writegrant,
                audit.grant_read() is audit.readgrant,
                audit.grant_reconcile() is audit.reconcilegrant,
                machine.grant_start() is machine.startgrant,
                machine.grant_drain() is machine.drain,
            ]
        )

    record(program)
    assert same == [True] * 9


def test_components_with_default_arguments_create_their_own_keys_and_topics() -> None:
    """No alarm is left without an action."""

    def program() -> None:
        components.OrderStore("orders", components.OrderStoreArgs())
        components.AuditBucket("audit", components.AuditBucketArgs())
        components.MonitoredLambda("work", components.MonitoredLambdaArgs(code=CODE["code"], handler="app.handler"))
        components.BookingStateMachine("booking", components.BookingStateMachineArgs(functions=dict(VERSIONS)))

    graph = record(program)
    keys = sorted(key.name for key in graph.of_type("aws:kms/key:Key"))
    assert keys == [
        *("audit-alerts-key", "audit-key", "booking-alerts-key", "booking-key", "orders-alerts-key"),
        *("orders-backup-key", "orders-key", "work-alerts-key", "work-key"),
    ]
    assert all(alarm.inputs["alarmActions"] for alarm in graph.of_type("aws:cloudwatch/metricAlarm:MetricAlarm"))


def test_the_role_of_a_custom_definition_allows_its_calls_and_the_given_grants() -> None:
    """Calls to resources that only data name must be granted by the owner."""
    function = "arn:aws:lambda:eu-central-1:123456789012:function:ship:3"
    ship = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function},
        "End": True,
    }
    definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": "Ship", "States": {"Ship": ship}})
    grant = json.dumps([{"Sid": "Tell", "Effect": "Allow", "Action": ["events:PutEvents"], "Resource": ["arn:bus"]}])

    def program() -> None:
        args = components.BookingStateMachineArgs(definition=pulumi.Output.from_input(definition), grants=[grant])
        components.BookingStateMachine("mine", args)

    graph = record(program)
    assert definition == graph.find_resource("mine-standard").inputs["definition"]
    allowed = {
        each["Sid"]: each for each in json.loads(graph.find_resource("mine-role-policy").inputs["policy"])["Statement"]
    }
    assert {"Step1", "KeepExecutionsSecret", "DeliverLogs", "Trace", "Tell"} == set(allowed)
    assert allowed["Step1"]["Action"] == ["lambda:InvokeFunction"]
    assert allowed["Step1"]["Resource"] == ["arn:aws:lambda:eu-central-1:123456789012:function:ship:*"]


@pytest.mark.parametrize("component", PUBLIC)
def test_inputs_and_outputs_are_described_and_outputs_are_strings(component: type[Any]) -> None:
    """Other Pulumi languages see only this schema."""
    definition = _definition(component)
    assert definition.description
    for key, property_ in {**definition.inputs, **definition.outputs}.items():
        assert property_.description, key
        assert property_.description.endswith("."), key
    assert {"string"} == {property_.type.value for property_ in definition.outputs.values() if property_.type}
    assert all(re.fullmatch("[a-z]+", key) for key in definition.outputs)


@pytest.mark.parametrize("component", PUBLIC)
def test_descriptions_of_optional_inputs_state_the_default(component: type[Any]) -> None:
    """The schema of a component has no field for defaults."""
    for key, property_ in _definition(component).inputs.items():
        described_text = str(property_.description)
        assert property_.optional == ("Default:" in described_text or key == "tags" or key == "grants"), key


@pytest.mark.parametrize("component", PUBLIC)
def test_described_defaults_match_the_code(component: type[Any]) -> None:
    """The value after `Default:` occurs in the check of that argument, in its module or in BackupPolicy."""
    module = module_of(component)
    source = inspect.getsource(module) + (inspect.getsource(BackupPolicy) if hasattr(module, "BackupPolicy") else "")
    for key, property_ in _definition(component).inputs.items():
        default = re.search(r"Default: (\d+|true|false|[A-Z]{4,}|arm64|cron\(.*\))\.", str(property_.description))
        if not default:
            continue
        name = re.sub("([A-Z])", lambda upper: f"_{upper[1].lower()}", key)
        literal = {"true": "True", "false": "False", "2555": "SEVEN_YEARS_IN_DAYS"}.get(default[1], default[1])
        assert re.search(rf'"{name}",\s*"?{re.escape(literal)}"?', source), (key, default[1])


def test_every_declared_output_is_set_and_registered() -> None:
    """The plugin and type checkers read the annotations of the class."""
    created: list[tuple[str, pulumi.ComponentResource]] = []

    def program() -> None:
        created.append(("orders", components.OrderStore("orders", components.OrderStoreArgs())))
        created.append(("audit", components.AuditBucket("audit", components.AuditBucketArgs())))
        args = components.MonitoredLambdaArgs(code=CODE["code"], handler="app.handler")
        created.append(("work", components.MonitoredLambda("work", args)))
        machine = components.BookingStateMachineArgs(functions=dict(VERSIONS))
        created.append(("booking", components.BookingStateMachine("booking", machine)))

    registered = record(program).registered
    for name, component in created:
        declared = set(inspect.get_annotations(type(component)))
        assert {key for key in declared if isinstance(getattr(component, key), pulumi.Output)} == declared
        assert declared == set(registered[name])


def module_of(component: type[Any]) -> Any:
    """Return the module that defines a component."""
    module = inspect.getmodule(component)
    assert module is not None
    return module


def _definition(component: type[Any]) -> ComponentDefinition:
    """Return the definition that the plugin would publish."""
    return Analyzer("booking").analyze([component])["component_definitions"][component.__name__]
