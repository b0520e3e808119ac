// An upstream identity provider: oidc-provider, dressed as one of the kinds. README.md says how a test uses it.
import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import { decodeJwt, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import { everybody, uuid } from './people.mjs';
import { kindOf } from './kinds.mjs';
import { readOptions } from './options.mjs';
import { State } from './state.mjs';
import { interactionPages } from './interaction.mjs';
import { quirksBefore, quirksAfter } from './quirks.mjs';

// Standard output is for the line that says `ready`.
console.info = console.warn = console.log = (...words) => console.error(...words);
const { default: Provider } = await import('oidc-provider');

const options = readOptions(process.argv.slice(2));
const kind = kindOf(options.kind, options);
const state = new State();

const servers = await listen();
const { port } = servers[0].address();
const home = options.publicUrl ?? `http://127.0.0.1:${port}`;
const oauthHome = kind.otherHost && !options.publicUrl ? `http://${kind.otherHost}:${port}` : home;

const { privateKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
const kid = randomBytes(8).toString('hex');
const jwk = { ...(await exportJWK(privateKey)), kid, use: 'sig', alg: 'RS256' };

const provider = new Provider(home, configuration());
// Set afterwards: a path in the constructor's would be put before every route.
provider.issuer = kind.issuer(home);
provider.proxy = Boolean(options.publicUrl);
signAsTheKindDoes();
provider.on('authorization.success', (context, out) => {
  const { params, session } = context.oidc;
  const first = !state.known.has(session.accountId);
  state.known.add(session.accountId);
  const one = everybody().find(candidate => kind.subject(candidate) === session.accountId);
  state.codes.set(out.code, { ...params, first, one });
});
provider.on('server_error', (_, error) => console.error(error));

const world = { options, kind, state, provider, home, oauthHome };
provider.use(quirksAfter(world));
provider.use(quirksBefore(world));
provider.use(interactionPages(world));
const answer = provider.callback();
for (const server of servers) server.on('request', answer);
process.stdout.write(`ready ${port}\n`);
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(0));

// Both hosts of Cognito have the same port, which must be free on both.
async function listen() {
  for (let attempt = 0; ; attempt += 1) {
    const first = await listenOn('127.0.0.1', options.port);
    if (!kind.otherHost) return [first];
    try {
      return [first, await listenOn(kind.otherHost, first.address().port)];
    } catch (error) {
      first.close();
      if (options.port !== 0 || attempt === 20) throw error;
    }
  }
}

function listenOn(host, wanted) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(wanted, host, () => resolve(server));
  });
}

function configuration() {
  return {
    clients: [{
      client_id: options.clientId,
      client_secret: options.clientSecret,
      redirect_uris: options.redirectUris.length ? options.redirectUris : ['http://127.0.0.1:1/none'],
      post_logout_redirect_uris: options.postLogoutRedirectUris,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    }],
    jwks: { keys: [jwk] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    routes: kind.routes,
    scopes: ['openid', 'profile', 'email', 'phone', 'name', 'offline_access', 'aws.cognito.signin.user.admin'],
    claims: claimNames(),
    conformIdTokenClaims: false,
    ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 86_400, IdToken: 3600, Interaction: 600, RefreshToken: 86_400, Session: 86_400 },
    pkce: { required: () => (options.pkce ? options.pkce === 'required' : kind.pkce) },
    extraParams: ['access_type', 'domain_hint', 'hd', 'identity_provider', 'requested_scope', 'include_granted_scopes'],
    rotateRefreshToken: ['keycloak', 'oidc'].includes(kind.name),
    issueRefreshToken: (context, client, source) => state.shallIssueRefreshToken(kind, source),
    interactions: { url: (_, interaction) => `/_interaction/${interaction.uid}` },
    loadExistingGrant: grantAll,
    findAccount: (context, subject) => accountOf(context, subject),
    renderError: (context, out) => {
      context.type = 'json';
      context.body = out;
    },
    features: {
      devInteractions: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      revocation: { enabled: true },
      introspection: { enabled: Boolean(kind.routes.introspection) },
      rpInitiatedLogout: { enabled: true, logoutSource: logoutPage },
    },
  };
}

function claimNames() {
  const context = { clientId: options.clientId, options };
  const found = new Set(['at_hash', 'sid']);
  for (const use of ['id_token', 'userinfo']) {
    for (const one of everybody()) Object.keys(kind.claims(one, { ...context, use })).forEach(name => found.add(name));
  }
  const byScope = { email: ['email', 'email_verified', 'is_private_email', 'xms_edov'] };
  byScope.profile = ['name', 'given_name', 'family_name', 'picture', 'locale', 'preferred_username'];
  const scoped = new Set([...byScope.email, ...byScope.profile]);
  return { openid: ['sub', ...[...found].filter(name => !scoped.has(name))], ...byScope, name: [] };
}

// Nobody is asked for consent: what the tests are about is what a client gets.
async function grantAll(context) {
  const { client, session, params } = context.oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope([params.scope, 'openid', 'offline_access'].filter(Boolean).join(' '));
  await grant.save();
  return grant;
}

function accountOf(context, subject) {
  const one = everybody().find(candidate => kind.subject(candidate) === subject);
  if (!one) return undefined;
  return {
    accountId: subject,
    claims: use => {
      const claims = kind.claims(one, { clientId: context.oidc.client?.clientId, options, use });
      return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
    },
  };
}

// oidc-provider signs; what a kind or a test wants otherwise is signed once more with the same key.
function signAsTheKindDoes() {
  const { IdToken } = provider;
  const issue = IdToken.prototype.issue;
  IdToken.prototype.issue = async function issueAsTheKindDoes(how) {
    const accessToken = this.ctx?.oidc.entities.AccessToken;
    if (how.use === 'idtoken' && kind.atHash && accessToken) this.set('at_hash', accessToken.jti);
    const token = await issue.call(this, how);
    if (how.use !== 'idtoken') return token;
    const claims = decodeJwt(token);
    const { AuthorizationCode: code, RefreshToken: refresh, Grant: grant } = this.ctx.oidc.entities;
    if (kind.authTime) claims.auth_time = (code ?? refresh)?.authTime;
    if (kind.session) claims.sid = uuid(grant.jti);
    if (kind.issuerOf) claims.iss = kind.issuerOf(claims, home);
    const changed = state.change('claims', claims);
    const key = await importJWK(jwk, 'RS256');
    return new SignJWT(changed).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid }).sign(key);
  };
}

function logoutPage(context, form) {
  const filled = form.replace('</form>', '<input type="hidden" name="logout" value="yes"/><button>Sign out</button></form>');
  context.type = 'html';
  context.body = `<!DOCTYPE html><title>Sign out</title>${filled}
<script>document.forms[0].submit()</script>`;
}
