"""Signing of packages: profiles and jobs, and which signers a function trusts.

The embedded AWS (MiniStack 1.5.33) knows profiles and jobs, writes a receipt instead of a package, and knows no code
signing configurations. So `SigningJob` puts a copy of the package where the signed one belongs and notes the signer in
the object's metadata; `CodeSigningConfig` keeps its record as a parameter; `Function` compares the two. A signature is
thus a note that nobody here forges, not cryptography.
https://docs.aws.amazon.com/signer/latest/api/API_StartSigningJob.html
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from ..aws import Aws
from ..packages import SIGNED_BY
from ..resource import Inputs, Outputs, Resource
from ..shapes import CHOSEN_BY_AWS, ListOf, MapOf, Number, Object, Property, SetOf, Text
from .common import TAGS, absence_is_fine, flag, found, output, text

_LAMBDA = "AWSLambda-SHA384-ECDSA"
_NAME = re.compile(r"[0-9A-Za-z_]{2,64}")
_PREFIX = re.compile(r"[0-9A-Za-z_]{0,38}")
_RECORDS = "/booking/embedded/code-signing/"


def _unique(marker: str, length: int) -> str:
    """The same for the same creation, so that an interrupted one is found again."""
    return hashlib.sha256(marker.encode()).hexdigest()[:length]


class SigningProfile(Resource):
    """Who signs. A cancelled one's name stays taken, so names are made from a prefix."""

    token = "aws:signer/signingProfile:SigningProfile"
    identity = ("name",)
    properties = {
        "name": text(replaces=True, default=CHOSEN_BY_AWS),
        "namePrefix": text(replaces=True, write_only=True),
        "platformId": text(_LAMBDA, required=True, replaces=True),
        "signatureValidityPeriod": Property(
            shape=Object({"type": text("DAYS", "MONTHS", "YEARS", required=True), "value": Property(shape=Number())}),
            default=CHOSEN_BY_AWS,
            replaces=True,
        ),
        "tags": Property(shape=MapOf(Text()), write_only=True),  # cannot be changed here
        "arn": output(),
        "status": output(),
        "version": output(),
        "versionArn": output(),
    }

    def refuse(self, inputs: Inputs) -> Mapping[str, str]:
        name, prefix = inputs.get("name"), inputs.get("namePrefix")
        if name is None and prefix is None:
            return {"name": "give name or namePrefix: a name that Pulumi makes has hyphens, which AWS Signer refuses"}
        wrong = {"name": name and not _NAME.fullmatch(name), "namePrefix": prefix and not _PREFIX.fullmatch(prefix)}
        return {key: "letters, digits and _ only, in AWS's length" for key, is_wrong in wrong.items() if is_wrong}

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        name = self._name(inputs, marker)
        asked = {"profileName": name, "platformId": inputs["platformId"], "tags": aws.tags(inputs)}
        validity = inputs.get("signatureValidityPeriod")
        aws.client("signer").put_signing_profile(
            **asked, **({"signatureValidityPeriod": dict(validity)} if validity else {})
        )
        return name

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        name = self._name(inputs, marker)
        return name if self.read(aws, name) is not None else None

    def _name(self, inputs: Inputs, marker: str) -> str:
        return str(inputs.get("name") or f"{inputs.get('namePrefix', '')}{_unique(marker, 26)}")

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        fact = found(aws.client("signer").get_signing_profile, profileName=id_)
        if fact is None or fact["status"] != "Active":
            return None
        return {
            "name": id_,
            "platformId": fact["platformId"],
            "signatureValidityPeriod": fact.get("signatureValidityPeriod"),
            "arn": fact["arn"],
            "status": fact["status"],
            "version": fact["profileVersion"],
            "versionArn": fact["profileVersionArn"],
        }

    def delete(self, aws: Aws, id_: str, outputs: Mapping[str, Any]) -> None:
        with absence_is_fine():
            aws.client("signer").cancel_signing_profile(profileName=id_)


class SigningJob(Resource):
    """One version of a package, signed once and for ever: another version is another job."""

    token = "aws:signer/signingJob:SigningJob"
    properties = {
        "profileName": text(required=True, replaces=True),
        "source": Property(
            shape=Object(
                {
                    "s3": Property(
                        shape=Object({name: text(required=True) for name in ("bucket", "key", "version")}),
                        required=True,
                    )
                }
            ),
            required=True,
            replaces=True,
        ),
        "destination": Property(
            shape=Object(
                {"s3": Property(shape=Object({"bucket": text(required=True), "prefix": text()}), required=True)}
            ),
            required=True,
            replaces=True,
            write_only=True,  # AWS says where the object is, not what was asked for
        ),
        "ignoreSigningJobFailure": flag(replaces=True, write_only=True),
        "jobId": output(),
        "signedObjects": Property(shape=ListOf(MapOf(ListOf(MapOf(Text())))), computed=True),
        "status": output(),
        "profileVersion": output(),
        "platformId": output(),
    }

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        source, destination = inputs["source"]["s3"], inputs["destination"]["s3"]
        job = aws.client("signer").start_signing_job(
            profileName=inputs["profileName"],
            source={"s3": {"bucketName": source["bucket"], "key": source["key"], "version": source["version"]}},
            destination={"s3": {"bucketName": destination["bucket"], "prefix": destination.get("prefix", "")}},
            clientRequestToken=_unique(marker, 32),
        )
        return str(job["jobId"])

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        """The same token gives the same job again; of one that nobody wants any more there is nothing to remove."""
        return self.create(aws, inputs, marker) if "source" in inputs else None

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        """Put the package where the embedded AWS has written a receipt."""
        job = aws.client("signer").describe_signing_job(jobId=id_)
        signed, source = job["signedObject"]["s3"], inputs["source"]["s3"]
        profile = aws.client("signer").get_signing_profile(profileName=inputs["profileName"])
        client = aws.client("s3")
        original = {"Bucket": source["bucket"], "Key": source["key"], "VersionId": source["version"]}
        client.copy_object(
            Bucket=signed["bucketName"],
            Key=signed["key"],
            CopySource=original,
            MetadataDirective="REPLACE",
            Metadata={**client.head_object(**original)["Metadata"], SIGNED_BY: profile["profileVersionArn"]},
        )

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        fact = found(aws.client("signer").describe_signing_job, jobId=id_)
        if fact is None:
            return None
        source, signed = fact["source"]["s3"], fact["signedObject"]["s3"]
        return {
            "profileName": fact["profileName"],
            "source": {
                "s3": {"bucket": source["bucketName"], "key": source["key"], "version": source["version"]},
            },
            "jobId": id_,
            "signedObjects": [{"s3s": [{"bucket": signed["bucketName"], "key": signed["key"]}]}],
            "status": fact["status"],
            "profileVersion": fact["profileVersion"],
            "platformId": fact["platformId"],
        }

    def delete(self, aws: Aws, id_: str, outputs: Mapping[str, Any]) -> None:
        """Nothing: AWS keeps a job for two years, and its signed object until somebody deletes it."""


class CodeSigningConfig(Resource):
    """Whose signature a function's package must have."""

    token = "aws:lambda/codeSigningConfig:CodeSigningConfig"
    properties = {
        "allowedPublishers": Property(
            shape=Object({"signingProfileVersionArns": Property(shape=SetOf(Text()), required=True)}), required=True
        ),
        "policies": Property(
            shape=Object({"untrustedArtifactOnDeployment": text("Warn", "Enforce", required=True)}),
            default={"untrustedArtifactOnDeployment": "Warn"},
        ),
        "description": text(default=""),
        "tags": TAGS,
        "arn": output(),
        "configId": output(),
    }

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        id_ = self._arn(aws, marker)
        self.converge(aws, id_, inputs, {})
        return id_

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        id_ = self._arn(aws, marker)
        return id_ if self.read(aws, id_) is not None else None

    def _arn(self, aws: Aws, marker: str) -> str:
        return aws.arn("lambda", f"code-signing-config:csc-{_unique(marker, 17)}")

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        kept = {name: inputs[name] for name in ("allowedPublishers", "policies", "description") if name in inputs}
        record = json.dumps({"policies": self.properties["policies"].default, **kept, "tags": aws.tags(inputs)})
        aws.client("ssm").put_parameter(Name=_record(id_), Value=record, Type="String", Overwrite=True)

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        kept = found(aws.client("ssm").get_parameter, Name=_record(id_))
        return kept and {**json.loads(kept["Parameter"]["Value"]), "arn": id_, "configId": id_.rpartition(":")[2]}

    def delete(self, aws: Aws, id_: str, outputs: Mapping[str, Any]) -> None:
        with absence_is_fine():
            aws.client("ssm").delete_parameter(Name=_record(id_))


def refused_signer(aws: Aws, configuration: str, signer: str | None) -> str | None:
    """Why a package of this signer (None: of nobody) may not be deployed; None where it may."""
    config = CodeSigningConfig().read(aws, configuration)
    if config is None:
        return f"there is no code signing configuration {configuration}"
    if config["policies"]["untrustedArtifactOnDeployment"] != "Enforce":
        return None
    trusted = config["allowedPublishers"]["signingProfileVersionArns"]
    return (
        None if signer in trusted else f"the package is signed by {signer or 'nobody'}, trusted: {', '.join(trusted)}"
    )


def _record(arn: str) -> str:
    return _RECORDS + arn.rpartition(":")[2]
