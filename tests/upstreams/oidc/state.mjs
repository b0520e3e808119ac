// What a test told the upstream through /_control, and what the upstream remembers.
export class State {
  next;
  deny = false;
  changes = { claims: {}, userinfo: {}, discovery: {} };
  // Subjects that have been here before, with this client.
  known = new Set();
  codes = new Map();
  requests = [];

  // Adds and replaces what the test asked for; null takes away.
  change(what, value) {
    const changed = { ...value, ...this.changes[what] };
    return Object.fromEntries(Object.entries(changed).filter(([, one]) => one !== null));
  }

  shallIssueRefreshToken(kind, source) {
    const asked = this.codes.get(source.jti) ?? {};
    if (kind.refreshToken === 'always') return true;
    if (kind.refreshToken === 'asked') return `${asked.requested_scope ?? asked.scope ?? ''}`.split(' ').includes('offline_access');
    // Google: at the first consent, and whenever consent is asked for again.
    return asked.access_type === 'offline' && (asked.first === true || `${asked.prompt ?? ''}`.includes('consent'));
  }

  remember(request) {
    this.requests.push(request);
    if (this.requests.length > 100) this.requests.shift();
  }
}
