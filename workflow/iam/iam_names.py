"""IAM's names for the actions that Step Functions calls by the names of the AWS SDK.

A service's prefix comes from `iam_prefixes.json`, which `tools/sdk_actions.py` writes. An action has the name of its
operation, unless it is listed here. Source: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final


def prefix_of(service: str) -> str:
    """Return the prefix of a service's actions, such as `states` for `sfn`."""
    return _prefixes().get(service, service)


def actions_of(service: str, operation: str) -> tuple[str, ...]:
    """Return the actions that an operation needs, with their prefix: `s3:ListBucket` for `s3:listObjectsV2`."""
    prefix = prefix_of(service)
    named = _ACTIONS_OF_OPERATIONS.get(prefix, {}).get(operation, f"{operation[:1].upper()}{operation[1:]}")
    return tuple(f"{prefix}:{action}" for action in named.split())


@cache
def _prefixes() -> Mapping[str, str]:
    read: dict[str, str] = json.loads((Path(__file__).parent / "iam_prefixes.json").read_text())
    return read


def _bucket_setting_actions(*settings: str) -> dict[str, str]:
    """Return the actions for the settings of a bucket, by operation.

    IAM omits `Bucket` from the names or uses other names, and removing a setting needs the Put action.
    """
    named = dict(setting.split("=") for setting in settings)
    return {
        operation.format(ours): f"{verb}{iam}"
        for ours, iam in named.items()
        for operation, verb in (("get{}", "Get"), ("list{}s", "Get"), ("put{}", "Put"), ("delete{}", "Put"))
    }


_ACTIONS_OF_OPERATIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "s3": {
        "completeMultipartUpload": "PutObject",
        "createMultipartUpload": "PutObject",
        "deleteBucketTagging": "PutBucketTagging",
        "deleteObjects": "DeleteObject",
        "getObjectAttributes": "GetObject GetObjectAttributes",
        "headBucket": "ListBucket",
        "headObject": "GetObject",
        "listBuckets": "ListAllMyBuckets",
        "listMultipartUploads": "ListBucketMultipartUploads",
        "listObjectVersions": "ListBucketVersions",
        "listObjects": "ListBucket",
        "listObjectsV2": "ListBucket",
        "listParts": "ListMultipartUploadParts",
        "uploadPart": "PutObject",
        **_bucket_setting_actions(
            "BucketAccelerateConfiguration=AccelerateConfiguration",
            "BucketAnalyticsConfiguration=AnalyticsConfiguration",
            "BucketCors=BucketCORS",
            "BucketEncryption=EncryptionConfiguration",
            "BucketIntelligentTieringConfiguration=IntelligentTieringConfiguration",
            "BucketInventoryConfiguration=InventoryConfiguration",
            "BucketLifecycle=LifecycleConfiguration",
            "BucketLifecycleConfiguration=LifecycleConfiguration",
            "BucketMetricsConfiguration=MetricsConfiguration",
            "BucketNotificationConfiguration=BucketNotification",
            "BucketOwnershipControls=BucketOwnershipControls",
            "BucketReplication=ReplicationConfiguration",
            "ObjectLockConfiguration=BucketObjectLockConfiguration",
            "PublicAccessBlock=BucketPublicAccessBlock",
        ),
    },
    "lambda": {"invoke": "InvokeFunction"},
    "sns": {"publishBatch": "Publish"},
    "sqs": {
        "changeMessageVisibilityBatch": "ChangeMessageVisibility",
        "deleteMessageBatch": "DeleteMessage",
        "sendMessageBatch": "SendMessage",
    },
    "dynamodb": {
        **dict.fromkeys(
            ("executeStatement", "batchExecuteStatement", "executeTransaction"),
            "PartiQLSelect PartiQLInsert PartiQLUpdate PartiQLDelete",
        ),
        "transactGetItems": "GetItem",
        "transactWriteItems": "ConditionCheckItem DeleteItem PutItem UpdateItem",
    },
    "bedrock": {"converse": "InvokeModel", "startAsyncInvoke": "InvokeModel"},
    "bedrock-agentcore": {"invokeHarness": "InvokeHarness InvokeAgentRuntime"},
    "elasticmapreduce": {
        "addStep": "AddJobFlowSteps",
        "cancelStep": "CancelSteps",
        "createCluster": "RunJobFlow",
        "modifyInstanceFleetByName": "ListInstanceFleets ModifyInstanceFleet",
        "modifyInstanceGroupByName": "ListInstanceGroups ModifyInstanceGroups",
        "setClusterTerminationProtection": "SetTerminationProtection",
        "terminateCluster": "TerminateJobFlows",
    },
    "execute-api": {
        "deleteConnection": "ManageConnections",
        "getConnection": "ManageConnections",
        "postToConnection": "ManageConnections",
    },
    "kms": {"reEncrypt": "ReEncryptFrom ReEncryptTo"},
    "timestream": {"query": "Select"},
}
