#!/usr/bin/env bash
# A SAML 2.0 identity provider: Debian's simplesamlphp on PHP's own web server. README.md says what it takes and does.
# It prints `ready PORT`, serves until SIGTERM, and leaves nothing behind then.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=/usr/share/simplesamlphp
home=
server=

usage() {
  echo "usage: idp.sh PORT SP_ENTITY_ID ACS_URL [OPTION=VALUE…]   or   idp.sh PORT metadata FILE_OR_URL [OPTION=VALUE…]" >&2
  exit 2
}

fail() {
  echo "idp.sh: $1" >&2
  exit 1
}

clean_up() {
  if [[ -n $server ]]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  [[ -z $home ]] || rm -rf -- "$home"
}
trap clean_up EXIT
trap 'exit 0' INT TERM

# The identity provider's own, anew at every start: KEY.key and KEY.crt.
make_key() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=test identity provider $1" \
    -keyout "$home/cert/$1.key" -out "$home/cert/$1.crt" 2>"$home/openssl.log" || { cat "$home/openssl.log" >&2; fail "openssl"; }
}

free_port() {
  php -r '$s = stream_socket_server("tcp://127.0.0.1:0"); echo substr(strrchr(stream_socket_get_name($s, false), ":"), 1);'
}

wait_until_ready() {
  local try
  for ((try = 0; try < 200; try++)); do
    if php -r 'exit(@file_get_contents($argv[1]) === false ? 1 : 0);' "http://127.0.0.1:$1/saml2/idp/metadata.php"; then
      return 0
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.05
  done
  cat "$home/log" >&2
  fail "it does not start"
}

[[ $# -ge 3 ]] || usage
for command in php openssl setpriv; do
  command -v "$command" >/dev/null || fail "$command is missing (see README.md)"
done
[[ -f $program/www/module.php ]] || fail "simplesamlphp is missing (see README.md)"

port=$1
[[ $port != 0 ]] || port=$(free_port)
home=$(mktemp -d "${TMPDIR:-/tmp}/doorward-saml.XXXXXX")
mkdir "$home/cert" "$home/sessions" "$home/temporary" "$home/data" "$home/log.d"
make_key first
make_key second
php "$here/options.php" "$home/options.json" "$port" "${@:2}" || usage

export SIMPLESAMLPHP_CONFIG_DIR="$here/config" DOORWARD_SAML_HOME="$home"
# Should this script be killed outright, the server ends too.
setpriv --pdeathsig TERM php -d display_errors=stderr -d error_reporting=22527 -d date.timezone=UTC \
  -S "127.0.0.1:$port" -t "$program/www" "$here/router.php" >"$home/log" 2>&1 &
server=$!
wait_until_ready "$port"
echo "ready $port"
wait "$server"
