#!/usr/bin/env bash
# Generates TypeScript clients from OpenAPI documents, compiles them with one driver and drives the main job with each
# against the running server. Called by ./dev test; runs from anywhere.
#
#   native     our own document, openapi/native.json
#   fixture    fixtures/main-job.json: the old service's names and shapes, written for this test
#   reference  the old service's own document, where it is at hand
#
# DOORWARD_BIN                the binary (default: ${CARGO_TARGET_DIR:-target}/debug/doorward)
# DOORWARD_REFERENCE_OPENAPI  the old document (default: ../shared/contract/auth-service-openapi.json)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"

binary=$(realpath -m "${DOORWARD_BIN:-${CARGO_TARGET_DIR:-target}/debug/doorward}")
reference=$(realpath -m "${DOORWARD_REFERENCE_OPENAPI:-../shared/contract/auth-service-openapi.json}")
scratch=
server=
passed=0
failed=0
undriven=0

stop_server() {
  if [[ -n $server ]]; then
    kill "$server" 2>/dev/null || true
    timeout 20 tail --pid="$server" -f /dev/null || kill -KILL "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
  fi
}

clean_up() {
  stop_server
  [[ -z $scratch ]] || rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

give_up() {
  echo "clients: $1" >&2
  exit 1
}

pass() {
  echo "ok      $1"
  passed=$((passed + 1))
}

fail() {
  echo "FAILED  $1"
  failed=$((failed + 1))
}

# npm ci, unless exactly these packages are installed already.
install_packages() {
  local wanted stamp="$here/node_modules/.installed"
  wanted=$(cat "$here/package-lock.json" "$here/package.json" <(node --version) | sha256sum)
  if [[ ! -f $stamp || $(<"$stamp") != "$wanted" ]]; then
    (cd "$here" && npm ci --loglevel=error) || give_up "npm ci failed"
    echo "$wanted" >"$stamp"
  fi
}

start_server() {
  local attempt port
  (cd "$scratch" && "$binary" apply "$here/bootstrap.toml" --config doorward.toml) >"$scratch/apply.log" 2>&1 ||
    { cat "$scratch/apply.log" >&2; give_up "doorward apply failed"; }
  for attempt in 1 2 3; do # the port may be taken between the look and the start
    port=$(node "$here/free-port.mjs")
    url="http://127.0.0.1:$port"
    write_configuration "$port"
    (cd "$scratch" && exec "$binary" serve --config doorward.toml) >"$scratch/server.log" 2>&1 &
    server=$!
    if timeout 30 node "$here/wait-ready.mjs" "$url/health/ready" "$server" 20; then
      return
    fi
    echo "clients: the server did not become ready (attempt $attempt)" >&2
    kill -0 "$server" 2>/dev/null && break
    stop_server
  done
  cat "$scratch/server.log" >&2
  give_up "the server does not start"
}

write_configuration() {
  cat >"$scratch/doorward.toml" <<TOML
[server]
listen = "127.0.0.1:$1"

[database]
url = "sqlite://data/doorward.db"

[native]
sign_up_tenant = "north"
TOML
}

# Whether document $2 keeps the names of the main job in document $1.
same_names() {
  if node "$here/names.mjs" "$1" "$2"; then
    pass "names: $3"
  else
    fail "names: $3"
  fi
}

drive() {
  local name=$1
  if ! "$here/node_modules/.bin/tsc" -p "$here/build/$name"; then
    fail "$name: the client does not compile with the driver"
  elif ! DOORWARD_URL=$url DOORWARD_USER=$name timeout 60 node "$here/build/$name/out/drive.js" 2>&1; then
    fail "$name: the main job"
    undriven=$((undriven + 1))
  else
    pass "$name: generated, compiled, main job driven"
  fi
}

command -v npm >/dev/null || give_up "npm is missing (Debian: nodejs npm)"
[[ -x $binary ]] || give_up "$binary is missing: cargo build -p doorward-server, or set DOORWARD_BIN"
[[ -f openapi/native.json ]] || give_up "openapi/native.json is missing: ./dev openapi"
if grep -q '"resolved": "http' "$here/package-lock.json"; then
  give_up "package-lock.json records download addresses; regenerate it in tests/clients, where .npmrc leaves them out"
fi
# Settings of the caller's shell are not the test's.
for variable in $(compgen -e DOORWARD__ || true); do unset "$variable"; done

install_packages
scratch=$(mktemp -d)

documents=(native="$root/openapi/native.json" fixture="$here/fixtures/main-job.json")
if [[ -f $reference ]]; then
  documents+=(reference="$reference")
else
  echo "clients: no client from the old service's own document: $reference does not exist (the fixture stands for it)"
fi
(cd "$here" && node generate.mjs "${documents[@]}") || give_up "a client cannot be generated"

write_configuration 0
start_server
same_names "$here/fixtures/main-job.json" "$root/openapi/native.json" "our document keeps those of the fixture"
if [[ -f $reference ]]; then
  same_names "$reference" "$here/fixtures/main-job.json" "the fixture keeps those of the old document"
fi
for document in "${documents[@]}"; do
  drive "${document%%=*}"
done
if ((undriven > 0)); then
  echo "--- the server's last lines"
  tail -n 20 "$scratch/server.log"
fi
echo "clients: $passed passed, $failed failed"
((failed == 0))
