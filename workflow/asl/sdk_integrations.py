"""Differences between Step Functions' AWS SDK integrations and botocore, for generating `sdk_actions.json`.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from collections.abc import Mapping
from typing import Final

OLDER_SERVICES: Final = frozenset(
    {
        "apptest",
        "elasticinference",
        "elastictranscoder",
        "evidently",
        "honeycode",
        "iotanalytics",
        "iotevents",
        "ioteventsdata",
        "iotfleethub",
        "lookoutmetrics",
        "lookoutvision",
        "opsworks",
        "opsworkscm",
        "panorama",
        "privatenetworks",
        "qldb",
        "qldbsession",
        "robomaker",
        "simspaceweaver",
        "sms",
    }
)
"""Services that Step Functions lists but the SDK no longer has; any action of theirs is accepted."""

NOT_CALLABLE: Final[Mapping[str, str]] = {
    "bedrockagentruntime": "invokeAgent invokeFlow invokeInlineAgent optimizePrompt retrieveAndGenerateStream",
    "bedrockruntime": "invokeModelWithResponseStream converseStream",
    "cloudwatchlogs": "startLiveTail",
    "codedeploy": "batchGetDeploymentInstances getDeploymentInstance listDeploymentInstances "
    "skipWaitTimeForInstanceTermination",
    "comprehendmedical": "detectEntities",
    "dataexchange": "sendApiAsset",
    "directconnect": "allocateConnectionOnInterconnect describeConnectionLoa describeConnectionsOnInterconnect "
    "describeInterconnectLoa",
    "efs": "createTags",
    "emr": "describeJobFlows",
    "iot": "attachPrincipalPolicy detachPrincipalPolicy listPrincipalPolicies listPolicyPrincipals",
    "iotdeviceadvisor": "listTestCases",
    "iotsitewise": "invokeAssistant",
    "kinesis": "subscribeToShard",
    "lambda": "invokeAsync invokeWithResponseStream",
    "lexruntimev2": "startConversation",
    "mediapackage": "rotateChannelCredentials",
    "qbusiness": "chat",
    "rdsdata": "executeSql",
    "s3": "selectObjectContent",
    "sagemakerruntime": "invokeEndpointWithResponseStream",
    "shield": "deleteSubscription",
    "sts": "assumeRole assumeRoleWithSAML assumeRoleWithWebIdentity",
}
"""Actions that the SDK has but Step Functions cannot call, by service."""
