"""Signing users in at Doorward, with Authlib. `session` is the web framework's, of one browser."""

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet


class SignIn:
    def __init__(self, issuer, client_id, client_secret, redirect_uri):
        self.client_id, self.client_secret, self.redirect_uri = client_id, client_secret, redirect_uri
        self.metadata = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()

    def client(self, tokens=None):
        return OAuth2Session(
            self.client_id,
            self.client_secret,
            token=tokens,
            scope="openid profile email",
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
            token_endpoint=self.metadata["token_endpoint"],
        )

    def begin(self, session):
        """Answers the address to send the browser to."""
        session["verifier"], session["nonce"] = generate_token(48), generate_token(20)
        address, session["state"] = self.client().create_authorization_url(
            self.metadata["authorization_endpoint"],
            code_verifier=session["verifier"],
            nonce=session["nonce"],
        )
        return address

    def finish(self, session, callback):
        """Takes the address that the browser came back with; answers who signed in."""
        # Compares the state, sends the code and the verifier.
        session["tokens"] = self.client().fetch_token(
            authorization_response=callback, state=session["state"], code_verifier=session["verifier"]
        )
        keys = KeySet.import_key_set(requests.get(self.metadata["jwks_uri"], timeout=10).json())
        token = jwt.decode(session["tokens"]["id_token"], keys, algorithms=["RS256"])
        claims = CodeIDToken(
            token.claims,
            token.header,
            {"iss": {"essential": True, "value": self.metadata["issuer"]}},
            {"nonce": session["nonce"], "client_id": self.client_id, **session["tokens"]},
        )
        claims.validate(leeway=30)
        return claims

    def userinfo(self, session):
        return self.client(session["tokens"]).get(self.metadata["userinfo_endpoint"]).json()
