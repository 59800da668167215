"""The signing key of the seals in AWS KMS: it never leaves KMS, which signs a SHA-256 with it."""

from dataclasses import dataclass
from typing import Final

from botocore.exceptions import ClientError

from ..domain.trail.seals import Signature
from .clients import KMSClient, call, code_of

ALGORITHM: Final = "ECDSA_SHA_256"


@dataclass(frozen=True, slots=True, kw_only=True)
class KMSSealSigner:
    """The `SealSigner` of production; `key` is the ARN of an ECC_NIST_P256 key."""

    client: KMSClient
    key: str

    def sign(self, digest: bytes) -> Signature:
        """Sign a SHA-256, in one call."""
        reply = call(self.client.sign, SigningAlgorithm=ALGORITHM, KeyId=self.key, Message=digest, MessageType="DIGEST")
        return Signature(key=self.key, algorithm=ALGORITHM, value=bytes(reply["Signature"]))


def is_signature_valid(client: KMSClient, key: str, digest: bytes, signature: Signature) -> bool:
    """Return whether `key` made the signature of a SHA-256. The key named in the seal is ignored."""
    if signature.algorithm != ALGORITHM:
        return False
    message = {"Message": digest, "MessageType": "DIGEST", "Signature": signature.value}
    try:
        call(client.verify, SigningAlgorithm=ALGORITHM, KeyId=key, **message)
    except ClientError as error:
        if code_of(error) != "KMSInvalidSignatureException":
            raise
        return False
    return True
