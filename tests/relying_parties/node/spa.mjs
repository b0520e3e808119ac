// Applications in a browser: npm's oidc-client-ts in a headless Chromium, each application on an origin of its own, and the
// hosted pages as the browser sees them.
//
// RP_PORTS  the ports of the three applications, as registered
// CHROMIUM  the browser (Debian: chromium)
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { webApplication } from './guide/web_app.mjs';
import { check, runAll } from './lib/checks.mjs';
import { serveApplication } from './lib/spa_server.mjs';
import { ALICE, ISSUER, SECRET } from './lib/world.mjs';

const [ONE_PORT, TWO_PORT, THREE_PORT] = (process.env.RP_PORTS ?? '').split(',').map(Number);
const ONE = `http://127.0.0.1:${ONE_PORT}`;
const TWO = `http://127.0.0.1:${TWO_PORT}`;
const THREE = `http://127.0.0.1:${THREE_PORT}`;
// The same application on another site, as far as cookies are concerned.
const ELSEWHERE = `http://localhost:${TWO_PORT}`;
const PAYLOAD = `"'><script>alert(1)</script><img src=x onerror=alert(2)>`;

const one = await serveApplication(ONE_PORT, { issuer: ISSUER, client_id: 'spa' });
const two = await serveApplication(TWO_PORT, { issuer: ISSUER, client_id: 'spa-two' });
const three = await webApplication({ issuer: ISSUER, clientId: 'web-app', clientSecret: SECRET, origin: THREE });
await new Promise(resolve => three.listen(THREE_PORT, resolve));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});

// A browser without a past. Scripts that fail, dialogs and what a policy blocks fail the check.
async function visit(body, options) {
  const context = await browser.newContext(options);
  const complaints = [];
  context.setDefaultTimeout(10_000);
  context.on('dialog', dialog => {
    complaints.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  context.on('weberror', error => complaints.push(`a script: ${error.error()}`));
  context.on('console', message => {
    if (/content security policy|refused to/i.test(message.text())) complaints.push(message.text());
  });
  try {
    await body(context);
    assert.deepEqual(complaints, []);
  } catch (error) {
    const places = await Promise.all(context.pages().map(async page => `at ${page.url()}: ${await readable(page)}`));
    error.stack += `\n${[...places, ...complaints].join('\n')}`;
    throw error;
  } finally {
    await context.close();
  }
}

const readable = page => page.evaluate(() => document.body?.innerText.slice(0, 500)).catch(() => '');

async function open(context, origin) {
  const page = await context.newPage();
  await page.goto(origin);
  await page.evaluate(() => window.ready);
  return page;
}

async function fillIn(page) {
  await page.fill('#username', ALICE.username);
  await page.fill('#password', ALICE.password);
  await page.click('#submit');
}

const shows = (page, text) => page.waitForFunction(
  expected => document.getElementById('user')?.textContent === expected, text,
);

async function signIn(context, origin) {
  const page = await open(context, origin);
  await page.click('#sign-in');
  await page.waitForURL(`${ISSUER}/**`);
  await fillIn(page);
  await shows(page, ALICE.email);
  return page;
}

// Without a password: a browser that is signed in already.
async function signInAgain(context, origin) {
  const page = await open(context, origin);
  await page.click('#sign-in');
  await shows(page, ALICE.email);
  return page;
}

const tokens = page => page.evaluate(async () => {
  const { access_token: access, refresh_token: refresh, session_state: state, profile } = await manager.getUser();
  return { access, refresh, state, profile };
});

// As the application would, from its own origin.
const userinfo = (page, token) => page.evaluate(async token => {
  const address = await manager.metadataService.getUserInfoEndpoint();
  const response = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
  return response.status;
}, token);

async function signOut(page) {
  await page.click('#sign-out');
  await page.waitForSelector('body[data-returned]');
  await shows(page, 'nobody');
}

const happened = (page, name) => page.waitForFunction(
  name => [...document.querySelectorAll('#events li')].some(item => item.textContent === name), name,
);

function authorize(parameters) {
  const address = new URL(`${ISSUER}/oauth2/authorize`);
  address.search = new URLSearchParams({
    response_type: 'code',
    scope: 'openid',
    code_challenge: 'j3wKnK2Fa_mc2tgdqa6GtUfCYjdWSA5S23JKTTtPF8Y',
    code_challenge_method: 'S256',
    ...parameters,
  });
  return String(address);
}

check('sign in, userinfo from another origin, renewal by refresh token, sign out', () => visit(async context => {
  const page = await signIn(context, ONE);
  const first = await tokens(page);
  assert.deepEqual([first.profile.email, first.profile.given_name], [ALICE.email, 'Alice']);
  assert.equal(page.url(), `${ONE}/`);
  assert.equal(await userinfo(page, first.access), 200);

  await page.evaluate(() => manager.signinSilent());
  const second = await tokens(page);
  assert.notEqual(second.access, first.access);
  assert.notEqual(second.refresh, first.refresh);
  assert.equal(second.profile.sub, first.profile.sub);
  assert.equal(await userinfo(page, second.access), 200);

  await signOut(page);
  assert.equal(page.url(), `${ONE}/`);
  assert.equal(await userinfo(page, second.access), 401);
}));

check('renewal by an iframe with prompt=none', () => visit(async context => {
  const page = await signIn(context, TWO);
  const first = await tokens(page);
  assert.equal(first.refresh, undefined);
  await page.evaluate(() => manager.signinSilent());
  const second = await tokens(page);
  assert.notEqual(second.access, first.access);
  assert.equal(second.profile.sub, first.profile.sub);
  // Whoever is signed out is told so at once, not by a time-out.
  await context.clearCookies();
  const error = await page.evaluate(() => manager.signinSilent().then(() => 'none', error => error.error));
  assert.equal(error, 'login_required');
}));

check('a second application needs no password, and signing out of it signs the first out', () => visit(async context => {
  const first = await signIn(context, ONE);
  const second = await signInAgain(context, TWO);
  assert.equal((await tokens(first)).profile.sub, (await tokens(second)).profile.sub);
  assert.equal(typeof (await tokens(first)).state, 'string');
  const { access } = await tokens(first);

  await signOut(second);
  // The iframe of the session tells it, without any action of the user.
  await happened(first, 'UserSignedOut');
  await shows(first, 'nobody');
  assert.equal(await userinfo(first, access), 401);

  await first.click('#sign-in');
  await first.waitForSelector('#password');
}));

check('the web application of the guide', () => visit(async context => {
  const page = await context.newPage();
  const says = () => page.textContent('body');
  await page.goto(`${THREE}/login`);
  await fillIn(page);
  await page.waitForURL(`${THREE}/`);
  assert.equal(await says(), 'Hello, Alice Liddell');
  await page.goto(`${THREE}/refresh`);
  assert.equal(await says(), 'Hello, Alice Liddell');
  await page.goto(`${THREE}/logout`);
  assert.deepEqual([page.url(), await says()], [`${THREE}/`, 'Hello, stranger']);
  await page.goto(`${THREE}/login`);
  await page.waitForSelector('#password');
}));

check('an application of another site signs in, too', () => visit(async context => {
  const page = await signIn(context, ELSEWHERE);
  assert.equal(await userinfo(page, (await tokens(page)).access), 200);
  await signOut(page);
}));

check('the iframe says that nothing changed while nothing does', () => visit(async context => {
  const page = await signIn(context, ONE);
  await page.waitForTimeout(2500);
  assert.deepEqual(await page.locator('#events li').allTextContents(), []);
  await shows(page, ALICE.email);
}));

check('going back after signing out shows nothing', () => visit(async context => {
  const page = await signIn(context, ONE);
  await signOut(page);
  for (let step = 0; step < 6; step++) {
    await page.goBack({ waitUntil: 'load' }).catch(() => {});
    const { text, secrets } = await page.evaluate(() => ({
      text: document.body.innerText,
      // Chromium fills in again what somebody typed, but for passwords.
      secrets: [...document.querySelectorAll('[type=password], #otp')].map(input => input.value).join(''),
    }));
    assert.ok(!text.includes(ALICE.email) && !text.includes('Alice'), `${page.url()}: ${text}`);
    assert.equal(secrets, '', page.url());
  }
}));

check('signing out without an application asks first', () => visit(async context => {
  const app = await signIn(context, ONE);
  const { access } = await tokens(app);
  const page = await context.newPage();
  await page.goto(`${ISSUER}/oauth2/connect/endSession`);
  assert.equal(await userinfo(app, access), 200);
  await page.click('#submit');
  await page.waitForURL(`${ISSUER}/signed-out**`);
  assert.equal(await userinfo(app, access), 401);
  await page.goBack();
  assert.ok(!(await readable(page)).includes(ALICE.email));
}));

check('form_post submits itself', () => visit(async context => {
  const page = await context.newPage();
  const state = `form ${PAYLOAD}`;
  await page.goto(authorize({
    client_id: 'basic', redirect_uri: `${ONE}/form-post`, response_mode: 'form_post', state,
  }));
  await fillIn(page);
  await page.waitForSelector('#arrived');
  const form = one.forms.at(-1);
  assert.deepEqual([form.get('state'), form.get('iss')], [state, ISSUER]);
  assert.ok(form.get('code'));
}));

check('everything works without JavaScript', () => visit(async context => {
  const page = await context.newPage();
  const state = 'without scripts';
  await page.goto(authorize({
    client_id: 'third-party', redirect_uri: `${ONE}/form-post`, response_mode: 'form_post', state, prompt: 'consent',
  }));
  await fillIn(page);
  await page.click('#allow');
  await page.click('button, input[type=submit]');
  await page.waitForSelector('#arrived');
  assert.equal(one.forms.at(-1).get('state'), state);
}, { javaScriptEnabled: false }));

check('no text of a stranger becomes a script', () => visit(async context => {
  const page = await context.newPage();
  const harmless = async () => {
    assert.equal(await page.locator('img[src=x]').count(), 0, page.url());
    const scripts = await page.locator('script').allTextContents();
    assert.ok(!scripts.some(script => script.includes('alert(')), scripts.join());
  };
  const parameters = {
    client_id: 'strange', redirect_uri: `${ONE}/form-post`, response_mode: 'form_post', state: PAYLOAD,
    nonce: PAYLOAD, login_hint: PAYLOAD, ui_locales: PAYLOAD, acr_values: PAYLOAD, claims: JSON.stringify({ [PAYLOAD]: null }),
  };
  await page.goto(authorize(parameters));
  await harmless();
  assert.equal(await page.inputValue('#username'), PAYLOAD);
  await page.fill('#username', PAYLOAD);
  await page.fill('#password', PAYLOAD);
  await page.click('#submit');
  await page.waitForSelector('#error');
  await harmless();
  await fillIn(page);
  await page.waitForSelector('#allow');
  // Its name is shown as it is.
  assert.ok((await readable(page)).includes(PAYLOAD), await readable(page));
  await harmless();
  await page.click('#allow');
  await page.waitForSelector('#arrived');
  assert.equal(one.forms.at(-1).get('state'), PAYLOAD);

  for (const address of [
    authorize({ ...parameters, client_id: PAYLOAD }),
    authorize({ ...parameters, redirect_uri: `https://attacker.example/${PAYLOAD}` }),
    authorize({ ...parameters, prompt: PAYLOAD }),
    `${ISSUER}/oauth2/connect/endSession?${new URLSearchParams({ post_logout_redirect_uri: PAYLOAD, state: PAYLOAD })}`,
    `${ISSUER}/oauth2/connect/checkSession?${new URLSearchParams({ id_token: PAYLOAD, client_id: PAYLOAD })}`,
    `${ISSUER}/sign-in?${new URLSearchParams({ transaction: PAYLOAD })}`,
    `${ISSUER}/reset-password?${new URLSearchParams({ token: PAYLOAD })}`,
    `${ISSUER}/sign-up?${new URLSearchParams({ token: PAYLOAD })}`,
    `${ISSUER}/verify-email?${new URLSearchParams({ token: PAYLOAD })}`,
    `${ISSUER}/${encodeURIComponent(PAYLOAD)}`,
  ]) {
    await page.goto(address);
    await harmless();
  }
}));

try {
  await runAll();
} finally {
  await browser.close();
  one.close();
  two.close();
  three.closeAllConnections();
  three.close();
}
