"""PyPI's Authlib as an application uses it, with requests and with httpx2. Nothing is switched off; plain http is allowed,
on loopback."""

import json
import os
import sys
import time
import traceback
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

# Beside this file, where `./dev test` installs them.
sys.path.insert(0, str(Path(__file__).parent / "packages"))
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests  # noqa: E402
from authlib.common.security import generate_token  # noqa: E402
from authlib.integrations.base_client import OAuthError  # noqa: E402
from authlib.integrations.httpx_client import OAuth2Client  # noqa: E402
from authlib.integrations.requests_client import OAuth2Session  # noqa: E402
from authlib.oauth2.rfc7523 import PrivateKeyJWT  # noqa: E402
from authlib.oauth2.rfc8414 import get_well_known_url  # noqa: E402
from authlib.oidc.core import CodeIDToken  # noqa: E402
from joserfc import jwt  # noqa: E402
from joserfc.jwk import ECKey, KeySet  # noqa: E402

from guide import SignIn  # noqa: E402
from visitor import Visitor  # noqa: E402

ISSUER = os.environ["RP_ISSUER"]
KEYS = Path(os.environ["RP_KEYS"])
SECRET = "rp+Secret/with=odd%2Bcharacters:0123456789"
ALICE = ("alice", "Wonder-Land-7")
CALLBACK = "http://127.0.0.1:4200/callback"
SCOPE = "openid profile email"

METADATA = requests.get(ISSUER + "/.well-known/openid-configuration", timeout=10).json()


def application(kind, method):
    """A client of Authlib: the session class, and what it is registered as."""
    registered = {
        "client_secret_basic": "basic",
        "client_secret_post": "post",
        "none": "public",
        "private_key_jwt": "jwt-es256",
    }[method]
    secret = None if method == "none" else SECRET
    if method == "private_key_jwt":
        secret = ECKey.import_key(json.loads((KEYS / "ES256.json").read_text()))
    options = {"trust_env": False} if kind is OAuth2Client else {}
    client = kind(
        registered,
        secret,
        scope=SCOPE,
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        token_endpoint=METADATA["token_endpoint"],
        **options,
    )
    if method == "private_key_jwt":
        client.register_client_auth_method(PrivateKeyJWT(METADATA["token_endpoint"], alg="ES256"))
    return client


def sign_in(client, visitor=None, **extra):
    """Signs alice in; answers the tokens and the validated claims of the ID token."""
    verifier, nonce = generate_token(48), generate_token(20)
    address, state = client.create_authorization_url(
        METADATA["authorization_endpoint"], code_verifier=verifier, nonce=nonce, **extra
    )
    callback = (visitor or Visitor(ISSUER)).sign_in(address, *ALICE)
    answer = {name: values[0] for name, values in parse_qs(urlsplit(callback).query).items()}
    assert answer["iss"] == ISSUER
    # It compares the state with the one given.
    tokens = client.fetch_token(authorization_response=callback, state=state, code_verifier=verifier)
    params = {
        "nonce": nonce,
        "client_id": client.client_id,
        "access_token": tokens["access_token"],
        "code": answer["code"],
    }
    return tokens, claims_of(tokens["id_token"], params)


def claims_of(id_token, params):
    """Verifies signature and claims of an ID token, at_hash and nonce included."""
    keys = KeySet.import_key_set(requests.get(METADATA["jwks_uri"], timeout=10).json())
    token = jwt.decode(id_token, keys, algorithms=["RS256"])
    options = {"iss": {"essential": True, "value": ISSUER}, "at_hash": {"essential": True}}
    claims = CodeIDToken(token.claims, token.header, options, params)
    claims.validate(now=int(time.time()), leeway=5)
    return claims


def whole_life(kind, method):
    """Sign-in, userinfo, refresh, introspection, revocation."""
    client = application(kind, method)
    tokens, claims = sign_in(client)
    assert claims["email"] == "alice@example.com", dict(claims)

    person = client.get(METADATA["userinfo_endpoint"]).json()
    assert (person["sub"], person["given_name"]) == (claims["sub"], "Alice"), person

    renewed = client.refresh_token(METADATA["token_endpoint"], refresh_token=tokens["refresh_token"])
    assert renewed["refresh_token"] != tokens["refresh_token"]
    again = claims_of(renewed["id_token"], {"client_id": client.client_id, "access_token": renewed["access_token"]})
    assert (again["sub"], again["auth_time"]) == (claims["sub"], claims["auth_time"])

    if method != "none":
        answer = client.introspect_token(METADATA["introspection_endpoint"], token=renewed["access_token"]).json()
        assert (answer["active"], answer["sub"]) == (True, claims["sub"]), answer
    reply = client.revoke_token(METADATA["revocation_endpoint"], token=renewed["refresh_token"])
    assert reply.status_code == 200, reply.text
    refused = client.get(METADATA["userinfo_endpoint"])
    assert refused.status_code == 401, refused.text
    try:
        client.refresh_token(METADATA["token_endpoint"], refresh_token=renewed["refresh_token"])
    except OAuthError as error:
        assert error.error == "invalid_grant", error
    else:
        raise AssertionError("a revoked refresh token works")


def well_known_addresses():
    """RFC 8414 §3 finds the same document."""
    address = get_well_known_url(ISSUER, external=True)
    assert requests.get(address, timeout=10).json() == METADATA
    assert METADATA["issuer"] == ISSUER


def client_credentials():
    """A service without a user."""
    for method, registered in (("client_secret_basic", "service"), ("client_secret_post", "service-post")):
        client = OAuth2Session(registered, SECRET, token_endpoint_auth_method=method, scope="user.read")
        tokens = client.fetch_token(METADATA["token_endpoint"], grant_type="client_credentials")
        assert tokens["scope"] == "user.read" and "refresh_token" not in tokens, tokens


def a_replayed_code_is_refused():
    """The error reaches the application by its name."""
    client = application(OAuth2Session, "client_secret_basic")
    verifier = generate_token(48)
    address, state = client.create_authorization_url(METADATA["authorization_endpoint"], code_verifier=verifier)
    callback = Visitor(ISSUER).sign_in(address, *ALICE)
    client.fetch_token(authorization_response=callback, state=state, code_verifier=verifier)
    try:
        client.fetch_token(authorization_response=callback, state=state, code_verifier=verifier)
    except OAuthError as error:
        assert error.error == "invalid_grant", error
    else:
        raise AssertionError("a code works twice")


def the_guide():
    """The class that the guide shows."""
    sign_in_at, session = SignIn(ISSUER, "basic", SECRET, CALLBACK), {}
    callback = Visitor(ISSUER).sign_in(sign_in_at.begin(session), *ALICE)
    claims = sign_in_at.finish(session, callback)
    assert claims["email"] == "alice@example.com"
    assert sign_in_at.userinfo(session)["sub"] == claims["sub"]


def main():
    methods = ["client_secret_basic", "client_secret_post", "none", "private_key_jwt"]
    checks = [(f"{kind.__module__.split('.')[-2]}, {method}", lambda k=kind, m=method: whole_life(k, m))
              for kind in (OAuth2Session, OAuth2Client) for method in methods]
    checks += [(check.__doc__, check) for check in
               (well_known_addresses, client_credentials, a_replayed_code_is_refused, the_guide)]
    failed = 0
    for name, check in checks:
        begun = time.monotonic()
        try:
            check()
            print(f"ok      {name}  ({(time.monotonic() - begun) * 1000:.0f} ms)")
        except Exception:  # every kind of failure is told, and the next check goes on
            failed += 1
            print(f"FAILED  {name}\n{traceback.format_exc()}")
    print(f"{len(checks) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
