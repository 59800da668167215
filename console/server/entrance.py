"""The entrance: a start token that works once is exchanged for a session cookie, valid for this process."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Final

_BYTES: Final = 32


@dataclass(slots=True, kw_only=True)
class Entrance:
    """The secrets of one console: start token, session and the CSRF token that belongs to the session."""

    port: int
    start_token: str = field(default_factory=lambda: secrets.token_urlsafe(_BYTES), repr=False)
    _session: str = field(default_factory=lambda: secrets.token_urlsafe(_BYTES), repr=False)
    _is_used: bool = False

    @property
    def origin(self) -> str:
        """The origin of every page."""
        return f"http://{self.host}"

    @property
    def host(self) -> str:
        """The only accepted value of the Host header."""
        return f"127.0.0.1:{self.port}"

    @property
    def start_url(self) -> str:
        """The address that opens the console; it works once."""
        return f"{self.origin}/start?token={self.start_token}"

    @property
    def cookie_name(self) -> str:
        """The cookie's name: a browser sends cookies of 127.0.0.1 to every port, so each console has its own."""
        return f"booking_console_{self.port}"

    @property
    def csrf_token(self) -> str:
        """The token in every form; it is derived from the session, which cannot be derived from it."""
        return hmac.digest(self._session.encode(), b"csrf", hashlib.sha256).hex()

    def redeem(self, token: str) -> str | None:
        """Return the Set-Cookie header for the start token; None for any other token, and for a second use."""
        if self._is_used or not _equal(token, self.start_token):
            return None
        self._is_used = True
        return f"{self.cookie_name}={self._session}; HttpOnly; SameSite=Strict; Path=/"

    def knows(self, cookie_header: str) -> bool:
        """Return True if a Cookie header has the session, which exists only once the start token was redeemed."""
        try:
            sent = SimpleCookie(cookie_header).get(self.cookie_name)
        except CookieError:
            return False
        return self._is_used and sent is not None and _equal(sent.value, self._session)

    def accepts(self, csrf_token: str) -> bool:
        """Return True for the CSRF token of the session."""
        return _equal(csrf_token, self.csrf_token)


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
