/** Calls with Invoke-WebRequest of PowerShell 7. */
import {
  authorizeStem,
  grants,
  inputsOf,
  powershellQuoted as q,
  signInWords,
  type CallPlan,
  type Language,
} from './snippet-parts.ts';

export const powershell: Language = {
  id: 'powershell',
  title: 'PowerShell',
  file: 'call.ps1',
  run: 'pwsh call.ps1',
  write(plan) {
    const inputs = inputsOf(plan).map(([name, value]) => `$${name} = ${q(value)}`);
    return [...inputs, ...token(plan), ...call(plan)].join('\n') + '\n';
  },
};

function call({ method, url, headers, body, access }: CallPlan): readonly string[] {
  const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  const others = headers.filter(([name]) => name.toLowerCase() !== 'content-type');
  return [
    '$call = @{',
    `    Method = ${q(method)}`,
    `    Uri = ${q(url)}`,
    '    Headers = @{',
    ...others.map(([name, value]) => `        ${q(name)} = ${q(value)}`),
    ...(access.kind === 'key' ? [`        ${q(access.header)} = $API_KEY`] : []),
    ...(access.kind === 'app' || access.kind === 'user'
      ? ["        Authorization = 'Bearer ' + $token"]
      : []),
    '    }',
    ...(body === undefined ? [] : [`    Body = [Text.Encoding]::UTF8.GetBytes(${q(body)})`]),
    ...(type === undefined ? [] : [`    ContentType = ${q(type)}`]),
    ...(access.kind === 'certificate'
      ? [
          '    Certificate = [Security.Cryptography.X509Certificates.X509Certificate2]::CreateFromPemFile($CERTIFICATE, $CERTIFICATE_KEY)',
        ]
      : []),
    '}',
    ...(access.kind === 'certificate'
      ? ['# The authority in $AUTHORITY must be among those that this computer trusts.']
      : []),
    '$response = Invoke-WebRequest @call -SkipHttpErrorCheck',
    '$response.StatusCode',
    '[Text.Encoding]::UTF8.GetString($response.RawContentStream.ToArray())',
  ];
}

const ask = (fields: readonly string[]) => [
  '$token = (Invoke-RestMethod -Method POST -Uri $tokenUrl -Body @{',
  ...fields.map((field) => `    ${field}`),
  '}).access_token',
  '',
];

function token({ access }: CallPlan): readonly string[] {
  if (access.kind === 'app')
    return [
      '',
      '# 1. A JSON Web Token, signed with your private key.',
      `$tokenUrl = ${q(access.tokenUrl)}`,
      "function Part($bytes) { [Convert]::ToBase64String($bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_') }",
      'function Json($value) { Part ([Text.Encoding]::UTF8.GetBytes((ConvertTo-Json $value -Compress))) }',
      "$unsigned = (Json @{ alg = 'RS512'; typ = 'JWT'; kid = $KEY_ID }) + '.' + (Json @{",
      '    iss = $API_KEY; sub = $API_KEY; aud = $tokenUrl; jti = [guid]::NewGuid().ToString()',
      '    exp = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds() + 240',
      '})',
      '$key = [Security.Cryptography.RSA]::Create()',
      '$key.ImportFromPem((Get-Content $KEY_FILE -Raw))',
      "$signature = $key.SignData([Text.Encoding]::UTF8.GetBytes($unsigned), 'SHA512', [Security.Cryptography.RSASignaturePadding]::Pkcs1)",
      '',
      '# 2. An access token for it.',
      ...ask([
        `grant_type = ${q(grants.app)}`,
        `client_assertion_type = ${q(grants.assertionType)}`,
        "client_assertion = $unsigned + '.' + (Part $signature)",
      ]),
      '# 3. The call.',
    ];
  if (access.kind === 'user')
    return [
      '',
      `# ${signInWords}`,
      "if ($CODE -eq '') {",
      `    ${q(authorizeStem(access))} + $API_KEY + '&redirect_uri=' + [uri]::EscapeDataString($REDIRECT_URI)`,
      '    exit',
      '}',
      `$tokenUrl = ${q(access.tokenUrl)}`,
      ...ask([
        `grant_type = ${q(grants.user)}`,
        'code = $CODE',
        'redirect_uri = $REDIRECT_URI',
        'client_id = $API_KEY',
        'client_secret = $CLIENT_SECRET',
      ]),
    ];
  return [''];
}
