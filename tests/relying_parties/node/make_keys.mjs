// node make_keys.mjs DIRECTORY: a key pair for each algorithm that clients sign with, ALG.json (private) and
// ALG.jwks.json (what is registered).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPairSync, randomUUID } from 'node:crypto';

const [directory] = process.argv.slice(2);
const pairs = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  EdDSA: generateKeyPairSync('ed25519'),
};

for (const [alg, { publicKey, privateKey }] of Object.entries(pairs)) {
  const kid = randomUUID();
  const keys = [{ ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' }];
  writeFileSync(join(directory, `${alg}.json`), JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid }));
  writeFileSync(join(directory, `${alg}.jwks.json`), JSON.stringify({ keys }));
}
