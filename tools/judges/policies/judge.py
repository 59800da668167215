"""Runs in .build/judges/policies: reads policies as JSON on standard input, writes what the judges find as JSON.

Input: {name: {"document": policy text, "kind": "identity" | "resource"}}.
Output: [{"judge", "policy", "severity", "finding", "detail"}]. cloudsplaining judges identity policies only.
"""

import json
import logging
import sys

from cloudsplaining.scan.policy_document import PolicyDocument
from parliament import analyze_policy_string, enhance_finding


def parliament_finds(name, policy):
    """Return parliament's findings about a policy's grammar and reach."""
    analysed = analyze_policy_string(policy["document"])
    for each in analysed.findings:
        found = enhance_finding(each)
        yield _finding("parliament", name, found.severity, found.issue, found.detail)


def cloudsplaining_finds(name, policy):
    """Return cloudsplaining's findings about abuse of a role."""
    document = PolicyDocument(json.loads(policy["document"]))
    risks = {
        "privilege escalation": ("HIGH", document.allows_privilege_escalation),
        "resource exposure": ("HIGH", document.permissions_management_without_constraints),
        "data exfiltration": ("MEDIUM", document.allows_data_exfiltration_actions),
        "credentials exposure": ("HIGH", document.credentials_exposure),
        "service wildcard": ("MEDIUM", document.service_wildcard),
        "infrastructure modification": ("LOW", document.infrastructure_modification),
    }
    for risk, (severity, found) in risks.items():
        if found:
            yield _finding("cloudsplaining", name, severity, risk, found)


def _finding(judge, policy, severity, finding, detail):
    return {"judge": judge, "policy": policy, "severity": severity, "finding": finding, "detail": detail}


def main():
    """Judge every policy."""
    logging.disable(logging.CRITICAL)
    policies = json.load(sys.stdin)
    found = []
    for name, policy in policies.items():
        found.extend(parliament_finds(name, policy))
        if policy["kind"] == "identity":
            found.extend(cloudsplaining_finds(name, policy))
    once = {json.dumps(each, sort_keys=True, default=str): each for each in found}
    json.dump(list(once.values()), sys.stdout, default=str)


main()
