"""Signing in at the provider: what was asked of it is kept here, for one browser, for ten minutes, and is answered once."""

import hmac
import secrets
import time
from importlib.util import find_spec
from typing import NamedTuple

from ninefold.accounts.accounts import Accounts
from ninefold.accounts.caller import Caller
from ninefold.accounts.oidc.admitting import admit
from ninefold.accounts.oidc.provider import Provider
from ninefold.accounts.oidc.settings import OidcSettings
from ninefold.accounts.oidc.tokens import claims_of
from ninefold.errors import DeniedError, UsageError

LASTS = 600  # seconds from leaving to coming back
MOST = 10_000  # browsers on their way


class _Asked(NamedTuple):
    state: str
    nonce: str
    verifier: str
    redirect: str
    after: str
    until: float


class Flow:
    """The code flow with PKCE at one provider."""

    def __init__(self, accounts: Accounts, settings: OidcSettings) -> None:
        if find_spec("authlib") is None or find_spec("joserfc") is None:
            raise UsageError("signing in by an identity provider needs more packages", hint="pip install 'ninefold[oidc]'")
        self.accounts, self.settings, self.provider = accounts, settings, Provider(settings)
        self._asked: dict[str, _Asked] = {}

    def begin(self, redirect: str, after: str) -> tuple[str, str]:
        """Where to send the browser, and the text that it has to bring back in a cookie. Raises ProviderError."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        text = secrets.token_urlsafe(32)
        asked = _Asked(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(32), redirect, after, time.monotonic() + LASTS)
        url = prepare_grant_uri(
            str(self.provider.metadata["authorization_endpoint"]),
            self.settings.client_id,
            "code",
            redirect,
            self.settings.scopes,
            asked.state,
            nonce=asked.nonce,
            code_challenge=create_s256_code_challenge(asked.verifier),
            code_challenge_method="S256",
        )
        while len(self._asked) >= MOST:
            self._asked.pop(next(iter(self._asked)), None)
        self._asked[text] = asked
        return str(url), text

    def finish(self, text: str, state: str, code: str, issuer: str | None) -> tuple[str, str]:
        """The account that comes back, and where it wanted to go. Raises DeniedError: for a state that is another browser's, too
        old, or used before; for a code or a token that is not right.
        """
        asked = self._asked.pop(text, None)
        if asked is None or asked.until < time.monotonic() or not hmac.compare_digest(asked.state.encode(), state.encode()):
            raise DeniedError("this sign-in was not begun in this browser, or is over", hint="sign in again")
        if issuer is not None and issuer != self.settings.issuer:
            raise DeniedError("the answer is that of another identity provider", hint="sign in again")
        given = self.provider.exchange(code, asked.verifier, asked.redirect)
        claims = claims_of(
            self.provider, str(given.get("id_token", "")), audience=self.settings.client_id, nonce=asked.nonce, party=self.settings.client_id
        )
        return admit(self.accounts, self.settings, claims), asked.after

    def bearer(self, text: str) -> tuple[Caller, int] | None:
        """Who shows an access token of the provider, and when it ends (µs); None where none is taken, or it is not right."""
        if not self.settings.audience:
            return None
        try:
            claims = claims_of(self.provider, text, audience=self.settings.audience)
            name = admit(self.accounts, self.settings, claims)
        except DeniedError:
            return None
        return Caller(name, "provider", self.accounts.grants.of(name)), int(claims["exp"]) * 1_000_000
