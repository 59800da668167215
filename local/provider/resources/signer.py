"""Signing of packages: profiles, jobs, and the signers that a function trusts.

The embedded AWS (MiniStack 1.5.33) supports profiles and jobs, writes a receipt instead of a package, and lacks code
signing configurations. So `SigningJob` puts a copy of the package where the signed one belongs and records the signer
in the object's metadata; `CodeSigningConfig` stores its record as a parameter; `Function` compares the two. A signature
here is only a note, not cryptography. https://docs.aws.amazon.com/signer/latest/api/API_StartSigningJob.html
"""

import hashlib
import json
import re
from collections.abc import Mapping

from ..aws import Aws
from ..property_schema import CHOSEN_BY_AWS, ListOf, MapOf, Number, Object, Property, SetOf, String
from ..resource import Inputs, Outputs, Resource
from .common import TAGS, boolean, fetch_or_none, ignore_not_found, output, string
from .function_packages import SIGNER_METADATA

_LAMBDA = "AWSLambda-SHA384-ECDSA"
_NAME = re.compile(r"[0-9A-Za-z_]{2,64}")
_PREFIX = re.compile(r"[0-9A-Za-z_]{0,38}")
_RECORD_PREFIX = "/booking/embedded/code-signing/"


def _derived_token(marker: str, length: int) -> str:
    """Return a token that is the same for the same creation, so that an interrupted one is found."""
    return hashlib.sha256(marker.encode()).hexdigest()[:length]


class SigningProfile(Resource):
    """A signer's profile. The name of a cancelled one stays reserved, so names are generated from a prefix."""

    token = "aws:signer/signingProfile:SigningProfile"
    identity = ("name",)
    properties = {
        "name": string(replaces=True, default=CHOSEN_BY_AWS),
        "namePrefix": string(replaces=True, write_only=True),
        "platformId": string(_LAMBDA, required=True, replaces=True),
        "signatureValidityPeriod": Property(
            schema=Object(
                {"type": string("DAYS", "MONTHS", "YEARS", required=True), "value": Property(schema=Number())}
            ),
            default=CHOSEN_BY_AWS,
            replaces=True,
        ),
        "tags": Property(schema=MapOf(String()), write_only=True),  # cannot be changed here
        "arn": output(),
        "status": output(),
        "version": output(),
        "versionArn": output(),
    }

    def validate(self, inputs: Inputs) -> Mapping[str, str]:
        name, prefix = inputs.get("name"), inputs.get("namePrefix")
        if name is None and prefix is None:
            return {
                "name": "set name or namePrefix: names that Pulumi generates have hyphens, which AWS Signer rejects"
            }
        wrong = {"name": name and not _NAME.fullmatch(name), "namePrefix": prefix and not _PREFIX.fullmatch(prefix)}
        return {key: "letters, digits and _ only, in AWS's length" for key, is_wrong in wrong.items() if is_wrong}

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        name = self._name(inputs, marker)
        request = {"profileName": name, "platformId": inputs["platformId"], "tags": aws.tags(inputs)}
        validity = inputs.get("signatureValidityPeriod")
        aws.client("signer").put_signing_profile(
            **request, **({"signatureValidityPeriod": dict(validity)} if validity else {})
        )
        return name

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        name = self._name(inputs, marker)
        return name if self.read(aws, name) is not None else None

    def _name(self, inputs: Inputs, marker: str) -> str:
        return str(inputs.get("name") or f"{inputs.get('namePrefix', '')}{_derived_token(marker, 26)}")

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        fact = fetch_or_none(aws.client("signer").get_signing_profile, profileName=id_)
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

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            aws.client("signer").cancel_signing_profile(profileName=id_)


class SigningJob(Resource):
    """The signing of one version of a package; another version is another job."""

    token = "aws:signer/signingJob:SigningJob"
    properties = {
        "profileName": string(required=True, replaces=True),
        "source": Property(
            schema=Object(
                {
                    "s3": Property(
                        schema=Object({name: string(required=True) for name in ("bucket", "key", "version")}),
                        required=True,
                    )
                }
            ),
            required=True,
            replaces=True,
        ),
        "destination": Property(
            schema=Object(
                {"s3": Property(schema=Object({"bucket": string(required=True), "prefix": string()}), required=True)}
            ),
            required=True,
            replaces=True,
            write_only=True,  # AWS returns the object's location, not the request
        ),
        "ignoreSigningJobFailure": boolean(replaces=True, write_only=True),
        "jobId": output(),
        "signedObjects": Property(schema=ListOf(MapOf(ListOf(MapOf(String())))), computed=True),
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
            clientRequestToken=_derived_token(marker, 32),
        )
        return str(job["jobId"])

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        """Return None: the same token returns the same job again, and an unwanted job needs no removal."""
        return self.create(aws, inputs, marker) if "source" in inputs else None

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        """Replace the receipt that the embedded AWS has written by the package."""
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
            Metadata={**client.head_object(**original)["Metadata"], SIGNER_METADATA: profile["profileVersionArn"]},
        )

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        fact = fetch_or_none(aws.client("signer").describe_signing_job, jobId=id_)
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

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        """Do nothing: AWS keeps a job for two years, and its signed object until somebody deletes it."""


class CodeSigningConfig(Resource):
    """The signers that a function's package may have."""

    token = "aws:lambda/codeSigningConfig:CodeSigningConfig"
    properties = {
        "allowedPublishers": Property(
            schema=Object({"signingProfileVersionArns": Property(schema=SetOf(String()), required=True)}), required=True
        ),
        "policies": Property(
            schema=Object({"untrustedArtifactOnDeployment": string("Warn", "Enforce", required=True)}),
            default={"untrustedArtifactOnDeployment": "Warn"},
        ),
        "description": string(default=""),
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
        return aws.arn("lambda", f"code-signing-config:csc-{_derived_token(marker, 17)}")

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        saved = {name: inputs[name] for name in ("allowedPublishers", "policies", "description") if name in inputs}
        record = json.dumps({"policies": self.properties["policies"].default, **saved, "tags": aws.tags(inputs)})
        aws.client("ssm").put_parameter(Name=_record(id_), Value=record, Type="String", Overwrite=True)

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        saved = fetch_or_none(aws.client("ssm").get_parameter, Name=_record(id_))
        return saved and {**json.loads(saved["Parameter"]["Value"]), "arn": id_, "configId": id_.rpartition(":")[2]}

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            aws.client("ssm").delete_parameter(Name=_record(id_))


def untrusted_signer_reason(aws: Aws, configuration: str, signer: str | None) -> str | None:
    """Return the reason why a package of this signer (None: unsigned) may not be deployed, or None."""
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
    return _RECORD_PREFIX + arn.rpartition(":")[2]
