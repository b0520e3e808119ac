// The main job through a generated client. Copied beside every client: the same calls must compile and work with all.
// DOORWARD_URL = the server, DOORWARD_USER = the user of bootstrap.toml to sign in as.

import assert from 'node:assert/strict';
import { client } from './client/client.gen.js';
import {
  forgetPasswordControllerForgetPassword,
  forgetPasswordControllerResetPassword,
  forgetPasswordControllerVerifyResetPasswordLink,
  loginActivityControllerCount,
  loginActivityControllerFind,
  loginActivityControllerFindById,
  loginActivityControllerGetActiveUsers,
  loginControllerExchangeToken,
  loginControllerGetToken,
  loginControllerLogin,
  loginControllerLoginWithClientUser,
  loginControllerMe,
  loginControllerResetPassword,
  loginControllerSwitchToken,
  logoutControllerLogout,
  otpControllerCheckQr,
  otpControllerCreateQr,
  otpControllerSendOtp,
  otpControllerVerifyOtp,
  signupRequestControllerRequestSignup,
  signupRequestControllerSignupWithToken,
  signupRequestControllerVerifyInviteToken,
} from './client/sdk.gen.js';
import type {
  AuthRefreshTokenRequest,
  AuthTokenRequest,
  ForgetPasswordDto,
  LocalUserProfileDto,
  LoginActivityFilter,
  LoginActivityWithRelations,
  LoginRequest,
  LoopbackCount,
  OtpLoginRequest,
  OtpSendRequest,
  RefreshTokenRequestPartial,
  ResetPasswordPartial,
  ResetPasswordWithClient,
  SignupRequestDto,
  SuccessResponse,
  TokenResponse,
} from './client/types.gen.js';

const NORTH = '0199aaaa-0000-7000-8000-000000000001';
const SOUTH = '0199aaaa-0000-7000-8000-000000000002';
const CLIENT_ID = 'webapp';
const FIRST_PASSWORD = 'First-password-1';
const SECOND_PASSWORD = 'Second-password-2';

const baseUrl = setting('DOORWARD_URL');
const username = setting('DOORWARD_USER');
const confidential = { client_id: CLIENT_ID, client_secret: 'clients-test-secret-0123456789abcdef' };
const credentials: LoginRequest = {
  ...confidential,
  username,
  password: FIRST_PASSWORD,
};

let accessToken: string | undefined;
client.setConfig({ baseUrl, auth: () => accessToken });

try {
  await wrongPassword();
  await oneTimeCode();
  await authenticatorApp();
  await forgottenPassword();
  await newAccount();
  let tokens = await signIn();
  const userId = await me(NORTH);
  await activity(userId);
  tokens = await refresh(tokens);
  tokens = await switchTenant(tokens);
  await me(SOUTH);
  await changePassword(tokens);
  await signOut(await signInDirectly(SECOND_PASSWORD));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}

async function wrongPassword(): Promise<void> {
  const reply = await loginControllerLogin({ body: { ...credentials, password: 'Wrong-password-0' } });
  const error = refused('login with a wrong password', reply, 401);
  assert.equal(error.statusCode, 401);
  assert.equal(error.name, 'UnauthorizedError');
  assert.deepEqual(error.message, { message: 'Invalid Credentials' });
}

async function oneTimeCode(): Promise<void> {
  const asked: OtpSendRequest = { ...confidential, key: username };
  sent('send-otp', await otpControllerSendOtp({ body: asked }));
  const guess: OtpLoginRequest = { key: username, otp: 'guess' };
  const error = refused('verify-otp with a wrong code', await otpControllerVerifyOtp({ body: guess }), 401);
  assert.deepEqual(error.message, { message: 'Otp Invalid' });
}

async function authenticatorApp(): Promise<void> {
  const code = text(record(answered('login', await loginControllerLogin({ body: credentials }))), 'code');
  const headers = { code, clientId: CLIENT_ID };
  const before = record(answered('check-qr-code', await otpControllerCheckQr({ headers })));
  assert.equal(before['isGenerated'], false);
  const body: AuthTokenRequest = { code, clientId: CLIENT_ID };
  const drawn = record(answered('create-qr-code', await otpControllerCreateQr({ body })));
  assert.match(text(drawn, 'qrCode'), /^data:image\/png;base64,iVBORw0KGgo[A-Za-z0-9+/]+=*$/);
}

async function forgottenPassword(): Promise<void> {
  const asked: ForgetPasswordDto = { ...confidential, username };
  sent('forget-password', await forgetPasswordControllerForgetPassword({ body: asked }));
  const looked = await forgetPasswordControllerVerifyResetPasswordLink({ query: { token: 'unknown' } });
  assert.equal(refused('verify-reset-password-link', looked, 401).message, 'Token Expired');
  const body: ResetPasswordWithClient = { ...confidential, token: 'unknown', password: SECOND_PASSWORD };
  const reset = await forgetPasswordControllerResetPassword({ body });
  assert.equal(refused('reset-password', reset, 401).message, 'Token Expired');
}

async function newAccount(): Promise<void> {
  const email = `new-${username}@example.com`;
  const asked: SignupRequestDto = { email, data: { plan: 'free' } };
  sent('sign-up/create-token', await signupRequestControllerRequestSignup({ body: asked }));
  accessToken = 'unknown';
  const looked = refused('sign-up/verify-token', await signupRequestControllerVerifyInviteToken(), 401);
  assert.deepEqual(looked.message, { message: 'TokenExpired' });
  const body: LocalUserProfileDto = { email, password: FIRST_PASSWORD, firstName: 'New' };
  const made = refused('sign-up/create-user', await signupRequestControllerSignupWithToken({ body }), 401);
  assert.deepEqual(made.message, { message: 'TokenExpired' });
  accessToken = undefined;
}

async function signIn(): Promise<TokenResponse> {
  const code = text(record(answered('login', await loginControllerLogin({ body: credentials }))), 'code');
  const body: AuthTokenRequest = { code, clientId: CLIENT_ID };
  return take(answered<TokenResponse>('token', await loginControllerGetToken({ body })));
}

async function signInDirectly(password: string): Promise<TokenResponse> {
  accessToken = undefined;
  const old = await loginControllerLoginWithClientUser({ body: credentials });
  refused('login-token with the old password', old, 401);
  const reply = await loginControllerLoginWithClientUser({ body: { ...credentials, password } });
  return take(answered<TokenResponse>('login-token', reply));
}

async function me(tenant: string): Promise<string> {
  const user = record(answered('me', await loginControllerMe()));
  assert.equal(user['username'], username);
  assert.equal(user['email'], `${username}@example.com`);
  assert.equal(user['firstName'], 'Alice');
  assert.equal(user['middleName'], null);
  assert.equal(user['tenantId'], tenant);
  assert.equal(user['defaultTenantId'], NORTH);
  assert.equal(user['role'], 'Auditor');
  assert.equal(user['status'], 1);
  assert.deepEqual(user['permissions'], ['ViewLoginActivity']);
  return text(user, 'id');
}

async function activity(actor: string): Promise<void> {
  // `filter[limit]=5&filter[order]=…`: how this generator writes an object unless told otherwise.
  const latest: LoginActivityFilter = { limit: 5, order: 'loginTime DESC' };
  const page = answered('find', await loginActivityControllerFind({ query: { filter: latest } }));
  assert.ok(page.length >= 1 && page.length <= 5, `find: ${page.length} rows`);

  // `filter={"where":…}`: what the document says (`content: application/json`).
  const where = { and: [{ actor }, { loginType: { inq: ['ACCESS'] } }, { tenantId: NORTH }] };
  const narrow: LoginActivityFilter = { where, limit: 10, order: ['loginTime DESC', 'id ASC'] };
  const found = await loginActivityControllerFind({ query: { filter: narrow }, querySerializer: asJson });
  const rows: LoginActivityWithRelations[] = answered('find with a condition', found);
  const [row] = rows;
  assert.ok(row !== undefined && rows.length === 1, `find with a condition: ${rows.length} rows`);
  assert.equal(row.actor, actor);
  assert.equal(row.tenantId, NORTH);
  assert.equal(row.loginType, 'ACCESS');
  assert.ok(!Number.isNaN(Date.parse(row.loginTime ?? '')), `loginTime: ${row.loginTime}`);
  assert.equal(typeof JSON.parse(row.tokenPayload ?? ''), 'object');

  const counted = await loginActivityControllerCount({ query: { where }, querySerializer: asJson });
  const count: LoopbackCount = answered('count', counted);
  assert.equal(count.count, rows.length);

  const one = await loginActivityControllerFindById({ path: { id: row.id ?? '' } });
  assert.deepEqual(answered('findById', one), row);
  const absent = await loginActivityControllerFindById({ path: { id: '0199aaaa-0000-7000-8000-00000000dead' } });
  assert.equal(refused('findById of no row', absent, 404).statusCode, 404);

  const signInTime = Date.parse(row.loginTime ?? '');
  const report = await loginActivityControllerGetActiveUsers({
    path: { range: 'daily' },
    query: {
      startDate: new Date(signInTime - 60_000).toISOString(),
      endDate: new Date(signInTime + 60_000).toISOString(),
    },
  });
  const days = record(answered('active-users', report));
  const kinds = record(days[new Date(signInTime).toISOString().slice(0, 10)]);
  const active = kinds['ACCESS'];
  assert.ok(Array.isArray(active), 'active-users: no list of ACCESS');
  assert.equal(active.filter((entry) => record(entry)['actor'] === actor).length, 1);
}

async function refresh(tokens: TokenResponse): Promise<TokenResponse> {
  const body: AuthRefreshTokenRequest = { refreshToken: tokens.refreshToken };
  // The old document declares Authorization as a parameter too, and old callers pass it.
  const headers = { Authorization: `Bearer ${tokens.accessToken}`, device_id: 'driver' };
  const next = answered<TokenResponse>('token-refresh', await loginControllerExchangeToken({ body, headers }));
  assert.notEqual(next.accessToken, tokens.accessToken);
  assert.notEqual(next.refreshToken, tokens.refreshToken);
  refused('me with a refreshed token', await loginControllerMe(), 401);
  return take(next);
}

async function switchTenant(tokens: TokenResponse): Promise<TokenResponse> {
  const body: AuthRefreshTokenRequest = { refreshToken: tokens.refreshToken, tenantId: SOUTH };
  return take(answered<TokenResponse>('switch-token', await loginControllerSwitchToken({ body })));
}

async function changePassword(tokens: TokenResponse): Promise<void> {
  const body: ResetPasswordPartial = {
    refreshToken: tokens.refreshToken,
    username,
    oldPassword: FIRST_PASSWORD,
    password: SECOND_PASSWORD,
  };
  const headers = { Authorization: `Bearer ${tokens.accessToken}` };
  const reply = record(answered('change-password', await loginControllerResetPassword({ body, headers })));
  assert.equal(reply['success'], true);
  refused('me after change-password', await loginControllerMe(), 401);
}

async function signOut(tokens: TokenResponse): Promise<void> {
  const body: RefreshTokenRequestPartial = { refreshToken: tokens.refreshToken };
  const headers = { Authorization: `Bearer ${tokens.accessToken}` };
  const reply: SuccessResponse = answered('logout', await logoutControllerLogout({ body, headers }));
  assert.equal(reply.success, true);
  refused('me after logout', await loginControllerMe(), 401);
}

// What every generated function resolves to.
interface Reply<T> {
  data?: T | undefined;
  error?: unknown;
  response?: Response | undefined;
}

function answered<T>(what: string, reply: Reply<T>): T {
  const { data, error, response } = reply;
  assert.equal(response?.status, 200, `${what}: ${response?.status} ${JSON.stringify(error)}`);
  assert.ok(data !== undefined, `${what}: no body`);
  return data;
}

function sent(what: string, reply: Reply<unknown>): void {
  assert.equal(reply.response?.status, 204, `${what}: ${reply.response?.status} ${JSON.stringify(reply.error)}`);
}

// The `error` member of a refusal's body.
function refused(what: string, reply: Reply<unknown>, status: number): Record<string, unknown> {
  const { error, response } = reply;
  assert.equal(response?.status, status, `${what}: ${response?.status} ${JSON.stringify(error)}`);
  return record(record(error)['error']);
}

function take(tokens: TokenResponse): TokenResponse {
  assert.equal(tokens.accessToken.split('.').length, 3);
  assert.match(tokens.refreshToken, /^[0-9a-f]{64}$/);
  const lifetime = tokens.expires - Date.now();
  assert.ok(lifetime > 14 * 60_000 && lifetime <= 15 * 60_000 + 5_000, `expires in ${lifetime} ms`);
  accessToken = tokens.accessToken;
  return tokens;
}

function asJson(query: Record<string, unknown>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([name, value]) => [name, JSON.stringify(value)])).toString();
}

function record(value: unknown): Record<string, unknown> {
  assert.ok(typeof value === 'object' && value !== null, `expected an object, not ${JSON.stringify(value)}`);
  return value as Record<string, unknown>;
}

function text(holder: Record<string, unknown>, name: string): string {
  const value = holder[name];
  assert.ok(typeof value === 'string' && value !== '', `expected a text in ${name}, not ${JSON.stringify(value)}`);
  return value;
}

function setting(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return value;
}
