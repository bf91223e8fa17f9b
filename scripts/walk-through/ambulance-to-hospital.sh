#!/usr/bin/env bash
# An ambulance service tells a hospital of a patient on the way: a FHIR message to the address and the ASID that the directory
# has. Registers both systems by the documented route, puts an API on the platform whose back end is found through the
# directory, then plays both (ambulance-to-hospital.ts). docs/guides/spine-messaging.md tells what happens. Needs bash, node.
#
#   scripts/walk-through/ambulance-to-hospital.sh [folder for keys and certificates]
#
# GATEHOUSE and MUTUAL_TLS say where the server is, DATA_DIR where the administrator's credential lies.
set -euo pipefail

gatehouse=${GATEHOUSE:-http://localhost:9000}
mutual_tls=${MUTUAL_TLS:-https://localhost:9443}
supplier=Y90001
interaction=urn:nhs:names:services:gatehouse:fhir:operation:process-message-1
mkdir -p "${1:-${DATA_DIR:-var}/walk-through/ambulance}"
folder=$(cd "${1:-${DATA_DIR:-var}/walk-through/ambulance}" && pwd)
cd "$(dirname "$0")/../.." # where npx finds gatehouse
. scripts/walk-through/register-system.sh

register ambulance 'Ambulance service' $supplier R9C '' '' $interaction
register hospital 'Hospital' $supplier R9A /fhir synchronous $interaction

if ! [ -s "$folder/api.deployed" ]; then
  step 'An API that finds the hospital through the directory'
  cat > "$folder/urgent-care.json" << 'END'
{
  "openapi": "3.0.3",
  "info": {
    "title": "Urgent care messages",
    "version": "1.0.0",
    "contact": { "name": "The urgent care team", "email": "urgent@example.org" }
  },
  "paths": {
    "/{hospital}/$process-message": {
      "post": {
        "operationId": "process-message",
        "summary": "Tell a hospital of a patient on the way",
        "parameters": [
          { "name": "hospital", "in": "path", "required": true, "schema": { "type": "string", "maxLength": 12 }, "example": "R9A" }
        ],
        "responses": {
          "200": { "description": "Taken", "content": { "application/fhir+json": { "example": { "resourceType": "Bundle", "type": "message" } } } }
        }
      }
    }
  }
}
END
  cat > "$folder/urgent-care-proxy.json" << END
{
  "base": "/urgent-care/FHIR/R4",
  "backend": {
    "kind": "directory",
    "organisation": { "segment": 1 },
    "interaction": { "fixed": "$interaction" },
    "authorization": "pass"
  },
  "policies": [
    { "policy": "request-ids" },
    { "policy": "accredited-system", "config": { "asid": "Ssp-From", "interaction": "$interaction" } }
  ]
}
END
  npx gatehouse api new urgent-care --openapi "$folder/urgent-care.json" --technology fhir --owner $supplier --json > "$folder/api.new"
  npx gatehouse api deploy urgent-care int --definition "$folder/urgent-care-proxy.json" --json > "$folder/api.deployed"
  npx gatehouse product create urgent-care-application --name 'Urgent care, for applications' --api urgent-care \
    --scope urn:nhsd:apim:app:level3:urgent-care --approval automatic --json > "$folder/product"
  npx gatehouse subscription request "$(member all.app < "$folder/ambulance.json")" urgent-care-application int --json > "$folder/subscription"
  echo "$mutual_tls/env/int/urgent-care/FHIR/R4/<ODS code>/\$process-message"
fi

step 'A patient is on the way'
node --import tsx scripts/walk-through/ambulance-to-hospital.ts --folder "$folder" --interaction $interaction \
  --directory "$gatehouse/env/int/spine-directory/FHIR/R4" --api "$mutual_tls/env/int/urgent-care/FHIR/R4"
