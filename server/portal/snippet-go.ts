/** Calls with net/http of Go, without any module. */
import {
  authorizeStem,
  grants,
  inputsOf,
  quoted,
  signInWords,
  type CallPlan,
  type Language,
} from './snippet-parts.ts';

export const go: Language = {
  id: 'go',
  title: 'Go',
  file: 'call.go',
  run: 'go run call.go',
  write(plan) {
    const inputs = inputsOf(plan).map(([name, value]) => `const ${name} = ${quoted(value)}`);
    const { access } = plan;
    return (
      [
        'package main',
        '',
        'import (',
        ...imports(plan).map((one) => `\t${quoted(one)}`),
        ')',
        '',
        ...inputs,
        ...(inputs.length > 0 ? [''] : []),
        'func check(err error) {',
        '\tif err != nil {',
        '\t\tpanic(err)',
        '\t}',
        '}',
        '',
        ...(access.kind === 'app' || access.kind === 'user' ? askToken : []),
        'func main() {',
        ...token(plan),
        ...call(plan),
        '}',
      ].join('\n') + '\n'
    );
  },
};

function imports({ access, body }: CallPlan): readonly string[] {
  const used = new Set(['fmt', 'io', 'net/http']);
  if (body !== undefined) used.add('strings');
  if (access.kind === 'app')
    for (const one of [
      ...['crypto', 'crypto/rand', 'crypto/rsa', 'crypto/sha512', 'crypto/x509'],
      ...['encoding/base64', 'encoding/json', 'encoding/pem', 'net/url', 'os', 'time'],
    ])
      used.add(one);
  if (access.kind === 'user') for (const one of ['encoding/json', 'net/url']) used.add(one);
  if (access.kind === 'certificate')
    for (const one of ['crypto/tls', 'crypto/x509', 'os']) used.add(one);
  return [...used].sort();
}

const askToken: readonly string[] = [
  'func askToken(tokenURL string, form url.Values) string {',
  '\tanswer, err := http.PostForm(tokenURL, form)',
  '\tcheck(err)',
  '\tdefer answer.Body.Close()',
  '\tvar given struct {',
  '\t\tAccessToken string `json:"access_token"`',
  '\t}',
  '\tcheck(json.NewDecoder(answer.Body).Decode(&given))',
  '\treturn given.AccessToken',
  '}',
  '',
];

function call({ method, url, headers, body, access }: CallPlan): readonly string[] {
  const sent = body === undefined ? 'nil' : `strings.NewReader(${quoted(body)})`;
  return [
    `\trequest, err := http.NewRequest(${quoted(method)}, ${quoted(url)}, ${sent})`,
    '\tcheck(err)',
    ...headers.map(([name, value]) => `\trequest.Header.Set(${quoted(name)}, ${quoted(value)})`),
    ...(access.kind === 'key' ? [`\trequest.Header.Set(${quoted(access.header)}, API_KEY)`] : []),
    ...(access.kind === 'app' || access.kind === 'user'
      ? ['\trequest.Header.Set("Authorization", "Bearer "+token)']
      : []),
    ...client(access.kind === 'certificate'),
    '\tresponse, err := client.Do(request)',
    '\tcheck(err)',
    '\tdefer response.Body.Close()',
    '\tcontent, err := io.ReadAll(response.Body)',
    '\tcheck(err)',
    '\tfmt.Println(response.StatusCode)',
    '\tfmt.Println(string(content))',
  ];
}

function client(withCertificate: boolean): readonly string[] {
  if (!withCertificate) return ['\tclient := http.DefaultClient'];
  return [
    '\tpair, err := tls.LoadX509KeyPair(CERTIFICATE, CERTIFICATE_KEY)',
    '\tcheck(err)',
    '\tauthority, err := os.ReadFile(AUTHORITY)',
    '\tcheck(err)',
    '\troots := x509.NewCertPool()',
    '\troots.AppendCertsFromPEM(authority)',
    '\tclient := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{',
    '\t\tCertificates: []tls.Certificate{pair}, RootCAs: roots,',
    '\t}}}',
  ];
}

function token({ access }: CallPlan): readonly string[] {
  if (access.kind === 'app')
    return [
      '\t// 1. A JSON Web Token, signed with your private key.',
      `\ttokenURL := ${quoted(access.tokenUrl)}`,
      '\tpart := func(value any) string {',
      '\t\ttext, err := json.Marshal(value)',
      '\t\tcheck(err)',
      '\t\treturn base64.RawURLEncoding.EncodeToString(text)',
      '\t}',
      '\tid := make([]byte, 16)',
      '\t_, err := rand.Read(id)',
      '\tcheck(err)',
      '\tunsigned := part(map[string]any{"alg": "RS512", "typ": "JWT", "kid": KEY_ID}) + "." + part(map[string]any{',
      '\t\t"iss": API_KEY, "sub": API_KEY, "aud": tokenURL,',
      '\t\t"jti": fmt.Sprintf("%x", id), "exp": time.Now().Unix() + 240,',
      '\t})',
      '\tfile, err := os.ReadFile(KEY_FILE)',
      '\tcheck(err)',
      '\tblock, _ := pem.Decode(file)',
      '\tkey, err := x509.ParsePKCS8PrivateKey(block.Bytes)',
      '\tcheck(err)',
      '\tdigest := sha512.Sum512([]byte(unsigned))',
      '\tsignature, err := rsa.SignPKCS1v15(rand.Reader, key.(*rsa.PrivateKey), crypto.SHA512, digest[:])',
      '\tcheck(err)',
      '',
      '\t// 2. An access token for it.',
      '\ttoken := askToken(tokenURL, url.Values{',
      `\t\t"grant_type":            {${quoted(grants.app)}},`,
      `\t\t"client_assertion_type": {${quoted(grants.assertionType)}},`,
      '\t\t"client_assertion":      {unsigned + "." + base64.RawURLEncoding.EncodeToString(signature)},',
      '\t})',
      '',
      '\t// 3. The call.',
    ];
  if (access.kind === 'user')
    return [
      `\t// ${signInWords}`,
      '\tif CODE == "" {',
      `\t\tfmt.Println(${quoted(authorizeStem(access))} + API_KEY + "&redirect_uri=" + url.QueryEscape(REDIRECT_URI))`,
      '\t\treturn',
      '\t}',
      `\ttoken := askToken(${quoted(access.tokenUrl)}, url.Values{`,
      `\t\t"grant_type": {${quoted(grants.user)}}, "code": {CODE}, "redirect_uri": {REDIRECT_URI},`,
      '\t\t"client_id": {API_KEY}, "client_secret": {CLIENT_SECRET},',
      '\t})',
    ];
  return [];
}
