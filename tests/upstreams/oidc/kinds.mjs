// What sets the providers apart: their paths, claims and habits. Everything else is upstream.mjs and oidc-provider.
import { digest, TENANT, uuid } from './people.mjs';

const names = one => ({ name: `${one.given} ${one.family}`, given_name: one.given, family_name: one.family });
const address = one => (one.email ? { email: one.email, email_verified: one.verified } : {});

// A kind has:
//   issuer(base)    what its tokens say; discovery is below it
//   base(host)      where its OAuth endpoints are, if that is another host
//   routes          oidc-provider's own
//   subject(one)    the subject of a person
//   claims(one, context)  all claims but those that oidc-provider makes; `context` is {clientId, options}
//   sendsIssuer     whether authorization responses carry `iss` (RFC 9207)
//   atHash          whether id_tokens of the code flow carry at_hash
//   refreshToken    'asked' (offline_access), 'offline' (Google's access_type), 'always'
//   authTime        whether id_tokens carry auth_time without being asked to
//   session         whether id_tokens carry sid
//   pkce            whether a request without a challenge is refused
export function kindOf(name, options) {
  const make = kinds[name];
  if (!make) throw new Error(`--kind ${name}: one of ${Object.keys(kinds).join(', ')}`);
  return { name, sendsIssuer: false, atHash: true, refreshToken: 'always', pkce: true, ...make(options) };
}

const kinds = {
  oidc: () => ({
    sendsIssuer: true,
    refreshToken: 'asked',
    issuer: base => base,
    routes: {
      authorization: '/authorize', token: '/token', jwks: '/jwks', userinfo: '/userinfo',
      revocation: '/revoke', end_session: '/logout',
    },
    subject: one => `subject-of-${one.name}`,
    claims: one => ({ ...names(one), ...address(one), preferred_username: one.name }),
  }),

  google: () => ({
    sendsIssuer: true,
    refreshToken: 'offline',
    issuer: base => base,
    routes: {
      authorization: '/o/oauth2/v2/auth', token: '/token', jwks: '/oauth2/v3/certs', userinfo: '/v1/userinfo',
      revocation: '/revoke', end_session: '/_unknown/logout',
    },
    hidden: ['end_session'],
    subject: one => `1${BigInt(`0x${digest(one.name).slice(0, 20)}`).toString().padStart(20, '0').slice(0, 20)}`,
    claims: (one, { clientId, use }) => ({
      ...names(one), ...address(one), hd: one.domain, locale: 'en', picture: 'https://example.com/a.png',
      ...(use === 'id_token' ? { azp: clientId } : {}),
    }),
  }),

  azure: options => {
    const tenant = options.tenant ?? TENANT;
    return {
      tenant,
      atHash: false,
      refreshToken: 'asked',
      issuer: base => `${base}/${tenant}/v2.0`,
      routes: {
        authorization: `/${tenant}/oauth2/v2.0/authorize`, token: `/${tenant}/oauth2/v2.0/token`,
        jwks: `/${tenant}/discovery/v2.0/keys`, userinfo: '/oidc/userinfo', revocation: '/_unknown/revoke',
        end_session: `/${tenant}/oauth2/v2.0/logout`,
      },
      hidden: ['revocation'],
      // Differs from application to application, as `oid` does not.
      subject: one => Buffer.from(digest(`pairwise ${one.name}`), 'hex').toString('base64url'),
      // No email_verified; xms_edov is an optional claim that the application must ask its tenant for.
      claims: (one, { use }) => (use === 'userinfo' ? { ...names(one), email: one.email } : {
        name: `${one.given} ${one.family}`, preferred_username: `${one.name}@contoso.example`, ver: '2.0',
        tid: tenantOf(one, tenant), oid: uuid(`object ${one.name}`),
        email: one.email, xms_edov: options.xmsEdov && one.email ? one.verified : undefined,
      }),
      // Tokens name the tenant of the user, not the one in the path.
      issuerOf: (claims, base) => `${base}/${claims.tid}/v2.0`,
    };
  },

  cognito: options => {
    const pool = options.pool ?? 'eu-west-1_Doorward1';
    return {
      pool,
      issuer: base => `${base}/${pool}`,
      // The pool's issuer and keys are on one host, the rest on the domain's.
      otherHost: '127.0.0.2',
      routes: {
        authorization: '/oauth2/authorize', token: '/oauth2/token', jwks: `/${pool}/.well-known/jwks.json`,
        userinfo: '/oauth2/userInfo', revocation: '/oauth2/revoke', end_session: '/_unknown/logout',
      },
      hidden: ['end_session'],
      subject: one => uuid(`cognito ${one.name}`),
      claims: (one, { use }) => ({
        ...names(one), ...address(one),
        // The userinfo endpoint answers strings where the token has booleans.
        ...(use === 'userinfo' && one.email ? { email_verified: String(one.verified), username: one.name } : {}),
        ...(use === 'id_token' ? { 'token_use': 'id', 'cognito:username': one.name, 'cognito:groups': ['users'] } : {}),
      }),
    };
  },

  keycloak: options => {
    const realm = options.realm ?? 'acme';
    const prefix = `/realms/${realm}/protocol/openid-connect`;
    return {
      realm,
      sendsIssuer: true,
      authTime: true,
      session: true,
      issuer: base => `${base}/realms/${realm}`,
      routes: {
        authorization: `${prefix}/auth`, token: `${prefix}/token`, jwks: `${prefix}/certs`,
        userinfo: `${prefix}/userinfo`, revocation: `${prefix}/revoke`, end_session: `${prefix}/logout`,
        introspection: `${prefix}/token/introspect`,
      },
      subject: one => uuid(`keycloak ${one.name}`),
      claims: (one, { clientId, use }) => ({
        ...names(one), ...address(one), preferred_username: one.name,
        ...(use === 'id_token' ? { azp: clientId, typ: 'ID', realm_access: { roles: ['offline_access', 'user'] } } : {}),
      }),
    };
  },

  apple: () => ({
    pkce: false,
    authTime: true,
    issuer: base => base,
    routes: {
      authorization: '/auth/authorize', token: '/auth/token', jwks: '/auth/keys', userinfo: '/_unknown/userinfo',
      revocation: '/auth/revoke', end_session: '/_unknown/logout',
    },
    hidden: ['userinfo', 'end_session'],
    subject: one => `001234.${digest(one.name).slice(0, 32)}.0815`,
    // No name: that comes once, beside the code, and unsigned. Booleans may be strings.
    claims: one => ({
      ...(one.email && {
        email: one.relay ? `${digest(one.name).slice(0, 10)}@privaterelay.appleid.com` : one.email,
        email_verified: String(one.relay || one.verified),
      }),
      ...(one.relay ? { is_private_email: 'true' } : {}),
      nonce_supported: true,
    }),
  }),
};

// A person of the home tenant is at home in the tenant that the test named.
function tenantOf(one, tenant) {
  return one.tenant === TENANT ? tenant : one.tenant;
}
