// Who can sign in, whatever the kind. A kind turns a person into its own subject and claims (kinds.mjs).
import { createHash } from 'node:crypto';

export const TENANT = '7f3a4c52-0b1d-4a6e-9f57-2d1c8e0a6b11';
export const OTHER_TENANT = 'c0ffee00-5a5a-4b4b-8c8c-112233445566';
export const PERSONAL_TENANT = '9188040d-6c67-4c5b-b112-36a304b66dad';

const people = new Map();

export function addPerson(name, facts = {}) {
  people.set(name, {
    name, given: name[0].toUpperCase() + name.slice(1), family: 'Example',
    email: `${name}@example.com`, verified: true, tenant: TENANT, ...facts,
  });
}

addPerson('alice', { domain: 'example.com' });
// Never proved that the address is theirs.
addPerson('bob', { verified: false });
// Has no address at all.
addPerson('carol', { email: undefined, verified: undefined });
// Says that alice's address is theirs, from another tenant.
addPerson('mallory', { email: 'alice@example.com', verified: false, tenant: OTHER_TENANT });
// A personal account; with Apple, one that hides its address.
addPerson('peter', { tenant: PERSONAL_TENANT, relay: true });

export const person = name => people.get(name);
export const everybody = () => [...people.values()];
// The first to have an address is who it belongs to.
export const byHint = hint => hint && everybody().find(one => one.name === hint || one.email === hint);

export const digest = text => createHash('sha256').update(text).digest('hex');

export function uuid(text) {
  const hex = digest(text);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
