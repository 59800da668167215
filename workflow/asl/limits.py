"""Limits of Step Functions, each stated once with its source.

Sources, unless stated otherwise: developer guide, "Quotas" (service-quotas.html) and "Map workflow state".
"""

from __future__ import annotations

from typing import Final

MAX_DEFINITION_BYTES: Final = 1_048_576
MAX_PAYLOAD_BYTES: Final = 262_144
"""The limit of a state's input and output, a task's arguments and result, and a Map's batch: 256 KiB of UTF-8."""
MAX_STATE_NAME_LENGTH: Final = 80
MAX_VARIABLE_NAME_LENGTH: Final = 80
MAX_LABEL_LENGTH: Final = 40
MAX_MESSAGE_DELAY_SECONDS: Final = 900
"""Source: SQS API reference, SendMessage, DelaySeconds."""
MAX_LAMBDA_SECONDS: Final = 900
"""The longest timeout of a function. Source: Lambda developer guide, "Lambda quotas"."""
MAX_READER_ITEMS: Final = 100_000_000
"""Source: developer guide, "ItemReader", MaxItems."""
MAX_CAUSE_LENGTH: Final = 32_768
"""Source: API reference, HistoryEvent, cause."""
MAX_SECONDS: Final = 99_999_999
"""The longest duration that a definition may contain. Source: States Language specification, "Timeouts"."""
MAX_RETRY_DELAY_SECONDS: Final = 31_622_399
"""Source: developer guide, "Error handling", MaxDelaySeconds."""
MAX_WAIT_SECONDS: Final = 2**31 - 1
"""Source: executions recorded by LocalStack, in which 24,855 days are a valid delay and 24,856 are not."""
MAX_EXPRESS_SECONDS: Final = 300
"""An EXPRESS execution ends after five minutes, whatever its TimeoutSeconds is."""
MAX_INLINE_CONCURRENCY: Final = 40
MAX_DISTRIBUTED_CONCURRENCY: Final = 10_000
MAX_HISTORY_EVENTS: Final = 25_000
