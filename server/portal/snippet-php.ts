/** Calls with the curl extension of PHP. */
import {
  authorizeStem,
  grants,
  inputsOf,
  signInWords,
  singleQuoted as q,
  type CallPlan,
  type Language,
} from './snippet-parts.ts';

export const php: Language = {
  id: 'php',
  title: 'PHP',
  file: 'call.php',
  run: 'php call.php',
  write(plan) {
    const inputs = inputsOf(plan).map(([name, value]) => `const ${name} = ${q(value)};`);
    return ['<?php', ...inputs, ...phpToken(plan), ...phpCall(plan)].join('\n') + '\n';
  },
};

function phpCall({ method, url, headers, body, access }: CallPlan): readonly string[] {
  const fields = [
    ...headers.map(([name, value]) => q(`${name}: ${value}`)),
    ...(access.kind === 'key' ? [`${q(`${access.header}: `)} . API_KEY`] : []),
    ...(access.kind === 'app' || access.kind === 'user'
      ? ["'Authorization: Bearer ' . $token"]
      : []),
  ];
  return [
    `$call = curl_init(${q(url)});`,
    `curl_setopt($call, CURLOPT_CUSTOMREQUEST, ${q(method)});`,
    'curl_setopt($call, CURLOPT_RETURNTRANSFER, true);',
    'curl_setopt($call, CURLOPT_HTTPHEADER, [',
    ...fields.map((field) => `    ${field},`),
    ']);',
    ...(body === undefined ? [] : [`curl_setopt($call, CURLOPT_POSTFIELDS, ${q(body)});`]),
    ...(access.kind === 'certificate'
      ? [
          'curl_setopt($call, CURLOPT_SSLCERT, CERTIFICATE);',
          'curl_setopt($call, CURLOPT_SSLKEY, CERTIFICATE_KEY);',
          'curl_setopt($call, CURLOPT_CAINFO, AUTHORITY);',
        ]
      : []),
    '$content = curl_exec($call);',
    'echo curl_getinfo($call, CURLINFO_RESPONSE_CODE), PHP_EOL, $content, PHP_EOL;',
  ];
}

const phpAsk = (tokenUrl: string, fields: readonly string[]) => [
  `$ask = curl_init(${tokenUrl});`,
  'curl_setopt($ask, CURLOPT_RETURNTRANSFER, true);',
  'curl_setopt($ask, CURLOPT_POSTFIELDS, http_build_query([',
  ...fields.map((field) => `    ${field},`),
  ']));',
  "$token = json_decode(curl_exec($ask), true)['access_token'];",
  '',
];

function phpToken({ access }: CallPlan): readonly string[] {
  if (access.kind === 'app')
    return [
      '',
      '// 1. A JSON Web Token, signed with your private key.',
      `$tokenUrl = ${q(access.tokenUrl)};`,
      "$part = fn($bytes) => rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');",
      "$unsigned = $part(json_encode(['alg' => 'RS512', 'typ' => 'JWT', 'kid' => KEY_ID])) . '.' . $part(json_encode([",
      "    'iss' => API_KEY, 'sub' => API_KEY, 'aud' => $tokenUrl,",
      "    'jti' => bin2hex(random_bytes(16)), 'exp' => time() + 240,",
      ']));',
      'openssl_sign($unsigned, $signature, file_get_contents(KEY_FILE), OPENSSL_ALGO_SHA512);',
      '',
      '// 2. An access token for it.',
      ...phpAsk('$tokenUrl', [
        `'grant_type' => ${q(grants.app)}`,
        `'client_assertion_type' => ${q(grants.assertionType)}`,
        "'client_assertion' => $unsigned . '.' . $part($signature)",
      ]),
      '// 3. The call.',
    ];
  if (access.kind === 'user')
    return [
      '',
      `// ${signInWords}`,
      "if (CODE === '') {",
      `    exit(${q(authorizeStem(access))} . API_KEY . '&redirect_uri=' . rawurlencode(REDIRECT_URI) . PHP_EOL);`,
      '}',
      ...phpAsk(q(access.tokenUrl), [
        `'grant_type' => ${q(grants.user)}`,
        "'code' => CODE",
        "'redirect_uri' => REDIRECT_URI",
        "'client_id' => API_KEY",
        "'client_secret' => CLIENT_SECRET",
      ]),
    ];
  return [''];
}
