// The host application that the old service needs: two data sources and the strategy factories it leaves to its host.
import cluster from 'node:cluster';
import { createRequire } from 'node:module';
import { database, keyFiles, port, redis, workers } from './settings.mjs';

process.env.NODE_ENV ??= 'production';
process.env.LOG_LEVEL ??= 'error';
process.env.JWT_ISSUER ??= 'sourceloop-peer';
process.env.JWT_PRIVATE_KEY = keyFiles.private;
process.env.JWT_PUBLIC_KEY = keyFiles.public;
process.env.USER_TEMP_PASSWORD ??= 'Temporary1!';

// The packages are CommonJS and read the environment when they are loaded.
const require = createRequire(import.meta.url);
const { RepositoryMixin, juggler } = require('@loopback/repository');
const { RestApplication } = require('@loopback/rest');
const authentication = require('loopback4-authentication');
const local = require('loopback4-authentication/passport-local');
const resourceOwner = require('loopback4-authentication/passport-resource-owner-password');
const { AuthenticationServiceComponent } = require('@sourceloop/authentication-service');

const { Passport } = authentication.Strategies;

class Host extends RepositoryMixin(RestApplication) {
  constructor() {
    super({ rest: { host: '127.0.0.1', port, gracePeriodForClose: 1000, listenOnStart: true } });
    this.dataSource(new juggler.DataSource({
      name: 'AuthDB', connector: 'postgresql', schema: 'main', ...database,
    }));
    this.dataSource(new juggler.DataSource({
      name: 'AuthCache', connector: 'kv-redis', url: redis,
    }));
    this.bind(Passport.LOCAL_STRATEGY_FACTORY.key).toProvider(local.LocalPasswordStrategyFactoryProvider);
    this.bind(Passport.RESOURCE_OWNER_STRATEGY_FACTORY.key)
      .toProvider(resourceOwner.ResourceOwnerPasswordStrategyFactoryProvider);
    this.component(AuthenticationServiceComponent);
  }
}

// SIGTERM and SIGINT are the framework's own to handle: it lets requests end for at most the grace period.
async function serve() {
  await new Host().start();
}

// Several processes on one port; the first only hands out connections.
async function serveWithWorkers() {
  const started = Array.from({ length: workers }, () => {
    const worker = cluster.fork();
    worker.on('exit', code => process.exit(code ?? 1));
    return new Promise(resolve => worker.on('listening', resolve));
  });
  await Promise.all(started);
}

if (workers > 1 && cluster.isPrimary) {
  await serveWithWorkers();
} else {
  await serve();
}
if (cluster.isPrimary) console.log(`ready ${port}`);
