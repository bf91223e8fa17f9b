/** What callers say of themselves in fields changes nothing at protected PDS: services in the process read none of them. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  appToken,
  entriesOf,
  integration,
  keptToken,
  patientToken,
  pdsPath,
  workerToken,
  type Ground,
} from './signed-in-ground.ts';
import { sendBytes, sendRaw, type RawAnswer } from './raw-http.ts';

const jane = '9000000009';
const own = '9912003071';
const restricted = '9727022820';

const pem = encodeURIComponent('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----');
/** What a gateway or proxy in front would tell, with values that would open or change something. */
const claims: Readonly<Record<string, string>> = {
  'NHSD-Identity-UUID': '999999999999',
  'NHSD-Identity-IdP': 'https://evil.example',
  'NHSD-Session-JobRole': 'S0010:G0020:R0260',
  'NHSD-Organization-UUID': 'X26',
  'NHSD-NHSLogin-User': `P9:${jane}`,
  'NHSD-ASID': '999999999999',
  'NHSD-Party-Key': 'X26-1',
  'NHSD-Request-ID': 'forged',
  'NHSD-Correlation-ID': 'forged',
  'NHSD-Access-Mode': 'privileged',
  'NHSD-Client-Id': 'forged',
  'NHSE-PDS-Privileged-Access': 'true',
  'NHSE-PDS-Custom-Attributes': 'return-empty-address-lines',
  'X-Client-Cert': pem,
  'X-SSL-Client-Cert': pem,
  'X-Forwarded-For': '203.0.113.9',
  'X-Forwarded-Host': 'production.example',
  'X-Forwarded-Proto': 'https',
  'X-Real-IP': '203.0.113.9',
  Forwarded: 'for=203.0.113.9;host=production.example',
  Via: '1.1 forged',
  'X-Original-URL': `/Patient/${jane}`,
  'X-Rewrite-URL': `/Patient/${jane}`,
  'X-HTTP-Method-Override': 'PATCH',
};

type Fields = readonly (readonly [string, string])[];
const all = Object.entries(claims);
const spellings: Readonly<Record<string, Fields>> = {
  'as published': all,
  'in lower case': all.map(([name, value]) => [name.toLowerCase(), value]),
  'with underscores': all.map(([name, value]) => [name.replaceAll('-', '_'), value]),
  twice: [...all, ...all.map(([name, value]) => [name.toUpperCase(), value] as const)],
  'named by Connection': [['Connection', `close, ${Object.keys(claims).join(', ')}`], ...all],
};

type Who = 'app' | 'patient' | 'worker' | 'noAsid';
const calls: readonly (readonly [who: Who, path: string])[] = [
  ['app', `/Patient/${restricted}`],
  ['patient', `/Patient/${own}`],
  ['patient', `/Patient/${jane}`],
  ['worker', `/Patient/${own}`],
  ['noAsid', `/Patient/${own}`],
];

describe('fields with which callers describe themselves at protected PDS', () => {
  let ground: Ground;
  let tokens: Readonly<Record<Who, string>>;
  before(async function () {
    this.timeout(60_000);
    ground = await integration();
    tokens = {
      app: await keptToken('app', () => appToken(ground)),
      patient: await keptToken('patient', () => patientToken(ground, own)),
      worker: await keptToken('aal3', () => workerToken(ground, '656005750108')),
      noAsid: await appToken(ground, 'demo-no-asid-int'),
    };
  });

  const send = (path: string, fields: Fields) =>
    sendRaw(ground.platform.port, { path: `/env/int${pdsPath}${path}`, headers: fields });

  /** The audit entry of a call, without what differs from call to call. */
  const told = async (requestId: string) => {
    const entries = await entriesOf(ground.platform, requestId);
    assert.equal(entries.length, 1);
    const { app, mode, user, role, people, status, address, environment, action } =
      entries[0] ?? assert.fail();
    return { app, mode, user, role, people, status, address, environment, action };
  };

  for (const [spelling, fields] of Object.entries(spellings))
    for (const [who, path] of calls)
      it(`change nothing ${spelling}: ${who} at ${path}`, async () => {
        const [plainId, forgedId] = [randomUUID(), randomUUID()];
        const credentials = (id: string): Fields => [
          ['Authorization', `Bearer ${tokens[who]}`],
          ['X-Request-ID', id],
        ];
        const plain = await send(path, credentials(plainId));
        const forged = await send(path, [...fields, ...credentials(forgedId)]);
        assert.deepEqual(essence(forged), essence(plain));
        assert.deepEqual(await told(forgedId), await told(plainId));
      });

  it('open nothing without a token', async () => {
    for (const fields of Object.values(spellings)) {
      const answer = await send(`/Patient/${own}`, [...fields, ['X-Request-ID', randomUUID()]]);
      assert.equal(answer.status, 401);
      assert.match(answer.body, /Missing Authorization header/);
    }
  });

  it('are not read from trailers', async () => {
    const requestId = randomUUID();
    const trailers = all.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const head = [
      `GET /env/int${pdsPath}/Patient/${own} HTTP/1.1`,
      'Host: localhost',
      'Transfer-Encoding: chunked',
      `Trailer: Authorization, ${Object.keys(claims).join(', ')}`,
      `X-Request-ID: ${requestId}`,
      'Connection: close',
    ].join('\r\n');
    const late = `Authorization: Bearer ${tokens.app}\r\n${trailers}`;
    const answer = await sendBytes(ground.platform.port, `${head}\r\n\r\n0\r\n${late}\r\n`);
    assert.equal(answer.status, 401);
  });

  it('leave the address of the audit that of the socket', async () => {
    const requestId = randomUUID();
    await send(`/Patient/${own}`, [
      ...all,
      ['Authorization', `Bearer ${tokens.app}`],
      ['X-Request-ID', requestId],
    ]);
    assert.match((await told(requestId)).address, /127\.0\.0\.1$/);
  });
});

/** What an answer says, without the id that is echoed and the date. */
function essence({ status, head, body }: RawAnswer) {
  const fields = head
    .split('\r\n')
    .filter((line) => !/^(x-request-id|date|etag):/i.test(line))
    .sort();
  return { status, fields, body };
}
