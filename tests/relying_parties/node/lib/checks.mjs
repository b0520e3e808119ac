// Runs checks one after the other, says how each went, and ends with 1 when one failed.
// RP_ONLY=word runs those with the word in their names.

const checks = [];

export function check(name, body) {
  checks.push({ name, body });
}

export async function runAll() {
  const only = process.env.RP_ONLY;
  const chosen = checks.filter(({ name }) => !only || name.includes(only));
  let failed = 0;
  for (const { name, body } of chosen) {
    const begun = performance.now();
    try {
      await body();
      console.log(`ok      ${name}  (${Math.round(performance.now() - begun)} ms)`);
    } catch (error) {
      failed++;
      console.log(`FAILED  ${name}\n${explain(error)}`);
    }
  }
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && chosen.length > 0 ? 0 : 1;
}

function explain(error) {
  const lines = [error.stack ?? String(error)];
  if (error.cause) lines.push(`because of ${describe(error.cause)}`);
  for (const key of ['code', 'error', 'error_description', 'status']) {
    if (error[key] !== undefined) lines.push(`${key}: ${error[key]}`);
  }
  return lines.join('\n').replace(/^/gm, '        ');
}

const describe = cause => (cause instanceof Error ? explain(cause) : JSON.stringify(cause, null, 1));
