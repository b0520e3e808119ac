// node make_keys.mjs DIRECTORY: a key for each algorithm that clients sign with, ALG.json (private) and ALG.jwks.json (what
// is registered); ALL.jwks.json has all of them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPairSync, randomUUID } from 'node:crypto';

const [directory] = process.argv.slice(2);
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pairs = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
  RS256: rsa, RS384: rsa, RS512: rsa, PS256: rsa,
};
const all = [];

function write(name, content) {
  writeFileSync(join(directory, name), JSON.stringify(content));
}

for (const [alg, { publicKey, privateKey }] of Object.entries(pairs)) {
  const kid = randomUUID();
  const registered = { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
  write(`${alg}.json`, { ...privateKey.export({ format: 'jwk' }), kid });
  write(`${alg}.jwks.json`, { keys: [registered] });
  all.push(registered);
}
write('ALL.jwks.json', { keys: all });
