#!/usr/bin/env bash
# Asks a running peer every route that the benchmark drives, once. usage: check.sh http://127.0.0.1:PORT
set -euo pipefail

base=${1:?usage: check.sh http://127.0.0.1:PORT}
client='"client_id":"webapp","client_secret":"websecret"'
sign_in="{$client,\"username\":\"alice\",\"password\":\"Test123!@#\"}"

fail() {
  echo "FAILED  $1" >&2
  exit 1
}

post() {
  curl -sS "$base$1" -H 'Content-Type: application/json' -d "$2" "${@:3}"
}

field() {
  node -e 'const value = JSON.parse(fs.readFileSync(0, "utf8"))[process.argv[1]]; process.stdout.write(String(value ?? ""))' "$1"
}

code=$(post /auth/login "$sign_in" | field code)
[[ -n $code ]] || fail "POST /auth/login"
echo "ok      POST /auth/login"
tokens=$(post /auth/token "{\"code\":\"$code\",\"clientId\":\"webapp\"}")
access=$(field accessToken <<<"$tokens")
refresh=$(field refreshToken <<<"$tokens")
[[ -n $access && ${#refresh} -eq 64 ]] || fail "POST /auth/token: $tokens"
echo "ok      POST /auth/token"
me=$(curl -sS "$base/auth/me" -H "Authorization: Bearer $access")
[[ $(field username <<<"$me") == alice && $(field permissions <<<"$me") == ViewLoginActivity ]] || fail "GET /auth/me: $me"
echo "ok      GET /auth/me"
# Within one second the successor would be the token that the refresh has just revoked.
sleep 1.1
tokens=$(post /auth/token-refresh "{\"refreshToken\":\"$refresh\"}" -H "Authorization: Bearer $access")
renewed=$(field accessToken <<<"$tokens")
[[ -n $renewed && $renewed != "$access" ]] || fail "POST /auth/token-refresh: $tokens"
[[ $(curl -sS "$base/auth/me" -H "Authorization: Bearer $renewed" | field username) == alice ]] || fail "the renewed token"
[[ $(curl -sS "$base/auth/me" -H "Authorization: Bearer $access") == *TokenRevoked* ]] || fail "the old token still works"
echo "ok      POST /auth/token-refresh"
sleep 1.1
tokens=$(post /auth/login-token "$sign_in")
[[ $(($(field expires <<<"$tokens") / 1000 - $(date +%s))) -gt 890 ]] || fail "POST /auth/login-token: $tokens"
echo "ok      POST /auth/login-token"
activity=$(curl -sS "$base/login-activity/count" -H "Authorization: Bearer $(field accessToken <<<"$tokens")")
[[ -n $(field count <<<"$activity") ]] || fail "GET /login-activity/count: $activity"
echo "ok      GET /login-activity/count: $activity"
