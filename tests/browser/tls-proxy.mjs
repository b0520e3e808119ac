// Terminates TLS: node tls-proxy.mjs PORT TARGET_PORT KEY CERTIFICATE
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { createServer } from "node:tls";

const [port, target, key, certificate] = process.argv.slice(2);

createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (client) => {
  const server = connect(Number(target), "127.0.0.1");
  const end = () => {
    client.destroy();
    server.destroy();
  };
  client.on("error", end).on("close", end);
  server.on("error", end).on("close", end);
  client.pipe(server).pipe(client);
}).listen(Number(port), "127.0.0.1");
