"""The provider over HTTP: what it says of itself, its keys, and tokens for codes. It is asked nothing that the settings do not name."""

import threading
import time
from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.accounts.oidc.settings import OidcSettings, check_url
from ninefold.errors import DeniedError, NinefoldError, UsageError

if TYPE_CHECKING:
    from joserfc.jwk import Key

SECONDS = 10.0  # for one answer
MOST = 2**20  # bytes of one answer
KEPT = 3600.0  # seconds for which metadata and keys are believed
AGAIN = 30.0  # seconds between two looks for a key that is not there: an invented name of a key must not make us ask


class ProviderError(NinefoldError):
    """The identity provider cannot be reached, or does not answer as one."""

    code = "provider"
    status = 502


class Provider:
    """An identity provider, asked over HTTP. Thread-safe."""

    def __init__(self, settings: OidcSettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._metadata: tuple[dict[str, Any], float] | None = None
        self._keys: tuple[dict[str, Key], float] | None = None
        self._looked = -AGAIN

    @property
    def metadata(self) -> dict[str, Any]:
        """What the provider says of itself. Raises ProviderError, also where it says to be another issuer."""
        with self._lock:
            if self._metadata is None or self._metadata[1] < time.monotonic():
                found = self._get(self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration")
                if found.get("issuer") != self.settings.issuer:
                    raise ProviderError(
                        f'the provider says that it is "{str(found.get("issuer"))[:200]}"', hint=f"the settings say {self.settings.issuer}"
                    )
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    try:
                        check_url(str(found.get(name)), name)
                    except UsageError as error:
                        raise ProviderError(error.message, where=name, hint="the provider's metadata must name https addresses") from None
                self._metadata = (found, time.monotonic() + KEPT)
            return self._metadata[0]

    def key(self, kid: str | None) -> "Key":
        """The key of that name; without a name the only key. DeniedError where there is none.

        A name that is not known makes us ask the provider again, because keys are rotated, but not more often than each half minute.
        """
        uri = str(self.metadata["jwks_uri"])
        with self._lock:
            now = time.monotonic()
            old = self._keys is None or self._keys[1] < now or (kid is not None and kid not in self._keys[0])
            if old and now - self._looked >= AGAIN:
                self._looked = now
                self._keys = (self._fetched(uri), now + KEPT)
            known = {} if self._keys is None or self._keys[1] < now else self._keys[0]
        if kid is None and len(known) == 1:
            return next(iter(known.values()))
        if kid is None or kid not in known:
            raise DeniedError("the token is signed by a key that the provider does not have", hint="sign in again")
        return known[kid]

    def exchange(self, code: str, verifier: str, redirect: str) -> dict[str, Any]:
        """The tokens for a code. Raises DeniedError where the provider refuses it."""
        from authlib.oauth2.rfc6749.parameters import prepare_token_request

        settings = self.settings
        public = {} if settings.client_secret else {"client_id": settings.client_id}
        body = prepare_token_request("authorization_code", redirect_uri=redirect, code=code, code_verifier=verifier, **public)
        basic = (settings.client_id, settings.secret.value) if settings.client_secret else None
        return self._ask("POST", str(self.metadata["token_endpoint"]), body, basic)

    def _fetched(self, uri: str) -> dict[str, "Key"]:
        from joserfc.errors import JoseError
        from joserfc.jwk import JWKRegistry

        found: dict[str, Key] = {}
        for number, given in enumerate(self._get(uri).get("keys") or []):
            # symmetric keys have no place in a set that everybody may read
            if isinstance(given, dict) and given.get("kty") in {"RSA", "EC", "OKP"} and given.get("use", "sig") == "sig":
                try:
                    found[str(given.get("kid", number))] = JWKRegistry.import_key({k: v for k, v in given.items() if k not in {"d", "p", "q"}})
                except (JoseError, ValueError, KeyError, TypeError):
                    continue  # a key of a kind that is not known here signs nothing that is taken here
        return found

    def _get(self, url: str) -> dict[str, Any]:
        return self._ask("GET", url, None, None)

    def _ask(self, method: str, url: str, body: str | None, basic: tuple[str, str] | None) -> dict[str, Any]:
        import httpx2

        headers = {"accept": "application/json", **({"content-type": "application/x-www-form-urlencoded"} if body is not None else {})}
        try:
            with (
                httpx2.Client(timeout=SECONDS, follow_redirects=False, trust_env=False) as client,
                client.stream(method, url, content=body, headers=headers, auth=basic) as answer,
            ):
                data = b""
                for chunk in answer.iter_bytes():
                    data += chunk
                    if len(data) > MOST:
                        raise ProviderError("the identity provider's answer is too long", where=url)
                status = answer.status_code
        except httpx2.HTTPError as error:
            raise ProviderError(f"the identity provider cannot be reached: {error}", where=url, hint="try again in a moment") from None
        if status in {400, 401, 403} and body is not None:
            raise DeniedError("the identity provider did not take the code", hint="sign in again")
        try:
            found = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            found = None
        if status != 200 or not isinstance(found, dict):
            raise ProviderError(f"the identity provider answered with status {status} and no JSON object of use", where=url)
        return found
