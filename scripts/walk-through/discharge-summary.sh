#!/usr/bin/env bash
# A hospital sends the discharge summary of a patient to the patient's practice over MESH: it need not know which that is. The
# practice polls, checks what it fetched, acknowledges, and answers later; the hospital tracks the message, and learns by a
# report what becomes of one with a wrong name. docs/guides/mesh.md tells each step. Needs bash, node.
#
#   scripts/walk-through/discharge-summary.sh [folder for the messages]
#
# GATEHOUSE says where the server is, DATA_DIR where the administrator's credential lies.
set -euo pipefail

gatehouse=${GATEHOUSE:-http://localhost:9000}
patient=GPPROVIDER_9000000009_20101022_Smith # a test patient: number, day of birth, family name
workflow=TOC_FHIR_IP_DISCH
mkdir -p "${1:-${DATA_DIR:-var}/walk-through/discharge}"
folder=$(cd "${1:-${DATA_DIR:-var}/walk-through/discharge}" && pwd)
cd "$(dirname "$0")/../.." # where npx finds gatehouse

step() { printf '\n== %s\n' "$*"; }
member() { node -pe "const all = JSON.parse(fs.readFileSync(0)); $1"; }
new_id() { node -pe 'crypto.randomUUID()'; }
secret() { (umask 077 && cat > "$folder/$1"); }

# Each side has its own mailbox and password; the shared key of the sandbox is public.
mesh() { # mesh <side> <command>…
  local side=$1
  shift
  npx gatehouse mesh "$@" --url "$gatehouse" --password-file "$folder/$side.password" --json
}
hospital() { mesh hospital "$@"; }
practice() { mesh practice "$@"; }

# until_state <state> <message>: what the hospital is told of a message once it is in that state
until_state() {
  local told
  for _ in $(seq 1 60); do
    told=$(hospital track "$2" --mailbox "$from")
    if [ "$(member all.status <<< "$told")" = "$1" ]; then
      echo "$told"
      return 0
    fi
    sleep 0.2
  done
  echo "The message is still $(member all.status <<< "$told")" >&2
  return 1
}

step 'The hospital has a mailbox of its own'
if ! [ -s "$folder/hospital.json" ]; then
  made=$(npx gatehouse mesh mailbox create --ods-code R9A --name 'Hospital R9A, wards' --url "$gatehouse" --json)
  member all.password <<< "$made" | secret hospital.password
  member 'JSON.stringify({ id: all.id })' <<< "$made" > "$folder/hospital.json"
fi
from=$(member all.id < "$folder/hospital.json")
echo "Hospital   has the mailbox $from"
echo password | secret practice.password # of all mailboxes of the default data

step 'A patient goes home'
document=$(new_id)
cat > "$folder/summary.json" << END
{
  "resourceType": "Bundle",
  "id": "$document",
  "identifier": { "system": "urn:ietf:rfc:3986", "value": "urn:uuid:$document" },
  "type": "document",
  "timestamp": "$(date -u +%FT%TZ)",
  "entry": [
    { "fullUrl": "urn:uuid:11111111-0000-4000-8000-000000000001", "resource": {
      "resourceType": "Composition", "status": "final", "date": "$(date -u +%FT%TZ)", "title": "Discharge summary",
      "type": { "coding": [{ "system": "http://snomed.info/sct", "code": "373942005", "display": "Discharge summary" }] },
      "subject": { "reference": "urn:uuid:11111111-0000-4000-8000-000000000002" },
      "author": [{ "reference": "urn:uuid:11111111-0000-4000-8000-000000000003" }],
      "section": [{ "title": "Plan and requested actions", "text": { "status": "generated",
        "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">Please remove the sutures in ten days.</div>" } }] } },
    { "fullUrl": "urn:uuid:11111111-0000-4000-8000-000000000002", "resource": {
      "resourceType": "Patient", "identifier": [{ "system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9000000009" }] } },
    { "fullUrl": "urn:uuid:11111111-0000-4000-8000-000000000003", "resource": {
      "resourceType": "Organization", "identifier": [{ "system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "R9A" }] } }
  ]
}
END
id=$(hospital send "$folder/summary.json" --from "$from" --to "$patient" --workflow $workflow \
  --local-id "summary-$document" --content-type application/fhir+json | member all.messageId)
echo "Hospital   sends a discharge summary to the patient's practice: received as $id, not yet processed"
told=$(until_state accepted "$id")
to=$(member all.recipient <<< "$told")
echo "Hospital   is told where it waits: $to of $(member all.recipient_ods_code <<< "$told")"

step 'The practice polls its mailbox'
practice inbox --mailbox "$to" --workflow $workflow > "$folder/inbox.json"
[ "$(member "all.some((one) => one.id === '$id')" < "$folder/inbox.json")" = true ]
practice fetch "$id" --mailbox "$to" --out "$folder/fetched.json" > "$folder/fetched.about"
[ "$(member all.verified < "$folder/fetched.about")" = true ]
cmp "$folder/summary.json" "$folder/fetched.json"
echo "Practice   fetches it from $(member all.from < "$folder/fetched.about"), and its digest is that of the sender"
practice ack "$id" --mailbox "$to"
until_state acknowledged "$id" > "$folder/tracked.json"
echo 'Practice   acknowledges: stored safely; it has left the inbox, and the hospital sees that'

step 'The practice answers later'
cat > "$folder/answer.json" << END
{
  "resourceType": "Bundle",
  "id": "$(new_id)",
  "type": "message",
  "entry": [{ "resource": {
    "resourceType": "MessageHeader",
    "eventCoding": { "system": "https://fhir.nhs.uk/CodeSystem/message-event", "code": "discharge-answer" },
    "source": { "endpoint": "urn:mesh:$to" },
    "response": { "identifier": "$(member all.id < "$folder/fetched.json")", "code": "ok" } } }]
}
END
answer=$(practice send "$folder/answer.json" --from "$to" --to "$from" --workflow ${workflow}_ACK \
  --local-id "$(member all.localId < "$folder/fetched.about")" | member all.messageId)
echo "Practice   answers as $answer"
hospital fetch "$answer" --mailbox "$from" --out "$folder/received.json" --ack > "$folder/received.about"
[ "$(member all.localId < "$folder/received.about")" = "summary-$document" ]
[ "$(member 'all.entry[0].resource.response.identifier' < "$folder/received.json")" = "$document" ]
echo 'Hospital   knows by local id and document which summary this answers: ok'

step 'A summary with a wrong name'
wrong=$(hospital send "$folder/summary.json" --from "$from" --to "${patient%_*}_Jones" --workflow $workflow \
  --local-id wrong-name | member all.messageId)
until_state error "$wrong" > "$folder/wrong.json"
report=
for _ in $(seq 1 60); do
  report=$(hospital inbox --mailbox "$from" | member 'all.at(-1)?.id ?? ""')
  [ -n "$report" ] && break
  sleep 0.2
done
hospital fetch "$report" --mailbox "$from" --ack > "$folder/report.json"
[ "$(member all.linked < "$folder/report.json")" = "$wrong" ]
echo "Hospital   has a $(member all.type < "$folder/report.json") on it: $(member '`${all.code}, ${all.reason}`' < "$folder/report.json")"
