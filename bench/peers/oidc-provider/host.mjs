// The host application that oidc-provider needs; README.md says what is in it.
import { createHash, generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const port = Number(process.env.PORT ?? 3000);
const SECRET = 'bench-secret-of-the-peer-0123456789';
const LIFETIME = 3600;
const RESOURCE = 'urn:bench:';

function privateKey(type, options, alg) {
  const { privateKey: key } = generateKeyPairSync(type, options);
  const jwk = key.export({ format: 'jwk' });
  return { ...jwk, alg, use: 'sig', kid: createHash('sha256').update(jwk.x ?? jwk.n).digest('base64url') };
}

// One client for each form of an access token; its name decides the resource, and so the form.
const forms = {
  'bench-rs256': { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } },
  'bench-es256': { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } },
  'bench-opaque': { accessTokenFormat: 'opaque' },
};

function client(id) {
  return {
    client_id: id,
    client_secret: SECRET,
    grant_types: ['client_credentials', 'password'],
    response_types: [],
    redirect_uris: [],
    token_endpoint_auth_method: 'client_secret_basic',
  };
}

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: Object.keys(forms).map(client),
  jwks: {
    keys: [
      privateKey('rsa', { modulusLength: 2048 }, 'RS256'),
      privateKey('ec', { namedCurve: 'P-256' }, 'ES256'),
    ],
  },
  scopes: ['openid', 'profile', 'email', 'bench'],
  claims: {
    openid: ['sub'],
    profile: ['name', 'given_name', 'family_name', 'preferred_username'],
    email: ['email', 'email_verified'],
  },
  ttl: { AccessToken: LIFETIME, ClientCredentials: LIFETIME, Grant: LIFETIME },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: {
      enabled: true, allowedPolicy: (context, asking, token) => token.clientId === asking.clientId,
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: (context, { clientId }) => RESOURCE + clientId,
      getResourceServerInfo: (context, resource, { clientId }) => ({
        scope: 'bench', audience: resource, accessTokenTTL: LIFETIME, ...forms[clientId],
      }),
      useGrantedResource: () => true,
    },
    userinfo: { enabled: true },
  },
  findAccount: (context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id, name: 'User Number', given_name: 'User', family_name: 'Number', preferred_username: id,
      email: `${id}@example.com`, email_verified: true,
    }),
  }),
});

// The package has no such grant: this one is only the way to a user's token, is never measured and asks for no password.
async function password(context) {
  const { client: asking, params } = context.oidc;
  const grant = new provider.Grant({ accountId: params.username, clientId: asking.clientId });
  grant.addOIDCScope(params.scope);
  const token = new provider.AccessToken({
    accountId: params.username, client: asking, grantId: await grant.save(), gty: 'password', scope: params.scope,
  });
  context.body = { access_token: await token.save(), token_type: token.tokenType, expires_in: token.expiration };
}

provider.registerGrantType('password', password, ['username', 'password', 'scope']);
provider.on('server_error', (context, error) => console.error(error));
const server = provider.listen(port, '127.0.0.1', () => console.log(`ready ${port}`));
process.once('SIGTERM', () => server.close());
