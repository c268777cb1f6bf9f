# What the scripts share; each sources it first. It leaves the shell in the repository's root, with strict error handling.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'; else bold='' red='' green='' plain=''; fi

# One set of flags for every build, so that each package is compiled once. The program is static.
export CGO_ENABLED=0 GOFLAGS="${GOFLAGS:-} -trimpath"

say() { printf '%s\n' "${bold}$*${plain}" >&2; }
fail() { printf '%s\n' "${red}$*${plain}" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# need_go and need_node say what to install when a tool is missing or too old.
need_go() {
  local least=1.26 got
  have go || fail "Go is missing: install Go $least or newer from https://go.dev/dl/ and run this again."
  got=$(GOTOOLCHAIN=local go env GOVERSION)
  got=${got#go}
  newer "$got" "$least" || [ "$(go env GOTOOLCHAIN)" != local ] ||
    fail "Go $got is too old: install Go $least or newer from https://go.dev/dl/ and run this again."
}

need_node() {
  local least=20 got
  have node && have npm || fail "Node.js is missing: install Node.js $least or newer (with npm) from https://nodejs.org/ and run this again."
  got=$(node --version)
  got=${got#v}
  newer "$got" "$least" || fail "Node.js $got is too old: install Node.js $least or newer from https://nodejs.org/ and run this again."
}

# newer A B: whether version A is B or above it.
newer() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# need PROGRAM:PACKAGE... installs the Debian packages of the programs that are missing.
need() {
  local wish missing=()
  for wish in "$@"; do have "${wish%%:*}" || missing+=("${wish#*:}"); done
  [ "${#missing[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ] || ! have apt-get; then
    fail "This needs what these Debian packages hold: ${missing[*]}. Install them (as root: apt-get install ${missing[*]}) and run this again."
  fi
  say "installing ${missing[*]}"
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"; } >&2 ||
    fail "apt could not install ${missing[*]}."
}

# npm_install DIR installs exactly what DIR/package-lock.json names, unless that is there already.
npm_install() {
  local stamp=$1/node_modules/.shoal-installed
  if [ ! -e "$stamp" ] || [ "$1/package-lock.json" -nt "$stamp" ] || [ "$1/package.json" -nt "$stamp" ]; then
    say "$1: npm ci"
    npm --prefix "$1" ci --no-audit --no-fund --loglevel=error >&2
    touch "$stamp"
  fi
}

# build_wasm makes player/dist/shoal.wasm, the scheduler for the browser: of the same sources the same bytes, wherever they are.
build_wasm() {
  GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -buildvcs=false -ldflags="-s -w" -gcflags=all=-l -o player/dist/shoal.wasm ./wasm # not inlined: 40 kB less
}

# build_player makes the rest of player/dist, the pages and scripts, and compresses all of it. It does so only when the
# contents of its sources changed since the last time: contents and not times, so a switch of branches is judged rightly.
build_player() {
  local stamp=.cache/player sources
  npm_install player
  mkdir -p .cache
  sources=$(find player/src player/pages player/*.json player/build.mjs player/dist/shoal.wasm -type f | LC_ALL=C sort)
  { printf '%s\n' "$sources" && printf '%s\n' "$sources" | git hash-object --stdin-paths; } >"$stamp.new"
  if ! cmp -s "$stamp" "$stamp.new" || [ ! -e player/dist/index.html ]; then
    say "player: build"
    npm --prefix player run --silent build >&2
    mv "$stamp.new" "$stamp"
  fi
}

# build_shoal makes bin/shoal, one static program with the player inside. bin/data is the empty folder that the image's /data begins as.
build_shoal() {
  mkdir -p bin/data
  go build -o bin/shoal ./cmd/shoal
}

build_all() {
  need_go
  need_node
  say "shoal: build"
  build_wasm
  build_player
  build_shoal
}

# js_test is go test for GOOS=js under Node.js. The launcher hands the whole environment to the program and has little
# room for it, so only what Go needs is left.
js_test() {
  env -i HOME="$HOME" PATH="$PATH" GOFLAGS="$GOFLAGS" GOPROXY="$(go env GOPROXY)" GOCACHE="$(go env GOCACHE)" \
    GOMODCACHE="$(go env GOMODCACHE)" GOOS=js GOARCH=wasm go test -exec "$(go env GOROOT)/lib/wasm/go_js_wasm_exec" "$@"
}
