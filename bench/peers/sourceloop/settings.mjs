// Settings of the peer, from the environment (see README.md).
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

// postgres://user:password@host:port/name, or postgres:///name?host=/directory/of/the/socket&user=postgres
function databaseFrom(environment) {
  const address = environment.DATABASE_URL;
  if (!address) {
    return {
      host: environment.PGHOST ?? '127.0.0.1',
      port: Number(environment.PGPORT ?? 5432),
      user: environment.PGUSER ?? 'postgres',
      password: environment.PGPASSWORD,
      database: environment.PGDATABASE ?? 'sourceloop_peer',
    };
  }
  const { groups } = /^postgres(?:ql)?:\/\/(?<authority>[^/?]*)(?:\/(?<name>[^?]*))?(?:\?(?<query>.*))?$/.exec(address)
    ?? { groups: undefined };
  if (!groups) throw new Error('DATABASE_URL is not a PostgreSQL address');
  const query = new URLSearchParams(groups.query);
  const authority = groups.authority ? new URL(`http://${groups.authority}`) : undefined;
  return {
    host: query.get('host') ?? authority?.hostname ?? '127.0.0.1',
    port: Number(query.get('port') ?? (authority?.port || 5432)),
    user: query.get('user') ?? (decodeURIComponent(authority?.username ?? '') || 'postgres'),
    password: query.get('password') ?? (decodeURIComponent(authority?.password ?? '') || undefined),
    database: decodeURIComponent(groups.name ?? '') || 'sourceloop_peer',
  };
}

// ioredis takes redis://… and the path of a socket.
function redisFrom(environment) {
  const address = environment.REDIS_URL ?? 'redis://127.0.0.1:6379/0';
  return address.replace(/^(redis\+unix|unix|redis-socket):\/\//, '');
}

export const port = Number(process.env.PORT ?? 3000);
export const workers = Number(process.env.PEER_WORKERS ?? 1);
export const database = databaseFrom(process.env);
export const redis = redisFrom(process.env);
export const keyFiles = {
  private: process.env.JWT_PRIVATE_KEY ?? join(here, 'keys', 'private.pem'),
  public: process.env.JWT_PUBLIC_KEY ?? join(here, 'keys', 'public.pem'),
};
