// Makes the database, runs the package's own migrations and adds the benchmark's rows; does nothing the second time.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { database, keyFiles } from './settings.mjs';

const require = createRequire(import.meta.url);
const bcrypt = require('bcrypt');
const pg = require('pg');

const TENANT = '11111111-1111-4111-8111-111111111111';
const ROLE = '22222222-2222-4222-8222-222222222222';
const PASSWORD = 'Test123!@#';
const BCRYPT_COST = 10;

async function withClient(name, work) {
  const client = new pg.Client({ ...database, database: name });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function makeDatabase() {
  const quoted = `"${database.database.replaceAll('"', '""')}"`;
  await withClient('postgres', async client => {
    if (process.env.PEER_FRESH === '1') {
      await client.query(`DROP DATABASE IF EXISTS ${quoted} WITH (FORCE)`);
    }
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database.database]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${quoted} TEMPLATE template0 ENCODING 'UTF8'`);
  });
}

function migrate() {
  const service = dirname(dirname(require.resolve('@sourceloop/authentication-service')));
  const migrations = join(service, 'migrations', 'pg');
  const result = spawnSync(
    process.execPath,
    [require.resolve('db-migrate/bin/db-migrate'), 'up', '--config', join(migrations, 'database.json'),
      '--migrations-dir', join(migrations, 'migrations'), '--env', 'master'],
    {
      env: {
        ...process.env,
        DB_HOST: database.host, DB_PORT: String(database.port), DB_USER: database.user,
        DB_PASSWORD: database.password ?? '', DB_DATABASE: database.database,
      },
      encoding: 'utf8',
    },
  );
  if (result.status !== 0) throw new Error(`db-migrate: ${result.stdout}${result.stderr}`);
}

async function seed() {
  await withClient(database.database, async client => {
    const count = Number(process.env.PEER_USERS ?? 0);
    const hash = await bcrypt.hash(PASSWORD, BCRYPT_COST);
    await client.query('BEGIN');
    await client.query('SET LOCAL search_path TO main, public');
    await client.query(
      `INSERT INTO auth_clients (id, client_id, client_secret, secret, redirect_url, access_token_expiration)
       SELECT 1, 'webapp', 'websecret', 'code-signing-secret', $1, 900
       WHERE NOT EXISTS (SELECT FROM auth_clients WHERE id = 1)`,
      [process.env.PEER_REDIRECT_URL ?? 'http://127.0.0.1:4200/cb'],
    );
    await client.query(
      `INSERT INTO tenants (id, name, status, key) VALUES ($1, 'Acme', 1, 'acme') ON CONFLICT DO NOTHING`, [TENANT]);
    await client.query(
      `INSERT INTO roles (id, name, permissions, tenant_id) VALUES ($1, 'Viewer', '{ViewLoginActivity}', $2)
       ON CONFLICT DO NOTHING`, [ROLE, TENANT]);
    // alice, then bench1 … benchN. A password's check costs the same for all: it is one hash.
    await client.query(
      `CREATE TEMPORARY TABLE wanted ON COMMIT DROP AS
       SELECT md5('user ' || number)::uuid AS id, CASE number WHEN 0 THEN 'alice' ELSE 'bench' || number END AS name
       FROM generate_series(0, $1::integer) AS number`, [count]);
    await client.query('DELETE FROM wanted USING users WHERE users.username = wanted.name');
    await client.query(
      `INSERT INTO users (id, first_name, last_name, username, email, auth_client_ids, gender, dob, default_tenant_id)
       SELECT id, 'Alice', 'Test', name, name || '@example.com', '{1}', 'F', '1990-05-17', $1 FROM wanted`, [TENANT]);
    await client.query(
      `INSERT INTO user_credentials (user_id, auth_provider, auth_id, password)
       SELECT id, 'internal', id::text, $1 FROM wanted`, [hash]);
    await client.query(
      `INSERT INTO user_tenants (user_id, tenant_id, role_id, status) SELECT id, $1, $2, 1 FROM wanted`,
      [TENANT, ROLE]);
    await client.query('COMMIT');
    await client.query('ANALYZE');
  });
}

function makeKeys() {
  if (existsSync(keyFiles.private) && existsSync(keyFiles.public)) return;
  mkdirSync(dirname(keyFiles.private), { recursive: true, mode: 0o700 });
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  writeFileSync(keyFiles.private, privateKey, { mode: 0o600 });
  writeFileSync(keyFiles.public, publicKey);
}

await makeDatabase();
migrate();
await seed();
makeKeys();
