"""A function of a signed package; config `answer` is what its code says, so that another answer is another package."""

import zipfile
from pathlib import Path

import pulumi

from components import MonitoredLambda, SignedPackage

answer = pulumi.Config().require("answer")
folder = Path(pulumi.Config().require("folder"))
package = folder / f"{answer}.zip"
with zipfile.ZipFile(package, "w") as packed:
    packed.writestr(zipfile.ZipInfo("app.py"), f"def handler(event, context):\n    return {answer!r}\n")

code = SignedPackage("tickets", {"package": pulumi.FileAsset(str(package)), "force_destroy": True})
sell = MonitoredLambda(
    "sell",
    {"handler": "app.handler", "code_bucket": code.bucket, "code_key": code.file, "code_signing": code.signing},
)
pulumi.export("function", sell.function)
