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

# npm_install DIR installs exactly what DIR/package-lock.json names, unless that is there already.
npm_install() {
  local stamp=$1/node_modules/.shoal-installed
  if [ ! -e "$stamp" ] || [ "$1/package-lock.json" -nt "$stamp" ] || [ "$1/package.json" -nt "$stamp" ]; then
    say "$1: npm ci"
    npm --prefix "$1" ci --no-audit --no-fund --loglevel=error >&2
    touch "$stamp"
  fi
}

# changed STAMP PATH... : whether any file beneath the paths differs from those seen when STAMP was last written.
# Contents count and not times, so a fresh checkout or a switch of branches is judged rightly.
changed() {
  local stamp=$1
  shift
  fingerprint "$@" >"$stamp.new"
  ! cmp -s "$stamp" "$stamp.new"
}
fingerprint() {
  local files
  files=$(find "$@" -type f -not -path '*/node_modules/*' -not -path 'player/dist/*' | LC_ALL=C sort)
  printf '%s\n' "$files"
  printf '%s\n' "$files" | git hash-object --stdin-paths
}
settled() { mv "$1.new" "$1"; }

# build_player makes player/dist, the pages and scripts, from the TypeScript sources.
build_player() {
  npm_install player
  mkdir -p .cache
  if changed .cache/player player || [ ! -e player/dist/index.html ]; then
    say "player: build"
    npm --prefix player run --silent build >&2
    settled .cache/player
  fi
}

# build_wasm makes player/dist/shoal.wasm, the scheduler for the browser, and compresses it.
build_wasm() {
  mkdir -p .cache
  if changed .cache/wasm go.mod wasm swarm/wire swarm/scheduler scripts/compress.mjs || [ ! -e player/dist/shoal.wasm.br ]; then
    say "wasm: build"
    GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -ldflags="-s -w" -o player/dist/shoal.wasm ./wasm
    node scripts/compress.mjs player/dist/shoal.wasm
    settled .cache/wasm
  fi
}

# build_shoal makes bin/shoal, one static program with the player inside.
build_shoal() {
  say "shoal: build"
  go build -o bin/shoal ./cmd/shoal
}

build_all() {
  need_go
  need_node
  build_player
  build_wasm
  build_shoal
}
