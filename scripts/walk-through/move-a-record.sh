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
. scripts/walk-through/register-system.sh

messages=("$gp2gp:RCMR_IN010000UK05" "$gp2gp:RCMR_IN030000UK06" "$gp2gp:COPC_IN000001UK01" "$gp2gp:MCCI_IN010000UK13")
register new-practice 'New practice' $supplier Y90007 /mhs forward-reliable "${messages[@]}"
register previous-practice 'Previous practice' $supplier Y90008 /mhs forward-reliable "${messages[@]}"

step 'The record moves'
node --import tsx scripts/walk-through/move-a-record.ts --folder "$folder" --supplier $supplier \
  --directory "$gatehouse/env/int/spine-directory/FHIR/R4" \
  --intermediary "$mutual_tls/env/int/reliablemessaging/forwardreliable" --refuse "${REFUSE:-}"
