// Where the real providers leave the standards, or do what oidc-provider does not.
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'node:querystring';
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { control } from './control.mjs';

const BODY_LIMIT = 64 * 1024;
const APPLE_LIFETIME = 15_777_000;

// Before oidc-provider: what it must not see, or must see differently.
export function quirksBefore(world) {
  const { kind, options, state } = world;
  const checkAppleSecret = kind.name === 'apple' ? appleSecretCheck(world) : undefined;

  return async function before(context, next) {
    if (context.path === '/_control') return control(context, world);
    normalisePath(context, world);
    const { routes } = kind;
    if (context.path.startsWith('/_unknown')) context.throw(404);
    if (context.method === 'POST' && context.is('application/x-www-form-urlencoded')) await readForm(context);
    note(context, world);
    // Everybody signs in anew, as if nobody had before; --sso leaves it to oidc-provider.
    if (!options.sso && `${context.path}/`.startsWith(`${routes.authorization}/`)) {
      withoutCookie(context, world.provider.cookieName('session'));
    }
    if (context.path === routes.authorization) return authorise(context, next);
    if (kind.name === 'apple' && [routes.token, routes.revocation].includes(context.path)) {
      const complaint = await checkAppleSecret(context.req.body ?? {});
      if (complaint) return refuse(context, 'invalid_client', complaint);
      context.req.body.client_secret = options.clientSecret;
    }
    if (context.path === routes.revocation && kind.name === 'google') return revokeAsGoogle(context, world);
    if (context.path === routes.revocation) return forgetAfter(context, next);
    if (kind.name === 'cognito' && context.path === '/logout') return logoutOfCognito(context, world);
    if (kind.name === 'keycloak' && context.path === routes.end_session) return logoutOfKeycloak(context, next);
    if (kind.name === 'azure' && context.path === routes.end_session) nameTheClient(context);
    return next();
  };

  async function authorise(context, next) {
    const asked = context.method === 'POST' ? context.req.body : context.query;
    const scopes = `${asked.scope ?? ''}`.split(' ');
    if (kind.name === 'cognito' && /(^|&)scope=[^&]*\+/.test(context.querystring)) {
      return refuse(context, 'invalid_request', 'the spaces in scope must be sent as %20');
    }
    if (kind.name === 'apple' && scopes.some(one => one === 'name' || one === 'email') && asked.response_mode !== 'form_post') {
      return refuse(context, 'invalid_request', 'response_mode must be form_post when name or email scope is requested.');
    }
    // oidc-provider drops offline_access without prompt=consent, which others do not ask for.
    if (context.method === 'GET') {
      const scope = kind.name === 'apple' && !scopes.includes('openid') ? `openid ${asked.scope ?? ''}`.trim() : asked.scope;
      context.query = { ...context.query, scope, requested_scope: asked.scope };
    }
    return next();
  }

  // Apple forgets that somebody was here when the application revokes.
  async function forgetAfter(context, next) {
    const token = await findToken(world.provider, context.req.body?.token);
    await next();
    if (context.status === 200 && token) state.known.delete(token.accountId);
  }

  async function logoutOfKeycloak(context, next) {
    const asked = context.method === 'POST' ? context.req.body ?? {} : context.query;
    if (context.method === 'POST' && asked.refresh_token) return endByRefreshToken(context, world, asked);
    if (asked.post_logout_redirect_uri && !asked.id_token_hint && !asked.client_id) {
      return refuse(context, 'invalid_request', 'Missing parameters: id_token_hint');
    }
    return next();
  }

  function nameTheClient(context) {
    const { id_token_hint: hint, ...rest } = context.query;
    context.query = { ...rest, client_id: hint ? decodeJwt(hint).aud : rest.client_id ?? options.clientId };
  }
}

// After oidc-provider: how its answers look.
export function quirksAfter(world) {
  const { kind, state } = world;
  return async function after(context, next) {
    await next();
    if (context.isDiscovery && context.status === 200) context.body = discovery(context, world);
    if (context.path === kind.routes.userinfo && context.status === 200) context.body = state.change('userinfo', context.body);
    const location = context.response.get('location');
    if (!kind.sendsIssuer && location && new URL(location, world.home).searchParams.has('iss')) {
      const address = new URL(location);
      address.searchParams.delete('iss');
      context.set('location', address.href);
    }
    if (typeof context.body === 'string' && context.body.includes('<title>Submitting Callback</title>')) {
      context.body = formPost(context, world);
    }
  };
}

function normalisePath(context, { kind, options }) {
  if (options.authPrefix && context.path.startsWith('/auth/realms/')) context.path = context.path.slice('/auth'.length);
  if (kind.name === 'azure') {
    const [, tenant, rest] = /^\/([^/]+)(\/(?:oauth2|discovery)\/v2\.0\/.*|\/v2\.0\/\.well-known\/.*)$/.exec(context.path) ?? [];
    if (tenant && ['common', 'organizations', 'consumers', kind.tenant].includes(tenant)) {
      context.tenant = tenant;
      context.path = `/${kind.tenant}${rest}`;
    }
  }
  const issuerPath = new URL(kind.issuer('http://issuer')).pathname.replace(/\/$/, '');
  if (context.path === `${issuerPath}/.well-known/openid-configuration`) {
    context.isDiscovery = true;
    context.path = '/.well-known/openid-configuration';
  } else if (context.path === '/.well-known/openid-configuration') {
    context.path = '/_unknown';
  }
}

function discovery(context, { kind, state, home, oauthHome }) {
  const document = { ...context.body };
  for (const [name, value] of Object.entries(document)) {
    if (typeof value !== 'string' || name === 'issuer') continue;
    let address = value.replace(/^https?:\/\/[^/]+/, name === 'jwks_uri' ? home : oauthHome);
    if (context.tenant) address = address.replace(`/${kind.tenant}/`, `/${context.tenant}/`);
    document[name] = address;
  }
  for (const route of kind.hidden ?? []) delete document[`${route}_endpoint`];
  if (!kind.sendsIssuer) delete document.authorization_response_iss_parameter_supported;
  // The metadata of no particular tenant names a template, literally.
  if (['common', 'organizations'].includes(context.tenant)) document.issuer = `${home}/{tenantid}/v2.0`;
  if (context.tenant === 'consumers') document.issuer = `${home}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0`;
  return state.change('discovery', document);
}

function formPost(context, { kind, state }) {
  let page = context.body;
  if (!kind.sendsIssuer) page = page.replace(/<input type="hidden" name="iss" [^>]*>\n?/, '');
  const code = /name="code" value="([^"]+)"/.exec(page)?.[1];
  const asked = code && state.codes.get(code);
  if (kind.name === 'apple' && asked?.first && `${asked.scope}`.includes('name')) {
    const { one } = asked;
    const { email } = kind.claims(one, {});
    const user = JSON.stringify({ name: { firstName: one.given, lastName: one.family }, email });
    page = page.replace('<noscript>', `<input type="hidden" name="user" value="${user.replaceAll('"', '&quot;')}"/>\n<noscript>`);
  }
  return page;
}

async function readForm(context) {
  const chunks = [];
  let size = 0;
  for await (const chunk of context.req) {
    size += chunk.length;
    if (size > BODY_LIMIT) context.throw(413);
    chunks.push(chunk);
  }
  context.req.body = parse(Buffer.concat(chunks).toString());
}

// Names only: no test needs the secrets, and they would end up in its output.
function note(context, { state }) {
  const body = context.req.body ?? {};
  if (context.path.startsWith('/_')) return;
  state.remember({
    method: context.method, path: context.path, query: Object.keys(context.query), form: Object.keys(body),
    grant_type: body.grant_type, authorization: context.get('authorization').split(' ')[0] || undefined,
  });
}

function withoutCookie(context, name) {
  const cookies = context.get('cookie').split(/; */).filter(one => !one.startsWith(`${name}=`) && !one.startsWith(`${name}.`));
  context.req.headers.cookie = cookies.join('; ');
}

function refuse(context, error, description, status = 400) {
  context.status = status;
  context.body = { error, error_description: description };
}

async function findToken(provider, token) {
  if (!token) return undefined;
  return (await provider.RefreshToken.find(token)) ?? provider.AccessToken.find(token);
}

async function revokeGrant(provider, token) {
  await Promise.all([provider.AccessToken, provider.RefreshToken, provider.AuthorizationCode]
    .map(model => model.revokeByGrantId(token.grantId)));
  await (await provider.Grant.find(token.grantId))?.destroy();
}

// No client authenticates here, and the token may be in the query.
async function revokeAsGoogle(context, { provider, state }) {
  const token = await findToken(provider, context.req.body?.token ?? context.query.token);
  if (!token) return refuse(context, 'invalid_token', 'Token expired or revoked');
  await revokeGrant(provider, token);
  state.known.delete(token.accountId);
  context.body = {};
}

async function endByRefreshToken(context, { provider, options }, asked) {
  const [scheme, value] = context.get('authorization').split(' ');
  const [id, secret] = scheme === 'Basic'
    ? Buffer.from(value ?? '', 'base64').toString().split(':').map(decodeURIComponent)
    : [asked.client_id, asked.client_secret];
  if (id !== options.clientId || secret !== options.clientSecret) {
    return refuse(context, 'unauthorized_client', 'Invalid client or Invalid client credentials', 401);
  }
  const token = await provider.RefreshToken.find(asked.refresh_token);
  if (!token) return refuse(context, 'invalid_grant', 'Invalid refresh token');
  await revokeGrant(provider, token);
  context.status = 204;
}

function logoutOfCognito(context, { provider, options }) {
  const { client_id: id, logout_uri: target } = context.query;
  if (context.method !== 'GET' || id !== options.clientId || !options.postLogoutRedirectUris.includes(target)) {
    return refuse(context, 'invalid_request', 'GET with client_id and an allowed logout_uri');
  }
  context.cookies.set(provider.cookieName('session'), null);
  context.redirect(target);
}

// What Apple asks of the JWT that stands for a client secret.
function appleSecretCheck({ options, home }) {
  const key = options.appleKey && createPublicKey(readFileSync(options.appleKey));
  return async function complaintAbout({ client_secret: secret, client_id: clientId }) {
    if (!key) return 'the upstream was started without --apple-key';
    try {
      const { kid } = decodeProtectedHeader(secret ?? '');
      if (kid !== options.appleKeyId) return 'kid is not the key id';
      const { payload } = await jwtVerify(secret, key, {
        algorithms: ['ES256'], issuer: options.appleTeam, subject: clientId,
        audience: ['https://appleid.apple.com', home], requiredClaims: ['iat', 'exp'],
      });
      if (payload.exp - payload.iat > APPLE_LIFETIME) return 'exp is too far ahead';
      return undefined;
    } catch (error) {
      return error.message;
    }
  };
}
