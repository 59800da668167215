"""Where MiniStack 1.5.33 differs from AWS in what our promises rest on, and a few lines make it true.

Applied in the daemon alone, to that version alone; `docs/fidelity.md` lists them.

- *Reserved concurrency* holds for all versions of a function together. MiniStack forgets it for a published version,
  so fifty executions would start fifty processes.
- *A throttled task* fails with `Lambda.TooManyRequestsException`, which is what machines retry. MiniStack says
  `Lambda.Unknown`.
- *Retries* honour `MaxDelaySeconds` and `JitterStrategy`. Without jitter, throttled executions come back all at once.
"""

import logging
import random
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

PATCHED_VERSION: Final = "1.5.33"


def apply() -> None:
    """Mend what is listed above; another version is left as it is, and the log says so."""
    found = version("ministack")
    if found != PATCHED_VERSION:
        logging.getLogger(__name__).warning("MiniStack %s is not patched: made for %s", found, PATCHED_VERSION)
        return
    from ministack.services import lambda_svc, stepfunctions

    _share_reserved_concurrency(lambda_svc)
    _name_throttles(stepfunctions)
    _honour_delays(stepfunctions)


def _share_reserved_concurrency(functions: Any) -> None:
    of_record = functions._reserved_concurrency

    def of_function(record: Any, configuration: Mapping[str, Any]) -> int | None:
        own = of_record(record, configuration)
        if own is not None:
            return int(own)
        function = functions._functions.get(configuration.get("FunctionName", ""))
        return None if function is None else of_record(function, function["config"])

    functions._reserved_concurrency = of_function


def _name_throttles(machines: Any) -> None:
    call = machines._call_lambda

    def calling(function: Any, event: Any) -> Any:
        try:
            return call(function, event)
        except machines._ExecutionError as error:
            if "TooManyRequestsException" in str(error.cause):
                raise machines._ExecutionError("Lambda.TooManyRequestsException", error.cause) from None
            raise

    machines._call_lambda = calling


def _honour_delays(machines: Any) -> None:
    find = machines._find_matching_retrier

    def found(retriers: Any, error: str, counts: Mapping[int, int]) -> Any:
        retrier, index = find(retriers, error, counts)
        if retrier is None:
            return retrier, index
        delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** counts.get(index, 0)
        delay = min(delay, retrier.get("MaxDelaySeconds", delay))
        if retrier.get("JitterStrategy") == "FULL":
            delay = random.uniform(0, delay)  # noqa: S311 - spreads load, guards nothing
        return {**retrier, "IntervalSeconds": delay, "BackoffRate": 1.0}, index

    machines._find_matching_retrier = found
