// node generate.mjs NAME=DOCUMENT ...
// Leaves in build/NAME: the client generated from the document, the driver and the settings to compile both.

import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createClient } from '@hey-api/openapi-ts';

const here = import.meta.dirname;

for (const argument of process.argv.slice(2)) {
  const [name, document] = argument.split('=');
  if (!name || !document) {
    throw new Error(`expected NAME=DOCUMENT, not ${argument}`);
  }
  const folder = resolve(here, 'build', name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await createClient({
    input: resolve(document),
    output: { path: resolve(folder, 'client'), importFileExtension: '.js' },
    plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
    logs: { level: 'silent', file: false },
    interactive: false,
  });
  await cp(resolve(here, 'drive.ts'), resolve(folder, 'drive.ts'));
  const settings = {
    extends: '../../tsconfig.json',
    compilerOptions: { rootDir: '.', outDir: 'out', noEmitOnError: true },
    include: ['drive.ts', 'client'],
  };
  await writeFile(resolve(folder, 'tsconfig.json'), `${JSON.stringify(settings, null, 2)}\n`);
}
