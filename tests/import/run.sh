#!/usr/bin/env bash
# Imports from databases made by the old service's own migrations, as npm publishes them, and signs in afterwards.
# Called by ./dev test; runs from anywhere.
#
# DOORWARD_TEST_POSTGRES_URL  a PostgreSQL server on which databases may be made
# DOORWARD_BIN                the binary (default: ${CARGO_TARGET_DIR:-target}/debug/doorward)
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"

# Releases and the digests their packages must have.
releases=(
  "14.1.1 sha512-w3J/eLcF5Yv9V1AZNM0XS5MFbGDUHUXxtkJEV7KJktZ1iuAohxV/aVMeeix9BOoqBweh1IH/E8CPaMPHNwl8YA=="
  "19.2.2 sha512-jZfC27svlKz8sRInP989iiT05x+ZhL2vCNrvTzq2+DwqxIhAIUPxhMhIURC9gcS6hmXHPGOE0m6Oj1UhpgPqJw=="
)
package=@sourceloop/authentication-service
binary=$(realpath -m "${DOORWARD_BIN:-${CARGO_TARGET_DIR:-target}/debug/doorward}")
server_url=${DOORWARD_TEST_POSTGRES_URL:-}
scratch=
server=
databases=()
passed=0

fail() {
  echo "import: FAILED: $1" >&2
  exit 1
}

pass() {
  echo "ok      $1"
  passed=$((passed + 1))
}

stop_server() {
  [[ -n $server ]] || return 0
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=
}

clean_up() {
  local name
  stop_server
  for name in "${databases[@]}"; do
    psql -q "$server_url" -c "DROP DATABASE IF EXISTS $name WITH (FORCE)" || true
  done
  [[ -z $scratch ]] || rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# The address of another database on the same server.
address_of() {
  sed -E "s#^(postgres(ql)?://[^/?]*)(/[^?]*)?#\1/$1#" <<<"$server_url"
}

new_database() {
  psql -q "$server_url" -c "CREATE DATABASE $1 TEMPLATE template0"
  databases+=("$1")
}

sql() {
  psql -q -X -v ON_ERROR_STOP=1 "$@"
}

columns_of() {
  sql "$1" -At -c "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable
    FROM information_schema.columns WHERE table_schema = 'main'" | sort
}

digest_of() {
  node -e 'process.stdout.write(require("crypto").createHash("sha512").update(fs.readFileSync(process.argv[1])).digest("base64"))' "$1"
}

unpack() {
  local version=$1 digest=$2 file
  mkdir -p "$scratch/$version"
  file=$(cd "$scratch" && npm pack --silent "$package@$version") || fail "npm pack $package@$version"
  [[ "sha512-$(digest_of "$scratch/$file")" == "$digest" ]] ||
    fail "$package@$version is not the package that this test was written for"
  tar -xzf "$scratch/$file" -C "$scratch/$version"
}

# Their migrations, in their order.
migrate_old() {
  local file
  for file in "$scratch/$1"/package/migrations/pg/migrations/sqls/*-up.sql; do
    sql "$2" -o /dev/null -f "$file" 2>"$scratch/psql.log" || { cat "$scratch/psql.log"; fail "$file"; }
  done
}

# Our fixture, which the Rust tests use, has no column that the real tables do not have alike.
same_columns() {
  local version=$1 real=$2 own=$3
  comm -23 <(columns_of "$own") <(columns_of "$real") >"$scratch/foreign-columns"
  [[ ! -s $scratch/foreign-columns ]] ||
    fail "schema_*.sql is not release $version: $(head -n 3 "$scratch/foreign-columns" | tr '\n' ' ')"
  pass "$version: the fixture's columns are the package's"
}

contents() {
  pg_dump "$1" | grep -v '^\\\(un\)\?restrict' | sha256sum
}

start_server() {
  local port
  port=$(node "$root/tests/clients/free-port.mjs")
  url="http://127.0.0.1:$port"
  (cd "$1" && DOORWARD__SERVER__LISTEN="127.0.0.1:$port" exec "$binary" serve) >"$1/server.log" 2>&1 &
  server=$!
  timeout 30 node "$root/tests/clients/wait-ready.mjs" "$url/health/ready" "$server" 20 ||
    { cat "$1/server.log"; fail "the server does not start"; }
}

check_sign_in() {
  local reply
  reply=$(curl -sS "$url/auth/login-token" -H 'Content-Type: application/json' -d '{"client_id":"webapp",
    "client_secret":"CANARY-old-client-secret-of-webapp","username":"alice","password":"Correct-Horse-7-Battery"}')
  [[ $reply == *'"accessToken"'* ]] || fail "alice cannot sign in: $reply"
}

check_release() {
  local version=$1 old home before
  old=$(address_of "$2")
  home="$scratch/home-$version"
  mkdir "$home"
  sql "$old" -o /dev/null -f "$here/data.sql"
  before=$(contents "$old")
  (cd "$home" && "$binary" import sourceloop --from "$old" --dry-run) >"$home/looked" 2>"$home/log" ||
    { cat "$home/log"; fail "$version: the dry run"; }
  [[ ! -e $home/data ]] || fail "$version: the dry run wrote something"
  pass "$version: dry run"
  (cd "$home" && "$binary" import sourceloop --from "$old") >"$home/done" 2>"$home/log" ||
    { cat "$home/log"; fail "$version: the import"; }
  diff <(grep -v '^dry run' "$home/looked") "$home/done" || fail "$version: the dry run promised something else"
  (cd "$home" && "$binary" import sourceloop --from "$old") >"$home/again" 2>"$home/log"
  ! grep -E ': [1-9][0-9]* new' "$home/again" || fail "$version: the second import did something"
  ! grep -h CANARY "$home"/looked "$home"/done "$home"/again "$home/log" || fail "$version: a secret was printed"
  [[ $(contents "$old") == "$before" ]] || fail "$version: the old database was changed"
  pass "$version: imported, a second import changes nothing, nor did either in the old database"
  start_server "$home"
  check_sign_in
  stop_server
  pass "$version: signed in with the old password and client secret"
}

for program in npm node psql pg_dump curl; do
  command -v "$program" >/dev/null || fail "$program is missing"
done
[[ -n $server_url ]] || fail "DOORWARD_TEST_POSTGRES_URL is not set; ./dev test starts a server"
[[ -x $binary ]] || fail "$binary is missing: cargo build -p doorward-server, or set DOORWARD_BIN"
# Settings of the caller's shell are not the test's.
for variable in $(compgen -e DOORWARD__ || true); do unset "$variable"; done
scratch=$(mktemp -d)

for release in "${releases[@]}"; do
  read -r version digest <<<"$release"
  unpack "$version" "$digest"
  name="doorward_import_$$_${version//./_}"
  new_database "$name"
  new_database "${name}_own"
  migrate_old "$version" "$(address_of "$name")"
  sql "$(address_of "${name}_own")" -f "$here/schema_14.sql"
  [[ $version == 14.* ]] || sql "$(address_of "${name}_own")" -f "$here/schema_19.sql"
  same_columns "$version" "$(address_of "$name")" "$(address_of "${name}_own")"
  check_release "$version" "$name"
done
echo "import: $passed passed"
