"""The booking workflow's definition, bound to what was deployed.

Written out here until `workflow.booking` (whose states these are) arrives.
"""

import json
from collections.abc import Mapping

_TRANSIENT = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "PaymentOutcomeUnknown",
    "States.Timeout",
    "Unavailable",
]
_INPUT = "{% $states.context.Execution.Input %}"
_MESSAGE = {
    "schema": 1,
    "execution": "{% $states.context.Execution.Id %}",
    "requested_at": "{% $states.context.Execution.StartTime %}",
    "request": _INPUT,
}
_OURS_TO_MEND = "{% $states.input.status in ['failed', 'unknown'] %}"


def booking_definition(bound: Mapping[str, str], task_seconds: int, execution_seconds: int) -> str:
    """The definition in the Amazon States Language, for these function versions and this parking queue."""
    partition = bound["purchase"].split(":")[1]
    retry = [
        {
            "ErrorEquals": _TRANSIENT,
            "IntervalSeconds": 1,
            "MaxAttempts": 3,
            "BackoffRate": 2,
            "MaxDelaySeconds": 10,
            "JitterStrategy": "FULL",
        }
    ]

    def invoke(name: str, payload: object, after: str, caught: object) -> dict[str, object]:
        return {
            "Type": "Task",
            "Resource": f"arn:{partition}:states:::lambda:invoke",
            "Arguments": {"FunctionName": bound[name], "Payload": payload},
            "Output": "{% $states.result.Payload %}",
            "TimeoutSeconds": task_seconds,
            "Retry": retry,
            "Catch": [caught],
            "Next": after,
        }

    def booked(name: str) -> dict[str, object]:
        failed = {"error": {"Error": "{% $states.errorOutput.Error %}", "Cause": "{% $states.errorOutput.Cause %}"}}
        caught = {"ErrorEquals": ["States.ALL"], "Output": failed, "Next": "record"}
        step = invoke(name, _MESSAGE, "record", caught)
        return step | {"Output": {"result": "{% $states.result.Payload %}"}}

    remembered = (
        "{% $merge([{'schema': 1, 'execution': $states.context.Execution.Id, "
        "'requested_at': $states.context.Execution.StartTime, 'request': $states.context.Execution.Input}, "
        "$exists($states.input.result) ? {'result': $states.input.result} : {}, "
        "$exists($states.input.error) ? {'error': $states.input.error} : {}]) %}"
    )
    choose = [
        {"Condition": f"{{% $type($states.input) = 'object' and $states.input.action = '{name}' %}}", "Next": name}
        for name in ("purchase", "refund")
    ]
    parked = {
        "ErrorEquals": ["States.ALL"],
        "Output": {"message": "{% $states.input %}", "error": "{% $states.errorOutput %}"},
        "Next": "park",
    }
    states: dict[str, object] = {
        "route": {"Type": "Choice", "Choices": choose, "Default": "refused"},
        "refused": {"Type": "Pass", "Output": {}, "Next": "record"},
        "purchase": booked("purchase"),
        "refund": booked("refund"),
        "record": invoke("record", remembered, "verdict", parked),
        "verdict": {
            "Type": "Choice",
            "Choices": [{"Condition": _OURS_TO_MEND, "Next": "failed"}],
            "Default": "completed",
        },
        "park": {
            "Type": "Task",
            "Resource": f"arn:{partition}:states:::sqs:sendMessage",
            "Arguments": {"QueueUrl": bound["parking"], "MessageBody": "{% $string($states.input) %}"},
            "Output": {"status": "failed"},
            "Next": "failed",
        },
        "completed": {"Type": "Succeed"},
        "failed": {
            "Type": "Fail",
            "Error": "{% 'Booking.' & $states.input.status %}",
            "Cause": "{% $string($states.input) %}",
        },
    }
    machine = {
        "Comment": "Purchase or refund an order, then record the outcome.",
        "QueryLanguage": "JSONata",
        "StartAt": "route",
        "TimeoutSeconds": execution_seconds,
        "States": states,
    }
    return json.dumps(machine, indent=1)
