#!/usr/bin/env bash
# The whole route of an accredited system, against a running server on this laptop: app, deployment (ASID, party key,
# FQDN), key and request, certificate, going live, directory entry, first call over mutual TLS. It takes less than a
# minute; docs/guides/accredited-system.md tells each step. Needs bash, curl and node.
#
#   scripts/walk-through/accredited-system.sh [folder for key and certificate]
#
# GATEHOUSE and MUTUAL_TLS say where the server is, ODS at which organisation, DATA_DIR where the administrator's
# credential lies.
set -euo pipefail

gatehouse=${GATEHOUSE:-http://localhost:9000}
mutual_tls=${MUTUAL_TLS:-https://localhost:9443}
ods=${ODS:-Y90003}
interaction=urn:nhs:names:services:pds:PRPA_IN000203UK03
folder=$(cd "${1:-$(mktemp -d)}" && pwd)
cd "$(dirname "$0")/../.." # where npx finds gatehouse

step() { printf '\n== %s\n' "$*"; }
member() { node -pe "const all = JSON.parse(fs.readFileSync(0)); $1"; }

step 'An app, registered in integration (int) and subscribed to PDS and the directory'
app=$(npx gatehouse app create --name 'Walk-through' --owner Y90001 --kind unattended --contact walk@example.org --json | member all.id)
key=$(npx gatehouse app register "$app" int --json | member '(all.registrations?.uat ?? all).clientId')
npx gatehouse subscription request "$app" pds-application-restricted int --json > "$folder/subscription.json"
npx gatehouse subscription request "$app" spine-directory int --json > "$folder/subscription.json"

step "A deployment at $ods: approved at once where one tests"
npx gatehouse deployment request "$app" "$ods" int --interaction $interaction --json > "$folder/deployment.json"
deployment=$(member all.id < "$folder/deployment.json")
asid=$(member all.asid < "$folder/deployment.json")
fqdn=$(member all.fqdn < "$folder/deployment.json")
echo "ASID $asid, party key $(member all.partyKey < "$folder/deployment.json"), FQDN $fqdn"

step 'A key and a request, made here; then the certificate'
npx gatehouse cert request "$deployment" --dir "$folder" --json > "$folder/request.json"
npx gatehouse cert issue "$deployment" --dir "$folder" --json > "$folder/certificate.json"
echo "$folder/$fqdn.crt, good until $(member all.notAfter < "$folder/certificate.json")"

step 'Live'
npx gatehouse deployment live "$deployment" --json | member all.state

step 'Its entry in the directory, as others find it'
curl -sf -G -H "apikey: $key" "$gatehouse/env/int/spine-directory/FHIR/R4/Device" \
  --data-urlencode "organization=https://fhir.nhs.uk/Id/ods-organization-code|$ods" \
  --data-urlencode "identifier=https://fhir.nhs.uk/Id/nhsServiceInteractionId|$interaction" > "$folder/device.json"
grep -q "$asid" "$folder/device.json"
echo "ASID $asid is found for $ods and $interaction"

step 'The first call over mutual TLS'
curl -sf --cert "$folder/$fqdn.crt" --key "$folder/$fqdn.key" --cacert "$folder/$fqdn.ca" \
  -H "NHSD-ASID: $asid" -H 'X-Request-ID: 60e0b220-8136-4ca5-ae46-1d97ef59d068' \
  "$mutual_tls/env/int/personal-demographics/FHIR/R4/Patient/9000000009" > "$folder/patient.json"
echo "Patient/$(member all.id < "$folder/patient.json") was read by $fqdn in ${SECONDS} s"
