# Registers an accredited system in integration by the documented route: app, deployment, key and certificate, endpoints,
# live. Read by other scripts, which set $folder. docs/guides/accredited-system.md tells each step.

step() { printf '\n== %s\n' "$*"; }
member() { node -pe "const all = JSON.parse(fs.readFileSync(0)); $1"; }
free_port() { node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'; }

# register <file> <name> <supplier> <ODS code> <path> <contract> <interaction>…
#
# Writes <file>.json with its names and port. Receives all of the interactions on this machine, or, without a contract, sends
# them only. Registered before, it is told its new port alone; broken off before, it goes on with the step that is missing.
register() {
  local file=$folder/$1 name=$2 supplier=$3 ods=$4 path=$5 contract=$6 interaction port app deployment kind
  shift 6
  port=$(free_port)
  kind=--receives
  [ -n "$contract" ] || kind=--interaction
  [ -s "$file.json" ] || step "$name at $ods: app, deployment, certificate"
  if ! [ -s "$file.deployment" ]; then
    app=$(npx gatehouse app create --name "$name" --owner "$supplier" --kind unattended --contact walk@example.org --json | member all.id)
    npx gatehouse app register "$app" int --json > "$file.registration"
    npx gatehouse subscription request "$app" spine-directory int --json > "$file.subscription"
    npx gatehouse deployment request "$app" "$ods" int "${@/#/$kind=}" --json > "$file.deployment"
  fi
  deployment=$(member all.id < "$file.deployment")
  if ! [ -s "$file.certificate" ]; then
    npx gatehouse cert request "$deployment" --dir "$folder" --json > "$file.request"
    npx gatehouse cert issue "$deployment" --dir "$folder" --json > "$file.certificate"
  fi
  if [ -n "$contract" ]; then
    for interaction in "$@"; do
      npx gatehouse deployment endpoint "$deployment" "$interaction" "https://127.0.0.1:$port$path" --contract "$contract" --json > "$file.endpoint"
    done
  fi
  [ -s "$file.live" ] || npx gatehouse deployment live "$deployment" --json > "$file.live"
  member "JSON.stringify({
    name: '$name', odsCode: '$ods', port: $port, asid: all.asid, partyKey: all.partyKey, fqdn: all.fqdn, app: all.app,
    apiKey: (($(cat "$file.registration")).registrations?.uat ?? $(cat "$file.registration")).clientId,
  })" < "$file.deployment" > "$file.new"
  mv "$file.new" "$file.json"
  member '`ASID ${all.asid}, party key ${all.partyKey}, FQDN ${all.fqdn}, port ${all.port}`' < "$file.json"
}
