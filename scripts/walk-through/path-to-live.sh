#!/usr/bin/env bash
# A pipeline for an API, as a build server runs it without anybody at a keyboard: publishes the document, asks whether a
# definition can be deployed, deploys it, tests what answers, and takes that revision from environment to environment. A
# revision that fails its test is taken back, and the pipeline ends there. docs/guides/pipeline.md tells how to use it.
#
#   scripts/walk-through/path-to-live.sh <api> <release> <definition> <document> <environment>…
#
# GATEHOUSE says where the platform is; CREDENTIAL names the file of who deploys (else the administrator's of DATA_DIR),
# TEST a path below the API that has to answer 200, KEYS a folder with a key for each environment in a file of its name.
set -euo pipefail

gatehouse=${GATEHOUSE:-http://localhost:9000}
api=$1 release=$2 definition=$(realpath "$3") document=$(realpath "$4")
shift 4
keys=$(realpath "${KEYS:-.}")
test=${TEST:-/}
cd "$(dirname "$0")/../.." # where npx finds gatehouse

step() { printf '\n== %s\n' "$*"; }
run() { npx gatehouse "$@" ${CREDENTIAL:+--credential "$CREDENTIAL"}; }
member() { node -pe "const all = JSON.parse(fs.readFileSync(0)); $1"; }

# answer <environment> <address>: the status of one call, again for as long as the revision needs to be in service
answer() {
  local status='' key=()
  [ ! -s "$keys/$1" ] || key=(-H "Ocp-Apim-Subscription-Key: $(cat "$keys/$1")")
  for _ in 1 2 3 4 5; do
    status=$(curl -s -o /dev/null -w '%{http_code}' "${key[@]}" "$2$test")
    [ "$status" != 200 ] || break
    sleep 0.5
  done
  echo "$status"
}

step "The document of $api"
run api spec "$api" --file "$document" --publish > /dev/null
echo 'published: it scores 90 or more'

from=
for environment in "$@"; do
  step "$api $release in $environment"
  how=(--from "$from")
  if [ -z "$from" ]; then
    how=(--definition "$definition")
    run api deploy "$api" "$environment" "${how[@]}" --check
  fi
  address=$(run api deploy "$api" "$environment" "${how[@]}" --release "$release" --json | member all.address)
  status=$(answer "$environment" "$address")
  if [ "$status" != 200 ]; then
    echo "$environment answers $status: taken back" >&2
    run rollback "$environment.$api" >&2 || echo 'There was nothing before it' >&2
    exit 1
  fi
  echo "$environment answers 200"
  from=$environment
done
printf '\n%s %s is live in %s\n' "$api" "$release" "$from"
