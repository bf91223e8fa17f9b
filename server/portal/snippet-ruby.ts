/** Calls with net/http of Ruby, without any gem. */
import {
  authorizeStem,
  grants,
  inputsOf,
  signInWords,
  singleQuoted as q,
  type CallPlan,
  type Language,
} from './snippet-parts.ts';

export const ruby: Language = {
  id: 'ruby',
  title: 'Ruby',
  file: 'call.rb',
  run: 'ruby call.rb',
  write(plan) {
    const { access } = plan;
    const needed = [
      'net/http',
      ...(access.kind === 'app' || access.kind === 'user' ? ['json'] : []),
      ...(access.kind === 'app' ? ['openssl', 'securerandom'] : []),
      ...(access.kind === 'certificate' ? ['openssl'] : []),
    ];
    const inputs = inputsOf(plan).map(([name, value]) => `${name} = ${q(value)}`);
    const lines = [...needed.map((one) => `require ${q(one)}`), '', ...inputs];
    return [...lines, ...rubyToken(plan), ...rubyCall(plan)].join('\n') + '\n';
  },
};

function rubyCall({ method, url, headers, body, access }: CallPlan): readonly string[] {
  return [
    `uri = URI(${q(url)})`,
    `request = Net::HTTPGenericRequest.new(${q(method)}, ${String(body !== undefined)}, ${String(method !== 'HEAD')}, uri)`,
    ...headers.map(([name, value]) => `request[${q(name)}] = ${q(value)}`),
    ...(access.kind === 'key' ? [`request[${q(access.header)}] = API_KEY`] : []),
    ...(access.kind === 'app' || access.kind === 'user'
      ? ["request['Authorization'] = 'Bearer ' + token"]
      : []),
    ...(body === undefined ? [] : [`request.body = ${q(body)}`]),
    ...(access.kind === 'certificate'
      ? [
          'options = {',
          '  use_ssl: true, ca_file: AUTHORITY,',
          '  cert: OpenSSL::X509::Certificate.new(File.read(CERTIFICATE)),',
          '  key: OpenSSL::PKey.read(File.read(CERTIFICATE_KEY)),',
          '}',
        ]
      : ["options = { use_ssl: uri.scheme == 'https' }"]),
    'response = Net::HTTP.start(uri.host, uri.port, **options) { |http| http.request(request) }',
    'puts response.code, response.body',
  ];
}

const rubyAsk = (tokenUrl: string, fields: readonly string[]) => [
  `answer = Net::HTTP.post_form(URI(${tokenUrl}), {`,
  ...fields.map((field) => `  ${field},`),
  '})',
  "token = JSON.parse(answer.body)['access_token']",
  '',
];

function rubyToken({ access }: CallPlan): readonly string[] {
  if (access.kind === 'app')
    return [
      '',
      '# 1. A JSON Web Token, signed with your private key.',
      `token_url = ${q(access.tokenUrl)}`,
      "part = ->(bytes) { [bytes].pack('m0').tr('+/', '-_').delete('=') }",
      "unsigned = part.(JSON.generate({ alg: 'RS512', typ: 'JWT', kid: KEY_ID })) + '.' + part.(JSON.generate({",
      '  iss: API_KEY, sub: API_KEY, aud: token_url,',
      '  jti: SecureRandom.uuid, exp: Time.now.to_i + 240,',
      '}))',
      'key = OpenSSL::PKey.read(File.read(KEY_FILE))',
      "signature = part.(key.sign(OpenSSL::Digest.new('SHA512'), unsigned))",
      '',
      '# 2. An access token for it.',
      ...rubyAsk('token_url', [
        `'grant_type' => ${q(grants.app)}`,
        `'client_assertion_type' => ${q(grants.assertionType)}`,
        "'client_assertion' => unsigned + '.' + signature",
      ]),
      '# 3. The call.',
    ];
  if (access.kind === 'user')
    return [
      '',
      `# ${signInWords}`,
      "if CODE == ''",
      `  puts ${q(authorizeStem(access))} + API_KEY + '&redirect_uri=' + URI.encode_www_form_component(REDIRECT_URI)`,
      '  exit',
      'end',
      ...rubyAsk(q(access.tokenUrl), [
        `'grant_type' => ${q(grants.user)}`,
        "'code' => CODE",
        "'redirect_uri' => REDIRECT_URI",
        "'client_id' => API_KEY",
        "'client_secret' => CLIENT_SECRET",
      ]),
    ];
  return [''];
}
