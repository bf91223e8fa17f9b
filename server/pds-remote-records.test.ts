import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../core/clock.ts';
import type { Caller, Facts } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import type { Asking, Patients } from '../fhir/pds/patients.ts';
import { backEndSite } from '../test/back-end-ground.ts';
import { startFaultyPeer, type FaultyPeer } from '../test/faulty-peer.ts';
import { secretsNamed } from './catalogue/proxy-rules.ts';
import type { ServiceSite, TargetCondition } from './gateway/backend.ts';
import { pdsRecords } from './pds-records.ts';
import { remoteRecords } from './pds-remote-records.ts';

const jane = '9000000009';
const timeout = 400;
const worker: Caller = {
  ...{ appId: 'app', appName: 'App', mode: 'worker', scopes: [], asid: '200000000115' },
  ...{ userId: '555254240100', role: '656005750111', grants: new Set<string>() },
};
const asking = (more: Partial<Asking> = {}): Asking => {
  const facts: Facts = { people: [] };
  return { caller: worker, workspace: '', requestId: 'a-request', facts, ...more };
};

const logged: string[] = [];
const ending: (() => Promise<void>)[] = [];
let condition: (() => TargetCondition) | undefined;
const records = pdsRecords({ remote: remoteRecords(systemClock) });

/** The port as a Proxy of the sandbox has it. */
function patientsAt(settings: object): Patients {
  const at = backEndSite({ kind: 'http', url: 'http://127.0.0.1:1' }, {}, logged);
  const site: ServiceSite = {
    ...{ environment: 'sandbox', base: '/api', at },
    config: { records: { kind: 'remote', timeout, ...settings } },
    onClose: (end) => ending.push(end),
    standsOn: (told) => (condition = told),
  };
  return records.patientsAt(site);
}

async function refusedBy(work: () => Promise<unknown>): Promise<Problem> {
  try {
    await work();
  } catch (error) {
    return Problem.from(error);
  }
  assert.fail('it is not refused');
}

const patient = {
  ...{ resourceType: 'Patient', id: jane },
  meta: { versionId: '2', security: [{ code: 'U' }] },
};

describe('records of another PDS', () => {
  afterEach(async () => {
    await Promise.all(ending.splice(0).map((end) => end()));
    logged.splice(0);
  });

  describe('whose connection misbehaves', () => {
    let peer: FaultyPeer;
    before(async () => {
      peer = await startFaultyPeer();
    });
    after(() => peer.stop());

    const rows: Readonly<Record<string, string>> = {
      silent: 'timeout',
      drip: 'timeout',
      'drip-short': 'timeout',
      'drip-head': 'timeout',
      stops: 'timeout',
      'stops-long': 'timeout',
      resets: 'upstream',
      'ends-chunked': 'upstream',
      'ends-short': 'upstream',
      'closes-unanswered': 'upstream',
      garbage: 'upstream',
      'both-lengths': 'upstream',
      'bad-chunk': 'upstream',
      endless: 'upstream',
    };
    for (const [fault, kind] of Object.entries(rows))
      it(`are not available when it is ${fault}: ${kind}`, async () => {
        const patients = patientsAt({ url: `${peer.url}/${fault}` });
        const given = asking();
        const problem = await refusedBy(() => patients.retrieve(jane, given));
        assert.deepEqual([problem.kind, problem.row], [kind, undefined], problem.message);
        assert.deepEqual(given.facts.people, [jane]);
        assert.doesNotMatch(`${problem.message}${logged.join('')}`, /127\.0\.0\.1|\d{10}/);
      });

    it('are not available when nothing listens, nor when enough calls have failed', async () => {
      const gone = await startFaultyPeer();
      await gone.stop();
      const patients = patientsAt({ url: gone.url });
      const kinds = new Set<string>();
      for (let calls = 0; calls < 12; calls++)
        kinds.add((await refusedBy(() => patients.retrieve(jane, asking()))).kind);
      assert.deepEqual([...kinds], ['upstream', 'unavailable']);
      assert.deepEqual(condition?.(), { circuit: 'open' });
    });

    it('give up a read whose caller has gone, and no change', async () => {
      const patients = patientsAt({ url: `${peer.url}/silent`, timeout: 2_000 });
      const gone = AbortSignal.abort();
      const given = asking({ gone: () => gone });
      assert.equal((await refusedBy(() => patients.retrieve(jane, given))).kind, 'too-slow');
      const create = () => patients.create({}, '', given);
      assert.equal((await refusedBy(create)).kind, 'timeout');
    });
  });

  describe('that answers', () => {
    let server: Server;
    let url: string;
    let reply: (request: IncomingMessage, response: ServerResponse) => void;
    const seen: (IncomingMessage & { sent?: string })[] = [];
    before(async () => {
      server = createServer((request: IncomingMessage & { sent?: string }, response) => {
        seen.push(request);
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          request.sent = Buffer.concat(chunks).toString();
          reply(request, response);
        });
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo; // a server on a port has no pipe's name
      url = `http://127.0.0.1:${port}/pds/`;
    });
    after(async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    });
    beforeEach(() => {
      seen.splice(0);
      reply = (_request, response) =>
        response
          .setHeader('content-type', 'application/fhir+json')
          .setHeader('notification-id', '2ae84248-5180-42b6-8bb7-c93c0991b863')
          .end(JSON.stringify(patient));
    });

    it('are called as any client calls: under the ids of the call, with what the gateway knows', async () => {
      const given = asking({ correlationId: 'visit-7', endUserOrganisation: 'Y12345' });
      await patientsAt({ url }).retrieve(jane, given);
      const [{ url: path, headers } = assert.fail()] = seen;
      assert.equal(path, `/pds/Patient/${jane}`);
      assert.equal(headers['x-request-id'], 'a-request');
      assert.equal(headers['x-correlation-id'], 'visit-7');
      assert.equal(headers['nhsd-session-urid'], '656005750111');
      assert.equal(headers['nhsd-identity-uuid'], '555254240100');
      assert.equal(headers['nhsd-end-user-organisation-ods'], 'Y12345');
      assert.equal(headers['nhsd-asid'], '200000000115');
      assert.equal(headers.authorization, undefined);
      assert.equal(given.facts.target?.status, 200);
    });

    it('are called by the ASID that goes with our certificate', async () => {
      await patientsAt({ url, asid: '200000000777' }).retrieve(jane, asking());
      assert.equal(seen[0]?.headers['nhsd-asid'], '200000000777');
    });

    it('are sent bodies of any length whole', async () => {
      const patients = patientsAt({ url });
      for (const length of [10, 100_000]) {
        const body = { text: 'x'.repeat(length) };
        await patients.registerBirth(body, '', true, asking());
        const last = seen.at(-1);
        assert.equal(
          last?.url,
          '/pds/Patient/$process-birth-details?ignore_potential_matches=true',
        );
        assert.equal(last.headers['content-type'], 'application/json');
        assert.equal(last.sent, JSON.stringify(body));
      }
    });

    it('are shown up to a megabyte, told of its length or not', async () => {
      const sized = (bytes: number, chunked: boolean) => {
        reply = (_request, response) => {
          const text = JSON.stringify({ ...patient, text: 'x'.repeat(bytes) });
          response.setHeader('content-type', 'application/fhir+json');
          if (!chunked) response.setHeader('content-length', text.length);
          response.write(text.slice(0, 10));
          response.end(text.slice(10));
        };
      };
      const patients = patientsAt({ url, timeout: 5_000 });
      for (const chunked of [false, true]) {
        sized(1_000_000, chunked);
        assert.ok((await patients.retrieve(jane, asking())).text.length > 1_000_000);
        sized(1_048_576, chunked);
        const problem = await refusedBy(() => patients.retrieve(jane, asking()));
        assert.equal(problem.kind, 'upstream');
        assert.match(problem.message, /longer than it may be/);
      }
    });

    it('are not looked for elsewhere when it redirects', async () => {
      reply = (_request, response) =>
        response.writeHead(307, { location: `${url}Patient/1` }).end();
      const problem = await refusedBy(() => patientsAt({ url }).retrieve(jane, asking()));
      assert.deepEqual([problem.status, seen.length], [502, 1]);
    });
  });

  describe('by their settings', () => {
    const { services } = backEndSite({ kind: 'http', url: 'http://127.0.0.1:1' });
    const where = { api: { id: 'pds', owner: 'DEMO1' }, environment: 'sandbox', services } as const;
    const faultsOf = (settings: object) =>
      records
        .configFaults({ records: { kind: 'remote', ...settings } }, where)
        .map(({ at, message }) => `${at} ${message}`);

    it('are fine with an address alone, and with all there is', () => {
      const url = 'https://localhost/pds';
      const security = { kind: 'mtls', secret: 'cert', ca: 'ca' };
      assert.deepEqual(faultsOf({ url }), []);
      assert.deepEqual(
        faultsOf({ url, security, timeout: 1000, connections: 8, asid: '200000000777' }),
        [],
      );
    });

    for (const [settings, expected] of [
      [{}, /^\/records must have .*'url'$/],
      [{ url: 'http://localhost/pds', wait: 1 }, /^\/records must NOT have .*: wait$/],
      [{ url: 'https://api.example.org' }, /^\/records\/url url: a sandbox may reach this machine/],
      [{ url: 'http://localhost/pds?a=b' }, /^\/records\/url url: a query or fragment/],
      [{ url: 'ftp://localhost' }, /^\/records\/url url: must be an http or https address$/],
      [{ url: 'http://localhost', timeout: 400_000 }, /^\/records\/timeout timeout: /],
      [{ url: 'http://localhost', connections: 0 }, /^\/records\/connections must be >= 1$/],
      [{ url: 'http://localhost', asid: 'mine' }, /^\/records\/asid must match/],
      [
        { url: 'http://localhost', security: { kind: 'mtls', secret: 'cert' } },
        /^\/records\/url url: must begin with https:\/\/ where a client certificate is shown$/,
      ],
      [
        { url: 'http://localhost', security: { kind: 'key', header: 'host', secret: 'key' } },
        /^\/records\/security security: the header host cannot carry a key$/,
      ],
      [
        {
          url: 'http://localhost',
          security: {
            ...{ kind: 'oauth', tokenUrl: 'https://api.example.org/token' },
            ...{ clientId: 'app', kid: 'one', secret: 'key' },
          },
        },
        /^\/records\/security\/tokenUrl tokenUrl: a sandbox may reach this machine only/,
      ],
    ] as const)
      it(`are refused with the place: ${JSON.stringify(settings)}`, () => {
        const faults = faultsOf(settings);
        assert.ok(faults.length >= 1);
        assert.match(faults[0] ?? '', expected);
      });

    it('name their secrets, so that these must be there and stay', () => {
      const named = (security?: object) =>
        secretsNamed({
          ...{ kind: 'service', service: 'pds' },
          config: { records: { kind: 'remote', url: 'https://localhost', security } },
        });
      const at = '/backend/config/records/security';
      assert.deepEqual(named({ kind: 'mtls', secret: 'cert', ca: 'ca' }), [
        { at: `${at}/secret`, name: 'cert' },
        { at: `${at}/ca`, name: 'ca' },
      ]);
      assert.deepEqual(named({ kind: 'none' }), []);
      assert.deepEqual(named(), []);
      assert.deepEqual(secretsNamed({ kind: 'service', service: 'pds' }), []);
    });
  });
});
