/** Calls with curl, in a POSIX shell; a JWT is signed by openssl. */
import {
  authorizeStem,
  grants,
  inputsOf,
  shellQuoted,
  signInWords,
  type CallPlan,
  type Language,
} from './snippet-parts.ts';

export const curl: Language = {
  id: 'curl',
  title: 'curl',
  file: 'call.sh',
  run: 'sh call.sh',
  write(plan) {
    const inputs = inputsOf(plan).map(([name, value]) => `${name}=${shellQuoted(value)}`);
    return [...inputs, ...token(plan), ...call(plan)].join('\n') + '\n';
  },
};

function call({ method, url, headers, body, access }: CallPlan): readonly string[] {
  const words = [
    ...(method === 'GET' ? [] : method === 'HEAD' ? ['--head'] : [`--request ${method}`]),
    ...(access.kind === 'certificate'
      ? ['--cert "$CERTIFICATE" --key "$CERTIFICATE_KEY" --cacert "$AUTHORITY"']
      : []),
    ...(access.kind === 'key' ? [`--header "${access.header}: $API_KEY"`] : []),
    ...(access.kind === 'app' || access.kind === 'user'
      ? ['--header "Authorization: Bearer $TOKEN"']
      : []),
    ...headers.map(([name, value]) => `--header ${shellQuoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`--data-binary ${shellQuoted(body)}`]),
    shellQuoted(url),
  ];
  return [['curl --silent --show-error --globoff', ...words].join(' \\\n  ')];
}

const readToken = `TOKEN=$(printf '%s' "$ANSWER" | sed -n 's/.*"access_token" *: *"\\([^"]*\\)".*/\\1/p')`;

function token({ access }: CallPlan): readonly string[] {
  if (access.kind === 'app')
    return [
      '',
      '# 1. A JSON Web Token, signed with your private key.',
      `TOKEN_URL=${shellQuoted(access.tokenUrl)}`,
      "b64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }",
      `HEADER=$(printf '{"alg":"RS512","typ":"JWT","kid":"%s"}' "$KEY_ID" | b64url)`,
      `CLAIMS=$(printf '{"iss":"%s","sub":"%s","aud":"%s","jti":"%s","exp":%s}' \\`,
      '  "$API_KEY" "$API_KEY" "$TOKEN_URL" "$(openssl rand -hex 16)" "$(($(date +%s) + 240))" | b64url)',
      `SIGNATURE=$(printf '%s.%s' "$HEADER" "$CLAIMS" | openssl dgst -sha512 -sign "$KEY_FILE" -binary | b64url)`,
      '',
      '# 2. An access token for it.',
      'ANSWER=$(curl --silent --show-error \\',
      `  --data-urlencode grant_type=${grants.app} \\`,
      `  --data-urlencode client_assertion_type=${grants.assertionType} \\`,
      '  --data-urlencode client_assertion="$HEADER.$CLAIMS.$SIGNATURE" "$TOKEN_URL")',
      readToken,
      '',
      '# 3. The call.',
    ];
  if (access.kind === 'user')
    return [
      '',
      `# ${signInWords}`,
      'if [ -z "$CODE" ]; then',
      `  echo ${shellQuoted(authorizeStem(access))}"$API_KEY&redirect_uri=$REDIRECT_URI"`,
      '  exit',
      'fi',
      'ANSWER=$(curl --silent --show-error \\',
      `  --data-urlencode grant_type=${grants.user} --data-urlencode code="$CODE" \\`,
      '  --data-urlencode redirect_uri="$REDIRECT_URI" --data-urlencode client_id="$API_KEY" \\',
      `  --data-urlencode client_secret="$CLIENT_SECRET" ${shellQuoted(access.tokenUrl)})`,
      readToken,
      '',
    ];
  return [];
}
