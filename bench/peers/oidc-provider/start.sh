#!/usr/bin/env bash
# Serves oidc-provider on 127.0.0.1:$PORT, installed first where it is not. README.md says what it takes.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"

# npm ci, unless exactly these packages are installed already.
install_packages() {
  local wanted stamp=node_modules/.installed
  wanted=$(cat package-lock.json package.json <(node --version) | sha256sum)
  if [[ ! -f $stamp || $(<"$stamp") != "$wanted" ]]; then
    npm ci --silent --no-progress >&2
    echo "$wanted" >"$stamp"
  fi
}

for program in node npm; do
  command -v "$program" >/dev/null || { echo "oidc-provider peer: $program is missing" >&2; exit 1; }
done
install_packages
[[ ${1:-} != install ]] || exit 0
export NODE_ENV=production
exec node host.mjs
