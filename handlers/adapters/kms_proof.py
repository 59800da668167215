"""The key of the API's proofs in AWS KMS: only the API may make a MAC; other functions may only verify one."""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import ClientError

from .clients import KMSClient, call, code_of

ALGORITHM: Final = "HMAC_SHA_256"


@dataclass(frozen=True, slots=True, kw_only=True)
class KMSProofKey:
    """The `ProofSigner` of production; `key` is the ARN of an HMAC_256 key."""

    client: KMSClient
    key: str

    def sign(self, message: bytes) -> str:
        """Make a MAC, in one call."""
        reply = call(self.client.generate_mac, Message=message, KeyId=self.key, MacAlgorithm=ALGORITHM)
        return base64.b64encode(bytes(reply["Mac"])).decode("ascii")

    def is_valid(self, message: bytes, mac: str) -> bool:
        """Verify a MAC, in one call, or in none if its format is invalid."""
        try:
            value = base64.b64decode(mac, validate=True)
        except (binascii.Error, ValueError):
            return False
        return len(value) == 32 and self._verify(message, value)

    def _verify(self, message: bytes, value: bytes) -> bool:
        try:
            call(self.client.verify_mac, Message=message, KeyId=self.key, MacAlgorithm=ALGORITHM, Mac=value)
        except ClientError as error:
            if code_of(error) != "KMSInvalidMacException":
                raise
            return False
        return True
