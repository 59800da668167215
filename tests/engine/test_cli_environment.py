"""`eval "$(booking env)"`: a user's own Pulumi CLI on the embedded AWS."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from local.engine import cli_environment
from local.instance import Instance

pytestmark = pytest.mark.outside


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    return tmp_path


def _pulumi(cli: Path, program: Path, variables: Mapping[str, str], *arguments: str) -> str:
    environment = {**os.environ, **variables, "PULUMI_HOME": str(program / "home")}
    command = [str(cli), "--non-interactive", *arguments]
    done = subprocess.run(command, cwd=program, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_users_cli_works_again_after_down(cli: Path, program: Path) -> None:
    """The CLI keeps the passphrase's salt in the stage file, so the passphrase must outlive the instance."""
    for attempt in ("first", "second"):
        instance = Instance.at(program)
        instance.start()
        try:
            variables = cli_environment(instance, program)
            _pulumi(cli, program, variables, "stack", "init", "dev")
            if attempt == "first":
                _pulumi(cli, program, variables, "config", "set", "--secret", "colour", "blue", "--stack", "dev")
            assert "encryptionsalt" in (program / "Pulumi.dev.yaml").read_text()
            assert _pulumi(cli, program, variables, "config", "get", "colour", "--stack", "dev") == "blue"
        finally:
            instance.stop()
