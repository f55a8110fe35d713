"""An identity provider: a real server over HTTP with keys of its own, which can also be made to lie."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

SECRET = "the client's secret"
Forge = Callable[[dict[str, Any], dict[str, Any]], str]


class IdentityProvider:
    """``person`` are the claims of whoever signs in; ``forge`` makes the ID token from its header and claims."""

    def __init__(self) -> None:
        self.keys: dict[str, Key] = {
            "rsa1": RSAKey.generate_key(2048, {"kid": "rsa1"}, private=True),
            "ec1": ECKey.generate_key("P-256", {"kid": "ec1"}, private=True),
            "ed1": OKPKey.generate_key("Ed25519", {"kid": "ed1"}, private=True),
        }
        self.person: dict[str, Any] = {"sub": "u1", "preferred_username": "grace", "name": "Grace Hopper", "groups": ["ml"]}
        self.forge: Forge = self.signed
        self.metadata: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """A token as it should be; ``kid`` of the header chooses the key."""
        return jwt.encode(header, claims, self.keys[header["kid"]], algorithms=[header["alg"]])

    def claims(self, audience: Any, **more: Any) -> dict[str, Any]:
        now = int(time.time())
        return {"iss": self.issuer, "aud": audience, "iat": now, "exp": now + 300, **self.person, **more}

    def authorize(self, url: str) -> str:
        """What a browser gets that was sent here and whose person agrees: the address to go back to."""
        asked = dict(parse_qsl(urlsplit(url).query))
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code{len(self.codes)}"
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.issuer})}"

    def _token(self, body: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(body.get("code", ""), None)
        verified = base64.urlsafe_b64encode(hashlib.sha256(body.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        expected = "Basic " + base64.b64encode(f"ninefold:{SECRET}".encode()).decode()
        if asked is None or asked["code_challenge"] != verified or asked["redirect_uri"] != body["redirect_uri"] or authorization != expected:
            return 400, {"error": "invalid_grant"}
        header = {"alg": "RS256", "kid": "rsa1"}
        return 200, {"token_type": "Bearer", "access_token": "x", "id_token": self.forge(header, self.claims("ninefold", nonce=asked["nonce"]))}

    def _handler(provider) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                base = provider.issuer
                if self.path == "/.well-known/openid-configuration":
                    said = {"authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token", "jwks_uri": f"{base}/keys"}
                    self._answer(200, {"issuer": base, **said, **provider.metadata})
                elif self.path == "/keys":
                    # a symmetric key in the set: nothing may be signed with it
                    shared = {"kty": "oct", "kid": "oct1", "k": base64.urlsafe_b64encode(b"k" * 32).decode().rstrip("=")}
                    self._answer(200, {"keys": [*(key.as_dict(private=False) for key in provider.keys.values()), shared]})
                else:
                    self._answer(404, {})

            def do_POST(self) -> None:
                provider.asked.append(self.path)
                body = {k: v[0] for k, v in parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()).items()}
                self._answer(*provider._token(body, self.headers.get("authorization", "")))

            def _answer(self, status: int, value: Any) -> None:
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
