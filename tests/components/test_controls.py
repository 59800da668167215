"""Every control of the security table, for every stage. Only named keys of a stage relax a control.

Longer than 250 lines so that the table stays in one place, from which tests/compliance/test_removals.py takes it.
"""

import importlib
import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from handlers.contracts.api_routes import ROUTES
from tests.components.synth import ALERT_EMAIL, Graph, RegisteredResource, synth

TABLE, BUCKET = "aws:dynamodb/table:Table", "aws:s3/bucket:Bucket"
FUNCTION, MACHINE = "aws:lambda/function:Function", "aws:sfn/stateMachine:StateMachine"
QUEUE, TOPIC, KEY = "aws:sqs/queue:Queue", "aws:sns/topic:Topic", "aws:kms/key:Key"
ALARM, GROUP = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/logGroup:LogGroup"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration"
MANAGED = "arn:aws:dataprotection::aws:data-identifier/{}"
MANAGED_NAMES = ("CreditCardExpiration", "CreditCardNumber", "CreditCardSecurityCode", "EmailAddress")
WITHOUT_RESOURCE_SCOPE = {"logs:", "xray:", "ec2:", "dynamodb:ListStreams"}


def policy_statements(graph: Graph) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every statement of every policy in the graph, with the name of the resource that contains it."""
    for each in graph.resources:
        for key in ("policy", "assumeRolePolicy"):
            if isinstance(each.inputs.get(key), str):
                for statement in json.loads(each.inputs[key])["Statement"]:
                    yield each.name, statement


def actions_of(statement: dict[str, Any]) -> list[str]:
    """Return the actions of a statement as a list."""
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


def policy_of(graph: Graph, name: str) -> dict[str, Any]:
    """Return the statements of a policy by Sid."""
    return {each["Sid"]: each for each in json.loads(graph.find_resource(name).inputs["policy"])["Statement"]}


def children_of(graph: Graph, parent: RegisteredResource, type_: str) -> list[RegisteredResource]:
    """Return the children of a resource that have this type."""
    return [each for each in graph.of_type(type_) if each.parent == parent.urn]


def bucket_settings(graph: Graph, bucket: RegisteredResource, type_: str) -> list[RegisteredResource]:
    """Return the settings of a bucket that have this type."""
    return [each for each in graph.of_type(type_) if each.inputs["bucket"] == f"booking-{bucket.name}-0123456"]


def test_tables_are_encrypted_restorable_and_on_demand(stage_graph: Graph) -> None:
    """The key is customer-managed."""
    for table in stage_graph.of_type(TABLE):
        assert table.inputs["billingMode"] == "PAY_PER_REQUEST"
        assert table.inputs["serverSideEncryption"]["enabled"]
        assert table.inputs["serverSideEncryption"]["kmsKeyArn"]
        assert table.inputs["pointInTimeRecovery"]["enabled"]


def test_every_table_is_backed_up_into_an_encrypted_vault(stage_graph: Graph) -> None:
    """Backups run on a schedule, expire, and use a role that may copy only this table."""
    copied: list[str] = []
    for selection in stage_graph.of_type("aws:backup/selection:Selection"):
        name, [table] = selection.name.removesuffix("-selection"), selection.inputs["resources"]
        [rule] = stage_graph.find_resource(f"{name}-plan").inputs["rules"]
        assert (rule["schedule"].startswith("cron("), rule["lifecycle"]["deleteAfter"] > 0) == (True, True)
        assert rule["targetVaultName"] == f"booking-{name}-vault-0123456"
        assert stage_graph.find_resource(f"{name}-vault").inputs["kmsKeyArn"]
        assert policy_of(stage_graph, f"{name}-role-policy")["CopyTable"]["Resource"] == [table]
        copied.append(table)
    names = [f"booking-{table.name}-0123456" for table in stage_graph.of_type(TABLE)]
    assert sorted(copied) == sorted(f"arn:aws:dynamodb:eu-central-1:123456789012:table/{name}" for name in names)


def test_data_stores_are_protected_from_deletion_except_in_dev(dev: Graph, prod: Graph) -> None:
    """Both AWS and Pulumi refuse the deletion."""
    for table in prod.of_type(TABLE):
        assert table.inputs["deletionProtectionEnabled"]
    protected = {each.name for each in prod.resources if each.protect}
    assert {"orders-table", "audit-bucket", "audit-bucket-policy", "audit-bucket-versions", "audit-lock"} < protected
    assert {"orders-key", "audit-key", "base-key"} < protected, "without its key, data cannot be decrypted"
    assert not [each.name for each in dev.resources if each.protect]
    assert not any(table.inputs["deletionProtectionEnabled"] for table in dev.of_type(TABLE))
    assert {True} == {bucket.inputs["forceDestroy"] for bucket in dev.of_type(BUCKET)}
    data = [bucket for bucket in prod.of_type(BUCKET) if not bucket.name.startswith("base-code-")]
    assert {False} == {bucket.inputs["forceDestroy"] for bucket in data}, "only packages can be rebuilt"


def test_buckets_are_private_encrypted_versioned_and_tls_only(stage_graph: Graph) -> None:
    """Each has all four public-access blocks, enforced ownership, a KMS key and a lifecycle."""
    for bucket in stage_graph.of_type(BUCKET):
        [encryption] = bucket_settings(stage_graph, bucket, f"{ENCRYPTION}:BucketServerSideEncryptionConfiguration")
        [default] = encryption.inputs["rules"]
        assert default["bucketKeyEnabled"]
        assert default["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
        assert default["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"].startswith("arn:aws:kms:")
        [public_access] = bucket_settings(stage_graph, bucket, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
        assert {True} == {value for key, value in public_access.inputs.items() if key != "bucket"}
        [ownership] = bucket_settings(stage_graph, bucket, "aws:s3/bucketOwnershipControls:BucketOwnershipControls")
        assert ownership.inputs["rule"]["objectOwnership"] == "BucketOwnerEnforced"
        [versions] = bucket_settings(stage_graph, bucket, "aws:s3/bucketVersioning:BucketVersioning")
        assert versions.inputs["versioningConfiguration"]["status"] == "Enabled"
        [lifecycle] = bucket_settings(
            stage_graph, bucket, "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
        )
        [rule] = lifecycle.inputs["rules"]
        assert rule["abortIncompleteMultipartUpload"]["daysAfterInitiation"]
        assert rule["noncurrentVersionExpiration"]["noncurrentDays"]
        policy = policy_of(stage_graph, f"{bucket.name}-policy")
        assert policy["OverTlsOnly"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert policy["OverRecentTlsOnly"]["Condition"] == {"NumericLessThan": {"s3:TlsVersion": "1.2"}}


def test_the_audit_bucket_has_object_lock_access_logs_events_and_one_key(stage_graph: Graph) -> None:
    """The policy denies puts that are encrypted with another key."""
    assert stage_graph.find_resource("audit-bucket").inputs["objectLockEnabled"]
    assert stage_graph.find_resource("audit-logging").inputs["targetBucket"] == "booking-audit-access-0123456"
    assert stage_graph.find_resource("audit-events").inputs["eventbridge"]
    policy = policy_of(stage_graph, "audit-bucket-policy")
    assert {"EncryptedWithKmsOnly", "EncryptedWithThisKeyOnly", "EncryptedWithNamedKeyOnly"} < set(policy)
    assert policy["EncryptedWithNamedKeyOnly"]["Condition"] == {
        "StringEquals": {"s3:x-amz-server-side-encryption": "aws:kms"},
        "Null": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "true"},
    }
    assert "transitions" not in stage_graph.find_resource("audit-lifecycle").inputs["rules"][0]


def test_the_log_key_lets_log_delivery_decrypt(prod: Graph) -> None:
    """Step Functions encrypts execution data; AWS documents no condition that log delivery would meet."""
    allowed = policy_of(prod, "base-key")["DeliveryLogsMayUse"]
    assert (allowed["Action"], "Condition" in allowed) == (["kms:Decrypt"], False)


def test_vended_log_groups_need_no_resource_policy(stage_graph: Graph) -> None:
    """Log groups under /aws/vendedlogs/ do not count towards the account's limit of 5,120 policy characters."""
    for group, service in (("booking-logs", "states"), ("api-access", "apis")):
        prefix = stage_graph.find_resource(group).inputs["namePrefix"]
        assert prefix == f"/aws/vendedlogs/{service}/booking-{stage_graph.outputs['stage']}-"


def test_the_package_bucket_is_created_with_versioning(prod: Graph) -> None:
    """A put shortly after versioning is enabled may get no version, and AWS Signer needs one."""
    assert prod.find_resource("base-code-bucket").inputs["objectLockEnabled"]


def test_only_alarms_and_rules_of_this_account_publish_to_the_alert_topic(stage_graph: Graph) -> None:
    policy = policy_of(stage_graph, "base-alerts-policy")
    assert policy["AlarmsMayPublish"]["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert policy["EventsMayPublish"]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws:events:eu-central-1:123456789012:rule/*"},
    }


def test_functions_in_a_vpc_may_manage_network_interfaces() -> None:
    config = {"booking:subnetIds": '["subnet-0a"]', "booking:securityGroupIds": '["sg-0a"]'}
    [allowed] = [
        each
        for each in json.loads(synth("dev", config).find_resource("purchase-role-policy").inputs["policy"])["Statement"]
        if each["Sid"] == "JoinNetwork"
    ]
    assert allowed["Action"] == [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    ]


def test_access_logs_are_encrypted_and_accepted_only_from_their_bucket(stage_graph: Graph) -> None:
    """Without access to the key, S3 drops them silently (docs/adr/0002)."""
    for logging in stage_graph.of_type("aws:s3/bucketLogging:BucketLogging"):
        logs = logging.inputs["targetBucket"].removeprefix("booking-").removesuffix("-0123456")
        delivery = policy_of(stage_graph, f"{logs}-policy")["S3DeliversAccessLogs"]
        assert delivery["Principal"] == {"Service": "logging.s3.amazonaws.com"}
        assert delivery["Resource"] == f"arn:aws:s3:::booking-{logs}-0123456/{logging.inputs['targetPrefix']}*"
        assert delivery["Condition"] == {
            "StringEquals": {"aws:SourceAccount": "123456789012"},
            "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{logging.inputs['bucket']}"},
        }
        [rule] = stage_graph.find_resource(f"{logs}-encryption").inputs["rules"]
        name = rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"].rpartition("/booking-")[2]
        key = policy_of(stage_graph, name.removesuffix("-0123456"))["LoggingS3MayUse"]
        assert key["Principal"] == delivery["Principal"]
        assert key["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
        assert key["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_the_lock_of_audit_objects_depends_on_the_stage(dev: Graph, prod: Graph) -> None:
    """It is COMPLIANCE for seven years in prod, GOVERNANCE in staging, and none in dev."""
    lock = prod.find_resource("audit-lock").inputs["rule"]["defaultRetention"]
    assert lock == {"mode": "COMPLIANCE", "days": 2555}
    assert synth("staging").find_resource("audit-lock").inputs["rule"]["defaultRetention"]["mode"] == "GOVERNANCE"
    assert not [each for each in dev.resources if each.name == "audit-lock"]
    assert "NobodyDeletes" in policy_of(prod, "audit-bucket-policy")
    assert "NobodyDeletes" not in policy_of(dev, "audit-bucket-policy")


def test_functions_are_versioned_traced_encrypted_and_limited_in_concurrency(stage_graph: Graph) -> None:
    """They also run on arm64, and have a dead-letter queue, their own log group and an alias of the version."""
    for function in stage_graph.of_type(FUNCTION):
        inputs = function.inputs
        assert (
            inputs["architectures"],
            inputs["publish"],
            inputs["tracingConfig"]["mode"],
        ) == (["arm64"], True, "Active")
        assert inputs.get("reservedConcurrentExecutions") != 0
        assert bool(inputs.get("reservedConcurrentExecutions")) == (stage_graph.outputs["stage"] != "dev")
        assert inputs["kmsKeyArn"]
        assert inputs["deadLetterConfig"]["targetArn"]
        assert inputs["loggingConfig"]["logFormat"] == "JSON"
        assert inputs["loggingConfig"]["logGroup"] in {
            f"booking-{group.name}-0123456" for group in stage_graph.of_type(GROUP)
        }
        aliases = stage_graph.of_type("aws:lambda/alias:Alias")
        [alias] = [each for each in aliases if each.inputs["functionName"] == f"booking-{function.name}-0123456"]
        assert (alias.inputs["name"], alias.inputs["functionVersion"]) == ("live", "7")


def test_functions_run_only_signed_code_except_in_dev(prod: Graph, dev: Graph) -> None:
    """A key of dev's configuration switches signing off."""
    bucket, unsigned = "booking-base-code-bucket-0123456", prod.find_resource("base-code-unsigned").inputs
    job, config = prod.find_resource("base-code-signed").inputs, prod.find_resource("base-code-signing").inputs
    version = "version-of-booking-base-code-unsigned-0123456"
    assert job["source"] == {"s3": {"bucket": bucket, "key": unsigned["key"], "version": version}}
    assert job["destination"]["s3"]["bucket"] == unsigned["bucket"] == bucket
    assert prod.find_resource("base-code-signer").inputs["platformId"] == "AWSLambda-SHA384-ECDSA"
    [trusted] = config["allowedPublishers"]["signingProfileVersionArns"]
    assert trusted.endswith(job["profileName"])
    assert config["policies"] == {"untrustedArtifactOnDeployment": "Enforce"}
    for function in prod.of_type(FUNCTION):
        assert (function.inputs["s3Bucket"], function.inputs["s3Key"].startswith("signed/")) == (bucket, True)
        assert function.inputs["codeSigningConfigArn"].endswith("booking-base-code-signing-0123456")
        assert "code" not in function.inputs
    assert not [function.name for function in dev.of_type(FUNCTION) if "code" not in function.inputs]


def test_each_function_has_its_own_role(stage_graph: Graph) -> None:
    roles = [function.inputs["role"] for function in stage_graph.of_type(FUNCTION)]
    assert len(set(roles)) == len(roles) == 7


def test_every_route_except_health_and_openapi_requires_a_token(stage_graph: Graph) -> None:
    """API Gateway rejects a call without a token before any function runs."""
    routes = {each.inputs["routeKey"]: each.inputs for each in stage_graph.of_type("aws:apigatewayv2/route:Route")}
    assert set(routes) == {route.key for route in ROUTES}
    public = {key for key, inputs in routes.items() if inputs["authorizationType"] != "JWT"}
    assert public == {"GET /health", "GET /openapi.json"}
    assert all(inputs["authorizerId"] for key, inputs in routes.items() if key not in public)


def test_only_the_api_function_may_prove_a_callers_identity(stage_graph: Graph) -> None:
    """The key's own policy denies it to everybody else: a forged proof would make anybody an approver."""
    denied = policy_of(stage_graph, "proofs-policy")["OthersProveNothing"]
    [answer] = [each for each in stage_graph.of_type(FUNCTION) if each.name == "answer-function"]
    key = stage_graph.find_resource("proofs-key").inputs
    assert (key["keyUsage"], key["customerMasterKeySpec"]) == ("GENERATE_VERIFY_MAC", "HMAC_256")
    assert (denied["Effect"], denied["Action"]) == ("Deny", "kms:GenerateMac")
    assert denied["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": answer.inputs["role"]}}


def test_log_groups_are_encrypted_and_retained_for_a_year_except_in_dev(dev: Graph, prod: Graph) -> None:
    """A key of dev's configuration sets a week."""
    for graph, days in ((prod, 365), (dev, 7)):
        assert {days} == {group.inputs["retentionInDays"] for group in graph.of_type(GROUP)}
        assert all(group.inputs["kmsKeyId"] for group in graph.of_type(GROUP))


def test_the_machine_logs_all_levels_and_masks_personal_data(stage_graph: Graph) -> None:
    """It is also traced and encrypted with a customer-managed key."""
    [machine] = stage_graph.of_type(MACHINE)
    logging = machine.inputs["loggingConfiguration"]
    assert (logging["level"], logging["includeExecutionData"]) == ("ALL", True)
    [mask] = stage_graph.of_type("aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy")
    assert logging["logDestination"].endswith(f":log-group:{mask.inputs['logGroupName']}:*")
    policy = json.loads(mask.inputs["policyDocument"])
    audit, mask_statement = policy["Statement"]
    assert audit["Operation"] == {"Audit": {"FindingsDestination": {}}}
    assert mask_statement["Operation"] == {"Deidentify": {"MaskConfig": {}}}
    names = [each["Name"] for each in policy["Configuration"]["CustomDataIdentifier"]]
    assert names == [
        "customer_id",
        "payment_method",
        "gateway_customer",
        "reason",
        "evidence",
        "requested_by",
        "sub",
    ]
    assert audit["DataIdentifier"] == mask_statement["DataIdentifier"] == [*names, *map(MANAGED.format, MANAGED_NAMES)]
    assert machine.inputs["tracingConfiguration"]["enabled"]
    assert machine.inputs["encryptionConfiguration"]["type"] == "CUSTOMER_MANAGED_KMS_KEY"


def test_failed_executions_notify_the_alert_topic(stage_graph: Graph) -> None:
    """An event rule matches ABORTED, FAILED and TIMED_OUT."""
    pattern = json.loads(stage_graph.find_resource("booking-ended-badly").inputs["eventPattern"])
    assert pattern["detail"]["status"] == ["ABORTED", "FAILED", "TIMED_OUT"]
    assert [stage_graph.outputs["stateMachineArn"]] == pattern["detail"]["stateMachineArn"]
    target = stage_graph.find_resource("booking-ended-badly-target").inputs
    assert stage_graph.outputs["alertTopicArn"] == target["arn"]
    assert {"$.detail.executionArn", "$.detail.status"} == set(target["inputTransformer"]["inputPaths"].values())


def test_queues_and_topics_are_encrypted_and_tls_only(stage_graph: Graph) -> None:
    """They have customer-managed keys, and policies that deny plain HTTP."""
    for queue in stage_graph.of_type(QUEUE):
        assert queue.inputs["kmsMasterKeyId"]
        [policy] = children_of(stage_graph, queue, "aws:sqs/queuePolicy:QueuePolicy")
        assert '"aws:SecureTransport": "false"' in policy.inputs["policy"]
    for topic in stage_graph.of_type(TOPIC):
        assert topic.inputs["kmsMasterKeyId"]
    assert '"aws:SecureTransport": "false"' in stage_graph.find_resource("base-alerts-policy").inputs["policy"]


def test_every_queue_has_an_alarm(stage_graph: Graph) -> None:
    """It counts visible messages. The parking queue redrives into a dead-letter queue."""
    watched = {
        alarm.inputs["dimensions"]["QueueName"]
        for alarm in stage_graph.of_type(ALARM)
        if alarm.inputs.get("metricName") == "ApproximateNumberOfMessagesVisible"
    }
    assert {f"booking-{queue.name}-0123456" for queue in stage_graph.of_type(QUEUE)} == watched
    redrive = json.loads(stage_graph.find_resource("booking-parking").inputs["redrivePolicy"])
    assert redrive["deadLetterTargetArn"].endswith("booking-booking-parking-dead-letters-0123456")


def test_keys_rotate_and_have_no_wildcard_principals(dev: Graph, prod: Graph) -> None:
    """A deleted key can be restored for a month, and in dev for a week."""
    for graph, days in ((prod, 30), (dev, 7)):
        for key in graph.of_type(KEY):
            if key.inputs.get("keyUsage") in ("SIGN_VERIFY", "GENERATE_VERIFY_MAC"):  # AWS rotates neither
                assert key.inputs["deletionWindowInDays"] == days
                continue
            assert (True, days) == (key.inputs["enableKeyRotation"], key.inputs["deletionWindowInDays"])
            principals = [each["Principal"] for each in json.loads(key.inputs["policy"])["Statement"]]
            assert "*" not in json.dumps(principals)


def test_policies_allow_no_wildcard_actions_or_resources(stage_graph: Graph) -> None:
    """Exceptions are the account's access to its own keys, and actions that AWS cannot scope to a resource."""
    for holder, statement in policy_statements(stage_graph):
        if statement["Effect"] != "Allow":
            continue
        if statement.get("Sid") == "AccountDecides":
            assert statement["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
            continue
        assert not [action for action in actions_of(statement) if "*" in action], holder
        resources = statement.get("Resource", [])
        if "*" in ([resources] if isinstance(resources, str) else resources) and not holder.endswith("-key"):
            assert all(action.startswith(tuple(WITHOUT_RESOURCE_SCOPE)) for action in actions_of(statement)), holder


def test_no_managed_policy_is_attached(stage_graph: Graph) -> None:
    """A role has its inline grants only."""
    types = {each.type for each in stage_graph.resources}
    assert not types & {
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/policyAttachment:PolicyAttachment",
    }
    assert all("managedPolicyArns" not in role.inputs for role in stage_graph.of_type("aws:iam/role:Role"))


def test_the_backup_roles_trust_aws_backup_for_this_account_only(stage_graph: Graph) -> None:
    for role in ("orders-backup-role", "gateway-copy-role"):
        [trust] = json.loads(stage_graph.find_resource(role).inputs["assumeRolePolicy"])["Statement"]
        assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_the_machine_role_trusts_step_functions_for_this_account_only(stage_graph: Graph) -> None:
    """This prevents a confused deputy."""
    [trust] = json.loads(stage_graph.find_resource("booking-role").inputs["assumeRolePolicy"])["Statement"]
    assert trust["Condition"]["StringEquals"]["aws:SourceAccount"] == "123456789012"
    assert trust["Condition"]["ArnLike"]["aws:SourceArn"].startswith("arn:aws:states:eu-central-1:123456789012:")


def test_every_alarm_has_an_action_and_a_section_in_the_runbook(stage_graph: Graph) -> None:
    """It notifies when it starts and when it clears. Only a heartbeat treats missing data as breaching."""
    for alarm in stage_graph.of_type(ALARM):
        topic = [stage_graph.outputs["alertTopicArn"]]
        assert (topic, topic) == (alarm.inputs["alarmActions"], alarm.inputs["okActions"])
        assert "docs/how-to/runbook.md#" in alarm.inputs["alarmDescription"]
        heartbeat = alarm.name.endswith("-heartbeat")
        assert alarm.inputs["treatMissingData"] == ("breaching" if heartbeat else "notBreaching")


def test_every_required_alarm_exists(stage_graph: Graph) -> None:
    """They cover every function, table and machine, and the business metrics."""
    names = {alarm.name for alarm in stage_graph.of_type(ALARM)}
    for function in ("purchase", "refund", "record", "reconcile", "seal", "answer", "publish"):
        assert {f"{function}-function-{what}" for what in ("errors", "throttles", "duration")} <= names
        assert (f"{function}-function-concurrency" in names) == (stage_graph.outputs["stage"] != "dev")
    assert {f"booking-executions-{what}" for what in ("failed", "timed-out", "aborted", "throttled", "slow")} <= names
    for table in ("orders", "gateway"):
        assert {f"{table}-table-throttles", f"{table}-table-system-errors"} <= names
    assert "reconcile-function-heartbeat" in names
    assert {"base-unknown-outcomes", "base-left-to-people", "base-drift-gateway", "base-drift-audit"} <= names
    assert {"base-audit-altered", "base-seal-heartbeat", "base-gateway-orphans", "base-sweep-late"} <= names
    assert {"base-postponed", "base-open-disputes", "base-open-cases", "base-reconcile-late"} <= names
    assert {"api-api-errors", "api-api-latency", "publish-stream-late"} <= names


def test_26_hours_without_a_seal_trigger_an_alarm(stage_graph: Graph) -> None:
    """CloudWatch evaluates up to seven days only with periods of an hour or longer."""
    inputs = stage_graph.find_resource("base-seal-heartbeat").inputs
    assert (inputs["period"], inputs["evaluationPeriods"], inputs["threshold"]) == (3600, 26, 1)
    assert inputs["comparisonOperator"] == "LessThanThreshold"


def test_only_the_seal_function_may_sign(stage_graph: Graph) -> None:
    """The key's own policy denies it to every other role."""
    key, policy = stage_graph.find_resource("signing-key"), stage_graph.find_resource("signing-policy")
    assert (key.inputs["keyUsage"], key.inputs["customerMasterKeySpec"]) == ("SIGN_VERIFY", "ECC_NIST_P256")
    [denied] = [each for each in json.loads(policy.inputs["policy"])["Statement"] if each["Effect"] == "Deny"]
    assert (denied["Principal"], denied["Action"]) == ("*", "kms:Sign")
    assert denied["Condition"] == {
        "ArnNotEquals": {"aws:PrincipalArn": stage_graph.find_resource("seal-function").inputs["role"]}
    }


def test_only_public_routes_need_no_token(stage_graph: Graph) -> None:
    """There is no `$default` route."""
    routes = {each.inputs["routeKey"]: each.inputs for each in stage_graph.of_type("aws:apigatewayv2/route:Route")}
    assert set(routes) == {route.key for route in ROUTES}
    for route in ROUTES:
        kind = routes[route.key]["authorizationType"]
        assert (kind, "authorizerId" in routes[route.key]) == (("NONE", False) if route.is_public else ("JWT", True))
    [authorizer] = stage_graph.of_type("aws:apigatewayv2/authorizer:Authorizer")
    assert authorizer.inputs["identitySources"] == ["$request.header.Authorization"]


def test_api_calls_are_throttled_and_logged_without_their_contents(stage_graph: Graph) -> None:
    """The access log has no path, query, header or body."""
    [stage] = stage_graph.of_type("aws:apigatewayv2/stage:Stage")
    limits = stage.inputs["defaultRouteSettings"]
    assert (limits["throttlingRateLimit"], limits["throttlingBurstLimit"]) == (50, 100)
    fields = set(re.findall(r"\$context\.[A-Za-z.]+", stage.inputs["accessLogSettings"]["format"]))
    assert fields == {
        *("$context.requestId", "$context.routeKey", "$context.status", "$context.responseLatency"),
        *("$context.error.messageString", "$context.authorizer.error"),
    }


def test_the_audit_bucket_denies_puts_that_could_overwrite(stage_graph: Graph) -> None:
    """The statement is AWS's example, which allows the parts of a multipart upload."""
    statements = json.loads(stage_graph.find_resource("audit-bucket-policy").inputs["policy"])["Statement"]
    [write_once] = [each for each in statements if each["Sid"] == "WrittenOnce"]
    assert (write_once["Effect"], write_once["Principal"], write_once["Action"]) == ("Deny", "*", "s3:PutObject")
    assert write_once["Condition"] == {
        "Null": {"s3:if-none-match": "true"},
        "Bool": {"s3:ObjectCreationOperation": "true"},
    }


def test_the_dashboard_shows_business_workflow_functions_and_store(stage_graph: Graph) -> None:
    """There is one dashboard per stage."""
    [dashboard] = stage_graph.of_type("aws:cloudwatch/dashboard:Dashboard")
    widgets = json.loads(dashboard.inputs["dashboardBody"])["widgets"]
    rows = [widget["properties"]["markdown"] for widget in widgets if widget["type"] == "text"]
    assert rows == ["## Business", "## Workflow", "## Functions", "## Store"]
    shown = json.dumps([widget["properties"].get("metrics") for widget in widgets])
    for metric in (
        "Purchases",
        "Rejections",
        "MoneyIn",
        "UnknownOutcomes",
        "Drift",
        "ExecutionsFailed",
        "ThrottledRequests",
    ):
        assert metric in shown
    corners = [(widget["x"], widget["y"]) for widget in widgets]
    assert len(set(corners)) == len(corners), "two widgets have the same position"


def test_every_taggable_resource_has_the_required_tags(stage_graph: Graph) -> None:
    """The tags are project, stage, component and cost centre."""
    for each in stage_graph.resources:
        if each.custom and _takes_tags(each.type):
            assert {"project", "stage", "component", "cost-centre"} <= set(each.inputs.get("tags", ())), each.name


def _takes_tags(token: str) -> bool:
    _, module, kind = token.split(":")
    folder = {"lambda": "lambda_"}.get(module.split("/")[0], module.split("/")[0])
    return hasattr(getattr(importlib.import_module(f"pulumi_aws.{folder}"), kind), "tags")


@pytest.mark.parametrize("kind", [FUNCTION, "aws:iam/role:Role", QUEUE])
def test_logical_names_start_with_the_name_of_their_component(kind: str, prod: Graph) -> None:
    """Every resource of a component has a parent."""
    for each in prod.of_type(kind):
        assert each.parent
        assert each.name.startswith(each.parent.rpartition("::")[2].split("-")[0])


def test_disabling_or_deleting_a_key_notifies_the_alert_topic(stage_graph: Graph) -> None:
    """Exactly one rule matches the call as CloudTrail reports it."""
    patterns = {rule.name: json.loads(rule.inputs["eventPattern"]) for rule in _rules(stage_graph)}
    keys = [key.name for key in stage_graph.of_type("aws:kms/key:Key")]
    for name, event in product(keys, ["DisableKey", "ScheduleKeyDeletion"]):
        arn = f"arn:aws:kms:eu-central-1:123456789012:key/booking-{name}-0123456"
        call = {
            "source": "aws.kms",
            "detail-type": "AWS API Call via CloudTrail",
            "detail": {"eventSource": "kms.amazonaws.com", "eventName": event, "resources": [{"ARN": arn}]},
        }
        assert [rule for rule, pattern in patterns.items() if matches(pattern, call)] == [f"{name}-changes"]
        target = stage_graph.find_resource(f"{name}-changes-target").inputs
        assert target["arn"] == stage_graph.outputs["alertTopicArn"]
        message = target["inputTransformer"]
        assert f"{name} ({arn}) received <event> from <caller> at <time>" in message["inputTemplate"]
        assert set(message["inputPaths"]) == {"event", "caller", "time"}


def test_other_calls_on_a_key_notify_nobody(stage_graph: Graph) -> None:
    patterns = [json.loads(each.inputs["eventPattern"]) for each in _rules(stage_graph)]
    detail = {"eventSource": "kms.amazonaws.com", "eventName": "Decrypt", "resources": [{"ARN": "arn"}]}
    call = {"source": "aws.kms", "detail-type": "AWS API Call via CloudTrail", "detail": detail}
    assert not any(matches(pattern, call) for pattern in patterns)


def test_the_alert_topic_and_the_backups_have_their_own_keys(prod: Graph) -> None:
    """Otherwise losing one key would silence the alert about it, or lose the backups together with the table."""
    assert (
        prod.find_resource("base-alerts-topic").inputs["kmsMasterKeyId"].endswith("key/booking-base-alerts-key-0123456")
    )
    assert (
        prod.find_resource("orders-backup-vault").inputs["kmsKeyArn"].endswith("key/booking-orders-backup-key-0123456")
    )
    table = prod.find_resource("orders-table").inputs["serverSideEncryption"]
    assert table["kmsKeyArn"].endswith("key/booking-orders-key-0123456")


def matches(pattern: Any, event: Any) -> bool:
    """Return whether EventBridge would match: each list in a pattern is a choice, and an array matches by any element.

    Source: EventBridge user guide, "Creating event patterns".
    """
    if isinstance(event, list):
        return any(matches(pattern, each) for each in event)
    if isinstance(pattern, list):
        return event in pattern
    return isinstance(event, dict) and all(matches(inner, event.get(key)) for key, inner in pattern.items())


def _rules(graph: Graph) -> list[RegisteredResource]:
    return [each for each in graph.of_type("aws:cloudwatch/eventRule:EventRule") if "eventPattern" in each.inputs]


def test_the_alert_recipient_of_prod_is_subscribed(prod: Graph) -> None:
    subscription = prod.find_resource("base-alerts-email").inputs
    assert (subscription["protocol"], subscription["endpoint"]) == ("email", ALERT_EMAIL)
    assert subscription["topic"] == prod.outputs["alertTopicArn"]


def test_schedules_send_each_function_its_own_event(stage_graph: Graph) -> None:
    """EventBridge would otherwise send its default event, which reconcile rejects."""
    sent = {each.name: each.inputs["input"] for each in stage_graph.of_type(TARGET) if "schedule" in each.name}
    assert sent == {
        "reconcile-schedule-target": '{"schema": 1, "recent_seconds": 7200}',
        "seal-schedule-target": "{}",
    }
    permissions = {each.name for each in stage_graph.of_type("aws:lambda/permission:Permission")}
    assert permissions >= {name.replace("-target", "-may-invoke") for name in sent}
