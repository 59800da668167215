"""Patches of MiniStack 1.5.33 where it differs from AWS in something that we rely on.

They apply only in the daemon, and only to that version; `docs/reference/fidelity.md` lists them.

- *Concurrency* is limited as in AWS: see `account_concurrency`.
- *Point-in-time recovery* keeps its period. MiniStack drops it, so every refresh would report drift.
- *A throttled task* fails with `Lambda.TooManyRequestsException`, which machines retry, instead of `Lambda.Unknown`.
- *A machine's role* must allow what its tasks do: invoking functions and sending to queues. MiniStack does not check
  it.
- *Retries* honour `MaxDelaySeconds` and `JitterStrategy`. Without jitter, throttled executions all return at once.
- *Batches of a stream* are processed as in AWS: see `stream_batches`.
- *Executions start at once*, and *events reach functions at once*. MiniStack sleeps 150 ms before the first state, and
  Nagle's algorithm holds back each event of a custom runtime until the kernel acknowledges its headers, 40 ms later.
- *Closed executions, function logs and tokens of transactions* are kept by number: see `retention`.
- *Published events* are kept only by archives. MiniStack also appends each to a list that nothing reads.
- *Policies are parsed once.* MiniStack parses all of a role's policies for every request.
- *The instance's own issuer* of tokens is known to JWT authorizers: see `token_issuer`.
- *Condition keys* of requests to DynamoDB and S3 are evaluated (`condition_keys`), separately for each item of a
  transaction, and `aws:PrincipalArn` is the role's ARN. MiniStack omits them and passes the session's ARN.

Longer than 250 lines so that every patch is in one list.
"""

import json
import logging
import os
import random
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from types import FunctionType
from typing import Any, Final

from ..provider.aws import ACCOUNT, REGION
from .account_concurrency import MiniStackModule, limit_concurrency
from .condition_keys import Context, item_context, put_context, transaction_items
from .retention import bound_executions, bound_logs, bound_transactions
from .stream_batches import settle_batches
from .token_issuer import OWN_ISSUER, public_keys_file

PATCHED_VERSION: Final = "1.5.33"
_START_DELAY_SECONDS: Final = 0.15
"""MiniStack's sleep between the start of an execution and its first state."""
_ROLE: Final[ContextVar[str | None]] = ContextVar("role of the machine whose task runs", default=None)


def apply() -> None:
    """Apply the patches listed above. Another version is left unchanged, with a note in the log."""
    found = version("ministack")
    if found != PATCHED_VERSION:
        logging.getLogger(__name__).warning("MiniStack %s is not patched: made for %s", found, PATCHED_VERSION)
        return
    from ministack.core import iam_actions, iam_evaluator, lambda_runtime
    from ministack.services import apigateway, cloudwatch_logs, dynamodb, eventbridge, iam, lambda_svc, stepfunctions

    limit_concurrency(lambda_svc)
    settle_batches(lambda_svc, dynamodb)
    _keep_recovery_period(dynamodb)
    _name_throttling_error(stepfunctions)
    _honour_delays(stepfunctions)
    _check_machine_roles(stepfunctions)
    _add_put_conditions(iam_actions)
    _add_item_conditions(iam_actions, iam_evaluator, dynamodb)
    _name_role_of_session(iam_evaluator, iam)
    parse_policies_once(iam_evaluator)
    _know_own_issuer(apigateway)
    start_executions_at_once(stepfunctions)
    bound_executions(stepfunctions)
    bound_logs(lambda_svc, cloudwatch_logs)
    bound_transactions(dynamodb)
    send_events_at_once(lambda_runtime)
    forget_published_events(eventbridge)


def start_executions_at_once(machines: MiniStackModule) -> None:
    """Run the first state of an execution without MiniStack's sleep; Wait states and retries still wait."""
    run = machines._run_execution
    constants = tuple(0 if each == _START_DELAY_SECONDS else each for each in run.__code__.co_consts)
    machines._run_execution = FunctionType(run.__code__.replace(co_consts=constants), run.__globals__)


def send_events_at_once(runtime: MiniStackModule) -> None:
    """Send an event to a custom runtime without waiting for the acknowledgement of its headers (TCP_NODELAY)."""
    worker = runtime.ProvidedWorker
    build = worker._build_handler_class

    def build_handler_class(self: object, generation: int, pending: object) -> Any:
        handler = build(self, generation, pending)
        handler.disable_nagle_algorithm = True
        return handler

    worker._build_handler_class = build_handler_class


def forget_published_events(buses: MiniStackModule) -> None:
    """Give MiniStack a new list for every event instead of one that grows for ever and is never read."""
    buses._events_log_list = list


def parse_policies_once(evaluator: MiniStackModule) -> None:
    """Cache the statements of a policy by its text; they are never modified."""
    parse = evaluator.parse_policy_document
    parse_cached = lru_cache(maxsize=1024)(parse)

    def parse_once(policy: str | Mapping[str, Any]) -> list[Any]:
        return list(parse_cached(policy) if isinstance(policy, str) else parse(policy))

    evaluator.parse_policy_document = parse_once


def _know_own_issuer(apis: MiniStackModule) -> None:
    """Read the keys of the instance's own issuer from its folder, because its address does not resolve."""
    resolve = apis._resolve_jwks_url

    async def resolve_own_issuer(authorizer: Mapping[str, Any]) -> Any:
        if (authorizer.get("jwtConfiguration") or {}).get("issuer") == OWN_ISSUER:
            return public_keys_file(Path(os.environ["STATE_DIR"]).parent).as_uri()
        return await resolve(authorizer)

    apis._resolve_jwks_url = resolve_own_issuer


def _keep_recovery_period(tables: MiniStackModule) -> None:
    update, describe = tables._update_continuous_backups, tables._describe_continuous_backups

    def update_with_period(request: Mapping[str, Any]) -> object:
        answer = update(request)
        settings, name = tables._pitr_settings, tables._normalize_table_name(request.get("TableName"))
        if settings.get(name):  # a period instead of a flag: MiniStack keeps any true value
            settings[name] = request["PointInTimeRecoverySpecification"].get("RecoveryPeriodInDays", 35)
        return answer

    def describe_with_period(request: Mapping[str, Any]) -> Any:
        status, headers, body = describe(request)
        setting = tables._pitr_settings.get(tables._normalize_table_name(request.get("TableName")))
        days = 35 if setting is True else setting  # true: written by an unpatched MiniStack
        if status != 200 or not days:
            return status, headers, body
        answer = json.loads(body)
        answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"] = days
        return status, headers, json.dumps(answer).encode()

    tables._update_continuous_backups, tables._describe_continuous_backups = update_with_period, describe_with_period


def _name_throttling_error(machines: MiniStackModule) -> None:
    call = machines._call_lambda

    def call_with_throttling_error(function: object, event: object) -> object:
        try:
            return call(function, event)
        except machines._ExecutionError as error:
            if "TooManyRequestsException" in str(error.cause):
                raise machines._ExecutionError("Lambda.TooManyRequestsException", error.cause) from None
            raise

    machines._call_lambda = call_with_throttling_error


def _honour_delays(machines: MiniStackModule) -> None:
    find = machines._find_matching_retrier

    def find_with_delay(retriers: Any, error: str, counts: Mapping[int, int]) -> Any:
        retrier, index = find(retriers, error, counts)
        if retrier is None:
            return retrier, index
        delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** counts.get(index, 0)
        delay = min(delay, retrier.get("MaxDelaySeconds", delay))
        if retrier.get("JitterStrategy") == "FULL":
            delay = random.uniform(0, delay)  # noqa: S311 - spreads load, guards nothing
        return {**retrier, "IntervalSeconds": delay, "BackoffRate": 1.0}, index

    machines._find_matching_retrier = find_with_delay


def _check_machine_roles(machines: MiniStackModule) -> None:
    execute, invoke = machines._execute_task, machines._invoke_resource

    def execute_in_role(
        state: object, raw_input: object, execution: Mapping[str, str] | None, context: object
    ) -> object:
        machine = machines._state_machines.get(execution["stateMachineArn"]) if execution else None
        token = _ROLE.set(machine["roleArn"] if machine else None)
        try:
            return execute(state, raw_input, execution, context)
        finally:
            _ROLE.reset(token)

    def invoke_if_allowed(resource: str, parameters: Mapping[str, object]) -> object:
        role, needed = _ROLE.get(), _required_permission(resource, parameters)
        if role is not None and needed is not None and not _is_allowed(role, needed.action, needed.resource):
            cause = f"User: {role} is not authorized to perform: {needed.action} on resource: {needed.resource}"
            raise machines._ExecutionError(needed.error, cause)
        return invoke(resource, parameters)

    machines._execute_task, machines._invoke_resource = execute_in_role, invoke_if_allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class _RequiredPermission:
    """A permission that a task needs, and AWS's error without it."""

    action: str
    resource: str
    error: str


def _required_permission(resource: str, parameters: Mapping[str, object]) -> _RequiredPermission | None:
    region_and_account = f"{REGION}:{ACCOUNT}"
    if "states:::lambda:invoke" in resource:
        name = str(parameters.get("FunctionName", ""))
        arn = name if name.startswith("arn:") else f"arn:aws:lambda:{region_and_account}:function:{name}"
        return _RequiredPermission(action="lambda:InvokeFunction", resource=arn, error="Lambda.AWSLambdaException")
    if "states:::sqs:sendMessage" in resource:
        queue = str(parameters.get("QueueUrl", "")).rsplit("/", 1)[-1]
        return _RequiredPermission(
            action="sqs:SendMessage", resource=f"arn:aws:sqs:{region_and_account}:{queue}", error="SQS.SqsException"
        )
    return None


def _is_allowed(role: str, action: str, resource: str) -> bool:
    from ministack.core import iam_evaluator
    from ministack.services import iam

    account, name = role.split(":")[4], role.rsplit("/", 1)[-1]
    context = iam_evaluator.EvalContext(
        principal_arn=role,
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=REGION,
    )
    policies = iam_evaluator._gather_role_policies(name, account)
    limits = iam_evaluator._permissions_boundary(iam._roles, name, account)
    return bool(iam_evaluator.evaluate(context, policies, *limits).decision == "Allow")


def _add_put_conditions(actions: MiniStackModule) -> None:
    get_request_context = actions.s3_service_context

    def get_context(action: str, query: Any, path: str = "", headers: Any = None) -> Context:
        context: Context = get_request_context(action, query, path, headers)
        return {**context, **put_context(headers or {}, query or {})} if action == "s3:PutObject" else context

    actions.s3_service_context = get_context


class _ItemArn(str):
    """The ARN of an item's table with the item's condition keys, because MiniStack passes on only the ARN per item."""

    context: Context


def _add_item_conditions(actions: MiniStackModule, evaluator: MiniStackModule, tables: MiniStackModule) -> None:
    get_service_context, get_transaction_checks, enforce = (
        actions.dynamodb_service_context,
        actions.dynamodb_transaction_checks,
        evaluator.enforce,
    )

    def get_body_context(body: bytes) -> Context:
        request = json.loads(body or b"{}")
        keys = item_context(request, _hash_key(tables, request)) if "TableName" in request else {}
        return {**get_service_context(body), **keys}

    def get_item_checks(action: str, body: bytes, region: str, account: str) -> list[tuple[str, str]]:
        item_checks = get_transaction_checks(action, body, region, account)
        items = [request for _, request in transaction_items(body)] if item_checks else []
        return [
            (each, _with_context(arn, item_context(request, _hash_key(tables, request))))
            for (each, arn), request in zip(item_checks, items, strict=True)
        ]

    def enforce_with_context(*request: Any, resource_arn: str = "*", service_context: Any = None) -> Any:
        item_keys = getattr(resource_arn, "context", {})
        return enforce(*request, resource_arn=resource_arn, service_context={**(service_context or {}), **item_keys})

    actions.dynamodb_service_context, actions.dynamodb_transaction_checks = get_body_context, get_item_checks
    evaluator.enforce = enforce_with_context


def _with_context(arn: str, context: Context) -> str:
    item_arn = _ItemArn(arn)
    item_arn.context = context
    return item_arn


def _hash_key(tables: MiniStackModule, request: Mapping[str, Any]) -> str:
    """Return the hash key's name of a request's table or index, or an empty string if there is no such table."""
    table = tables._tables.get(str(request["TableName"]).rpartition("/")[2])
    if table is None:
        return ""
    for index in table.get("GlobalSecondaryIndexes", ()):
        if index["IndexName"] == request.get("IndexName"):
            return next(str(key["AttributeName"]) for key in index["KeySchema"] if key["KeyType"] == "HASH")
    return str(table["pk_name"])


def _name_role_of_session(evaluator: MiniStackModule, iam: MiniStackModule) -> None:
    resolve = evaluator._resolve_condition_key

    def resolve_role_arn(key: str, context: Any) -> Any:
        arn = str(context.principal_arn)
        if key.lower() != "aws:principalarn" or ":assumed-role/" not in arn:
            return resolve(key, context)
        role = iam._roles.get_scoped(arn.split(":")[4], None, arn.split("/")[1])
        return role["Arn"] if role else arn

    evaluator._resolve_condition_key = resolve_role_arn
