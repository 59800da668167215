"""The API: identify the caller, check permissions and start executions. The state machine decides."""
