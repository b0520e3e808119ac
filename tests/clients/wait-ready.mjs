// node wait-ready.mjs URL PROCESS SECONDS
// Ends well once URL answers 200; with 1 when PROCESS (its number) has ended or SECONDS are over.

import { setTimeout as sleep } from 'node:timers/promises';

const [url, processNumber, seconds] = process.argv.slice(2);
const deadline = Date.now() + Number(seconds) * 1000;
while (Date.now() < deadline && isAlive(Number(processNumber))) {
  const status = await fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.status,
    () => undefined,
  );
  if (status === 200) {
    process.exit(0);
  }
  await sleep(50);
}
process.exit(1);

function isAlive(number) {
  try {
    return process.kill(number, 0);
  } catch {
    return false;
  }
}
