// What the checks know about the server: ../world.toml says the same.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { webcrypto } from 'node:crypto';

export const ISSUER = setting('RP_ISSUER');
export const ALICE = { username: 'alice', password: 'Wonder-Land-7', email: 'alice@example.com' };
export const SECRET = 'rp+Secret/with=odd%2Bcharacters:0123456789';
export const CALLBACK = 'http://127.0.0.1:4200/callback';
export const SIGNED_OUT = 'http://127.0.0.1:4200/signed-out';
export const API = 'https://api.example.test/';

function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

const IMPORT = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  RS384: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' },
  RS512: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
};

/** The private key that make_keys.mjs left. */
export async function privateKey(alg) {
  const { kid, ...jwk } = JSON.parse(readFileSync(join(setting('RP_KEYS'), `${alg}.json`)));
  return { kid, key: await webcrypto.subtle.importKey('jwk', jwk, IMPORT[alg], false, ['sign']) };
}
