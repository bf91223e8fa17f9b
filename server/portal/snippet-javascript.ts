/** Calls with fetch in Node.js, without any package; with a client certificate, over node:https. */
import {
  authorizeStem,
  grants,
  inputsOf,
  quoted,
  signInWords,
  type CallPlan,
  type Language,
} from './snippet-parts.ts';

export const javascript: Language = {
  id: 'javascript',
  title: 'JavaScript',
  file: 'call.mjs',
  run: 'node call.mjs',
  write(plan) {
    const inputs = inputsOf(plan).map(([name, value]) => `const ${name} = ${quoted(value)};`);
    const parts = plan.access.kind === 'certificate' ? overTls(plan) : byFetch(plan);
    return [...imports(plan), ...inputs, ...parts].join('\n') + '\n';
  },
};

function imports({ access }: CallPlan): readonly string[] {
  if (access.kind === 'app')
    return [
      "import { randomUUID, sign } from 'node:crypto';",
      "import { readFileSync } from 'node:fs';",
      '',
    ];
  if (access.kind === 'certificate')
    return ["import { readFileSync } from 'node:fs';", "import { request } from 'node:https';", ''];
  return [];
}

function headerLines({ headers, access }: CallPlan): readonly string[] {
  return [
    ...headers.map(([name, value]) => `    ${quoted(name)}: ${quoted(value)},`),
    ...(access.kind === 'key' ? [`    ${quoted(access.header)}: API_KEY,`] : []),
    ...(access.kind === 'app' || access.kind === 'user'
      ? ["    'Authorization': `Bearer ${token}`,"]
      : []),
  ];
}

function byFetch(plan: CallPlan): readonly string[] {
  const { method, url, body } = plan;
  return [
    ...token(plan),
    `const response = await fetch(${quoted(url)}, {`,
    `  method: ${quoted(method)},`,
    '  headers: {',
    ...headerLines(plan),
    '  },',
    ...(body === undefined ? [] : [`  body: ${quoted(body)},`]),
    '});',
    'console.log(response.status);',
    'console.log(await response.text());',
  ];
}

const askToken = (tokenUrl: string, fields: readonly string[]) => [
  `const answer = await fetch(${quoted(tokenUrl)}, {`,
  "  method: 'POST',",
  '  body: new URLSearchParams({',
  ...fields.map((field) => `    ${field},`),
  '  }),',
  '});',
  'const { access_token: token } = await answer.json();',
  '',
];

function token({ access }: CallPlan): readonly string[] {
  if (access.kind === 'app')
    return [
      '',
      '// 1. A JSON Web Token, signed with your private key.',
      `const tokenUrl = ${quoted(access.tokenUrl)};`,
      "const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');",
      "const header = part({ alg: 'RS512', typ: 'JWT', kid: KEY_ID });",
      'const exp = Math.floor(Date.now() / 1000) + 240;',
      'const claims = part({ iss: API_KEY, sub: API_KEY, aud: tokenUrl, jti: randomUUID(), exp });',
      "const signature = sign('sha512', Buffer.from(`${header}.${claims}`), readFileSync(KEY_FILE));",
      '',
      '// 2. An access token for it.',
      ...askToken(access.tokenUrl, [
        `grant_type: ${quoted(grants.app)}`,
        `client_assertion_type: ${quoted(grants.assertionType)}`,
        "client_assertion: `${header}.${claims}.${signature.toString('base64url')}`",
      ]),
      '// 3. The call.',
    ];
  if (access.kind === 'user')
    return [
      '',
      `// ${signInWords}`,
      "if (CODE === '') {",
      `  console.log(${quoted(authorizeStem(access))} + API_KEY + '&redirect_uri=' + encodeURIComponent(REDIRECT_URI));`,
      '  process.exit();',
      '}',
      ...askToken(access.tokenUrl, [
        `grant_type: ${quoted(grants.user)}`,
        'code: CODE',
        'redirect_uri: REDIRECT_URI',
        'client_id: API_KEY',
        'client_secret: CLIENT_SECRET',
      ]),
    ];
  return [''];
}

function overTls(plan: CallPlan): readonly string[] {
  const { method, url, body } = plan;
  return [
    '',
    `const call = request(${quoted(url)}, {`,
    `  method: ${quoted(method)},`,
    '  cert: readFileSync(CERTIFICATE),',
    '  key: readFileSync(CERTIFICATE_KEY),',
    '  ca: readFileSync(AUTHORITY),',
    '  headers: {',
    ...headerLines(plan),
    '  },',
    '});',
    "call.on('response', (response) => {",
    '  console.log(response.statusCode);',
    '  response.pipe(process.stdout);',
    '});',
    `call.end(${body === undefined ? '' : quoted(body)});`,
  ];
}
