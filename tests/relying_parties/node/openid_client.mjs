// npm's openid-client as an application uses it. No check of the library is switched off, one is switched on (it verifies
// the signatures of ID tokens that came over the back channel too); plain http is allowed, on loopback.
import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { check, runAll } from './lib/checks.mjs';
import { Visitor } from './lib/visitor.mjs';
import { ALICE, API, CALLBACK, ISSUER, SECRET, SIGNED_OUT, privateKey } from './lib/world.mjs';

const SCOPE = 'openid profile email';
const execute = [client.allowInsecureRequests, client.enableNonRepudiationChecks];

// Newer names of algorithms are not everywhere known: RFC 9864.
const asEdDSA = { [client.modifyAssertion]: header => { if (header.alg === 'Ed25519') header.alg = 'EdDSA'; } };

const METHODS = {
  client_secret_basic: ['basic', () => client.ClientSecretBasic(SECRET)],
  client_secret_post: ['post', () => client.ClientSecretPost(SECRET)],
  none: ['public', () => client.None()],
  'private_key_jwt with ES256': ['jwt-es256', async () => client.PrivateKeyJwt(await privateKey('ES256'))],
  'private_key_jwt with RS256': ['jwt-rs256', async () => client.PrivateKeyJwt(await privateKey('RS256'))],
  'private_key_jwt with EdDSA': ['jwt-eddsa', async () => client.PrivateKeyJwt(await privateKey('EdDSA'), asEdDSA)],
};

async function configure(id, authentication, metadata = {}) {
  return client.discovery(new URL(ISSUER), id, { ...metadata }, authentication, { execute });
}

const basic = metadata => configure('basic', client.ClientSecretBasic(SECRET), metadata);

// An authorization request, and what the application remembers of it.
async function begin(config, extra = {}) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const expectedNonce = client.randomNonce();
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope: SCOPE,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    ...extra,
  });
  return { address, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
}

async function signIn(config, extra, visitor = new Visitor(ISSUER), parameters) {
  const { address, checks } = await begin(config, extra);
  const callback = await visitor.signIn(address, ALICE);
  return client.authorizationCodeGrant(config, callback, checks, parameters);
}

async function refuses(promise, error, status) {
  await assert.rejects(promise, thrown => {
    assert.equal(thrown.error, error, thrown.stack);
    if (status) assert.equal(thrown.status, status);
    return true;
  });
}

check('discovery tells what openid-client needs', async () => {
  const metadata = (await basic()).serverMetadata();
  assert.equal(metadata.issuer, ISSUER);
  assert.equal(metadata.authorization_response_iss_parameter_supported, true);
  assert.ok(metadata.supportsPKCE('S256'));
  assert.equal(metadata.supportsPKCE('plain'), false);
  for (const method of Object.keys(METHODS)) {
    assert.ok(metadata.token_endpoint_auth_methods_supported.includes(method.split(' ')[0]), method);
  }
  // Absent would mean true: OpenID Connect Discovery 1.0 §3.
  assert.equal(metadata.request_uri_parameter_supported, false);
});

check('the same is found by the way of RFC 8414', async () => {
  const options = { execute, algorithm: 'oauth2' };
  const config = await client.discovery(new URL(ISSUER), 'basic', SECRET, undefined, options);
  assert.deepEqual({ ...config.serverMetadata() }, { ...(await basic()).serverMetadata() });
});

for (const [method, [id, authentication]] of Object.entries(METHODS)) {
  check(`${method}: sign in, userinfo, refresh, revoke`, async () => {
    const config = await configure(id, await authentication());
    const tokens = await signIn(config);
    const claims = tokens.claims();
    assert.equal(claims.aud, id);
    assert.equal(claims.email, ALICE.email);
    assert.equal(tokens.token_type, 'bearer');

    const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    assert.equal(userinfo.email, ALICE.email);
    assert.equal(userinfo.given_name, 'Alice');

    const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(renewed.refresh_token, tokens.refresh_token);
    const { sub, auth_time: authTime, sid } = renewed.claims();
    assert.deepEqual({ sub, authTime, sid }, { sub: claims.sub, authTime: claims.auth_time, sid: claims.sid });

    await client.tokenRevocation(config, renewed.refresh_token, { token_type_hint: 'refresh_token' });
    await refuses(client.refreshTokenGrant(config, renewed.refresh_token), 'invalid_grant', 400);
    await assert.rejects(client.fetchUserInfo(config, renewed.access_token, claims.sub), { status: 401 });
  });
}

check('introspection by the client itself', async () => {
  for (const id of ['client_secret_basic', 'private_key_jwt with ES256']) {
    const [name, authentication] = METHODS[id];
    const config = await configure(name, await authentication());
    const tokens = await signIn(config);
    const { sub } = tokens.claims();
    const access = await client.tokenIntrospection(config, tokens.access_token);
    assert.deepEqual([access.active, access.client_id, access.sub, access.iss], [true, name, sub, ISSUER]);
    assert.deepEqual(new Set(access.scope.split(' ')), new Set(SCOPE.split(' ')));
    assert.equal((await client.tokenIntrospection(config, tokens.refresh_token)).active, true);
    await client.tokenRevocation(config, tokens.access_token);
    assert.deepEqual(await client.tokenIntrospection(config, tokens.access_token), { active: false });
    assert.deepEqual(await client.tokenIntrospection(config, 'nothing'), { active: false });
  }
});

check('introspection of a token of another client', async () => {
  const { access_token: token } = await signIn(await configure('public', client.None()));
  const service = await configure('service', client.ClientSecretBasic(SECRET));
  assert.deepEqual(await client.tokenIntrospection(await basic(), token), { active: false });
  // Its scopes contain `introspect`.
  assert.equal((await client.tokenIntrospection(service, token)).active, true);
});

check('client_credentials with each method that proves something', async () => {
  const services = {
    'service': client.ClientSecretBasic(SECRET),
    'service-post': client.ClientSecretPost(SECRET),
    'service-jwt': client.PrivateKeyJwt(await privateKey('ES256')),
  };
  for (const [id, authentication] of Object.entries(services)) {
    const config = await configure(id, authentication);
    const tokens = await client.clientCredentialsGrant(config, { scope: 'user.read' });
    assert.deepEqual([tokens.scope, tokens.refresh_token, tokens.id_token], ['user.read', undefined, undefined]);
    const answer = await client.tokenIntrospection(config, tokens.access_token);
    assert.deepEqual([answer.active, answer.sub], [true, id]);
    await refuses(client.clientCredentialsGrant(config, { scope: 'not.mine' }), 'invalid_scope', 400);
  }
});

check('private_key_jwt with every algorithm that is advertised', async () => {
  const metadata = (await basic()).serverMetadata();
  for (const endpoint of ['token', 'introspection', 'revocation']) {
    const algorithms = metadata[`${endpoint}_endpoint_auth_signing_alg_values_supported`];
    assert.ok(algorithms.includes('RS256'), endpoint);
    for (const alg of algorithms) {
      const config = await configure('service-jwt', client.PrivateKeyJwt(await privateKey(alg), asEdDSA));
      const { access_token: token } = await client.clientCredentialsGrant(config, { scope: 'user.read' });
      assert.equal((await client.tokenIntrospection(config, token)).active, true, alg);
      await client.tokenRevocation(config, token);
      assert.equal((await client.tokenIntrospection(config, token)).active, false, alg);
    }
  }
});

check('resource: the token is for the API that was named', async () => {
  const config = await configure('service', client.ClientSecretBasic(SECRET));
  const { access_token: token } = await client.clientCredentialsGrant(config, { scope: 'user.read', resource: API });
  assert.deepEqual([(await client.tokenIntrospection(config, token)).aud].flat(), [API]);
  const foreign = { scope: 'user.read', resource: 'https://elsewhere.example/' };
  await refuses(client.clientCredentialsGrant(config, foreign), 'invalid_target', 400);

  const web = await basic();
  // The API itself may ask about tokens that name it, whoever has them; nobody else who may get some.
  const api = await configure(API, client.ClientSecretBasic(SECRET));
  assert.equal((await client.tokenIntrospection(api, token)).active, true);
  assert.equal((await client.tokenIntrospection(web, token)).active, false);
  const tokens = await signIn(web, { resource: API }, undefined, { resource: API });
  const { aud } = await client.tokenIntrospection(web, tokens.access_token);
  assert.deepEqual(new Set([aud].flat()), new Set([API, ISSUER]));
  assert.equal((await client.fetchUserInfo(web, tokens.access_token, tokens.claims().sub)).email, ALICE.email);
});

for (const alg of ['ES256', 'EdDSA']) {
  check(`ID tokens signed with ${alg}`, async () => {
    const metadata = { id_token_signed_response_alg: alg };
    const config = await configure(`id-${alg.toLowerCase()}`, client.ClientSecretBasic(SECRET), metadata);
    assert.equal((await signIn(config)).claims().email, ALICE.email);
  });
}

check('form_post: the answer comes as a form', async () => {
  const config = await basic();
  const { address, checks } = await begin(config, { response_mode: 'form_post' });
  const callback = await new Visitor(ISSUER).signIn(address, ALICE);
  assert.ok(callback instanceof Request && callback.url === CALLBACK, callback);
  const tokens = await client.authorizationCodeGrant(config, callback, checks);
  assert.equal(tokens.claims().email, ALICE.email);
});

check('form_post: so does an error', async () => {
  const config = await basic();
  const { address, checks } = await begin(config, { response_mode: 'form_post', prompt: 'none' });
  const { away } = await new Visitor(ISSUER).get(address);
  await refuses(client.authorizationCodeGrant(config, away, checks), 'login_required');
});

check('max_age is answered with auth_time, and asks again when it is over', async () => {
  const config = await basic();
  const visitor = new Visitor(ISSUER);
  const { address, checks } = await begin(config, { max_age: '3600' });
  const callback = await visitor.signIn(address, ALICE);
  const tokens = await client.authorizationCodeGrant(config, callback, { ...checks, maxAge: 3600 });
  assert.equal(typeof tokens.claims().auth_time, 'number');
  const again = await begin(config, { max_age: '0' });
  const { page } = await visitor.get(again.address);
  assert.ok(page?.has('password'), 'the password is asked for again');
});

check('single sign-on: the second application asks for no password, and sign-out ends both', async () => {
  const visitor = new Visitor(ISSUER);
  const [first, second] = [await basic(), await configure('public', client.None())];
  const one = await signIn(first, {}, visitor);
  const { address, checks } = await begin(second, { prompt: 'none' });
  const { away } = await visitor.get(address);
  const two = await client.authorizationCodeGrant(second, away, checks);
  assert.equal(two.claims().sub, one.claims().sub);
  assert.equal(two.claims().auth_time, one.claims().auth_time);

  const leave = { post_logout_redirect_uri: SIGNED_OUT, id_token_hint: one.id_token, state: 'a state of "mine" &' };
  const left = await visitor.get(client.buildEndSessionUrl(first, leave));
  assert.equal(left.away?.href.split('?')[0], SIGNED_OUT, left.page?.text);
  assert.deepEqual([...left.away.searchParams], [['state', leave.state]]);
  for (const [config, tokens] of [[first, one], [second, two]]) {
    await refuses(client.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant', 400);
    await assert.rejects(client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub), { status: 401 });
  }
  const after = await begin(second, { prompt: 'none' });
  const { away: nobody } = await visitor.get(after.address);
  await refuses(client.authorizationCodeGrant(second, nobody, after.checks), 'login_required');
});

check('consent is asked for once, and can be refused', async () => {
  const config = await configure('third-party', client.ClientSecretBasic(SECRET));
  const visitor = new Visitor(ISSUER);
  const ask = async extra => {
    const { address, checks } = await begin(config, extra);
    return { landing: await visitor.get(address), checks };
  };
  const { landing, checks } = await ask();
  const { page } = await visitor.submit(landing.page, { username: ALICE.username, password: ALICE.password });
  assert.ok(page?.has('allow') && page.has('deny'), 'it asks');
  const { away: refused } = await visitor.submit(page, {}, 'deny');
  await refuses(client.authorizationCodeGrant(config, refused, checks), 'access_denied');

  const silent = await ask({ prompt: 'none' });
  await refuses(client.authorizationCodeGrant(config, silent.landing.away, silent.checks), 'consent_required');

  const again = await ask();
  const { away: granted } = await visitor.submit(again.landing.page, {}, 'allow');
  await client.authorizationCodeGrant(config, granted, again.checks);

  const remembered = await ask();
  assert.ok(remembered.landing.away?.searchParams.has('code'), 'it is remembered');
  const demanded = await ask({ prompt: 'consent' });
  assert.ok(demanded.landing.page?.has('allow'), 'it is asked for again when the application wants that');
});

check('the nonce of another request is noticed', async () => {
  const config = await basic();
  const { address, checks } = await begin(config);
  const callback = await new Visitor(ISSUER).signIn(address, ALICE);
  await assert.rejects(client.authorizationCodeGrant(config, callback, { ...checks, expectedNonce: client.randomNonce() }));
});

check('wrong secrets and wrong keys are refused', async () => {
  const wrong = {
    basic: client.ClientSecretBasic(`${SECRET}x`),
    post: client.ClientSecretPost(`${SECRET}x`),
    'jwt-es256': client.PrivateKeyJwt({ ...(await privateKey('ES256')), key: (await privateKey('EdDSA')).key }, asEdDSA),
  };
  for (const [id, authentication] of Object.entries(wrong)) {
    const config = await configure(id, authentication);
    await assert.rejects(client.refreshTokenGrant(config, 'x'), thrown => {
      assert.equal(thrown.status, 401, thrown.stack);
      // RFC 6749 §5.2: a challenge is due where the header was tried; the library then looks at nothing else.
      assert.ok(thrown.error === 'invalid_client' || thrown.cause[0].scheme === 'basic', thrown.stack);
      return true;
    });
  }
});

await runAll();
