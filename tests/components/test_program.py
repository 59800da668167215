"""The resources that the program registers in every stage."""

import ast
import json
from typing import Any

import pytest

from components.stage import Stage
from tests.components.synth import API, CHECKOUT, STAGES, Graph, stage_values, synth
from workflow import permissions

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
FUNCTION = "aws:lambda/function:Function"
EXPORTS = {
    *("stage", "region", "stateMachineArn", "ordersTable", "gatewayTable", "auditBucket", "parkingQueueUrl"),
    *("publishFunction", "eventBus", "eventArchiveArn"),
    *("purchaseFunction", "refundFunction", "recordFunction", "reconcileFunction", "sealFunction", "sealKeyArn"),
    *("apiFunction", "apiUrl", "alertTopicArn", "dashboardName"),
}


def test_the_program_is_short_and_contains_no_logic() -> None:
    """It has at most 100 lines and no apply, dictionary literals or branches."""
    source = (CHECKOUT / "__main__.py").read_text()
    assert len(source.splitlines()) <= 100
    kinds = {type(node) for node in ast.walk(ast.parse(source))}
    assert not kinds & {ast.Dict, ast.If, ast.For, ast.While, ast.FunctionDef, ast.Lambda, ast.Try}
    assert "apply" not in source


def test_the_program_exports_the_outputs_that_the_cli_reads(stage_graph: Graph) -> None:
    """The names of outputs are an interface."""
    assert sorted(EXPORTS) == sorted(stage_graph.outputs)
    assert all(isinstance(value, str) and value for value in stage_graph.outputs.values())


def test_functions_get_exactly_the_environment_variables_that_they_read(stage_graph: Graph) -> None:
    actual = {
        function.name.removesuffix("-function"): sorted(function.inputs["environment"]["variables"])
        for function in stage_graph.of_type("aws:lambda/function:Function")
    }
    every = ["BOOKING_SDK_TIMEOUT_SECONDS", "BOOKING_STAGE", "BOOKING_ORDERS_TABLE"]
    money = ["BOOKING_GATEWAY", "BOOKING_GATEWAY_TABLE"]
    proof = "BOOKING_PROOF_KEY"
    tokens = ["BOOKING_API_ISSUER", "BOOKING_API_AUDIENCES", "BOOKING_API_ROLES_CLAIM"]
    waiting = ["BOOKING_WORKFLOW_TYPE", "BOOKING_API_WAIT_SECONDS", "BOOKING_MACHINE"]
    approvals = ["BOOKING_APPROVALS", "BOOKING_APPROVAL_DAYS", "BOOKING_APPROVAL_LIMITS"]
    assert {
        "purchase": sorted([*every, *money, proof, "BOOKING_REFUND_WINDOW_DAYS", "BOOKING_PAYMENT_ACTION_SECONDS"]),
        "refund": sorted([*every, *money, proof, *approvals]),
        "record": sorted([*every, "BOOKING_AUDIT_BUCKET"]),
        "reconcile": sorted([*every, *money, "BOOKING_AUDIT_BUCKET", "BOOKING_PARKING_QUEUE_URL"]),
        "publish": sorted([*every[:2], "BOOKING_EVENT_BUS"]),
        "seal": sorted([*every[:2], "BOOKING_AUDIT_BUCKET", "BOOKING_SEAL_KEY"]),
        "answer": sorted([*every, *money, "BOOKING_AUDIT_BUCKET", proof, *tokens, *waiting]),
    } == actual


STRIPE = {
    "booking:gateway": "stripe",
    "booking:stripeSecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:key-a1b2c3",
    "booking:stripeWebhookSecretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:webhooks-a1b2c3",
}


@pytest.mark.parametrize(
    ("stage", "config"),
    [
        ("dev", {}),
        ("staging", {"booking:functionConcurrency": 1}),
        ("prod", {"booking:orderEvents": "false"}),
        ("prod", STRIPE),
    ],
)
def test_reserved_concurrency_of_a_stage_is_the_sum_over_its_functions(stage: str, config: dict[str, Any]) -> None:
    """`booking doctor` compares it with the account's quota before the first `up`."""
    functions = synth(stage, config).of_type("aws:lambda/function:Function")
    reserved = sum(each.inputs.get("reservedConcurrentExecutions") or 0 for each in functions)
    given = stage_values(stage) | API | config | {"booking:apiAudiences": ["booking"]}
    values = {key.removeprefix("booking:"): value for key, value in given.items() if key.startswith("booking:")}
    assert Stage.of(stage, values).reserved_concurrency == reserved


def test_the_api_function_gets_the_list_of_deciding_clients() -> None:
    clients = '["risk-check@clients", "0oa1f"]'
    variables = (
        synth("prod", {"booking:apiDecidingClients": clients}).find_resource("answer-function").inputs["environment"]
    )
    assert variables["variables"]["BOOKING_API_DECIDING_CLIENTS"] == "risk-check@clients 0oa1f"


def test_tasks_invoke_the_function_versions_published_with_the_definition(stage_graph: Graph) -> None:
    """A running execution never calls a newer function."""
    [machine] = stage_graph.of_type("aws:sfn/stateMachine:StateMachine")
    versions = {
        function: f"arn:aws:lambda:eu-central-1:123456789012:function:booking-{function}-function-0123456:7"
        for function in ("purchase", "refund", "record")
    }
    definition = machine.inputs["definition"]
    assert {name: arn in definition for name, arn in versions.items()} == dict.fromkeys(versions, True)


def test_the_machine_may_invoke_every_version_of_its_functions_only(stage_graph: Graph) -> None:
    """Executions that started before a deployment can still finish."""
    allowed = _statements(stage_graph.find_resource("booking-role-policy").inputs["policy"])
    invoked = [
        resource for each in allowed if "lambda:InvokeFunction" in each["Action"] for resource in each["Resource"]
    ]
    assert [
        f"arn:aws:lambda:eu-central-1:123456789012:function:booking-{name}-function-0123456:*"
        for name in ("purchase", "refund", "record")
    ] == invoked


def test_the_machine_role_allows_exactly_what_its_definition_needs(stage_graph: Graph) -> None:
    """The grants equal the permissions that the workflow language derives from the definition."""
    [machine] = stage_graph.of_type("aws:sfn/stateMachine:StateMachine")
    needed = {
        (action, resource)
        for each in permissions(json.loads(machine.inputs["definition"]))
        for action in each.actions
        for resource in each.resources
    }
    services = ("kms:", "logs:", "xray:")
    allowed = {
        (action, resource)
        for each in _statements(stage_graph.find_resource("booking-role-policy").inputs["policy"])
        for action in each["Action"]
        for resource in each["Resource"]
        if not action.startswith(services)
    }
    assert needed == allowed


def test_each_timeout_is_shorter_than_the_enclosing_one() -> None:
    """They are those of the SDK call, the function, the task and the execution."""
    graph = synth("staging", {"booking:sdkTimeoutSeconds": 3, "booking:taskTimeoutSeconds": 40})
    [machine] = graph.of_type("aws:sfn/stateMachine:StateMachine")
    definition = json.loads(machine.inputs["definition"])
    states = definition["States"]
    tasks = [states[name] for name in ("purchase", "refund", "record")]
    function = graph.find_resource("purchase-function").inputs
    assert int(function["environment"]["variables"]["BOOKING_SDK_TIMEOUT_SECONDS"]) == 3
    assert 3 < function["timeout"] < 40 < definition["TimeoutSeconds"] == 300

    assert {40} == {state["TimeoutSeconds"] for state in tasks}


def test_the_machine_name_contains_the_workflow_type() -> None:
    """AWS replaces a machine whose type changes."""
    [standard] = synth("prod").of_type("aws:sfn/stateMachine:StateMachine")
    short_timeouts = {
        "booking:taskTimeoutSeconds": 20,
        "booking:alarmP99Seconds": 20,
        "booking:executionTimeoutSeconds": 24,
    }
    [express] = synth("prod", short_timeouts | {"booking:workflowType": "EXPRESS"}).of_type(
        "aws:sfn/stateMachine:StateMachine"
    )
    assert (standard.name, express.name) == ("booking-standard", "booking-express")


@pytest.mark.parametrize("stage", STAGES)
def test_a_preview_registers_the_same_resources_as_an_up(stage: str) -> None:
    """All values that creation computes are unknown in a preview."""
    assert [(each.type, each.name) for each in sorted(synth(stage).resources, key=lambda each: each.urn)] == [
        (each.type, each.name) for each in sorted(synth(stage, preview=True).resources, key=lambda each: each.urn)
    ]


def test_existing_resources_of_a_team_are_used_instead_of_new_ones() -> None:
    """Key, topic, boundary, log key, network and starter role are passed on to every child."""
    arn = "arn:aws:{0}:eu-central-1:123456789012:{1}"
    graph = synth(
        "prod",
        {
            "booking:keyArn": arn.format("kms", "key/theirs"),
            "booking:logKeyArn": arn.format("kms", "key/logs"),
            "booking:alertTopicArn": arn.format("sns", "theirs"),
            "booking:permissionsBoundaryArn": "arn:aws:iam::123456789012:policy/boundary",
            "booking:subnetIds": '["subnet-0a", "subnet-0b"]',
            "booking:securityGroupIds": '["sg-0a"]',
            "booking:starterRole": "callers",
        },
    )
    own = sorted(each.name for each in graph.of_type("aws:kms/key:Key"))
    assert own == ["proofs-key", "signing-key"]  # for signatures; the team's key encrypts
    assert graph.of_type("aws:sns/topic:Topic") == []
    functions = graph.of_type("aws:lambda/function:Function")
    assert {("subnet-0a", "subnet-0b")} == {tuple(each.inputs["vpcConfig"]["subnetIds"]) for each in functions}
    assert {arn.format("kms", "key/theirs")} == {each.inputs["kmsKeyArn"] for each in functions}
    groups = graph.of_type("aws:cloudwatch/logGroup:LogGroup")
    assert {arn.format("kms", "key/logs")} == {each.inputs["kmsKeyId"] for each in groups}
    roles = graph.of_type("aws:iam/role:Role")
    assert {"arn:aws:iam::123456789012:policy/boundary"} == {each.inputs["permissionsBoundary"] for each in roles}
    alarms = graph.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    assert {(arn.format("sns", "theirs"),)} == {tuple(each.inputs["alarmActions"]) for each in alarms}
    starter = graph.find_resource("booking-starter").inputs
    assert starter["role"] == "callers"
    [start, *_] = _statements(starter["policy"])
    assert (["states:StartExecution"], [graph.outputs["stateMachineArn"]]) == (start["Action"], start["Resource"])


def _statements(policy: str) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return statements


def test_dev_reserves_no_concurrency_and_has_no_alarm_on_it() -> None:
    """AWS rejects any reservation in a new account, whose quota is the unreserved minimum."""
    graph = synth("dev")
    assert [each.name for each in graph.of_type(FUNCTION) if "reservedConcurrentExecutions" in each.inputs] == []
    assert [each.name for each in graph.of_type(ALARM) if each.name.endswith("function-concurrency")] == []


@pytest.mark.parametrize(
    ("schedule", "period", "periods"),
    [
        pytest.param("rate(1 minute)", 900, 1, marks=pytest.mark.nightly),
        pytest.param("rate(5 minutes)", 900, 1, marks=pytest.mark.nightly),
        ("rate(10 minutes)", 1800, 1),
        pytest.param("rate(3 hours)", 14_400, 1, marks=pytest.mark.nightly),
        ("cron(0 3 * * ? *)", 3600, 25),
    ],
)
def test_the_reconcile_heartbeat_alarm_follows_the_schedule(schedule: str, period: int, periods: int) -> None:
    """It counts successful invocations; missing data count as zero."""
    alarm = synth("dev", {"booking:reconcileSchedule": schedule}).find_resource("reconcile-function-heartbeat").inputs
    assert (alarm["comparisonOperator"], alarm["threshold"], alarm["treatMissingData"]) == (
        "LessThanThreshold",
        1,
        "breaching",
    )
    running, whole, part = alarm["metricQueries"]
    assert running["expression"] == "whole - part"
    assert [each["metric"]["metricName"] for each in (whole, part)] == ["Invocations", "Errors"]
    assert {each["metric"]["period"] for each in (whole, part)} == {period}
    assert alarm["evaluationPeriods"] == periods


SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:{}-a1b2c3"
WITH_STRIPE = {
    "gateway": "stripe",
    "stripeSecretArn": SECRET.format("key"),
    "stripeWebhookSecretArn": SECRET.format("signing"),
    "returnHosts": '["shop.example"]',
}


def _readers(graph: Graph, secret: str) -> set[str]:
    """Return the functions whose role may read a secret."""
    policies = graph.of_type("aws:iam/rolePolicy:RolePolicy")
    return {each.name.removesuffix("-role-policy") for each in policies if secret in each.inputs["policy"]}


def test_each_stripe_secret_is_readable_only_by_the_functions_that_use_it() -> None:
    graph = synth("prod", WITH_STRIPE)
    assert _readers(graph, SECRET.format("key")) == {"purchase", "refund", "reconcile", "answer"}
    assert _readers(graph, SECRET.format("signing")) == {"webhooks-check"}


def test_deployment_state_contains_only_the_arns_of_stripe_secrets() -> None:
    graph = synth("prod", WITH_STRIPE)
    state = json.dumps([each.inputs for each in graph.resources], default=str)
    assert SECRET.format("key") in state
    assert [text for text in ("whsec_", "sk_live_", "rk_live_", "sk_test_", "pm_") if text in state] == []


def test_a_stripe_stage_configures_its_functions_and_has_no_sandbox() -> None:
    graph = synth("prod", WITH_STRIPE)
    variables = graph.find_resource("purchase-function").inputs["environment"]["variables"]
    assert (variables["BOOKING_GATEWAY"], variables["BOOKING_STRIPE_MODE"]) == ("stripe", "live")
    assert variables["BOOKING_STRIPE_SECRET"] == SECRET.format("key")
    assert variables["BOOKING_RETURN_HOSTS"] == "shop.example"
    assert {"BOOKING_GATEWAY_TABLE", "BOOKING_STRIPE_ENDPOINT"}.isdisjoint(variables)
    assert [each.name for each in graph.of_type("aws:dynamodb/table:Table")] == ["orders-table"]


def test_webhooks_have_one_throttled_route_and_feed_reconcile() -> None:
    graph = synth("prod", WITH_STRIPE | {"booking:apiIssuer": "", "booking:apiAudiences": "[]"})
    [route] = graph.of_type("aws:apigatewayv2/route:Route")
    assert route.inputs["routeKey"] == "POST /webhooks/{gateway}"
    [stage] = graph.of_type("aws:apigatewayv2/stage:Stage")
    assert stage.inputs["defaultRouteSettings"] == {"throttlingRateLimit": 25, "throttlingBurstLimit": 50}
    assert "$context.path" not in stage.inputs["accessLogSettings"]["format"]
    mapping = graph.find_resource("webhooks-consumer").inputs
    assert mapping["eventSourceArn"].endswith(":booking-webhooks-orders-0123456")
    assert "reconcile" in mapping["functionName"]
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert graph.outputs["webhookUrl"].endswith(".amazonaws.com/webhooks/")


def test_functions_get_the_endpoint_of_a_stripe_double() -> None:
    double = WITH_STRIPE | {"stripeMode": "test", "stripeEndpoint": "http://127.0.0.1:12111"}
    variables = synth("dev", double).find_resource("purchase-function").inputs["environment"]["variables"]
    assert (variables["BOOKING_STRIPE_MODE"], variables["BOOKING_STRIPE_ENDPOINT"]) == (
        "test",
        "http://127.0.0.1:12111",
    )
