"""Whether a provider's token is right: signature, issuer, audience, times. What is not right is refused with one sentence."""

import hmac
from typing import Any

from ninefold.accounts.oidc.provider import Provider
from ninefold.errors import DeniedError

ALGORITHMS = {"RS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
LEEWAY = 60  # seconds that clocks may differ
_OWN_KEYS = ("jku", "jwk", "x5u", "x5c", "crit")  # a token that brings its own key, or asks for more than is known here
_LONGEST = 16 * 1024
_FAR = 2**40  # seconds


def claims_of(provider: Provider, text: str, *, audience: str, nonce: str | None = None, party: str | None = None) -> dict[str, Any]:
    """The claims of a token that is right. Raises DeniedError.

    ``nonce`` has to be in an ID token of our own asking; ``party`` is the client for which it has to have been made, where it names
    one or has several audiences.
    """
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jws import JWSRegistry
    from joserfc.jwt import JWTClaimsRegistry

    if len(text) > _LONGEST:
        raise _refused("it is too long")
    header = _header(text)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise _refused("its algorithm is not taken")
    if any(name in header for name in _OWN_KEYS):
        raise _refused("it brings its own key")
    kid = header.get("kid")
    key = provider.key(kid if isinstance(kid, str) else None)
    if key.key_type != ALGORITHMS[algorithm]:
        raise _refused("its algorithm is not that of its key")
    try:
        token = jwt.decode(text, key, algorithms=[algorithm], registry=JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False))
        here: dict[str, Any] = {"iss": {"value": provider.settings.issuer}, "aud": {"value": audience}, "sub": {}, "exp": {}, "iat": {}}
        asked: dict[str, Any] = {name: {"essential": True, **value} for name, value in here.items()}
        JWTClaimsRegistry(leeway=LEEWAY, **asked).validate(token.claims)
    except (JoseError, ValueError, TypeError) as error:
        raise _refused(type(error).__name__.removesuffix("Error").lower() + ": " + str(error)[:100]) from None
    return _judged(token.claims, nonce, party)


def _judged(claims: dict[str, Any], nonce: str | None, party: str | None) -> dict[str, Any]:
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255 or not claims["sub"].isprintable():
        raise _refused("its subject is no text")
    if nonce is not None and not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise _refused("it answers another question (nonce)")
    if not isinstance(claims["exp"], int | float) or not 0 < claims["exp"] < _FAR:
        raise _refused("it ends at no time")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if party is not None and (several or "azp" in claims) and claims.get("azp") != party:
        raise _refused("it was made for another client (azp)")
    return claims


def _header(text: str) -> dict[str, Any]:
    from joserfc.errors import JoseError
    from joserfc.jws import extract_compact

    try:
        return dict(extract_compact(text.encode()).headers())
    except (JoseError, ValueError, TypeError):
        raise _refused("it is no signed token") from None


def _refused(why: str) -> DeniedError:
    return DeniedError(f"the identity provider's token is refused: {why}", hint="sign in again")
