/** Where protected PDS takes a token from, how it must be written, and what each refusal says, over raw sockets. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { appToken, integration, keptToken, pdsPath, type Ground } from './signed-in-ground.ts';
import { sendBytes, sendRaw, type RawAnswer } from './raw-http.ts';

const adult = '9000000009';

interface Refused {
  readonly name: string;
  readonly headers: (token: string) => readonly (readonly [string, string])[];
  readonly query?: (token: string) => string;
  readonly text: string;
  /** No error code in WWW-Authenticate: nothing was sent. */
  readonly none?: true;
}

const asSent: readonly Refused[] = [
  { name: 'no field', headers: () => [], text: 'Missing Authorization header', none: true },
  {
    name: 'an empty field',
    headers: () => [['Authorization', '']],
    text: 'Empty Authorization header',
    none: true,
  },
  {
    name: 'a field of blanks',
    headers: () => [['Authorization', ' \t ']],
    text: 'Empty Authorization header',
    none: true,
  },
  {
    name: 'the scheme alone',
    headers: () => [['Authorization', 'Bearer']],
    text: 'Missing access token',
  },
  {
    name: 'another scheme',
    headers: (token) => [['Authorization', `Basic ${token}`]],
    text: "Invalid token type 'Basic', must be 'Bearer'",
  },
  {
    name: 'a long and odd scheme',
    headers: () => [['Authorization', `<script>"'${'x'.repeat(60)} y`]],
    text: "Invalid token type '?script???xxxxxxxxxx', must be 'Bearer'",
  },
  {
    name: 'a tab for the blank',
    headers: (token) => [['Authorization', `Bearer\t${token}`]],
    text: 'Invalid Authorization header',
  },
  {
    name: 'a word behind the token',
    headers: (token) => [['Authorization', `Bearer ${token} x`]],
    text: 'Invalid Authorization header',
  },
  {
    name: 'two fields',
    headers: (token) => [
      ['Authorization', `Bearer ${token}`],
      ['Authorization', `Bearer ${token}`],
    ],
    text: 'Invalid Authorization header',
  },
  {
    name: 'two fields of different spelling',
    headers: (token) => [
      ['Authorization', `Bearer ${token}`],
      ['AUTHORIZATION', 'Bearer x'],
    ],
    text: 'Invalid Authorization header',
  },
  {
    name: 'a token in the query',
    headers: () => [],
    query: (token) => `?access_token=${token}`,
    text: 'Missing Authorization header',
    none: true,
  },
  {
    name: 'the key of an app in the query',
    headers: () => [],
    query: () => '?apikey=demo-app-int&key=demo-app-int',
    text: 'Missing Authorization header',
    none: true,
  },
  {
    name: 'the key of an app in a field',
    headers: () => [
      ['apikey', 'demo-app-int'],
      ['x-api-key', 'demo-app-int'],
    ],
    text: 'Missing Authorization header',
    none: true,
  },
  {
    name: 'the key of an app as a token',
    headers: () => [['Authorization', 'Bearer demo-app-int']],
    text: 'Invalid Access Token',
  },
  {
    name: 'another last character',
    headers: (token) => [['Authorization', `Bearer ${otherEnd(token)}`]],
    text: 'Invalid Access Token',
  },
  {
    name: 'another case',
    headers: (token) => [['Authorization', `Bearer ${swapCase(token)}`]],
    text: 'Invalid Access Token',
  },
  ...['x', '=', '.', '%20', '\\0', ',', ';', '/', 'é'].map((suffix) => ({
    name: `the suffix ${suffix}`,
    headers: (token: string) => [['Authorization', `Bearer ${token}${suffix}`]] as const,
    text: 'Invalid Access Token',
  })),
  {
    name: 'half a token',
    headers: (token) => [['Authorization', `Bearer ${token.slice(0, 22)}`]],
    text: 'Invalid Access Token',
  },
  {
    name: 'a token in quotes',
    headers: (token) => [['Authorization', `Bearer "${token}"`]],
    text: 'Invalid Access Token',
  },
  {
    name: 'an unsigned JWT',
    headers: () => [['Authorization', 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.']],
    text: 'Invalid Access Token',
  },
  {
    name: '8 KB of token',
    headers: () => [['Authorization', `Bearer ${'a1'.repeat(4096)}`]],
    text: 'Invalid Access Token',
  },
];

function otherEnd(token: string): string {
  return token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
}

function swapCase(token: string): string {
  const at = token.slice(20).search(/[A-Za-z]/) + 20;
  const letter = token[at] ?? '';
  const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
  return token.slice(0, at) + other + token.slice(at + 1);
}

describe('protected PDS takes a token from the Authorization field and nowhere else', () => {
  let ground: Ground;
  let token: string;

  before(async function () {
    this.timeout(60_000);
    ground = await integration();
    token = await keptToken('app', () => appToken(ground));
  });

  const at: Readonly<Record<string, { prefix: string; host: string }>> = {
    '/env/int': { prefix: '/env/int', host: 'localhost' },
    '/env/uat': { prefix: '/env/uat', host: 'localhost' },
    'host int.localhost': { prefix: '', host: 'int.localhost' },
    'host UAT.localhost': { prefix: '', host: 'UAT.localhost:9000' },
  };
  const send = (
    place: { prefix: string; host: string },
    headers: readonly (readonly [string, string])[],
    query = '',
  ) =>
    sendTo(
      ground.platform.port,
      place.host,
      `${place.prefix}${pdsPath}/Patient/${adult}${query}`,
      headers,
    );

  for (const [name, place] of Object.entries(at)) {
    it(`at ${name}: 200 with a token, in whichever case the scheme is written`, async () => {
      for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
        const answer = await send(place, [['Authorization', `${scheme} ${token}`]]);
        assert.equal(answer.status, 200, answer.body);
      }
    });

    it(`at ${name}: 401 without one`, async () => {
      judge(await send(place, []), 'Missing Authorization header', true);
    });
  }

  for (const { name, headers, query, text, none } of asSent)
    it(`refuses ${name}: ${text}`, async () => {
      const [place] = Object.values(at);
      assert.ok(place);
      judge(await send(place, headers(token), query?.(token)), text, none ?? false);
    });

  it('ignores a token in a form', async () => {
    const answer = await sendRaw(ground.platform.port, {
      method: 'POST',
      path: `/env/int${pdsPath}/Patient`,
      headers: [['content-type', 'application/x-www-form-urlencoded']],
      body: `access_token=${token}`,
    });
    judge(answer, 'Missing Authorization header', true);
  });

  it('answers 431 to a token above the limit of fields', async () => {
    const [place] = Object.values(at);
    assert.ok(place);
    const answer = await send(place, [['Authorization', `Bearer ${'a'.repeat(20_000)}`]]);
    assert.equal(answer.status, 431);
  });
});

function judge(answer: RawAnswer, text: string, none: boolean): void {
  assert.equal(answer.status, 401, answer.body);
  assert.deepEqual(JSON.parse(answer.body), {
    resourceType: 'OperationOutcome',
    issue: [
      {
        severity: 'error',
        code: 'forbidden',
        details: {
          coding: [
            {
              system: 'https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode',
              version: '1',
              code: 'ACCESS_DENIED',
              display: 'Access Denied - Unauthorised',
            },
          ],
        },
        diagnostics: text,
      },
    ],
  });
  const challenge = /^www-authenticate: (.*)$/im.exec(answer.head)?.[1];
  const error = none ? '' : ', error="invalid_token"';
  assert.equal(challenge?.trim(), `Bearer realm="personal-demographics"${error}`);
}

/** A request with a Host of its own, which fetch does not allow. */
function sendTo(
  port: number,
  host: string,
  path: string,
  headers: readonly (readonly [string, string])[],
): Promise<RawAnswer> {
  const fields = [
    ['Host', host],
    ['X-Request-ID', randomUUID()],
    ['Connection', 'close'],
    ...headers,
  ];
  const lines = fields.map(([name = '', value = '']) => `${name}: ${value}\r\n`).join('');
  return sendBytes(port, `GET ${path} HTTP/1.1\r\n${lines}\r\n`);
}
