// Serves the application of ../spa, as several clients on ports of their own, and takes the forms of
// `response_mode=form_post`.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';

const FILES = {
  '/app.js': ['../spa/app.js', 'text/javascript'],
  '/oidc-client-ts.js': ['../node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js', 'text/javascript'],
};
const PAGE = ['../spa/index.html', 'text/html'];

export async function serveApplication(port, settings) {
  const forms = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (pathname === '/form-post' && request.method === 'POST') {
      forms.push(new URLSearchParams(await body(request)));
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p id="arrived">Arrived</p>');
    } else if (pathname === '/settings.json') {
      const is_same_site = request.headers.host.startsWith(new URL(settings.issuer).hostname);
      const text = JSON.stringify({ ...settings, is_same_site });
      response.writeHead(200, { 'content-type': 'application/json' }).end(text);
    } else if (pathname === '/favicon.ico') {
      response.writeHead(204).end();
    } else {
      const [file, type] = FILES[pathname] ?? PAGE;
      const content = await readFile(new URL(file, import.meta.url));
      response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' }).end(content);
    }
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, resolve));
  return { forms, close: () => server.closeAllConnections?.() ?? server.close() };
}

async function body(request) {
  let text = '';
  for await (const piece of request) text += piece;
  return text;
}
