// A web application: users sign in at Doorward, the application keeps their tokens in its own session.
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import * as client from 'openid-client';

export async function webApplication({ issuer, clientId, clientSecret, origin }) {
  // Only for http on your own machine; leave `options` out elsewhere.
  const options = issuer.startsWith('http://127.0.0.1') ? { execute: [client.allowInsecureRequests] } : undefined;
  const authentication = client.ClientSecretBasic(clientSecret);
  const config = await client.discovery(new URL(issuer), clientId, undefined, authentication, options);
  const redirect_uri = `${origin}/callback`;
  const sessions = new Map(); // in earnest: your framework's session store

  const pages = {
    async '/login'(session) {
      session.pkceCodeVerifier = client.randomPKCECodeVerifier();
      session.expectedState = client.randomState();
      session.expectedNonce = client.randomNonce();
      return client.buildAuthorizationUrl(config, {
        redirect_uri,
        scope: 'openid profile email',
        state: session.expectedState,
        nonce: session.expectedNonce,
        code_challenge: await client.calculatePKCECodeChallenge(session.pkceCodeVerifier),
        code_challenge_method: 'S256',
      });
    },

    async '/callback'(session, url) {
      const { pkceCodeVerifier, expectedState, expectedNonce } = session;
      // Checks state, issuer and nonce, sends the code and the verifier, checks the ID token.
      const tokens = await client.authorizationCodeGrant(config, url, {
        pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true,
      });
      Object.assign(session, { tokens, user: tokens.claims() });
      return '/';
    },

    async '/refresh'(session) {
      session.tokens = await client.refreshTokenGrant(config, session.tokens.refresh_token);
      return '/';
    },

    async '/logout'(session) {
      const { id_token } = session.tokens;
      sessions.delete(session.id);
      return client.buildEndSessionUrl(config, { id_token_hint: id_token, post_logout_redirect_uri: `${origin}/` });
    },
  };

  return createServer(async (request, response) => {
    const url = new URL(request.url, origin);
    const [, id] = /(?:^|; )app=([^;]+)/.exec(request.headers.cookie ?? '') ?? [];
    const session = sessions.get(id) ?? { id: randomUUID() };
    sessions.set(session.id, session);
    try {
      const location = await pages[url.pathname]?.(session, url);
      if (location) {
        const cookie = `app=${session.id}; HttpOnly; SameSite=Lax; Path=/`;
        response.writeHead(302, { location: String(location), 'set-cookie': cookie }).end();
      } else {
        response.end(`Hello, ${session.user?.name ?? 'stranger'}`);
      }
    } catch (error) {
      console.error(error);
      response.writeHead(400).end('Signing in failed. Please try again.');
    }
  });
}
