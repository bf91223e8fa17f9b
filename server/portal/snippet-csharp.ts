/** Calls with HttpClient of .NET, without any package. */
import {
  authorizeStem,
  grants,
  inputsOf,
  quoted,
  signInWords,
  type CallPlan,
  type Language,
} from './snippet-parts.ts';

export const csharp: Language = {
  id: 'csharp',
  title: 'C#',
  file: 'Program.cs',
  run: 'dotnet run',
  write(plan) {
    const inputs = inputsOf(plan).map(
      ([name, value]) => `const string ${name} = ${quoted(value)};`,
    );
    const { access } = plan;
    const usings = [
      'System.Net.Http',
      ...(access.kind === 'app' ? ['System.Security.Cryptography'] : []),
      ...(access.kind === 'app' || access.kind === 'user' ? ['System.Text.Json'] : []),
      ...(access.kind === 'certificate' ? ['System.Security.Cryptography.X509Certificates'] : []),
      'System.Text',
    ].sort();
    return (
      [
        ...usings.map((one) => `using ${one};`),
        '',
        ...inputs,
        ...(inputs.length > 0 ? [''] : []),
        ...(access.kind === 'certificate' ? csharpClient : ['var client = new HttpClient();']),
        ...csharpToken(plan),
        ...csharpCall(plan),
      ].join('\n') + '\n'
    );
  },
};

const csharpClient: readonly string[] = [
  'var handler = new HttpClientHandler();',
  'handler.ClientCertificates.Add(X509Certificate2.CreateFromPemFile(CERTIFICATE, CERTIFICATE_KEY));',
  'handler.ServerCertificateCustomValidationCallback = (_, certificate, chain, _) =>',
  '{',
  '    chain!.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;',
  '    chain.ChainPolicy.CustomTrustStore.Add(X509Certificate2.CreateFromPem(File.ReadAllText(AUTHORITY)));',
  '    return chain.Build(certificate!);',
  '};',
  'var client = new HttpClient(handler);',
];

function csharpCall({ method, url, headers, body, access }: CallPlan): readonly string[] {
  const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  const others = headers.filter(([name]) => name.toLowerCase() !== 'content-type');
  return [
    `var request = new HttpRequestMessage(new HttpMethod(${quoted(method)}), ${quoted(url)});`,
    ...others.map(
      ([name, value]) =>
        `request.Headers.TryAddWithoutValidation(${quoted(name)}, ${quoted(value)});`,
    ),
    ...(access.kind === 'key'
      ? [`request.Headers.TryAddWithoutValidation(${quoted(access.header)}, API_KEY);`]
      : []),
    ...(access.kind === 'app' || access.kind === 'user'
      ? ['request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);']
      : []),
    ...(body === undefined
      ? []
      : [
          `request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(${quoted(body)}));`,
          `request.Content.Headers.TryAddWithoutValidation("Content-Type", ${quoted(type)});`,
        ]),
    'var response = await client.SendAsync(request);',
    'Console.WriteLine((int)response.StatusCode);',
    'Console.WriteLine(await response.Content.ReadAsStringAsync());',
  ];
}

const csharpAsk = (fields: readonly string[]) => [
  'var answer = await client.PostAsync(tokenUrl, new FormUrlEncodedContent(new Dictionary<string, string>',
  '{',
  ...fields.map((field) => `    ${field},`),
  '}));',
  'var token = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("access_token").GetString();',
  '',
];

function csharpToken({ access }: CallPlan): readonly string[] {
  if (access.kind === 'app')
    return [
      '',
      '// 1. A JSON Web Token, signed with your private key.',
      `var tokenUrl = ${quoted(access.tokenUrl)};`,
      "string Part(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');",
      'string Json(object value) => Part(JsonSerializer.SerializeToUtf8Bytes(value));',
      'var exp = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 240;',
      'var unsigned = Json(new { alg = "RS512", typ = "JWT", kid = KEY_ID }) + "." +',
      '    Json(new { iss = API_KEY, sub = API_KEY, aud = tokenUrl, jti = Guid.NewGuid().ToString(), exp });',
      'using var key = RSA.Create();',
      'key.ImportFromPem(File.ReadAllText(KEY_FILE));',
      'var signature = key.SignData(Encoding.UTF8.GetBytes(unsigned), HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1);',
      '',
      '// 2. An access token for it.',
      ...csharpAsk([
        `["grant_type"] = ${quoted(grants.app)}`,
        `["client_assertion_type"] = ${quoted(grants.assertionType)}`,
        '["client_assertion"] = unsigned + "." + Part(signature)',
      ]),
      '// 3. The call.',
    ];
  if (access.kind === 'user')
    return [
      '',
      `// ${signInWords}`,
      'if (CODE == "")',
      '{',
      `    Console.WriteLine(${quoted(authorizeStem(access))} + API_KEY + "&redirect_uri=" + Uri.EscapeDataString(REDIRECT_URI));`,
      '    return;',
      '}',
      `var tokenUrl = ${quoted(access.tokenUrl)};`,
      ...csharpAsk([
        `["grant_type"] = ${quoted(grants.user)}`,
        '["code"] = CODE',
        '["redirect_uri"] = REDIRECT_URI',
        '["client_id"] = API_KEY',
        '["client_secret"] = CLIENT_SECRET',
      ]),
    ];
  return [''];
}
