"""AWS's runtime for Python functions, set up on this machine: the runtime client and the SDK.

A function's process is this interpreter without its site-packages (`-I -S`): it sees its own package, the modules of
AWS's Python runtime (`PROVIDED_MODULES`), and the standard library. It cannot accidentally import anything from a
checkout or a virtual environment, which would be missing in AWS.
"""

import importlib.util
import shlex
import sys
from pathlib import Path

from ..errors import ToolMissing

PROVIDED_MODULES = (
    "awslambdaric",
    "boto3",
    "botocore",
    "dateutil",
    "jmespath",
    "runtime_client",
    "s3transfer",
    "simplejson",
    "six",
    "snapshot_restore_py",
    "urllib3",
)
"""The modules of AWS's Python runtime: its client with its dependencies, and the SDK."""

HIDDEN_VARIABLES = (
    *(
        "AUTH",
        "BIND_HOST",
        "GATEWAY_PORT",
        "IOT_MTLS_ENABLED",
        "LAMBDA_ACCOUNT_CONCURRENCY",
        "LAMBDA_EXECUTOR",
        "LOG_LEVEL",
        "MALLOC_ARENA_MAX",
    ),
    "MINISTACK_ACCOUNT_ID",
    *("MINISTACK_HOST", "MINISTACK_REGION", "MINISTACK_SSL_CERT", "MINISTACK_SSL_KEY", "PERSIST_STATE", "S3_DATA_DIR"),
    *("S3_PERSIST", "SFN_WAIT_SCALE", "SFTP_ENABLED", "STATE_DIR", "USE_SSL"),
)
"""The variables of the embedded AWS's configuration, which a function must not see."""

_START_SCRIPT = """\
\"\"\"Start AWS's runtime client for the function whose package is in LAMBDA_TASK_ROOT.\"\"\"

import os
import sys

sys.dont_write_bytecode = True
sys.path[:0] = [os.environ["LAMBDA_TASK_ROOT"], {provided!r}]
for name in {hidden!r}:
    os.environ.pop(name, None)
os.environ["PYTHONPATH"] = os.environ["LAMBDA_TASK_ROOT"]

if os.environ.get("BOOKING_EMBEDDED_RECORD"):
    import call_recorder

    call_recorder.record_calls(os.environ["BOOKING_EMBEDDED_RECORD"])

from awslambdaric.__main__ import main

main(["bootstrap", os.environ["_HANDLER"]])
"""


def check_packages() -> None:
    """Check that the packages of the extra `local` are installed. Raises ToolMissing."""
    missing = [name for name in ("ministack", "hypercorn", *PROVIDED_MODULES) if importlib.util.find_spec(name) is None]
    if missing:
        raise ToolMissing(
            f"The embedded AWS needs Python packages that are not installed ({', '.join(missing)}): "
            "install the extra `local`, as in `pip install 'stepbooking[local]'`."
        )


def install_runtime(folder: Path) -> Path:
    """Create the runtime in the instance's folder, once, and return the file that starts a function."""
    start, provided = folder / "runtime" / "start.py", folder / "runtime" / "provided"
    if not start.exists():
        provided.mkdir(parents=True, exist_ok=True)
        for name in PROVIDED_MODULES:
            _link(name, provided)
        (provided / "call_recorder.py").unlink(missing_ok=True)
        (provided / "call_recorder.py").symlink_to(Path(__file__).with_name("call_recorder.py"))
        start.write_text(_START_SCRIPT.format(provided=str(provided), hidden=HIDDEN_VARIABLES))
    return start


def bootstrap_script(folder: Path, runtime: str) -> str:
    """Return the executable that Lambda starts for a custom runtime; it runs a function with AWS's own client."""
    command = shlex.join([sys.executable, "-I", "-S", str(install_runtime(folder))])
    return f"#!/bin/sh\nexport AWS_EXECUTION_ENV=AWS_Lambda_{runtime}\nexec {command}\n"


def _link(name: str, folder: Path) -> None:
    spec = importlib.util.find_spec(name)
    assert spec is not None, "check_packages ran before"
    assert spec.origin is not None, f"{name} is a namespace package"
    origin = Path(spec.origin)
    source = origin.parent if origin.name == "__init__.py" else origin
    target = folder / source.name
    if not target.is_symlink():
        target.symlink_to(source)
