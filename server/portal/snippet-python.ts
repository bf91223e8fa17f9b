/** Calls with requests in Python; a JWT is signed by cryptography. */
import {
  authorizeStem,
  grants,
  inputsOf,
  quoted,
  signInWords,
  type CallPlan,
  type Language,
} from './snippet-parts.ts';

export const python: Language = {
  id: 'python',
  title: 'Python',
  file: 'call.py',
  run: 'pip install requests cryptography && python3 call.py',
  write(plan) {
    const inputs = inputsOf(plan).map(([name, value]) => `${name} = ${quoted(value)}`);
    return [...imports(plan), '', ...inputs, ...token(plan), ...call(plan)].join('\n') + '\n';
  },
};

function imports({ access }: CallPlan): readonly string[] {
  if (access.kind !== 'app')
    return [
      ...(access.kind === 'user' ? ['import sys', 'from urllib.parse import quote', ''] : []),
      'import requests',
    ];
  return [
    'import base64',
    'import json',
    'import time',
    'import uuid',
    '',
    'import requests',
    'from cryptography.hazmat.primitives import hashes',
    'from cryptography.hazmat.primitives.asymmetric import padding',
    'from cryptography.hazmat.primitives.serialization import load_pem_private_key',
  ];
}

function call({ method, url, headers, body, access }: CallPlan): readonly string[] {
  const fields = [
    ...headers.map(([name, value]) => `        ${quoted(name)}: ${quoted(value)},`),
    ...(access.kind === 'key' ? [`        ${quoted(access.header)}: API_KEY,`] : []),
    ...(access.kind === 'app' || access.kind === 'user'
      ? ['        "Authorization": "Bearer " + token,']
      : []),
  ];
  return [
    'response = requests.request(',
    `    ${quoted(method)},`,
    `    ${quoted(url)},`,
    '    headers={',
    ...fields,
    '    },',
    ...(body === undefined ? [] : [`    data=${quoted(body)}.encode("utf-8"),`]),
    ...(access.kind === 'certificate'
      ? ['    cert=(CERTIFICATE, CERTIFICATE_KEY),', '    verify=AUTHORITY,']
      : []),
    ')',
    'print(response.status_code)',
    'print(response.text)',
  ];
}

const askToken = (tokenUrl: string, fields: readonly string[]) => [
  `answer = requests.post(${quoted(tokenUrl)}, data={`,
  ...fields.map((field) => `    ${field},`),
  '})',
  'token = answer.json()["access_token"]',
  '',
];

function token({ access }: CallPlan): readonly string[] {
  if (access.kind === 'app')
    return [
      '',
      '# 1. A JSON Web Token, signed with your private key.',
      `TOKEN_URL = ${quoted(access.tokenUrl)}`,
      '',
      '',
      'def part(data):',
      '    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()',
      '',
      '',
      'header = part(json.dumps({"alg": "RS512", "typ": "JWT", "kid": KEY_ID}).encode())',
      'claims = part(json.dumps({',
      '    "iss": API_KEY, "sub": API_KEY, "aud": TOKEN_URL,',
      '    "jti": str(uuid.uuid4()), "exp": int(time.time()) + 240,',
      '}).encode())',
      'key = load_pem_private_key(open(KEY_FILE, "rb").read(), None)',
      'signature = part(key.sign(f"{header}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA512()))',
      '',
      '# 2. An access token for it.',
      ...askToken(access.tokenUrl, [
        `"grant_type": ${quoted(grants.app)}`,
        `"client_assertion_type": ${quoted(grants.assertionType)}`,
        '"client_assertion": f"{header}.{claims}.{signature}"',
      ]),
      '# 3. The call.',
    ];
  if (access.kind === 'user')
    return [
      '',
      `# ${signInWords}`,
      'if CODE == "":',
      `    print(${quoted(authorizeStem(access))} + API_KEY + "&redirect_uri=" + quote(REDIRECT_URI, safe=""))`,
      '    sys.exit()',
      ...askToken(access.tokenUrl, [
        `"grant_type": ${quoted(grants.user)}`,
        '"code": CODE',
        '"redirect_uri": REDIRECT_URI',
        '"client_id": API_KEY',
        '"client_secret": CLIENT_SECRET',
      ]),
    ];
  return [''];
}
