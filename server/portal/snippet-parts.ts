/**
 * What the snippets of all languages share: the call they make, what the reader puts in at the top, and literals from which no
 * text of a document can break out into code. A snippet holds its authorisation steps. Owns the plan and the placeholders.
 */
/** A call as code makes it. */
export interface CallPlan {
  readonly method: string;
  readonly url: string;
  /** Without those of authorisation. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
  readonly access: PlannedAccess;
}

export type PlannedAccess =
  | { readonly kind: 'none' }
  | { readonly kind: 'key'; readonly header: string }
  /** A signed JWT for an access token. `tokenUrl` is its audience too. */
  | { readonly kind: 'app'; readonly tokenUrl: string }
  /** Somebody signs in; `provider` is the scope that picks where. */
  | {
      readonly kind: 'user';
      readonly authorizeUrl: string;
      readonly tokenUrl: string;
      readonly provider: 'nhs-cis2' | 'nhs-login';
    }
  /** A client certificate; `url` is that of mutual TLS. */
  | { readonly kind: 'certificate' };

export interface Language {
  readonly id: string;
  readonly title: string;
  /** The name to save it under, and the words that run it. */
  readonly file: string;
  readonly run: string;
  write(plan: CallPlan): string;
}

/** What stands at the top of a snippet, by what it is called in capitals. */
const placeholders = {
  apiKey: 'put-your-api-key-here',
  keyId: 'put-your-key-id-here',
  keyFile: 'private-key.pem',
  secret: 'put-your-client-secret-here',
  redirect: 'https://example.org/callback',
  code: '',
  certificate: 'client-certificate.pem',
  certificateKey: 'client-key.pem',
  authority: 'authority.pem',
} as const;

/** Values by the names they have in the snippet: only those that this access needs. */
export function inputsOf({
  access,
}: CallPlan): readonly (readonly [name: string, value: string])[] {
  const p = placeholders;
  switch (access.kind) {
    case 'none':
      return [];
    case 'key':
      return [['API_KEY', p.apiKey]];
    case 'app':
      return [
        ['API_KEY', p.apiKey],
        ['KEY_ID', p.keyId],
        ['KEY_FILE', p.keyFile],
      ];
    case 'user':
      return [
        ['API_KEY', p.apiKey],
        ['CLIENT_SECRET', p.secret],
        ['REDIRECT_URI', p.redirect],
        ['CODE', p.code],
      ];
    case 'certificate':
      return [
        ['CERTIFICATE', p.certificate],
        ['CERTIFICATE_KEY', p.certificateKey],
        ['AUTHORITY', p.authority],
      ];
  }
}

export const grants = {
  app: 'client_credentials',
  user: 'authorization_code',
  assertionType: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
} as const;

/** The words about the code that a user's sign-in gives, for a comment. */
export const signInWords =
  'Run it once: it prints an address. Open it, sign in, put the code from the address you come back to into CODE, run it again.';

/** Where somebody signs in, up to the client id and the redirect URI, which the code puts behind it. */
export function authorizeStem(access: { authorizeUrl: string; provider: string }): string {
  const { authorizeUrl, provider } = access;
  return `${authorizeUrl}?response_type=code&scope=${provider}&state=any&client_id=`;
}

/** In double quotes, with the escapes that JSON, JavaScript, Python, Java, C# and Go have in common. */
export function quoted(text: string): string {
  return JSON.stringify(text)
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
    .replaceAll('\u0085', '\\u0085');
}

/** In single quotes, as POSIX shells read them: nothing within is special. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll('\0', '').replaceAll("'", "'\\''")}'`;
}

/** In single quotes, as PHP and Ruby read them. */
export function singleQuoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

/** In single quotes, as PowerShell reads them, which takes typographic ones for the same. */
export function powershellQuoted(text: string): string {
  return `'${text.replace(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`;
}
