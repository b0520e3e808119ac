#!/usr/bin/env bash
# Signs in with a real browser, headless: cookies survive the way to the provider and back, with TLS and without.
# The server is known as localhost, the provider as 127.0.0.1: two sites, as far as cookies are concerned.
#
# DOORWARD_BIN   the binary
# CHROMIUM       the browser (Debian: chromium)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
binary=$(realpath -m "${DOORWARD_BIN:-$root/target/debug/doorward}")
browser=${CHROMIUM:-chromium}
scratch=$(mktemp -d)
pids=()

clean_up() {
  local pid
  for pid in "${pids[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

give_up() {
  echo "browser: $1" >&2
  tail -n 5 "$scratch"/*.log >&2 || true
  exit 1
}

is_taken() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

wait_for() {
  local try
  for ((try = 0; try < 300; try++)); do
    ! is_taken "$1" || return 0
    sleep 0.1
  done
  give_up "nobody listens on port $1"
}

for http in $(shuf -i 20000-29000 -n 50); do
  is_taken "$http" || is_taken $((http + 1000)) || is_taken $((http + 2000)) || is_taken $((http + 3000)) || break
done
https=$((http + 1000)) behind=$((http + 2000)) provider=$((http + 3000))

# One server known by http://, one by https:// behind a proxy, on one database.
start_server() {
  local name=$1 listen=$2 public_url=$3
  (
    cd "$scratch"
    export DOORWARD__SERVER__LISTEN="127.0.0.1:$listen" DOORWARD__SERVER__PUBLIC_URL="$public_url"
    exec "$binary" --config dev-idp.toml serve
  ) 2>"$scratch/$name.log" &
  pids+=($!)
  wait_for "$listen"
}

sed "s|127.0.0.1:9400|127.0.0.1:$provider|" "$root/examples/dev-idp.toml" >"$scratch/dev-idp.toml"
sed "s|127.0.0.1:9400|127.0.0.1:$provider|" "$root/examples/quickstart.toml" >"$scratch/quickstart.toml"
(cd "$scratch" && "$binary" apply quickstart.toml >"$scratch/apply.log")
(cd "$scratch" && exec "$binary" dev-idp --listen "127.0.0.1:$provider") 2>"$scratch/dev-idp.log" &
pids+=($!)
wait_for "$provider"
start_server http "$http" "http://localhost:$http"
start_server https "$behind" "https://localhost:$https"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
  -keyout "$scratch/key.pem" -out "$scratch/certificate.pem" 2>"$scratch/openssl.log"
node "$here/tls-proxy.mjs" "$https" "$behind" "$scratch/key.pem" "$scratch/certificate.pem" 2>"$scratch/proxy.log" &
pids+=($!)
wait_for "$https"

# Opens the address with a browser that has no past; prints the page it ends at.
visit() {
  local profile="$scratch/profile"
  rm -rf "$profile"
  timeout 90 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
    --disable-background-networking --ignore-certificate-errors --user-data-dir="$profile" \
    --virtual-time-budget=20000 --dump-dom "$1" 2>"$scratch/browser.log"
}

# $1 = kind, $2 = path to begin at, $3 = origin
sign_in() {
  local code reply
  curl -sf -o "$scratch/choice" -X DELETE -H 'Content-Type: application/json' "http://127.0.0.1:$provider/_persona"
  curl -sf -o "$scratch/choice" -H 'Content-Type: application/json' "http://127.0.0.1:$provider/_persona" -d '{"key":"alice"}'
  visit "$3$2?client_id=demo" >"$scratch/page.html" || give_up "$1 at $3: the browser failed"
  code=$(sed -n 's/.*<b id="code">\([^<]*\)<.*/\1/p' "$scratch/page.html")
  [ -n "$code" ] || { cat "$scratch/page.html"; give_up "$1 at $3: no code came to the application"; }
  reply=$(curl -s -H 'Content-Type: application/json' "http://127.0.0.1:$http/auth/token" -d "{\"clientId\":\"demo\",\"code\":\"$code\"}")
  case $reply in
    *'"accessToken"'*) echo "ok      $1 at ${3%:*}" ;;
    *) give_up "$1 at $3: $reply" ;;
  esac
}

for origin in "http://localhost:$http" "https://localhost:$https"; do
  # By redirect, with a Lax cookie.
  sign_in google /auth/google "$origin"
  sign_in oidc /auth/providers/oidc "$origin"
  # By a cross-site POST: SameSite=None with TLS, the form sent again without.
  sign_in apple /auth/oauth-apple "$origin"
  sign_in saml /auth/saml "$origin"
done

# $1 = server, $2 = the path the form comes to, $3 = the statuses that it got there, in order
check_forms() {
  local statuses
  statuses=$(sed -n 's|.*"method":"POST","route":"'"$2"'","status":\([0-9]*\).*|\1|p' "$scratch/$1.log")
  # Lines become words.
  # shellcheck disable=SC2046,SC2086,SC2116
  [ "$(echo $statuses)" = "$3" ] || give_up "the form came to $1$2 otherwise than thought: $statuses"
}
for path in /auth/apple-oauth-redirect /auth/saml-redirect; do
  check_forms http "$path" "200 302"
  check_forms https "$path" "302"
done
echo "signed in with $("$browser" --version 2>/dev/null)"
