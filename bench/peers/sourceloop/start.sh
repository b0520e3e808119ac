#!/usr/bin/env bash
# Serves the old service on 127.0.0.1:$PORT, with everything it needs made ready first. README.md says what it takes.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here"

fail() {
  echo "sourceloop peer: $1" >&2
  exit 1
}

# npm ci, unless exactly these packages are installed already.
install_packages() {
  local wanted stamp=node_modules/.installed
  wanted=$(cat package-lock.json package.json <(node --version) | sha256sum)
  if [[ ! -f $stamp || $(<"$stamp") != "$wanted" ]]; then
    npm ci --silent --no-progress >&2
    build_bcrypt
    echo "$wanted" >"$stamp"
  fi
}

# No package's install script runs, so the one that compiles is told to here, and downloads nothing.
build_bcrypt() {
  local headers log=node_modules/.bcrypt.log
  headers=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
  [[ -f $headers/include/node/node.h ]] ||
    fail "the headers of node are missing (Debian: libnode-dev, g++, make, python3)"
  (cd node_modules/bcrypt && node ../@mapbox/node-pre-gyp/bin/node-pre-gyp rebuild --build-from-source --nodedir="$headers") \
    >"$log" 2>&1 || { tail -n 30 "$log" >&2; fail "bcrypt was not compiled"; }
}

for program in node npm; do
  command -v "$program" >/dev/null || fail "$program is missing"
done
install_packages
[[ ${1:-} != install ]] || exit 0
node prepare.mjs
[[ ${1:-} != prepare ]] || exit 0
export NODE_ENV=production LOG_LEVEL=error
exec node host.mjs
