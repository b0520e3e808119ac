#!/usr/bin/env bash
# A sign-in on the pages that `./dev run` serves, without a browser: an authorization code with PKCE (RFC 7636).
base=http://127.0.0.1:8080
app=http://127.0.0.1:4300/cb
cookies=$(mktemp)
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
next() { curl -sS -o /dev/null -w '%{redirect_url}' -c "$cookies" -b "$cookies" "$@"; }

# The application sends the browser to the server. It makes a new verifier each time; this is the example of RFC 7636.
verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk
challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM
page=$(next "$base/oauth2/authorize?response_type=code&client_id=browserapp&redirect_uri=$app&scope=openid+profile+email&code_challenge=$challenge&code_challenge_method=S256")

# The server asks who it is; the first time also whether the application may know. Then the browser is sent back.
page=$(next "$base/sign-in" -d "transaction=${page##*transaction=}" -d username=alice -d password=Wonder-Land-7)
case $page in */consent*) page=$(next "$base/consent" -d "transaction=${page##*transaction=}" -d decision=allow) ;; esac
code=$(echo "$page" | sed -n 's/.*[?&]code=\([^&]*\).*/\1/p')

# The code and the verifier buy an access token and an ID token, once.
tokens=$(curl -sS --fail-with-body "$base/oauth2/token" -d grant_type=authorization_code -d client_id=browserapp -d "redirect_uri=$app" -d "code=$code" -d "code_verifier=$verifier")
access=$(echo "$tokens" | field access_token)

# Who am I?
curl -sS --fail-with-body "$base/oauth2/userinfo" -H "Authorization: Bearer $access"; echo

# A program without a user has a token of its own, and may ask about others.
curl -sS --fail-with-body "$base/oauth2/token" -u reports:reportssecret -d grant_type=client_credentials -d scope=reports.read; echo
curl -sS --fail-with-body "$base/oauth2/introspect" -u reports:reportssecret -d "token=$access"; echo
