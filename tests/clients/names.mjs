// node names.mjs OLD NEW
// Fails when NEW lacks, or names otherwise, an operation, parameter, schema or property of OLD's main job
// (the operations of fixtures/main-job.json). Clients are generated from these names.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

const read = async (path) => JSON.parse(await readFile(path, 'utf8'));
const [oldPath, newPath] = process.argv.slice(2);
const [mainJob, oldDocument, newDocument] = await Promise.all(
  [resolve(import.meta.dirname, 'fixtures/main-job.json'), oldPath, newPath].map(read),
);

// Where our document is meant to differ.
const INTENDED = [
  // The old service answered 400 without these dates, but its document called them optional.
  ...['parameters.startDate.required', 'parameters.endDate.required', 'requiredParameters'].map(
    (part) => `GET /active-users/{range}.${part}`,
  ),
  // Public clients have no secret.
  'POST /auth/send-otp.request.required',
  'POST /auth/forget-password.request.required',
  'PATCH /auth/reset-password.request.required',
  // The old service asked for no bearer there either.
  'POST /auth/forget-password.bearer',
  'PATCH /auth/reset-password.bearer',
  // `AuthTokenRequest` with one more optional member.
  'POST /auth/create-qr-code.request.schema',
  // The old document described the request in place of the reply, which must not hold a password.
  ...['schema', 'properties.password', 'required.1'].map((part) => `POST /auth/sign-up/create-user.response.${part}`),
];

const bodySchema = (holder) => holder?.content?.['application/json']?.schema;

// A schema as the names a generator takes from it; inline schemas count by their content. What a request requires is
// one text, so that requiring more is a difference; a reply may promise more.
function shape(document, schema, isRequest, seen = new Set()) {
  if (schema === undefined) {
    return undefined;
  }
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1);
    if (seen.has(name)) {
      return { schema: name };
    }
    const named = document.components.schemas[name];
    const inner = named === undefined ? { missing: true } : shape(document, named, isRequest, new Set([...seen, name]));
    return { schema: name, ...inner };
  }
  const required = [...(schema.required ?? [])].sort();
  const properties = Object.entries(schema.properties ?? {}).sort(([a], [b]) => a.localeCompare(b));
  return {
    type: schema.type === 'integer' ? 'number' : schema.type,
    items: shape(document, schema.items, isRequest, seen),
    properties: properties.map(([name, property]) => ({ name, ...shape(document, property, isRequest, seen) })),
    required: isRequest ? required.join(', ') : required,
  };
}

// Without headers named Authorization: a generator is to ignore them, `security` speaks for them (OpenAPI 3.0.3,
// Parameter Object).
function parametersOf(document, path, operation) {
  return [...(document.paths[path].parameters ?? []), ...(operation.parameters ?? [])]
    .filter((parameter) => !(parameter.in === 'header' && parameter.name.toLowerCase() === 'authorization'))
    .map((parameter) => {
      const { name, in: place, required = false, content, schema } = parameter;
      const value = shape(document, bodySchema(parameter) ?? schema, true);
      return { name, place, required, json: content !== undefined, value };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

function describe(document, path, method) {
  const operation = document.paths[path]?.[method];
  if (operation === undefined) {
    return { missing: true };
  }
  const parameters = parametersOf(document, path, operation);
  return {
    operationId: operation.operationId,
    tags: operation.tags,
    parameters,
    requiredParameters: parameters.filter((parameter) => parameter.required).map(({ name }) => name).join(', '),
    bearer: operation.security?.some((scheme) => 'HTTPBearer' in scheme) ?? false,
    request: shape(document, bodySchema(operation.requestBody), true),
    response: shape(document, bodySchema(operation.responses['200']), false),
  };
}

// Everything `before` says, `after` says too; `after` may say more (a reply the old document leaves open, another
// property of a reply, an optional parameter).
function* differences(before, after, place) {
  if (before === undefined || (Array.isArray(before) && before.length === 0)) {
    return;
  }
  if (Array.isArray(before)) {
    for (const [index, item] of before.entries()) {
      const named = typeof item === 'object';
      const match = named ? after?.find((other) => other.name === item.name) : after?.find((other) => other === item);
      yield* differences(item, match, `${place}.${named ? item.name : index}`);
    }
  } else if (typeof before === 'object' && typeof after === 'object') {
    for (const key of Object.keys(before)) {
      yield* differences(before[key], after[key], `${place}.${key}`);
    }
  } else if (before !== after && !INTENDED.includes(place)) {
    const text = (value) => JSON.stringify(value?.name ?? value?.schema ?? value) ?? 'nothing';
    yield `${place}: ${text(before)} has become ${text(after)}`;
  }
}

const found = [];
for (const [path, methods] of Object.entries(mainJob.paths)) {
  for (const method of Object.keys(methods)) {
    const before = describe(oldDocument, path, method);
    const after = describe(newDocument, path, method);
    found.push(...differences(before, after, `${method.toUpperCase()} ${path}`));
  }
}
for (const line of found) {
  console.log(`  ${line}`);
}
process.exit(found.length === 0 ? 0 : 1);
