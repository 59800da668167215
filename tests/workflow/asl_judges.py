"""External validators of definitions: two npm packages in one long-lived process, and cfn-lint in this one.

Their known false alarms are listed in `FALSE_ALARMS`, with the reasons, and ignored.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.environment import require
from workflow.asl.json_values import at

ROOT = Path(__file__).parents[2]
HERE = ROOT / "tools" / "judges" / "asl"
INSTALLED = ROOT / ".build" / "judges" / "asl"

FALSE_ALARMS: Final = (
    # asl-validator allows only strings and objects as Output, Condition and Items; AWS allows any JSON
    re.compile(r"/(Output|Condition|Items)(/[^ ]+)? is invalid"),
    # and rejects some values inside a template (a null, a list of mixed types), where any JSON is allowed
    re.compile(r"/(Arguments|Parameters|ResultSelector|ItemSelector|Assign|BatchInput)/[^ ]+(?<!\.\$) is invalid"),
    # and requires a ResultWriter to write to S3, which AWS's guide does not ("Required field combinations")
    re.compile(r"/ResultWriter is invalid\. must have required property '(Resource|Parameters|Arguments)'"),
)

_BAD_TEMPLATE: Final = re.compile(r'"Message":"(/.+?\.\$) is invalid\. must match format')


class NpmJudges:
    """The npm validators asl-validator and amazon-states-language-service, running in one Node process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def against(self, asl: Any) -> list[str]:
        """Return the validators' findings about a definition."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"asl": asl}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        errors = [each for each in answer["validator"] if not _is_about_a_backslash(each, asl)]
        return [f"asl-validator: {each}" for each in _serious(errors)] + [
            f"language service: {each}" for each in answer["service"]
        ]


@contextmanager
def npm_judges() -> Iterator[NpmJudges]:
    """Yield the npm validators, and stop them at the end."""
    names = "asl-validator and amazon-states-language-service"
    require(shutil.which("node"), f"{names} need node, which is not on PATH.")
    require((INSTALLED / ".installed").exists(), f"{names} are not installed: run `make judges`.")
    process = subprocess.Popen(
        ["node", str(HERE / "judge.cjs"), str(INSTALLED)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield NpmJudges(process)
        finally:
            process.terminate()


def cfn_lint_against(*definitions: Any) -> list[str]:
    """Return the findings of cfn-lint's rule E3601 about definitions; many take as long as one."""
    from cfnlint.api import lint
    from cfnlint.config import ManualArgs

    role = "arn:aws:iam::123456789012:role/machine"
    machines = {
        f"Machine{number}": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {"Definition": asl, "RoleArn": role},
        }
        for number, asl in enumerate(definitions)
    }
    template = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": machines})
    found = lint(template, config=ManualArgs(regions=["eu-central-1"], mandatory_checks=["E3601"]))
    return [
        f"cfn-lint: {each.message}"
        for each in found
        if each.rule.id == "E3601" and not _is_about_a_parallel_with_parameters(list(each.path), template)
    ]


def _is_about_a_parallel_with_parameters(path: list[str | int], template: str) -> bool:
    """Return whether the validator rejects a field that the specification also gives a Parallel state."""
    pointer = "".join(f"/{str(each).replace('~', '~0').replace('/', '~1')}" for each in path[:-1])
    return path[-1:] == ["Parameters"] and at(json.loads(template), pointer).get("Type") == "Parallel"


def _is_about_a_backslash(error: str, asl: Any) -> bool:
    """Return whether the validator rejects an intrinsic function for an escaped backslash, which AWS's guide allows."""
    found = _BAD_TEMPLATE.search(error)
    if found is None:
        return False
    try:
        return "\\\\" in str(at(asl, found[1]))
    except KeyError:
        return False


def _serious(errors: list[str]) -> list[str]:
    """Return the errors, except known false alarms and the errors that follow from them."""
    remaining = [each for each in errors if not any(known.search(each) for known in FALSE_ALARMS)]
    if len(remaining) == len(errors):
        return remaining
    return [each for each in remaining if "must match" not in each and "/Type is invalid" not in each]
