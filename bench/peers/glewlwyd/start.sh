#!/usr/bin/env bash
# Serves Debian's glewlwyd on 127.0.0.1:$PORT, with a new database each time. README.md says what it takes.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
port=${PORT:-4593}
data=${PEER_DATA:-$here/data}
schema=/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3
settings=/etc/glewlwyd/glewlwyd.conf
issuer="http://127.0.0.1:$port/"

fail() {
  echo "glewlwyd peer: $1" >&2
  exit 1
}

make_keys() {
  [[ -f rsa.key ]] || openssl genrsa -out rsa.key 2048 2>/dev/null
  openssl rsa -in rsa.key -pubout -out rsa.pub 2>/dev/null
  [[ -f ecdsa.key ]] || openssl ecparam -genkey -name prime256v1 -noout -out ecdsa.key
  openssl ec -in ecdsa.key -pubout -out ecdsa.pub 2>/dev/null
}

# What Debian's package makes, and the benchmark's rows.
make_database() {
  rm -f glewlwyd.db*
  sqlite3 glewlwyd.db <"$schema"
  sed "s|@ISSUER@|$issuer|" "$here/bench.sql" | sqlite3 -bail glewlwyd.db
}

# Debian's settings, but for the address, the log and the database.
write_settings() {
  sed -e "s|^port=.*|port=$port|" -e 's|^#bind_address=.*|bind_address="127.0.0.1"|' \
    -e "s|^external_url=.*|external_url=\"$issuer\"|" -e 's|^log_mode=.*|log_mode="console"|' \
    -e 's|^log_level=.*|log_level="ERROR"|' \
    -e "s|^@include.*|database = { type = \"sqlite3\"; path = \"$PWD/glewlwyd.db\" };|" "$settings" >glewlwyd.conf
}

for program in glewlwyd sqlite3 openssl; do
  command -v "$program" >/dev/null || fail "$program is missing (Debian: $program)"
done
[[ -f $schema ]] || fail "$schema is missing"
umask 077
mkdir -p "$data"
cd "$data"
make_keys
make_database
write_settings
exec glewlwyd --config-file="$PWD/glewlwyd.conf"
