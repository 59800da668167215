"""Run Terraform's own AWS provider on a stage's resources: `plan`, which validates first, with no account or network.

The provider knows what AWS accepts (names, enumerations, ranges, conflicting arguments) independently of Pulumi and of
us. While it plans it makes one call to AWS, which validates a state machine's definition; a server on loopback answers
that call with our own linter's verdict.
"""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.components.synth import REGION
from tests.environment import require
from workflow import check

PROVIDER = "registry.terraform.io/hashicorp/aws"
VERSION = "5.100.0"
_MIRRORS = (  # Terraform's own places for a local mirror, and the one that machine images use
    "~/.terraform.d/plugins",
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
    "/opt/tf-plugins",
)
_TIMEOUT_SECONDS = 1_200  # only ends what hangs: a plan takes 20 s, and many times that on a busy machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Terraform:
    """An initialised working directory."""

    folder: Path

    def judge(self, configuration: Mapping[str, Any]) -> list[str]:
        """Return the provider's errors about a configuration: those of validation, or else those of planning."""
        (self.folder / "main.tf.json").write_text(json.dumps(configuration))
        ran = _terraform(self.folder, "plan", "-input=false", "-refresh=false", "-lock=false", "-json")
        events = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
        diagnostics = [event["diagnostic"] for event in events if "diagnostic" in event]
        errors = [_message(each) for each in diagnostics if each["severity"] == "error"]
        assert errors or ran.returncode == 0, f"terraform plan: {ran.stdout[-1000:]} {ran.stderr[-1000:]}"
        return errors


@contextmanager
def terraform(folder: Path) -> Iterator[Terraform]:
    """Initialise Terraform in a folder, or skip the test where Terraform or the provider is not installed."""
    mirror = _require_mirror()
    with _step_functions() as endpoint:
        (folder / "terraform.rc").write_text(f'provider_installation {{ filesystem_mirror {{ path = "{mirror}" }} }}\n')
        (folder / "provider.tf.json").write_text(json.dumps(_provider(endpoint)))
        ran = _terraform(folder, "init", "-input=false")
        assert ran.returncode == 0, ran.stderr
        yield Terraform(folder=folder)


def _require_mirror() -> Path:
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not installed: its AWS provider cannot judge the resources.")
    folders = [Path(each).expanduser() for each in (os.environ.get("TERRAFORM_MIRROR", ""), *_MIRRORS)]
    mirrors = [folder for folder in folders if (folder / PROVIDER / VERSION).is_dir()]
    require(mirrors, f"No folder of {', '.join(_MIRRORS)} (or TERRAFORM_MIRROR) holds {PROVIDER} {VERSION}.")
    return mirrors[0]


def _provider(endpoint: str) -> dict[str, Any]:
    return {
        "terraform": {"required_providers": {"aws": {"source": PROVIDER, "version": VERSION}}},
        "provider": {
            "aws": {
                "region": REGION,
                "access_key": "test",
                "secret_key": "test",
                "skip_credentials_validation": True,
                "skip_metadata_api_check": True,
                "skip_region_validation": True,
                "skip_requesting_account_id": True,
                "endpoints": {"sfn": endpoint},
            }
        },
    }


def _terraform(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "TF_CLI_CONFIG_FILE": str(folder / "terraform.rc"),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }
    return subprocess.run(
        ["terraform", f"-chdir={folder}", *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT_SECONDS,
    )


def _message(diagnostic: Mapping[str, Any]) -> str:
    where = (diagnostic.get("snippet") or {}).get("context") or diagnostic.get("address", "")
    return f"{where}: {diagnostic['summary']}: {diagnostic['detail']}"


@contextmanager
def _step_functions() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _ValidateStateMachineDefinition)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _ValidateStateMachineDefinition(BaseHTTPRequestHandler):
    """The one call of Step Functions' API that planning makes."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        findings = [finding for finding in check(request["definition"]) if finding.severity == "error"]
        diagnostics = [
            {"severity": "ERROR", "code": each.code, "message": each.sentence, "location": each.pointer}
            for each in findings
        ]
        body = json.dumps({"result": "FAIL" if findings else "OK", "diagnostics": diagnostics}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the server quiet."""
