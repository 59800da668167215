"""Refusing wrong component arguments before any resource exists, in one sentence per fault."""

import re
from collections.abc import Mapping, Sequence
from typing import cast

import pulumi


class InvalidArguments(pulumi.RunError):
    """A component cannot work with its arguments; the message names each key, its value and what is allowed.

    Pulumi shows it without a trace.
    """


class Arguments:
    """Collects the faults of one component's arguments, so that all of them are reported at once."""

    def __init__(self, component: str, name: str, args: Mapping[str, object], known: type) -> None:
        self._who = f"{component} {name!r}"
        self._args = args
        self._faults: list[str] = []
        allowed: Sequence[str] = sorted(known.__annotations__)
        for key in sorted(set(args) - set(allowed)):
            self._faults.append(f"{key}: no such argument; allowed are {', '.join(allowed)}")

    def whole(self, key: str, default: int, low: int, high: int, unit: str) -> int:
        """The whole number under `key`, between `low` and `high`."""
        value = self._args.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            return self._refuse(key, value, f"a whole number of {unit} from {low} to {high}", default)
        if not low <= value <= high:
            return self._refuse(key, value, f"{low} to {high} {unit}", default)
        return int(value)

    def one_of(self, key: str, default: int, allowed: Sequence[int], unit: str) -> int:
        """The number under `key`, one of `allowed`."""
        value = self._args.get(key)
        if value is None or (not isinstance(value, bool) and value in allowed):
            return default if value is None else int(str(value).removesuffix(".0"))
        return self._refuse(key, value, f"one of {', '.join(map(str, allowed))} {unit}", default)

    def flag(self, key: str, default: bool) -> bool:
        """The truth value under `key`."""
        value = self._args.get(key)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self._refuse(key, value, "true or false", 0)
        return default

    def choice(self, key: str, default: str, allowed: Sequence[str]) -> str:
        """The word under `key`, one of `allowed`."""
        value = self._args.get(key)
        if value is None or (isinstance(value, str) and value in allowed):
            return default if value is None else str(value)
        self._refuse(key, value, " or ".join(allowed), 0)
        return default

    def pattern(self, key: str, default: str, pattern: str, meaning: str) -> str:
        """The text under `key`, which matches `pattern`."""
        value = self._args.get(key)
        if value is None or (isinstance(value, str) and re.fullmatch(pattern, value)):
            return default if value is None else str(value)
        self._refuse(key, value, meaning, 0)
        return default

    def words(self, key: str, default: Sequence[str], most: int, pattern: str, meaning: str) -> list[str]:
        """The list under `key`, at most so many words that match `pattern`."""
        given = self._args.get(key)
        if given is None:
            return list(default)
        words = cast("list[object]", given) if isinstance(given, list) else []
        sound = [word for word in words if isinstance(word, str) and re.fullmatch(pattern, word)]
        if not 1 <= len(sound) <= most or sound != words:
            self._refuse(key, self._args[key], f"a list of 1 to {most} {meaning} ({pattern})", 0)
        return sound

    def required(self, *keys: str) -> None:
        """Each of `keys` is given (an Output counts: its value is not looked at)."""
        self._faults.extend(f"{key}: missing, and required" for key in keys if self._args.get(key) is None)

    def together(self, *keys: str) -> None:
        """Either all of `keys` are given or none."""
        given = [key for key in keys if self._args.get(key)]
        if given and len(given) < len(keys):
            self._faults.append(f"{', '.join(keys)}: give all or none, got only {', '.join(given)}")

    def exactly_one(self, *keys: str) -> None:
        """One of `keys` is given, and not two."""
        given = [key for key in keys if self._args.get(key) is not None]
        if len(given) != 1:
            self._faults.append(f"{', '.join(keys)}: give one of them, got {' and '.join(given) or 'none'}")

    def refuse(self, sentence: str) -> None:
        """Add a fault that concerns more than one key."""
        self._faults.append(sentence)

    def check(self) -> None:
        """Raise if anything was wrong."""
        if self._faults:
            raise InvalidArguments(
                f"{self._who} has {len(self._faults)} invalid argument(s): " + "; ".join(self._faults)
            )

    def _refuse(self, key: str, value: object, allowed: str, instead: int) -> int:
        shown = "an Output, whose value is not known yet" if isinstance(value, pulumi.Output) else repr(value)
        self._faults.append(f"{key}: got {shown}, allowed is {allowed}")
        return instead
