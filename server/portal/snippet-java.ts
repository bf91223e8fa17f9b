/** Calls with java.net.http, without any library. */
import {
  authorizeStem,
  grants,
  inputsOf,
  quoted,
  signInWords,
  type CallPlan,
  type Language,
} from './snippet-parts.ts';

export const java: Language = {
  id: 'java',
  title: 'Java',
  file: 'Call.java',
  run: 'java Call.java',
  write(plan) {
    const inputs = inputsOf(plan).map(
      ([name, value]) => `  static final String ${name} = ${quoted(value)};`,
    );
    const { access } = plan;
    return (
      [
        ...javaImports(plan).map((one) => `import ${one};`),
        '',
        'public class Call {',
        ...inputs,
        ...(inputs.length > 0 ? [''] : []),
        '  public static void main(String[] args) throws Exception {',
        ...javaToken(plan),
        ...javaCall(plan),
        '  }',
        ...(access.kind === 'app' || access.kind === 'user' ? javaAskToken : []),
        ...(access.kind === 'app' || access.kind === 'certificate' ? javaKey : []),
        ...(access.kind === 'app' ? javaPart : []),
        '}',
      ].join('\n') + '\n'
    );
  },
};

function javaImports({ access }: CallPlan): readonly string[] {
  const used = ['java.net.URI', 'java.net.http.*'];
  if (access.kind === 'app' || access.kind === 'user')
    used.push('java.net.URLEncoder', 'java.nio.charset.StandardCharsets');
  if (access.kind === 'app' || access.kind === 'certificate')
    used.push(
      'java.nio.file.*',
      'java.security.*',
      'java.security.spec.PKCS8EncodedKeySpec',
      'java.util.*',
    );
  if (access.kind === 'certificate') used.push('java.security.cert.*', 'javax.net.ssl.*');
  return used.sort();
}

function javaCall({ method, url, headers, body, access }: CallPlan): readonly string[] {
  const sent =
    body === undefined
      ? 'HttpRequest.BodyPublishers.noBody()'
      : `HttpRequest.BodyPublishers.ofString(${quoted(body)})`;
  return [
    `    HttpRequest request = HttpRequest.newBuilder(URI.create(${quoted(url)}))`,
    ...headers.map(([name, value]) => `        .header(${quoted(name)}, ${quoted(value)})`),
    ...(access.kind === 'key' ? [`        .header(${quoted(access.header)}, API_KEY)`] : []),
    ...(access.kind === 'app' || access.kind === 'user'
      ? ['        .header("Authorization", "Bearer " + token)']
      : []),
    `        .method(${quoted(method)}, ${sent})`,
    '        .build();',
    ...(access.kind === 'certificate'
      ? javaClient
      : ['    HttpClient client = HttpClient.newHttpClient();']),
    '    HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());',
    '    System.out.println(response.statusCode());',
    '    System.out.println(response.body());',
  ];
}

const javaClient: readonly string[] = [
  '    CertificateFactory certificates = CertificateFactory.getInstance("X.509");',
  '    KeyStore own = KeyStore.getInstance("PKCS12");',
  '    own.load(null, null);',
  '    own.setKeyEntry("client", readKey(CERTIFICATE_KEY), new char[0],',
  '        certificates.generateCertificates(Files.newInputStream(Path.of(CERTIFICATE))).toArray(new java.security.cert.Certificate[0]));',
  '    KeyStore trusted = KeyStore.getInstance("PKCS12");',
  '    trusted.load(null, null);',
  '    trusted.setCertificateEntry("authority", certificates.generateCertificate(Files.newInputStream(Path.of(AUTHORITY))));',
  '    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");',
  '    keys.init(own, new char[0]);',
  '    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");',
  '    trust.init(trusted);',
  '    SSLContext tls = SSLContext.getInstance("TLS");',
  '    tls.init(keys.getKeyManagers(), trust.getTrustManagers(), null);',
  '    HttpClient client = HttpClient.newBuilder().sslContext(tls).build();',
];

const javaAskToken: readonly string[] = [
  '',
  '  static String askToken(String tokenUrl, String... form) throws Exception {',
  '    StringBuilder body = new StringBuilder();',
  '    for (int i = 0; i < form.length; i += 2)',
  '      body.append(body.length() == 0 ? "" : "&").append(form[i]).append("=")',
  '          .append(URLEncoder.encode(form[i + 1], StandardCharsets.UTF_8));',
  '    HttpRequest request = HttpRequest.newBuilder(URI.create(tokenUrl))',
  '        .header("Content-Type", "application/x-www-form-urlencoded")',
  '        .POST(HttpRequest.BodyPublishers.ofString(body.toString()))',
  '        .build();',
  '    String answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();',
  '    return answer.replaceAll("(?s).*\\"access_token\\"\\\\s*:\\\\s*\\"([^\\"]*)\\".*", "$1");',
  '  }',
];

const javaKey: readonly string[] = [
  '',
  '  static PrivateKey readKey(String file) throws Exception {',
  '    String pem = Files.readString(Path.of(file)).replaceAll("-----[A-Z ]+-----|\\\\s", "");',
  '    return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));',
  '  }',
];

const javaPart: readonly string[] = [
  '',
  '  static String part(byte[] bytes) {',
  '    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);',
  '  }',
];

function javaToken({ access }: CallPlan): readonly string[] {
  if (access.kind === 'app')
    return [
      '    // 1. A JSON Web Token, signed with your private key.',
      `    String tokenUrl = ${quoted(access.tokenUrl)};`,
      '    String header = String.format("{\\"alg\\":\\"RS512\\",\\"typ\\":\\"JWT\\",\\"kid\\":\\"%s\\"}", KEY_ID);',
      '    String claims = String.format("{\\"iss\\":\\"%1$s\\",\\"sub\\":\\"%1$s\\",\\"aud\\":\\"%2$s\\",\\"jti\\":\\"%3$s\\",\\"exp\\":%4$d}",',
      '        API_KEY, tokenUrl, UUID.randomUUID(), System.currentTimeMillis() / 1000 + 240);',
      '    String unsigned = part(header.getBytes(StandardCharsets.UTF_8)) + "." + part(claims.getBytes(StandardCharsets.UTF_8));',
      '    Signature signer = Signature.getInstance("SHA512withRSA");',
      '    signer.initSign(readKey(KEY_FILE));',
      '    signer.update(unsigned.getBytes(StandardCharsets.UTF_8));',
      '    String assertion = unsigned + "." + part(signer.sign());',
      '',
      '    // 2. An access token for it.',
      `    String token = askToken(tokenUrl, "grant_type", ${quoted(grants.app)},`,
      `        "client_assertion_type", ${quoted(grants.assertionType)},`,
      '        "client_assertion", assertion);',
      '',
      '    // 3. The call.',
    ];
  if (access.kind === 'user')
    return [
      `    // ${signInWords}`,
      '    if (CODE.isEmpty()) {',
      `      System.out.println(${quoted(authorizeStem(access))} + API_KEY + "&redirect_uri=" + URLEncoder.encode(REDIRECT_URI, StandardCharsets.UTF_8));`,
      '      return;',
      '    }',
      `    String token = askToken(${quoted(access.tokenUrl)}, "grant_type", ${quoted(grants.user)}, "code", CODE,`,
      '        "redirect_uri", REDIRECT_URI, "client_id", API_KEY, "client_secret", CLIENT_SECRET);',
    ];
  return [];
}
