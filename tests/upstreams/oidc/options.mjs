// The command line; README.md describes it.
import { parseArgs } from 'node:util';

const text = { type: 'string' };
const list = { type: 'string', multiple: true };
const flag = { type: 'boolean' };

export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      'kind': text, 'port': text, 'public-url': text, 'client-id': text, 'client-secret': text,
      'redirect-uri': list, 'post-logout-redirect-uri': list, 'auto': text, 'sso': flag, 'pkce': text,
      'tenant': text, 'xms-edov': flag, 'pool': text, 'realm': text, 'auth-prefix': flag,
      'apple-key': text, 'apple-key-id': text, 'apple-team': text,
    },
  });
  if (!values.kind) throw new Error('--kind is missing');
  return {
    kind: values.kind,
    port: Number(values.port ?? 0),
    publicUrl: values['public-url']?.replace(/\/$/, ''),
    clientId: values['client-id'] ?? 'doorward',
    clientSecret: values['client-secret'] ?? 'upstream-secret-of-doorward',
    redirectUris: values['redirect-uri'] ?? [],
    postLogoutRedirectUris: values['post-logout-redirect-uri'] ?? [],
    auto: values.auto?.replace(/^sub=/, ''),
    sso: values.sso ?? false,
    pkce: values.pkce,
    tenant: values.tenant,
    xmsEdov: values['xms-edov'] ?? false,
    pool: values.pool,
    realm: values.realm,
    authPrefix: values['auth-prefix'] ?? false,
    appleKey: values['apple-key'],
    appleKeyId: values['apple-key-id'] ?? 'KEYID12345',
    appleTeam: values['apple-team'] ?? 'TEAMID1234',
  };
}
