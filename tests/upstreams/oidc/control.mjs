// GET and POST /_control: what a test says to the upstream, beside the protocol.
import { json } from 'node:stream/consumers';
import { addPerson, everybody, person } from './people.mjs';

export async function control(context, { state, provider, options, kind }) {
  if (context.method === 'POST') {
    try {
      const order = await json(context.req);
      for (const [name, value] of Object.entries(order)) {
        if (!Object.hasOwn(acts, name)) throw new Error(`${name}: one of ${Object.keys(acts).join(', ')}`);
        await acts[name](value, { state, provider, options, kind });
      }
    } catch (error) {
      context.throw(400, error.message);
    }
  }
  context.body = {
    kind: kind.name, next: state.next, deny: state.deny, ...state.changes, requests: state.requests,
    people: everybody().map(one => ({ ...one, sub: kind.subject(one) })),
  };
}

const acts = {
  // Who signs in next, once.
  next: (name, { state }) => {
    if (name !== null && !person(name)) throw new Error(`nobody is called ${name}`);
    state.next = name ?? undefined;
  },
  // The next one refuses, once.
  deny: (value, { state }) => {
    state.deny = value === true;
  },
  // Changes to what is answered from now on; null takes a claim away, {} ends the changes.
  claims: (value, { state }) => {
    state.changes.claims = value;
  },
  userinfo: (value, { state }) => {
    state.changes.userinfo = value;
  },
  discovery: (value, { state }) => {
    state.changes.discovery = value;
  },
  // As if that person had never been here.
  forget: (name, { state, kind }) => {
    state.known.delete(kind.subject(person(name)));
  },
  // {"name": "dave", "email": …, "verified": …}
  person: ({ name, ...facts }) => addPerson(name, facts),
  redirect_uris: async (list, { provider, options }) => {
    (await provider.Client.find(options.clientId)).redirectUris = list;
  },
  post_logout_redirect_uris: async (list, { provider, options }) => {
    options.postLogoutRedirectUris = list;
    (await provider.Client.find(options.clientId)).postLogoutRedirectUris = list;
  },
  requests: (_, { state }) => {
    state.requests.length = 0;
  },
};
