"""A KMS with a boto3 client's interface: signs, makes and verifies MACs, each key with its own secret."""

import hashlib
import hmac
from typing import Any

from botocore.exceptions import ClientError

from .dynamodb.model import require_model

Response = dict[str, Any]


class FakeKMS:
    """Signatures are HMACs by the key's name, so other keys cannot make them."""

    def sign(self, **request: Any) -> Response:
        require_model("Sign", request, "kms")
        return {"KeyId": request["KeyId"], "Signature": _mac(request), "SigningAlgorithm": request["SigningAlgorithm"]}

    def verify(self, **request: Any) -> Response:
        require_model("Verify", request, "kms")
        if not hmac.compare_digest(_mac(request), request["Signature"]):
            response = {"Error": {"Code": "KMSInvalidSignatureException", "Message": ""}}
            raise ClientError(response, "Verify")  # type: ignore[arg-type]
        return {"KeyId": request["KeyId"], "SignatureValid": True}

    def generate_mac(self, **request: Any) -> Response:
        require_model("GenerateMac", request, "kms")
        return {"KeyId": request["KeyId"], "Mac": _mac(request), "MacAlgorithm": request["MacAlgorithm"]}

    def verify_mac(self, **request: Any) -> Response:
        require_model("VerifyMac", request, "kms")
        if not hmac.compare_digest(_mac(request), request["Mac"]):
            response = {"Error": {"Code": "KMSInvalidMacException", "Message": ""}}
            raise ClientError(response, "VerifyMac")  # type: ignore[arg-type]
        return {"KeyId": request["KeyId"], "MacValid": True, "MacAlgorithm": request["MacAlgorithm"]}


def _mac(request: Response) -> bytes:
    return hmac.digest(str(request["KeyId"]).encode(), request["Message"], hashlib.sha256)
