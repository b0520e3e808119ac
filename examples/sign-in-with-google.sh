#!/usr/bin/env bash
# A sign-in at the identity provider that `./dev run` plays, without a browser.
base=http://127.0.0.1:8080
cookies=$(mktemp)
next() { curl -sS -o /dev/null -w '%{redirect_url}' -c "$cookies" -b "$cookies" "$1"; }

# The server sends the browser to "Google", which asks who it is; `login_hint` is the answer.
page=$(next "$base/auth/google?client_id=demo")

# "Google" sends the browser back, and the server sends it on to the application with a code.
landing=$(next "$(next "$page&login_hint=alice")")

# The code buys tokens, as after any sign-in.
tokens=$(curl -sS --fail-with-body -H 'Content-Type: application/json' "$base/auth/token" -d "{\"clientId\":\"demo\",\"code\":\"${landing##*code=}\"}")
access=$(echo "$tokens" | sed -n 's/.*"accessToken":"\([^"]*\)".*/\1/p')

# Who am I?
curl -sS --fail-with-body "$base/auth/me" -H "Authorization: Bearer $access"; echo
