import assert from 'node:assert/strict';
import type { Caller } from '../../../core/exchange.ts';
import { createFieldsDoor, type IdentityFacts, type StripOptions } from './identity-headers.ts';

const direct = { trustedProxy: false };

/** A fact that no request has: nothing is set. */
const nothing: IdentityFacts = {
  caller: undefined,
  requestId: '\0',
  correlationId: '',
  messageId: '',
};
const door = createFieldsDoor();

const backendHeaders = (raw: readonly string[], options: StripOptions, told: IdentityFacts) => {
  const flat = door(raw, options, told);
  return flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? ''] as const] : []));
};
const strippedHeaders = (raw: readonly string[], options: StripOptions) =>
  backendHeaders(raw, options, nothing);
const identityHeaders = (told: IdentityFacts) => backendHeaders([], direct, told);

const forged = [
  ...['NHSD-Identity-UUID', 'NHSD-Identity-IdP', 'NHSD-Session-URID', 'NHSD-Session-JobRole'],
  ...['NHSD-Organization-UUID', 'NHSD-NHSLogin-User', 'NHSD-ASID', 'NHSD-Party-Key'],
  ...['NHSD-Request-ID', 'NHSD-Correlation-ID', 'NHSD-Access-Mode', 'NHSD-Client-Id'],
  ...['NHSD-Organisation-ODS', 'NHSD-End-User-Organisation-ODS', 'NHSD-Whatever-Comes-Later'],
  ...['NHSE-PDS-Custom-Attributes', 'NHSE-PDS-Privileged-Access'],
  ...['Ssp-From', 'Ssp-To', 'Ssp-TraceID', 'Ssp-InteractionID'],
  ...[
    'X-Client-Cert',
    'X-Client-Verify',
    'X-SSL-Client-Cert',
    'SSL-Client-Cert',
    'SSL_CLIENT_S_DN',
  ],
  ...['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Client-Cert', 'X-Real-IP', 'Forwarded'],
  ...['Via', 'X-Request-ID', 'X-Correlation-ID', 'Authorization', 'apikey'],
  ...['Ocp-Apim-Subscription-Key', 'X-Original-URL', 'X-Rewrite-URL'],
  'X-Gatehouse-Proxy-Secret',
];

describe('cookies', () => {
  it('go on without those of the platform, whose pages share the host', () => {
    const raw = ['Cookie', 'a=1; gatehouse-session=x; __Host-gatehouse-sign-in=y;b=2'];
    assert.deepEqual(strippedHeaders(raw, direct), [['Cookie', 'a=1;b=2']]);
    assert.deepEqual(strippedHeaders(['cookie', 'gatehouse-session=x'], direct), []);
    assert.deepEqual(strippedHeaders(['COOKIE', 'agatehouse-x=1'], direct), [
      ['COOKIE', 'agatehouse-x=1'],
    ]);
  });
});

const spellings: Readonly<Record<string, (name: string) => string>> = {
  'as published': (name) => name,
  'in lower case': (name) => name.toLowerCase(),
  'in capitals': (name) => name.toUpperCase(),
  'with underscores': (name) => name.replaceAll('-', '_'),
  'with underscores in lower case': (name) => name.toLowerCase().replaceAll('-', '_'),
  'with dots': (name) => name.replaceAll('-', '.'),
  'with one underscore': (name) => name.replace('-', '_'),
  'with the last hyphen as an underscore': (name) => name.replace(/-(?=[^-]*$)/, '_'),
};

const connection = [
  ...['Connection', 'Keep-Alive', 'Proxy-Connection', 'Proxy-Authorization', 'TE', 'Trailer'],
  ...['Transfer-Encoding', 'Upgrade', 'Host', 'Content-Length', 'Expect', 'HTTP2-Settings'],
];

const worker: Caller = {
  appId: 'app',
  appName: 'An app',
  mode: 'worker',
  scopes: [],
  userId: '656005750108',
  role: '555254240108',
  asid: '200000001115',
  signIn: {
    provider: 'nhs-cis2',
    issuer: 'https://cis2.example',
    level: 'aal3',
    roles: [
      { id: '555254240108', code: 'S0010:G0020:R0260', name: 'Doctor', odsCode: 'Y90001' },
      { id: '555254240109', code: 'S8000:G8000:R8000', name: 'Other', odsCode: 'Y90002' },
    ],
  },
  grants: new Set(),
};
const facts: IdentityFacts = {
  caller: worker,
  organisation: 'Y90001',
  endUserOrganisation: 'Y90009',
  clientId: 'client-1',
  partyKey: 'Y90001-100001',
  requestId: 'request',
  correlationId: 'correlation',
  messageId: 'message',
};

const set = (over: Partial<IdentityFacts>) =>
  Object.fromEntries(identityHeaders({ ...facts, ...over }));

describe('identity headers towards a back end', () => {
  for (const [name, spell] of Object.entries(spellings))
    it(`takes out what a caller says of itself ${name}, once and twice`, () => {
      const raw = forged.flatMap((field) => [spell(field), 'a', spell(field), 'b']);
      assert.deepEqual(strippedHeaders(raw, direct), []);
    });

  it('keeps back what a listed proxy proves itself with', () => {
    const raw = [
      'X-Gatehouse-Proxy-Secret',
      'x',
      'X-Client-Cert',
      'y',
      'X_GATEHOUSE_PROXY_SECRET',
      'z',
    ];
    assert.deepEqual(strippedHeaders(raw, { trustedProxy: true }), []);
  });

  it('leaves what is no identity, in order and spelling, repeated fields too', () => {
    const raw = ['Accept', 'a/b', 'X-Sync-Wait', '5', 'accept', 'c', 'If-Match', 'W/"1"'];
    assert.deepEqual(strippedHeaders([...raw, 'X_Own', '1', 'NHS-Number', 'x'], direct), [
      ['Accept', 'a/b'],
      ['X-Sync-Wait', '5'],
      ['accept', 'c'],
      ['If-Match', 'W/"1"'],
      ['X_Own', '1'],
      ['NHS-Number', 'x'],
    ]);
  });

  it('takes out the fields of the connection', () => {
    const raw = connection.flatMap((name) => [name, 'x', name.toLowerCase(), 'y']);
    assert.deepEqual(strippedHeaders(raw, direct), []);
  });

  it('takes out what Connection names, in whichever of its fields and spellings', () => {
    const raw = ['Connection', 'close, X-Own', 'connection', ' x_other ,', 'x-own', '1'];
    assert.deepEqual(strippedHeaders([...raw, 'X-Other', '2', 'X-Third', '3'], direct), [
      ['X-Third', '3'],
    ]);
  });

  it('takes out the field that carries the key, in any spelling', () => {
    const own = createFieldsDoor(['X-Api_Key']);
    const raw = ['x-api-key', '1', 'X_API_KEY', '2', 'X-Api', '3'];
    assert.deepEqual(own(raw, direct, nothing), ['X-Api', '3']);
    assert.deepEqual(own(raw, direct, nothing), ['X-Api', '3']);
  });

  it('leaves both ids to a back end that is a gateway, as they were sent, and makes none', () => {
    const told = createFieldsDoor([], true);
    const raw = [
      'x-request-id',
      'r',
      'X-Correlation-ID',
      'c',
      'X_Request_ID',
      'x',
      'NHSD-ASID',
      'x',
    ];
    assert.deepEqual(told(raw, direct, nothing), ['x-request-id', 'r', 'X-Correlation-ID', 'c']);
    const made = told([], direct, { ...nothing, requestId: 'made' });
    assert.deepEqual(made.slice(0, 2), ['NHSD-Request-ID', 'made']);
    assert.ok(!made.includes('X-Request-ID'));
  });

  it('judges names as before when more have come than it remembers', () => {
    const many = createFieldsDoor();
    for (let i = 0; i < 1000; i++) many([`X-${i}`, '1', `NHSD-${i}`, '1'], direct, nothing);
    assert.deepEqual(many(['X-1', '1', 'NHSD-999', '2', 'X-999', '3'], direct, nothing), [
      ...['X-1', '1', 'X-999', '3'],
    ]);
  });

  it('lets Connection remove nothing that the gateway sets', () => {
    const names = identityHeaders(facts).map(([name]) => name);
    const raw = ['Connection', `close, ${names.join(', ')}`, 'NHSD_ASID', '999999999999'];
    assert.deepEqual(backendHeaders(raw, direct, facts), identityHeaders(facts));
  });

  it('sets each field once, in the place of what was sent', () => {
    const raw = forged.flatMap((name) => [name, 'forged', name.replaceAll('-', '_'), 'forged']);
    const sent = backendHeaders(raw, direct, facts);
    const names = sent.map(([name]) => name.toLowerCase());
    assert.equal(new Set(names).size, names.length);
    assert.ok(sent.every(([, value]) => value !== 'forged'));
  });

  it('believes a listed proxy who was in front of it, and nothing else', () => {
    const raw = forged.flatMap((name) => [name, 'x']);
    assert.deepEqual(
      strippedHeaders(raw, { trustedProxy: true }).map(([name]) => name),
      ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Client-Cert'],
    );
  });

  it('tells of a worker: who, vouched for by whom, in which role of which organisation', () => {
    assert.deepEqual(set({}), {
      'NHSD-Identity-UUID': '656005750108',
      'NHSD-Identity-IdP': 'https://cis2.example',
      'NHSD-Session-URID': '555254240108',
      'NHSD-Session-JobRole': 'S0010:G0020:R0260',
      'NHSD-Organization-UUID': 'Y90001',
      'NHSD-ASID': '200000001115',
      'NHSD-Party-Key': 'Y90001-100001',
      'NHSD-Request-ID': 'request',
      'NHSD-Correlation-ID': 'request.correlation.message',
      'NHSD-Access-Mode': 'worker',
      'NHSD-Client-Id': 'client-1',
      'NHSD-Organisation-ODS': 'Y90001',
      'NHSD-End-User-Organisation-ODS': 'Y90009',
    });
  });

  it('tells of a patient the number and level, and of no role', () => {
    const patient: Caller = {
      ...worker,
      mode: 'patient',
      nhsNumber: '9912003071',
      userId: '9912003071',
    };
    const told = set({ caller: patient });
    assert.equal(told['NHSD-NHSLogin-User'], 'P9:9912003071');
    assert.equal(told['NHSD-Access-Mode'], 'patient');
    for (const name of ['NHSD-Session-URID', 'NHSD-Session-JobRole', 'NHSD-Organization-UUID'])
      assert.equal(told[name], undefined);
  });

  it('tells of an app on its own no person, whatever the caller object holds', () => {
    const told = set({ caller: { ...worker, mode: 'app' } });
    for (const name of Object.keys(told)) assert.doesNotMatch(name, /Identity|Session|NHSLogin/);
    assert.equal(told['NHSE-PDS-Privileged-Access'], undefined);
  });

  it('tells of privilege only for a privileged app', () => {
    const told = set({ caller: { ...worker, mode: 'privileged' }, customAttributes: 'a b' });
    assert.equal(told['NHSE-PDS-Privileged-Access'], 'true');
    assert.equal(told['NHSE-PDS-Custom-Attributes'], 'a b');
  });

  it('sets no field whose value could split it', () => {
    for (const value of ['a\r\nNHSD-ASID: 1', 'a\nb', 'a\0b', 'é', '\u2028', ''])
      assert.equal(set({ partyKey: value })['NHSD-Party-Key'], undefined);
  });

  it('tells of nobody where nobody was found out', () => {
    assert.deepEqual(
      identityHeaders({ ...noCaller, requestId: 'r', correlationId: '', messageId: 'm' }),
      [
        ['NHSD-Request-ID', 'r'],
        ['NHSD-Correlation-ID', 'r..m'],
      ],
    );
  });
});

const noCaller = { caller: undefined };
