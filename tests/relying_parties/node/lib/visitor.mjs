// Somebody with a browser, as far as signing in needs one: keeps the server's cookies, follows redirects among its own
// pages, fills in the form, and stops at the address of the application.

const MAX_HOPS = 12;

export class Visitor {
  #cookies = new Map();

  constructor(server) {
    this.origin = new URL(server).origin;
  }

  /**
   * Opens an address and signs in where a password is asked for; agrees where that is asked for.
   * Resolves to where the application is sent: a URL, or a Request for `response_mode=form_post`.
   */
  async signIn(address, { username, password }) {
    let landing = await this.get(address);
    for (let step = 0; landing.page; step++) {
      const { page } = landing;
      if (step === 4) throw new Error(`no way out of ${page.url}: ${page.text}`);
      if (page.has('password')) landing = await this.submit(page, { username, password });
      else if (page.has('allow')) landing = await this.submit(page, {}, 'allow');
      else throw new Error(`${page.status} at ${page.url}: ${page.text}`);
    }
    return landing.away;
  }

  /** Opens an address; resolves to `{ away }` or `{ page }`. */
  get(address) {
    return this.#travel({ method: 'GET', url: new URL(address, this.origin) });
  }

  /** Fills in the fields with these ids, and presses the button. */
  submit(page, fields, button = 'submit') {
    const form = page.forms.find(form => form.controls.some(control => control.id === button));
    if (!form) throw new Error(`no button #${button} at ${page.url}: ${page.text}`);
    const body = new URLSearchParams();
    for (const control of form.controls) {
      const isPressed = control.id === button;
      const value = Object.hasOwn(fields, control.id ?? '') ? fields[control.id] : control.value ?? '';
      if (control.name && (isPressed || !control.isButton)) body.append(control.name, value);
    }
    for (const id of Object.keys(fields)) {
      if (!form.controls.some(control => control.id === id)) throw new Error(`no field #${id} at ${page.url}`);
    }
    return this.#travel({ method: 'POST', url: new URL(form.action, page.url), body, from: page.url });
  }

  async #travel(request) {
    for (let hop = 0; hop < MAX_HOPS; hop++) {
      const response = await this.#open(request);
      const location = response.headers.get('location');
      if (location) {
        await response.body?.cancel();
        if (![302, 303].includes(response.status)) throw new Error(`${request.url} leads on with ${response.status}`);
        const url = new URL(location, request.url);
        if (url.origin !== this.origin) return { away: url };
        request = { method: 'GET', url };
        continue;
      }
      const page = parse(await response.text(), request.url, response.status);
      const [form] = page.forms;
      const action = form && new URL(form.action, page.url);
      if (!action || action.origin === this.origin) return { page };
      const fields = form.controls.filter(control => control.name).map(({ name, value }) => [name, value]);
      return { away: new Request(action, { method: 'POST', body: new URLSearchParams(fields) }) };
    }
    throw new Error(`the journey has no end: ${request.url}`);
  }

  async #open({ method, url, body, from }) {
    const headers = { accept: 'text/html', cookie: [...this.#cookies].map(pair => pair.join('=')).join('; ') };
    if (from) headers.origin = new URL(from).origin;
    const response = await fetch(url, { method, body, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair, ...attributes] = cookie.split(';').map(part => part.trim());
      const [, name, value] = /^([^=]+)=(.*)$/.exec(pair);
      if (attributes.some(attribute => /^max-age=(0|-\d+)$/i.test(attribute))) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }
}

// As much of HTML as pages with plain forms need.
function parse(html, url, status) {
  const forms = [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, tag, inner]) => ({
    action: attribute(tag, 'action') ?? '',
    controls: [...inner.matchAll(/<(input|button)\b([^>]*)>/gs)].map(([, kind, control]) => ({
      id: attribute(control, 'id'),
      name: attribute(control, 'name'),
      value: attribute(control, 'value') ?? '',
      isButton: kind === 'button' || attribute(control, 'type') === 'submit',
    })),
  }));
  const text = html.replace(/<(script|style|title)\b.*?<\/\1>/gs, ' ').replace(/<[^>]*>/g, ' ');
  return {
    url: String(url), status, forms, html,
    text: unescape(text).replace(/\s+/g, ' ').trim(),
    has: id => forms.some(form => form.controls.some(control => control.id === id)),
  };
}

function attribute(tag, name) {
  const found = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(tag);
  return found ? unescape(found[1] ?? found[2] ?? found[3]) : undefined;
}

const ENTITIES = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescape(text) {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));/gi, (whole, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(parseInt(hex, 16));
    if (decimal) return String.fromCodePoint(Number(decimal));
    return ENTITIES[name] ?? whole;
  });
}
