// npm's oauth4webapi: every request and every check of its own, one level below openid-client. No check is switched off;
// plain http is allowed, on loopback.
import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';
import { check, runAll } from './lib/checks.mjs';
import { Visitor } from './lib/visitor.mjs';
import { ALICE, API, CALLBACK, ISSUER, SECRET, SIGNED_OUT, privateKey } from './lib/world.mjs';

const insecure = { [oauth.allowInsecureRequests]: true };
const SCOPE = 'openid profile email';

const discovered = await oauth.discoveryRequest(new URL(ISSUER), insecure);
const as = await oauth.processDiscoveryResponse(new URL(ISSUER), discovered);

const BASIC = { client: { client_id: 'basic', require_auth_time: true }, proof: oauth.ClientSecretBasic(SECRET) };
const PUBLIC = { client: { client_id: 'public' }, proof: oauth.None() };
const SERVICE = { client: { client_id: 'service' }, proof: oauth.ClientSecretBasic(SECRET) };

async function jwtClient(alg) {
  const rename = { [oauth.modifyAssertion]: header => { if (header.alg === 'Ed25519') header.alg = 'EdDSA'; } };
  return { client: { client_id: `jwt-${alg.toLowerCase()}` }, proof: oauth.PrivateKeyJwt(await privateKey(alg), rename) };
}

// An authorization request, and what the application remembers of it.
async function begin({ client }, extra = {}) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const address = new URL(as.authorization_endpoint);
  const parameters = {
    client_id: client.client_id,
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: SCOPE,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...extra,
  };
  address.search = new URLSearchParams(parameters);
  return { address, verifier, state, nonce };
}

// The callback, checked: state, and the issuer of RFC 9207.
async function authorize(app, extra, visitor = new Visitor(ISSUER)) {
  const request = await begin(app, extra);
  const callback = await visitor.signIn(request.address, ALICE);
  return { ...request, callback, answer: oauth.validateAuthResponse(as, app.client, callback, request.state) };
}

async function redeem(app, { answer, verifier, nonce }, additionalParameters) {
  const options = { ...insecure, additionalParameters };
  const response = await oauth.authorizationCodeGrantRequest(
    as, app.client, app.proof, answer, CALLBACK, verifier, options,
  );
  const result = await oauth.processAuthorizationCodeResponse(as, app.client, response, {
    expectedNonce: nonce, requireIdToken: true, maxAge: 3600,
  });
  // The library leaves this out where TLS protects the answer.
  await oauth.validateApplicationLevelSignature(as, response, insecure);
  const [code, state] = ['code', 'state'].map(name => answer.get(name));
  return { ...result, code, state, claims: oauth.getValidatedIdTokenClaims(result) };
}

async function signIn(app, extra, parameters) {
  return redeem(app, await authorize(app, extra), parameters);
}

async function userinfo(app, token, subject, options) {
  const response = await oauth.userInfoRequest(as, app.client, token, insecure);
  return oauth.processUserInfoResponse(as, app.client, subject, response, options);
}

async function introspect(app, token) {
  const response = await oauth.introspectionRequest(as, app.client, app.proof, token, insecure);
  return oauth.processIntrospectionResponse(as, app.client, response);
}

async function refresh(app, token) {
  const response = await oauth.refreshTokenGrantRequest(as, app.client, app.proof, token, insecure);
  return oauth.processRefreshTokenResponse(as, app.client, response);
}

async function clientCredentials(app, parameters) {
  const response = await oauth.clientCredentialsGrantRequest(as, app.client, app.proof, parameters, insecure);
  return oauth.processClientCredentialsResponse(as, app.client, response);
}

// OpenID Connect Core 1.0 §3.1.3.6: the left half of the hash that the signature is made with.
async function half(text, algorithm = 'SHA-256') {
  const digest = Buffer.from(await crypto.subtle.digest(algorithm, new TextEncoder().encode(text)));
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

// As an API does with what comes to it.
function validated(token, audience, options) {
  const request = new Request(audience, { headers: { authorization: `Bearer ${token}` } });
  return oauth.validateJwtAccessToken(as, request, audience, { ...insecure, ...options });
}

// What is sent again at once may be the network's doing: it is taken for stolen when it comes later.
const later = () => new Promise(resolve => setTimeout(resolve, 2500));

async function refuses(promise, error) {
  await assert.rejects(promise, thrown => {
    assert.ok(thrown instanceof oauth.ResponseBodyError, thrown.stack);
    assert.deepEqual([thrown.error, thrown.status], [error, 400]);
    return true;
  });
}

check('the metadata are those of OpenID Connect Discovery 1.0 §3', () => {
  for (const name of [
    'authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri', 'introspection_endpoint',
    'revocation_endpoint', 'end_session_endpoint', 'check_session_iframe',
  ]) {
    assert.equal(new URL(as[name]).origin, new URL(ISSUER).origin, name);
  }
  assert.deepEqual(as.response_types_supported, ['code']);
  assert.ok(as.id_token_signing_alg_values_supported.includes('RS256'));
  assert.ok(as.subject_types_supported.includes('public'));
  assert.deepEqual(as.code_challenge_methods_supported, ['S256']);
  assert.deepEqual(new Set(as.response_modes_supported), new Set(['query', 'form_post']));
  assert.equal(as.authorization_response_iss_parameter_supported, true);
});

check('the answer names its issuer, and another one is noticed', async () => {
  const { callback, state } = await authorize(BASIC);
  const other = new URL(callback);
  other.searchParams.set('iss', 'https://attacker.example');
  assert.throws(() => oauth.validateAuthResponse(as, BASIC.client, other, state));
  other.searchParams.delete('iss');
  assert.throws(() => oauth.validateAuthResponse(as, BASIC.client, other, state));
});

for (const [name, app] of Object.entries({
  basic: () => BASIC, none: () => PUBLIC, ES256: () => jwtClient('ES256'), RS256: () => jwtClient('RS256'),
  EdDSA: () => jwtClient('EdDSA'),
})) {
  check(`${name}: code, ID token with its signature, userinfo with its subject, refresh`, async () => {
    const party = await app();
    const tokens = await signIn(party);
    assert.equal(tokens.claims.azp ?? tokens.claims.aud, party.client.client_id);
    const { code, state } = tokens;
    assert.equal(tokens.claims.at_hash, await half(tokens.access_token));
    assert.equal(tokens.claims.c_hash, await half(code));
    assert.equal(tokens.claims.s_hash, await half(state));
    const person = await userinfo(party, tokens.access_token, tokens.claims.sub);
    assert.deepEqual([person.email, person.email_verified], [ALICE.email, true]);
    await assert.rejects(userinfo(party, tokens.access_token, 'somebody-else'));
    const renewed = await refresh(party, tokens.refresh_token);
    assert.equal(oauth.getValidatedIdTokenClaims(renewed).sub, tokens.claims.sub);
    assert.equal(oauth.getValidatedIdTokenClaims(renewed).auth_time, tokens.claims.auth_time);
  });
}

for (const [alg, hash] of [['ES256', 'SHA-256'], ['EdDSA', 'SHA-512']]) {
  check(`an ID token signed with ${alg}, and its hashes`, async () => {
    const id = { client_id: `id-${alg.toLowerCase()}`, id_token_signed_response_alg: alg };
    const { claims, access_token: token, code, state } = await signIn({ client: id, proof: BASIC.proof });
    const expected = await Promise.all([token, code, state].map(text => half(text, hash)));
    assert.deepEqual([claims.at_hash, claims.c_hash, claims.s_hash], expected);
  });
}

check('RFC 9068: an API that was named accepts the token', async () => {
  const { access_token: token } = await clientCredentials(SERVICE, { scope: 'user.read', resource: API });
  const claims = await validated(token, API);
  assert.deepEqual([claims.sub, claims.client_id, claims.iss], ['service', 'service', ISSUER]);
  assert.deepEqual([claims.scope].flat(), ['user.read']);
  await assert.rejects(validated(token, 'https://elsewhere.example/'));

  const tokens = await signIn(BASIC, { resource: API }, { resource: API });
  const user = await validated(tokens.access_token, API);
  assert.deepEqual([user.sub, user.client_id, user.sid], [tokens.claims.sub, 'basic', tokens.claims.sid]);
  assert.equal(user.auth_time, tokens.claims.auth_time);
});

check('RFC 9068: an ID token is no access token', async () => {
  const tokens = await signIn(BASIC);
  const request = new Request(API, { headers: { authorization: `Bearer ${tokens.id_token}` } });
  await assert.rejects(oauth.validateJwtAccessToken(as, request, 'basic', insecure));
  await assert.rejects(userinfo(BASIC, tokens.id_token, tokens.claims.sub), { status: 401 });
});

check('introspection, and what it says after revocation', async () => {
  const tokens = await signIn(BASIC);
  const access = await introspect(BASIC, tokens.access_token);
  assert.deepEqual([access.active, access.client_id, access.sub], [true, 'basic', tokens.claims.sub]);
  assert.ok(access.exp > access.iat);
  const request = await oauth.revocationRequest(as, BASIC.client, BASIC.proof, tokens.refresh_token, insecure);
  await oauth.processRevocationResponse(request);
  for (const token of [tokens.access_token, tokens.refresh_token]) {
    assert.deepEqual(await introspect(BASIC, token), { active: false });
  }
  // RFC 7009 §2.2: one that is unknown is revoked already.
  const again = await oauth.revocationRequest(as, BASIC.client, BASIC.proof, 'unknown', insecure);
  await oauth.processRevocationResponse(again);
});

check('a code works once, and its replay ends what it created', async () => {
  const request = await authorize(BASIC);
  const tokens = await redeem(BASIC, request);
  await later();
  await refuses(redeem(BASIC, request), 'invalid_grant');
  await refuses(refresh(BASIC, tokens.refresh_token), 'invalid_grant');
  assert.deepEqual(await introspect(BASIC, tokens.access_token), { active: false });
});

check('a code with a wrong verifier is refused and used up', async () => {
  const request = await authorize(PUBLIC);
  await refuses(redeem(PUBLIC, { ...request, verifier: oauth.generateRandomCodeVerifier() }), 'invalid_grant');
  await refuses(redeem(PUBLIC, request), 'invalid_grant');
});

check('a code of one application is worth nothing to another', async () => {
  const request = await authorize(PUBLIC);
  const answer = oauth.validateAuthResponse(as, BASIC.client, request.callback, request.state);
  await refuses(redeem(BASIC, { ...request, answer }), 'invalid_grant');
});

check('a refresh token is rotated, and its replay ends the family', async () => {
  const first = await signIn(PUBLIC);
  const second = await refresh(PUBLIC, first.refresh_token);
  await refuses(refresh(BASIC, second.refresh_token), 'invalid_grant');
  const third = await refresh(PUBLIC, second.refresh_token);
  await later();
  await refuses(refresh(PUBLIC, first.refresh_token), 'invalid_grant');
  await refuses(refresh(PUBLIC, third.refresh_token), 'invalid_grant');
});

check('errors come back to the application, with state and issuer', async () => {
  const cases = [
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: 'code id_token' }, 'unsupported_response_type'],
    [{ scope: 'openid not.mine' }, 'invalid_scope'],
    [{ prompt: 'none' }, 'login_required'],
    [{ prompt: 'none login' }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge: '' }, 'invalid_request'],
    [{ request: 'e30.e30.' }, 'request_not_supported'],
    [{ request_uri: 'https://attacker.example/' }, 'request_uri_not_supported'],
    [{ registration: '{}' }, 'registration_not_supported'],
    [{ resource: 'https://elsewhere.example/' }, 'invalid_target'],
  ];
  for (const [extra, error] of cases) {
    const { address, state } = await begin(PUBLIC, extra);
    const { away, page } = await new Visitor(ISSUER).get(address);
    assert.ok(away, `${JSON.stringify(extra)} → ${page?.status} ${page?.text}`);
    assert.throws(() => oauth.validateAuthResponse(as, PUBLIC.client, away, state), thrown => {
      assert.ok(thrown instanceof oauth.AuthorizationResponseError, thrown.stack);
      assert.equal(thrown.error, error, JSON.stringify(extra));
      return true;
    });
  }
});

check('who may not be answered gets a page', async () => {
  for (const extra of [
    { redirect_uri: 'https://attacker.example/' }, { redirect_uri: `${CALLBACK}/` }, { redirect_uri: '' },
    { client_id: 'nobody' }, { client_id: '' },
  ]) {
    const { address } = await begin(BASIC, extra);
    const { away, page } = await new Visitor(ISSUER).get(address);
    assert.equal(away, undefined, JSON.stringify(extra));
    assert.equal(page.status, 400, JSON.stringify(extra));
    assert.ok(!page.html.includes('attacker.example'), page.html);
  }
});

check('RP-initiated logout leads to registered addresses only', async () => {
  const visitor = new Visitor(ISSUER);
  const tokens = await redeem(BASIC, await authorize(BASIC, {}, visitor));
  const leave = async parameters => {
    const address = new URL(as.end_session_endpoint);
    address.search = new URLSearchParams({ id_token_hint: tokens.id_token, ...parameters });
    return visitor.get(address);
  };
  const { page } = await leave({ post_logout_redirect_uri: 'https://attacker.example/' });
  assert.equal(page.status, 400);
  assert.equal((await introspect(BASIC, tokens.access_token)).active, true);
  const { away } = await leave({ post_logout_redirect_uri: SIGNED_OUT, state: 's' });
  assert.equal(away.href, `${SIGNED_OUT}?state=s`);
  assert.deepEqual(await introspect(BASIC, tokens.access_token), { active: false });
});

await runAll();
