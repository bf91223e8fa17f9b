/** The Spine Secure Proxy over real sockets: its checks in their published order, with their published texts. */
import assert from 'node:assert/strict';
import type { SpineSecureProxyBackend } from '../server/catalogue/proxies.ts';
import { Problem } from '../core/problem.ts';
import { sspSenderKind, type JudgeSender } from '../server/gateway/policies/ssp-sender.ts';
import {
  consumer,
  interaction,
  provider,
  smallDirectory,
  startDirectoryGround,
  startProvider,
  type DirectoryGround,
  type DirectoryGroundOptions,
  type Provider,
  type SmallDirectory,
} from './directory-ground.ts';
import { sendRaw, type RawAnswer } from './raw-http.ts';

const traceId = '09a01679-2564-0fb4-5129-aecc81ea2706';
const scheduleCodes = 'http://fhir.nhs.net/ValueSet/gpconnect-schedule-response-code-1-0';
const ssp: SpineSecureProxyBackend = { kind: 'spine-secure-proxy' };

type Fields = readonly [string, string][];

/** The fields of a good call, with some replaced (by name) or added. */
function fields(more: Fields = []): [string, string][] {
  const good: Fields = [
    ['Ssp-TraceID', traceId],
    ['Ssp-From', consumer],
    ['Ssp-To', provider],
    ['Ssp-InteractionID', interaction],
    ['Authorization', 'Bearer a.b.'],
    ['Accept', 'application/fhir+json'],
  ];
  const named = new Set(more.map(([name]) => name));
  return [...good.filter(([name]) => !named.has(name)), ...more].filter(
    ([, value]) => value !== 'none',
  );
}

interface Outcome {
  readonly resourceType: string;
  readonly id: string;
  readonly issue: readonly {
    readonly severity: string;
    readonly code: string;
    readonly diagnostics: string;
    readonly details: {
      readonly text: string;
      readonly coding: readonly [{ system: string; code: string; display: string }];
    };
  }[];
}

function outcomeOf(answer: RawAnswer) {
  const outcome = JSON.parse(answer.body) as Outcome;
  const [issue] = outcome.issue;
  assert.ok(issue);
  return { outcome, issue, coding: issue.details.coding[0], text: issue.details.text };
}

describe('the Spine Secure Proxy', () => {
  let target: Provider;
  let directory: SmallDirectory;
  let open: DirectoryGround[] = [];

  beforeEach(async () => {
    target = await startProvider();
    directory = smallDirectory(`${target.url}/fhir`);
  });
  afterEach(async () => {
    await Promise.all(open.map((ground) => ground.close()));
    open = [];
    target.close();
  });

  async function start(
    options: Partial<DirectoryGroundOptions> & { judge?: JudgeSender; open?: boolean } = {},
  ): Promise<DirectoryGround> {
    const site = { environment: 'sandbox' } as never; // the policy looks at nothing of where it stands
    const policy = sspSenderKind(options.judge).create({ open: options.open ?? true }, site);
    const ground = await startDirectoryGround({
      ...{ backend: ssp, directory, policies: [policy] },
      ...options,
    });
    open.push(ground);
    return ground;
  }
  const ask = (
    { port }: DirectoryGround,
    headers: Fields = fields(),
    path = `${target.url}/fhir/Patient/1?_a=%20b`,
    more: { method?: string; body?: string } = {},
  ) => sendRaw(port, { path: `/api/${path}`, headers, ...more });

  it('calls the address in the path when the directory has it, and hands the token on', async () => {
    const answer = await ask(await start(), fields([['X-Request-ID', traceId]]));
    assert.equal(answer.status, 200, answer.body);
    assert.equal(answer.body, '{"resourceType":"Patient"}');
    const [request] = target.seen;
    assert.equal(request?.url, '/fhir/Patient/1?_a=%20b');
    const { headers } = request;
    assert.equal(headers.authorization, 'Bearer a.b.');
    assert.equal(headers['ssp-traceid'], traceId);
    assert.equal(headers['ssp-from'], consumer);
    assert.equal(headers['ssp-to'], provider);
    assert.equal(headers['ssp-interactionid'], interaction);
    assert.equal(headers['nhsd-asid'], consumer);
  });

  it('sends a body on, of FHIR in either spelling', async () => {
    const ground = await start();
    for (const type of ['application/fhir+json; charset=utf-8', 'application/xml+fhir']) {
      const headers = fields([['Content-Type', type]]);
      const path = `${target.url}/fhir/$gpc`;
      const answer = await ask(ground, headers, path, { method: 'POST', body: '{}' });
      assert.equal(answer.status, 200, answer.body);
    }
    assert.equal(target.seen[1]?.headers['content-length'], '2');
  });

  const cases: readonly {
    what: string;
    headers?: Fields;
    path?: (url: string) => string;
    method?: string;
    change?: (directory: SmallDirectory) => void;
    status: number;
    issue: string;
    text: (url: string) => string;
    why?: RegExp;
  }[] = [
    {
      what: 'an ASID that is none, whatever else is wrong',
      headers: [
        ['Ssp-From', '<i>'],
        ['Accept', 'text/html'],
      ],
      ...{ status: 403, issue: 'forbidden' },
      text: () => 'ASID_CHECK_FAILED_MESSAGESENDER_?i?',
    },
    {
      what: 'a sender that the directory does not have',
      headers: [['Ssp-From', '200000000999']],
      ...{ status: 403, issue: 'forbidden', why: /ASID of the directory, and found none/ },
      text: () => 'ASID_CHECK_FAILED_MESSAGESENDER_200000000999',
    },
    {
      what: 'a sender that is not accredited for the interaction',
      change: (directory) => {
        directory.addSystem('200000000998', 'Y90002', 'Y90002-0000001', []);
      },
      headers: [
        ['Ssp-From', '200000000998'],
        ['Ssp-To', '200000000997'],
      ],
      ...{ status: 403, issue: 'forbidden', why: /accredited for urn/ },
      text: () => 'ASID_CHECK_FAILED_MESSAGESENDER_200000000998',
    },
    {
      what: 'a receiver that the directory does not have',
      headers: [['Ssp-To', '200000000997']],
      path: () => 'https://elsewhere.example/',
      ...{ status: 403, issue: 'forbidden', why: /no such ASID/ },
      text: () => 'PARTYKEY_INTERACTION_CHECK_FAILED_MESSAGERECEIVER_200000000997',
    },
    {
      what: 'a receiver without an endpoint for the interaction',
      headers: [['Ssp-To', consumer]],
      ...{ status: 403, issue: 'forbidden', why: /no endpoint of its party key/ },
      text: () => `PARTYKEY_INTERACTION_CHECK_FAILED_MESSAGERECEIVER_${consumer}`,
    },
    {
      what: 'another address than the registered one',
      path: (url) => `${url}/other/Patient/1`,
      headers: [['Accept', 'text/html']],
      ...{ status: 400, issue: 'invalid' },
      text: (url) =>
        `ENDPOINT_${url}/fhir_CPAID_S1001A1001_VARIES_FROM_TARGETURL_${url}/other/Patient/1`,
    },
    {
      what: 'an address that only begins like the registered one',
      path: (url) => `${url}/fhirs`,
      ...{ status: 400, issue: 'invalid' },
      text: (url) => `ENDPOINT_${url}/fhir_CPAID_S1001A1001_VARIES_FROM_TARGETURL_${url}/fhirs`,
    },
    {
      what: 'an address with a user in it',
      path: (url) => `${url.replace('127', 'a@127')}/fhir`,
      ...{ status: 400, issue: 'invalid' },
      text: (url) =>
        `ENDPOINT_${url}/fhir_CPAID_S1001A1001_VARIES_FROM_TARGETURL_${url.replace('127', 'a@127')}/fhir`,
    },
    {
      what: 'no address at all',
      path: () => 'Patient/1',
      ...{ status: 400, issue: 'invalid' },
      text: (url) => `ENDPOINT_${url}/fhir_CPAID_S1001A1001_VARIES_FROM_TARGETURL_Patient/1`,
    },
    {
      what: 'an Accept that takes no FHIR',
      headers: [['Accept', 'text/html, application/json']],
      ...{ status: 415, issue: 'not-supported', text: () => 'Unsupported_Media_Type' },
    },
    {
      what: 'a body that is no FHIR',
      method: 'POST',
      headers: [['Content-Type', 'text/xml']],
      ...{ status: 415, issue: 'not-supported', text: () => 'Unsupported_Media_Type' },
    },
    {
      what: 'an interaction that nobody knows',
      headers: [['Ssp-InteractionID', 'urn:nhs:names:services:nothing']],
      ...{ status: 415, issue: 'not-supported', text: () => 'Unsupported_Media_Type' },
    },
    {
      what: 'a provider that is out of reach',
      change: (directory) => {
        directory.endpoints = [];
        directory.addEndpoint('Y90001-0000001', 'http://127.0.0.1:1/fhir');
      },
      path: () => 'http://127.0.0.1:1/fhir/Patient/1',
      ...{ status: 502, issue: 'transient' },
      text: () => 'ERROR_COMMUNICATING_TO_ENDPOINT_URL_http://127.0.0.1:1/fhir',
    },
    {
      what: 'a registered address that a sandbox may not call',
      change: (directory) => {
        directory.endpoints = [];
        directory.addEndpoint('Y90001-0000001', 'https://169.254.169.254/fhir');
      },
      path: () => 'https://169.254.169.254/fhir/Patient/1',
      ...{ status: 502, issue: 'transient', why: /this machine only/ },
      text: () => 'ERROR_COMMUNICATING_TO_ENDPOINT_URL_https://169.254.169.254/fhir',
    },
  ];
  for (const { what, headers, path, change, method, status, issue, text, why } of cases)
    it(`refuses ${what}`, async () => {
      change?.(directory);
      const answer = await ask(
        await start(),
        fields(headers),
        path?.(target.url),
        method === undefined ? {} : { method, body: 'x' },
      );
      assert.equal(answer.status, status, answer.body);
      const told = outcomeOf(answer);
      assert.equal(told.outcome.resourceType, 'OperationOutcome');
      assert.equal(told.outcome.id, traceId);
      assert.equal(told.issue.severity, 'error');
      assert.equal(told.issue.code, issue);
      assert.equal(told.issue.diagnostics, text(target.url));
      assert.deepEqual(told.coding, {
        ...{ system: scheduleCodes, code: String(status), display: text(target.url) },
      });
      if (why) assert.match(told.text, why);
      assert.match(answer.head, /application\/fhir\+json/);
      assert.equal(target.seen.length, 0);
    });

  it('refuses a method of no use before all else', async () => {
    for (const method of ['HEAD', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      const answer = await ask(await start(), [], 'x', { method });
      assert.equal(answer.status, 405);
      assert.match(answer.head, /allow: GET, POST, PUT, PATCH, DELETE/i);
      if (method === 'HEAD') continue;
      const { issue, coding } = outcomeOf(answer);
      assert.equal(issue.severity, 'fatal');
      assert.equal(issue.code, 'forbidden');
      assert.equal(coding.display, '405: Method Not Allowed');
      assert.equal(
        coding.system,
        'https://fhir.nhs.uk/StructureDefinition/spine-operationoutcome-1',
      );
    }
  });

  it('refuses each field that is missing or sent twice, whichever the second says', async () => {
    const ground = await start();
    for (const name of ['Ssp-TraceID', 'Ssp-From', 'Ssp-To', 'Ssp-InteractionID']) {
      const missing = await ask(ground, fields([[name, 'none']]));
      assert.equal(missing.status, 400, name);
      assert.match(outcomeOf(missing).text, new RegExp(`${name}, and found none`));
      const twice = await ask(ground, [...fields(), [name.toLowerCase(), '200000000998']]);
      assert.equal(twice.status, 400, name);
      assert.match(outcomeOf(twice).text, new RegExp(`${name} once, and found it 2 times`));
    }
    assert.equal(target.seen.length, 0);
  });

  it('lets organisations call each other as the agreements say', async () => {
    const asked = async (from: string, to: string) =>
      ask(await start({ backend: { ...ssp, agreements: [{ from, to }] } }));
    assert.equal((await asked('Y90999', 'Y90001')).status, 200);
    assert.equal((await asked('*', 'Y90001')).status, 200);
    assert.equal((await asked('Y90999', '*')).status, 200);
    const refused = await asked('Y90001', 'Y90999');
    assert.equal(refused.status, 403);
    const { coding, text } = outcomeOf(refused);
    assert.equal(
      coding.display,
      `FOT_CHECK_FAILED_MESSAGESENDER_${consumer}_MESSAGERECEIVER_${provider}`,
    );
    assert.match(text, /that Y90999 may call Y90001, and found none/);
  });

  it('believes no sender without a certificate outside of the open lane', async () => {
    const answer = await ask(await start({ open: false }));
    assert.equal(answer.status, 403);
    assert.match(outcomeOf(answer).text, /client certificate .* and found none/);
  });

  it('asks whose the certificate is, and goes by that', async () => {
    const peer = {
      certificate: {
        ...{ thumbprint: 't', commonNames: ['a'], dnsNames: [], serial: '1', notAfter: 0 },
      },
    };
    const judged: string[] = [];
    const judge: JudgeSender = (_exchange, asid) => {
      judged.push(asid);
      if (asid !== consumer) throw new Problem('forbidden', 'It is of another', { code: 'OTHER' });
      return Promise.resolve({
        ...{ appId: 'a', appName: 'A', mode: 'app', scopes: [], asid, grants: new Set() },
      });
    };
    const ground = await start({ judge, peer });
    assert.equal((await ask(ground)).status, 200);
    const refused = await ask(ground, fields([['Ssp-From', provider]]));
    assert.equal(refused.status, 403);
    assert.equal(outcomeOf(refused).coding.display, 'It is of another');
    assert.deepEqual(judged, [consumer, provider]);
  });

  it('takes scheme and host in any case, and the usual port or none', async () => {
    const ground = await start();
    const odd = `${target.url.replace('http:', 'HTTP:')}/fhir/Patient/1`;
    assert.equal((await ask(ground, fields(), odd)).status, 200);
    const climbing = await ask(ground, fields(), `${target.url}/fhir/../other`);
    assert.equal(climbing.status, 400);
    assert.equal(target.seen.length, 1);
  });

  it('writes nothing of a call into the log but what went wrong', async () => {
    directory.endpoints = [];
    directory.addEndpoint('Y90001-0000001', 'http://127.0.0.1:1/fhir');
    const ground = await start();
    await ask(ground, fields(), 'http://127.0.0.1:1/fhir/Patient/9000000009');
    assert.doesNotMatch(ground.logged.join('\n'), /9000000009/);
  });
});
