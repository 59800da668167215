"""botocore's own validation of arguments, as in a real client before it sends a request."""

from functools import cache
from typing import Any

from botocore.exceptions import ParamValidationError
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator


@cache
def _service(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def _input(service: str, operation: str) -> Shape | None:
    return _service(service).operation_model(operation).input_shape  # type: ignore[no-any-return]


def require_model(operation: str, request: dict[str, Any], service: str = "dynamodb") -> None:
    """Reject arguments that botocore would reject (ParamValidationError)."""
    shape = _input(service, operation)
    report = ParamValidator().validate(request, shape)
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())
