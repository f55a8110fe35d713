"""Signing in by an identity provider: what is right gets in; everything that was forged, replayed or borrowed does not."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from asking import HERE, PASSWORD, Client, Got

pytest.importorskip("joserfc", reason="needs the extra oidc")
pytest.importorskip("authlib", reason="needs the extra oidc")

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from provider import SECRET, IdentityProvider

from ninefold import config
from ninefold.accounts import Accounts
from ninefold.accounts.oidc.settings import oidc_settings
from ninefold.errors import UsageError
from ninefold.project.home import Home
from ninefold.server.app import build
from ninefold.server.runtime import Runtime


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[IdentityProvider]:
    monkeypatch.setenv("OIDC_SECRET", SECRET)
    made = IdentityProvider()
    yield made
    made.close()


class Site:
    """A server whose people sign in at the provider, and a browser."""

    def __init__(self, folder: Path, provider: IdentityProvider, *settings: str) -> None:
        lines = ["[tool.ninefold.oidc]", f'issuer = "{provider.issuer}"', 'client_id = "ninefold"', 'client_secret = "env:OIDC_SECRET"', *settings]
        (folder / "pyproject.toml").write_text("\n".join(lines))
        self.provider, self.home = provider, Home(config.load(folder), "alpha")
        self.accounts = Accounts(self.home.ledger)
        if not self.accounts.people.exist():
            self.accounts.people.add("ada", password=PASSWORD, email="ada@example.org")
            self.accounts.grants.give("ada", "administrator")
        self.client = Client(build(Runtime(self.home)))

    def leave(self, after: str = "/runs") -> tuple[str, str]:
        """Where the provider sends the browser back to, and the cookie that it has."""
        left = self.client("GET", f"/sign-in/provider?next={after}")
        assert left.status == 303, left.text
        return self.provider.authorize(left.header("location")).removeprefix(HERE), left.cookie

    def sign_in(self, after: str = "/runs") -> Got:
        back, cookie = self.leave(after)
        return self.client("GET", back, cookie=cookie)

    def me(self, got: Got) -> Any:
        return self.client("GET", "/api/me", cookie=got.cookie).json

    def bearer(self, token: str) -> Got:
        return self.client("GET", "/api/me", authorization=f"Bearer {token}")

    def close(self) -> None:
        self.client.close()
        self.home.close()


ROLES = 'roles = { ml = "alpha:scientist", admins = ["*:administrator", "*:viewer"] }'


@pytest.fixture
def site(tmp_path: Path, provider: IdentityProvider) -> Iterator[Site]:
    made = Site(tmp_path, provider, ROLES, 'audience = "ninefold-api"', 'name = "Example"')
    yield made
    made.close()


def b64(value: Any) -> str:
    return base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).decode().rstrip("=")


def test_whoever_the_provider_knows_gets_an_account_with_the_roles_of_the_groups(site: Site) -> None:
    assert "Sign in with Example" in site.client("GET", "/sign-in").text
    got = site.sign_in("/runs?x=1")
    assert (got.status, got.header("location")) == (303, "/runs?x=1")
    assert site.me(got) == {"name": "grace", "via": "session", "roles": {"alpha": ["scientist"]}}
    facts = [(f.kind, f.subject) for f in site.home.ledger.facts(after=2)]
    assert facts == [("user.added", "*/user/grace"), ("role.granted", "*/user/grace")]
    # roles follow the groups; what people gave stays
    site.accounts.grants.give("grace", "auditor", "beta", actor="ada")
    site.provider.person["groups"] = ["admins", "unknown"]
    assert site.me(site.sign_in())["roles"] == {"*": ["administrator", "viewer"], "beta": ["auditor"]}
    site.accounts.people.disable("grace")
    assert site.sign_in().status == 403


def test_keys_of_each_kind_sign_and_are_rotated(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for alg, kid in (("RS256", "rsa1"), ("ES256", "ec1"), ("EdDSA", "ed1")):
        site.provider.forge = lambda h, c, alg=alg, kid=kid: site.provider.signed({"alg": alg, "kid": kid}, c)
        assert site.sign_in().status == 303, alg
    site.provider.keys["rsa2"] = RSAKey.generate_key(2048, {"kid": "rsa2"}, private=True)
    site.provider.forge = lambda h, c: site.provider.signed({"alg": "RS256", "kid": "rsa2"}, c)
    assert site.sign_in().status == 403  # it was asked a moment ago: whoever invents names of keys does not make us ask again
    asked = site.provider.asked.count("/keys")
    for _ in range(3):
        site.sign_in()
    assert site.provider.asked.count("/keys") == asked == 1
    since = time.monotonic()
    monkeypatch.setattr("ninefold.accounts.oidc.provider.time.monotonic", lambda: since + 40)
    assert site.sign_in().status == 303
    assert site.provider.asked.count("/keys") == 2


def test_forged_tokens_are_refused(site: Site) -> None:
    provider, other = site.provider, RSAKey.generate_key(2048, {"kid": "rsa1"}, private=True)
    public = provider.keys["rsa1"].as_pem(private=False)
    good = {"alg": "RS256", "kid": "rsa1"}

    def signed(header: dict[str, Any], claims: dict[str, Any], key: Any = None) -> str:
        return jwt.encode(header, claims, key or provider.keys[header.get("kid", "rsa1")], algorithms=[header["alg"]])

    def hmac256(header: dict[str, Any], claims: dict[str, Any], key: bytes) -> str:
        import hashlib
        import hmac

        text = f"{b64(header)}.{b64(claims)}"
        return f"{text}.{b64(hmac.new(key, text.encode(), hashlib.sha256).digest())}"

    def changed(token: str, claims: dict[str, Any]) -> str:
        head, _, signature = token.split(".")
        return f"{head}.{b64(claims)}.{signature}"

    forgeries: dict[str, Any] = {
        "alg none": lambda h, c: f"{b64({'alg': 'none', 'kid': 'rsa1'})}.{b64(c)}.",
        "alg NoNe": lambda h, c: f"{b64({'alg': 'NoNe', 'kid': 'rsa1'})}.{b64(c)}.",
        "no alg": lambda h, c: f"{b64({'kid': 'rsa1'})}.{b64(c)}.",
        "HS256 with the public key": lambda h, c: hmac256({"alg": "HS256", "kid": "rsa1"}, c, public),
        "HS256 with the key of the set": lambda h, c: hmac256({"alg": "HS256", "kid": "oct1"}, c, b"k" * 32),
        "RS384": lambda h, c: signed({"alg": "RS384", "kid": "rsa1"}, c),
        "another kind of key": lambda h, c: jwt.encode({"alg": "ES256", "kid": "rsa1"}, c, provider.keys["ec1"], algorithms=["ES256"]),
        "unknown kid": lambda h, c: signed({"alg": "RS256", "kid": "rsa9"}, c, other),
        "no kid among several": lambda h, c: signed({"alg": "RS256"}, c, other),
        "another's key": lambda h, c: signed(good, c, other),
        "jwk header": lambda h, c: signed({**good, "jwk": other.as_dict(private=False)}, c, other),
        "jku header": lambda h, c: signed({**good, "jku": f"{provider.issuer}/keys"}, c),
        "x5u header": lambda h, c: signed({**good, "x5u": f"{provider.issuer}/keys"}, c),
        "expired": lambda h, c: signed(good, {**c, "exp": c["iat"] - 120, "iat": c["iat"] - 400}),
        "not yet": lambda h, c: signed(good, {**c, "nbf": c["iat"] + 300}),
        "issued ahead": lambda h, c: signed(good, {**c, "iat": c["iat"] + 300}),
        "exp as text": lambda h, c: signed(good, {**c, "exp": "never"}),
        "exp infinite": lambda h, c: signed(good, {**c, "exp": 1e300}),
        **{
            f"no {name}": lambda h, c, n=name: signed(good, {k: v for k, v in c.items() if k != n})
            for name in ("iss", "aud", "sub", "exp", "iat", "nonce")
        },
        "another issuer": lambda h, c: signed(good, {**c, "iss": "https://evil.example"}),
        "another audience": lambda h, c: signed(good, {**c, "aud": "somebody"}),
        "several audiences and no azp": lambda h, c: signed(good, {**c, "aud": ["ninefold", "other"]}),
        "another azp": lambda h, c: signed(good, {**c, "azp": "other"}),
        "another nonce": lambda h, c: signed(good, {**c, "nonce": "x"}),
        "subject no text": lambda h, c: signed(good, {**c, "sub": 7}),
        "changed payload": lambda h, c: changed(signed(good, c), {**c, "sub": "root"}),
        "no signature": lambda h, c: signed(good, c).rpartition(".")[0] + ".",
        "garbage": lambda h, c: "a.b.c",
        "empty": lambda h, c: "",
        "long": lambda h, c: signed(good, {**c, "x": "y" * 40_000}),
    }
    taken = []
    for name, forge in forgeries.items():
        provider.forge = forge
        got = site.sign_in()
        if (got.status, got.header("set-cookie").count("Max-Age=604800")) != (403, 0):
            taken.append((name, got.status, got.text[:300]))
    assert taken == []
    assert [p.name for p in site.accounts.people.all()] == ["ada"]
    provider.forge = provider.signed
    assert site.sign_in().status == 303


def test_the_state_belongs_to_one_browser_and_is_used_once(site: Site) -> None:
    back, cookie = site.leave()
    assert site.client("GET", back).status == 403  # a link that somebody was given: not begun in this browser
    _, other = site.leave()
    assert site.client("GET", back, cookie=other).status == 403
    again, mine = site.leave()
    assert site.client("GET", again.replace("state=", "state=x"), cookie=mine).status == 403
    assert site.client("GET", back, cookie=cookie).status == 303
    replayed = site.client("GET", back, cookie=cookie)
    assert (replayed.status, "Max-Age=604800" in replayed.header("set-cookie")) == (403, False)
    mixed, fresh = site.leave()
    assert site.client("GET", mixed.partition("&iss=")[0] + "&iss=https%3A%2F%2Fevil.example", cookie=fresh).status == 403
    stolen, hers = site.leave()
    code = dict(parse_qsl(urlsplit(stolen).query))["code"]
    _, his = site.leave()
    assert site.client("GET", stolen, cookie=his).status == 403  # somebody else's code
    assert code in site.provider.codes
    refused = site.client("GET", "/sign-in/provider/back?error=access_denied&error_description=no%3Cscript%3E", cookie=hers)
    assert refused.status == 403
    assert "<script>" not in refused.text


def test_a_state_ends_after_ten_minutes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    back, cookie = site.leave()
    since = time.monotonic()
    monkeypatch.setattr("ninefold.accounts.oidc.flow.time.monotonic", lambda: since + 601)
    assert site.client("GET", back, cookie=cookie).status == 403


def test_an_account_is_not_taken_over_by_its_address_or_name(tmp_path: Path, provider: IdentityProvider) -> None:
    provider.person |= {"preferred_username": "ada", "email": "ada@example.org", "email_verified": True}
    site = Site(tmp_path, provider, ROLES)
    name = site.me(site.sign_in())["name"]
    assert name.startswith("oidc-")  # the name is taken, so it is another one
    assert site.accounts.people.get("ada").subject is None
    site.close()


@pytest.mark.parametrize(("verified", "linked"), [(True, True), (False, False), ("true", False), (None, False)])
def test_by_address_only_where_it_is_verified_and_allowed(tmp_path: Path, provider: IdentityProvider, verified: Any, linked: bool) -> None:
    provider.person |= {"email": "Ada@Example.org", "email_verified": verified}
    site = Site(tmp_path, provider, "link_by_email = true", ROLES)
    assert (site.me(site.sign_in())["name"] == "ada") is linked
    if linked:  # the same address at the provider again, for another person
        provider.person["sub"] = "u2"
        assert site.me(site.sign_in())["name"] == "grace"
    site.close()


def test_who_has_no_group_gets_no_account_unless_the_settings_say_so(tmp_path: Path, provider: IdentityProvider) -> None:
    provider.person["groups"] = []
    site = Site(tmp_path, provider, ROLES)
    assert site.sign_in().status == 403
    assert [p.name for p in site.accounts.people.all()] == ["ada"]
    site.close()
    site = Site(tmp_path, provider, ROLES, "create = true")
    assert site.me(site.sign_in())["roles"] == {}
    site.close()


def test_the_providers_tokens_are_taken_by_the_api_for_their_audience(site: Site) -> None:
    provider, header = site.provider, {"alg": "RS256", "kid": "rsa1"}
    good = site.bearer(provider.signed(header, provider.claims("ninefold-api")))
    assert good.json == {"name": "grace", "via": "provider", "roles": {"alpha": ["scientist"]}}
    assert site.bearer(provider.signed(header, provider.claims("ninefold"))).status == 401  # an ID token is no access token
    assert site.bearer(provider.signed(header, provider.claims("ninefold-api", exp=int(time.time()) - 120))).status == 401
    assert site.bearer("nf_" + provider.signed(header, provider.claims("ninefold-api"))).status == 401
    assert site.bearer("a.b.c").status == 401


def test_without_an_audience_no_token_of_the_provider_is_taken(tmp_path: Path, provider: IdentityProvider) -> None:
    site = Site(tmp_path, provider, ROLES)
    token = provider.signed({"alg": "RS256", "kid": "rsa1"}, provider.claims("ninefold"))
    assert site.bearer(token).status == 401
    site.close()


@pytest.mark.parametrize(
    "metadata",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "http://10.0.0.1/token"}, {"jwks_uri": "file:///etc/passwd"}, {"jwks_uri": None}],
)
def test_a_provider_that_is_another_one_is_not_asked(site: Site, metadata: dict[str, Any]) -> None:
    site.provider.metadata = metadata
    got = site.client("GET", "/sign-in/provider")
    assert got.status == 502
    assert site.provider.asked == ["/.well-known/openid-configuration"]


def test_a_provider_that_is_gone_is_said(site: Site) -> None:
    site.provider.close()
    got = site.client("GET", "/sign-in/provider")
    assert got.status == 502
    assert "cannot be reached" in got.text
    assert SECRET not in got.text


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"issuer": "http://id.example.com", "client_id": "x"}, "no address"),
        ({"issuer": "https://u:p@id.example.com", "client_id": "x"}, "no address"),
        ({"client_id": "x"}, "issuer"),
        ({"issuer": "https://id.example.com", "client_id": "x", "sercet": "y"}, "sercet"),
        ({"issuer": "https://id.example.com", "client_id": "x", "client_secret": "in the clear"}, "stands in the settings"),
        ({"issuer": "https://id.example.com", "client_id": "x", "roles": {"a": "scientist"}}, "no project"),
        ({"issuer": "https://id.example.com", "client_id": "x", "roles": {"a": "p:boss"}}, "no role"),
    ],
)
def test_wrong_settings_are_told_when_the_server_starts(table: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        oidc_settings(table)


def test_a_shared_key_never_verifies_a_providers_token(site: Site) -> None:
    site.provider.forge = lambda h, c: jwt.encode({"alg": "HS256", "kid": "oct1"}, c, OctKey.import_key(b"k" * 32), algorithms=["HS256"])
    assert site.sign_in().status == 403
