#!/usr/bin/env bash
# One sign-in from beginning to end against a server that `./dev run` started.
base=http://127.0.0.1:8080
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
post() { curl -sS --fail-with-body -H 'Content-Type: application/json' "$@"; }

# The password buys a code.
code=$(post "$base/auth/login" -d '{"client_id":"webapp","client_secret":"websecret","username":"alice","password":"Wonder-Land-7"}' | field code)

# The code buys an access token and a refresh token, once.
tokens=$(post "$base/auth/token" -d "{\"clientId\":\"webapp\",\"code\":\"$code\"}")
access=$(echo "$tokens" | field accessToken)
refresh=$(echo "$tokens" | field refreshToken)

# Who am I?
curl -sS --fail-with-body "$base/auth/me" -H "Authorization: Bearer $access"; echo

# The refresh token buys the next pair.
tokens=$(post "$base/auth/token-refresh" -H "Authorization: Bearer $access" -d "{\"refreshToken\":\"$refresh\"}")
access=$(echo "$tokens" | field accessToken)
refresh=$(echo "$tokens" | field refreshToken)

# Sign out: both tokens are dead from now on.
post "$base/logout" -H "Authorization: Bearer $access" -d "{\"refreshToken\":\"$refresh\"}"; echo
curl -sS "$base/auth/me" -H "Authorization: Bearer $access"; echo
