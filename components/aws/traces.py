"""Permission to write traces to X-Ray."""

import pulumi

from .iam import statement


def trace_grant(*, by_machine: bool = False) -> pulumi.Output[str]:
    """To write traces; Step Functions asks for the sampling rules itself, Lambda does so for its functions."""
    sampling = ["xray:GetSamplingRules", "xray:GetSamplingTargets"] if by_machine else []
    return statement(
        "Trace",
        ["xray:PutTelemetryRecords", "xray:PutTraceSegments", *sampling],
        ["*"],
        why_everywhere="X-Ray has no resource-level scope for traces",
    )
