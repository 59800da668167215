"""Match errors against retriers and catchers, and compute the delay before the next attempt."""

from random import Random

from ..asl.definition import JsonObject, StateNode, Transition
from ..asl.json_type import Json
from ..asl.limits import MAX_RETRY_DELAY_SECONDS
from .state_errors import StateFailed


class Retries:
    """The retriers of one visit of a state; each counts its own attempts."""

    def __init__(self, state: StateNode, rng: Random, *, documented: bool, used: int = 0) -> None:
        """Read the retriers of a state, each of which has already made `used` retries."""
        rules = state.fields.get("Retry")
        self._rules = [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
        self._used = [used] * len(self._rules)
        self._rng = rng
        self._documented = documented

    def next_retry(self, failure: StateFailed) -> tuple[int, float] | None:
        """Return the index of the matching retrier and the delay in seconds, or None if there is no further attempt."""
        for index, rule in enumerate(self._rules):
            if failure.matches(_names(rule), documented=self._documented):
                if self._used[index] >= _number(rule.get("MaxAttempts"), 3):
                    return None
                self._used[index] += 1
                return index, self._delay(rule, self._used[index])
        return None

    def _delay(self, rule: JsonObject, attempt: int) -> float:
        interval = _number(rule.get("IntervalSeconds"), 1)
        cap = min(_number(rule.get("MaxDelaySeconds"), MAX_RETRY_DELAY_SECONDS), MAX_RETRY_DELAY_SECONDS)
        try:
            delay = min(interval * _number(rule.get("BackoffRate"), 2.0) ** (attempt - 1), cap)
        except OverflowError:
            delay = cap
        return self._rng.uniform(0, delay) if rule.get("JitterStrategy") == "FULL" else delay


def catcher_for(state: StateNode, failure: StateFailed, *, documented: bool) -> Transition | None:
    """Return the transition of the first catcher that matches an error, or None."""
    for transition in state.transitions:
        if transition.kind == "catch" and failure.matches(_names(transition.holder), documented=documented):
            return transition
    return None


def _names(rule: JsonObject) -> list[Json]:
    names = rule.get("ErrorEquals")
    return names if isinstance(names, list) else []


def _number(value: Json, default: float) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else default
