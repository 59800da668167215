"""Saved replies: for a day, a repeated idempotency key gets the first status and body again."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

RETENTION: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedReply:
    """The first reply under a key, and its request."""

    request: str
    status: int
    body: bytes
    since: datetime


@dataclass(slots=True)
class SavedReplies:
    """The saved replies by key, and the time for which they are kept."""

    retention: timedelta = RETENTION
    replies: dict[str, SavedReply] = field(default_factory=dict[str, SavedReply])

    def find(self, key: str, now: datetime) -> SavedReply | None:
        """Return the reply saved under a key, unless it has expired."""
        saved = self.replies.get(key)
        if saved is not None and now - saved.since >= self.retention:
            del self.replies[key]
            return None
        return saved

    def save(self, key: str, request: str, status: int, body: bytes, now: datetime) -> None:
        """Save the first reply."""
        self.replies[key] = SavedReply(request=request, status=status, body=body, since=now)


def fingerprint(path: str, body: bytes) -> str:
    """Return the digest that two requests under one key must share."""
    return hashlib.sha256(path.encode() + b"\n" + body).hexdigest()
