#!/usr/bin/env bash
# From a patient's details to an answer of the patient's practice, as one organisation's system asks another's: trace the
# NHS number, look up who takes the interaction at the practice and where, make the token that says who asks and why, and
# call: directly, and through the Spine Secure Proxy. docs/guides/directory-routing.md tells each step. Needs bash, curl
# and node, and a running server; GATEHOUSE says where its sandbox is.
#
#   scripts/walk-through/look-up-and-call.sh
set -euo pipefail

gatehouse=${GATEHOUSE:-http://localhost:9000}
pds=$gatehouse/personal-demographics/FHIR/R4
sds=$gatehouse/spine-directory/FHIR/R4
interaction=urn:nhs:names:services:gatehouse:fhir:rest:read:patient-1
# Who asks: a system of A20047, and the role in which a healthcare worker sits at it.
sender=200000009000
organisation=A20047
user=555254240100
ids=https://fhir.nhs.uk/Id

step() { printf '\n== %s\n' "$*"; }
member() { node -pe "const all = JSON.parse(fs.readFileSync(0)); $1"; }
# An identifier of the first entry, by its system.
named() { member "all.entry[0].resource.identifier.find(({ system }) => system === '$ids/$1').value"; }
# Prints a GET as it can be pasted, and its answer on standard output.
get() {
  local url=$1
  shift
  echo "curl '$url'" >&2
  curl --silent --show-error --fail-with-body --globoff -H "X-Request-ID: $(node -pe 'crypto.randomUUID()')" "$@" "$url"
}

step 'Trace the NHS number'
number=$(get "$pds/Patient?family=Smith&gender=female&birthdate=eq2010-10-22" | member 'all.entry[0].resource.id')
echo "NHS number $number"

step 'Where the patient is registered'
practice=$(get "$pds/Patient/$number" | member 'all.generalPractitioner[0].identifier.value')
echo "Practice $practice"

step 'Which system takes the interaction there, and where'
at="organization=$ids/ods-organization-code|$practice&identifier=$ids/nhsServiceInteractionId|$interaction"
device=$(get "$sds/Device?$at")
receiver=$(named nhsSpineASID <<< "$device")
party=$(named nhsMhsPartyKey <<< "$device")
address=$(get "$sds/Endpoint?$at&identifier=$ids/nhsMhsPartyKey|$party" | member 'all.entry[0].resource.address')
echo "ASID $receiver, party key $party, address $address"

step 'The token that says who asks, and why'
token=$(npx gatehouse token cross-organisation --audience "$address" --asid $sender --organisation $organisation --user $user)
echo "$(cut -c1-40 <<< "$token")…"

headers=(
  -H "Ssp-TraceID: $(node -pe 'crypto.randomUUID()')"
  -H "Ssp-From: $sender"
  -H "Ssp-To: $receiver"
  -H "Ssp-InteractionID: $interaction"
  -H "Authorization: Bearer $token"
  -H 'Accept: application/fhir+json'
)
shown='`${all.resourceType} ${all.id}, version ${all.meta.versionId}`'

step 'The call, straight to the address'
get "$address/Patient/$number" "${headers[@]}" | member "$shown"

step 'The call through the Spine Secure Proxy'
get "$gatehouse/spine-secure-proxy/$address/Patient/$number" "${headers[@]}" | member "$shown"
