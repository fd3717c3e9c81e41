#!/usr/bin/env bash
# The development stack in one command. Thin on purpose: it finds its folder and a Node that is new enough; the
# rest is in scripts/dev-*.mjs. Written for bash 3.2, which is what macOS has.
set -eu

here="${BASH_SOURCE[0]}"
while [ -L "$here" ]; do
  link="$(readlink "$here")"
  case "$link" in
    /*) here="$link" ;;
    *) here="$(dirname "$here")/$link" ;;
  esac
done
cd "$(dirname "$here")"

usage() {
  cat <<'TEXT'
usage: ./temporal-dev.sh [demo|test|help]

  (nothing)  start Temporal, worker process and API, deploy the examples of config/, follow the logs;
             Ctrl-C stops everything
  demo       one saga approved and one rejected, without a person; needs nothing and leaves nothing running
  test       everything that CI checks; ends with "N passed, N failed"
  help       this text

Settings (environment or .env): WARDEN_API_PORT (8000), TEMPORAL_PORT (7233), TEMPORAL_UI_PORT (8233),
DATABASE_URL (unset: the embedded store in .warden/data), TEMPORAL_CLI_PATH. State is kept in .warden/.
TEXT
}

if [ "$#" -gt 1 ]; then
  usage >&2
  exit 2
fi
command="${1:-up}"
case "$command" in
  up | demo | test) ;;
  help | -h | --help)
    usage
    exit 0
    ;;
  *)
    echo "temporal-dev.sh: expected nothing, demo, test or help, got \"$command\"" >&2
    usage >&2
    exit 2
    ;;
esac

if ! command -v node >/dev/null 2>&1; then
  echo "temporal-dev.sh: Node 20.19 or newer is needed, and no \"node\" is on the PATH; install it from https://nodejs.org" >&2
  exit 1
fi
if ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'; then
  echo "temporal-dev.sh: Node 20.19 or newer is needed, found $(node --version); install it from https://nodejs.org" >&2
  exit 1
fi

exec node scripts/dev.mjs "$command"
