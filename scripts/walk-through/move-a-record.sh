#!/usr/bin/env bash
# A record moves from one GP system to another through a running server: registers both systems by the documented route
# (app, deployment, key and certificate, endpoints, going live), then plays them (move-a-record.ts). The second time they are
# registered already, and only told where they listen. docs/guides/spine-messaging.md tells what happens. Needs bash and node.
#
#   scripts/walk-through/move-a-record.sh [folder for keys, certificates and what is sent]
#
# GATEHOUSE and MUTUAL_TLS say where the server is, DATA_DIR where the administrator's credential lies. REFUSE=06 lets the
# previous practice refuse. A message that is lost is delivered again a minute later, as its contract says.
set -euo pipefail

gatehouse=${GATEHOUSE:-http://localhost:9000}
mutual_tls=${MUTUAL_TLS:-https://localhost:9443}
supplier=Y90001
gp2gp=urn:nhs:names:services:gp2gp
mkdir -p "${1:-${DATA_DIR:-var}/walk-through/move-a-record}"
folder=$(cd "${1:-${DATA_DIR:-var}/walk-through/move-a-record}" && pwd)
cd "$(dirname "$0")/../.." # where npx finds gatehouse

step() { printf '\n== %s\n' "$*"; }
member() { node -pe "const all = JSON.parse(fs.readFileSync(0)); $1"; }
free_port() { node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'; }

# register <file> <name> <ODS code>: app, deployment, certificate, endpoints, live.
register() {
  local file=$folder/$1 name=$2 ods=$3 interaction port app deployment fqdn
  local -a interactions=()
  for interaction in RCMR_IN010000UK05 RCMR_IN030000UK06 COPC_IN000001UK01 MCCI_IN010000UK13; do
    interactions+=("$gp2gp:$interaction")
  done
  port=$(free_port)
  if ! [ -s "$file.json" ]; then
    step "$name at $ods: app, deployment, certificate"
    app=$(npx gatehouse app create --name "$name" --owner $supplier --kind unattended --contact walk@example.org --json | member all.id)
    npx gatehouse app register "$app" int --json > "$file.registration"
    npx gatehouse subscription request "$app" spine-directory int --json > "$file.subscription"
    npx gatehouse deployment request "$app" "$ods" int "${interactions[@]/#/--receives=}" --json > "$file.deployment"
    deployment=$(member all.id < "$file.deployment")
    npx gatehouse cert request "$deployment" --dir "$folder" --json > "$file.request"
    npx gatehouse cert issue "$deployment" --dir "$folder" --json > "$file.certificate"
  fi
  deployment=$(member all.id < "$file.deployment")
  for interaction in "${interactions[@]}"; do
    npx gatehouse deployment endpoint "$deployment" "$interaction" "https://127.0.0.1:$port/mhs" --contract forward-reliable --json > "$file.endpoint"
  done
  [ -s "$file.json" ] || npx gatehouse deployment live "$deployment" --json > "$file.live"
  member "JSON.stringify({
    name: '$name', odsCode: '$ods', port: $port, asid: all.asid, partyKey: all.partyKey, fqdn: all.fqdn,
    apiKey: (($(cat "$file.registration")).registrations?.uat ?? $(cat "$file.registration")).clientId,
  })" < "$file.deployment" > "$file.new"
  mv "$file.new" "$file.json"
  member '`ASID ${all.asid}, party key ${all.partyKey}, FQDN ${all.fqdn}, port ${all.port}`' < "$file.json"
}

register new-practice 'New practice' Y90007
register previous-practice 'Previous practice' Y90008

step 'The record moves'
node --import tsx scripts/walk-through/move-a-record.ts --folder "$folder" --supplier $supplier \
  --directory "$gatehouse/env/int/spine-directory/FHIR/R4" \
  --intermediary "$mutual_tls/env/int/reliablemessaging/forwardreliable" --refuse "${REFUSE:-}"
