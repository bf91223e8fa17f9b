import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testNumber } from '../fhir/synthetic/numbers.ts';
import { searchAudit } from '../server/audit/search.ts';
import type { AuditLine } from '../server/audit/line.ts';
import { verifyAudit } from '../server/audit/verify.ts';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import { allOf } from './audit-folder.ts';
import { History, keyOf, type Acknowledged } from './history.ts';
import { startServerProcess, type ServerProcess } from './server-process.ts';
import { call, type Answer, type CallInit } from './start-platform.ts';

const rounds = 5;
const base = '/personal-demographics/FHIR/R4';
/** Records that the writers quarrel over; far from the numbers that creations are given. */
const quarrelled = Array.from({ length: 6 }, (_, i) => testNumber(400_000 + i));

const patientOf = (id: string, family: string) => ({
  resourceType: 'Patient',
  id,
  name: [{ id: 'name1', use: 'usual', family, given: ['Kim'], period: { start: '2000-01-01' } }],
  gender: 'female',
  birthDate: '1990-01-01',
});
const creation = (family: string) => ({
  resourceType: 'Patient',
  name: [{ use: 'usual', family, given: ['Kim'], period: { start: '1990-01-01' } }],
  address: [
    {
      use: 'home',
      period: { start: '2019-03-04' },
      line: ['', '7 Mere Bank', ' ', 'AMBLESIDE', ''],
      postalCode: 'QQ9 9ZZ',
    },
  ],
  gender: 'female',
  birthDate: '1990-01-01',
  extension: [
    {
      url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-RegisteringAuthority',
      extension: [
        {
          url: 'registeringAuthorityType',
          valueCodeableConcept: {
            coding: [
              {
                system: 'https://fhir.nhs.uk/CodeSystem/UKCore-RegisteringAuthorityType',
                code: 'x',
              },
            ],
          },
        },
        { url: 'organisationIdentifier', valueString: 'RGS' },
      ],
    },
  ],
});

/** A name of its own for each write, in letters, since names hold no digits that a search would keep. */
let names = 0;
function newFamily(): string {
  names++;
  return `Kill${[...String(names)].map((digit) => 'ABCDEFGHIJ'[Number(digit)]).join('')}`;
}

const versionOf = ({ headers }: Answer) => Number(/\d+/.exec(headers.get('etag') ?? '')?.[0] ?? 0);

describe('a server that is killed under load', function () {
  this.timeout(180_000);
  let folder: string;
  let server: ServerProcess;
  let url: string;
  const history = new History();
  /** Ids of all calls that were answered 2xx, writes and reads. */
  const heard = new Set<string>();

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-kill-'));
  });
  after(async () => {
    server.child.kill('SIGKILL');
    await server.exit;
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async () => {
    server = startServerProcess({ PORT: '0', DATA_DIR: folder });
    url = await server.ready;
  };
  /** Undefined when no answer came. */
  const ask = async (path: string, init: CallInit = {}): Promise<Answer | undefined> => {
    const requestId = crypto.randomUUID();
    const headers = { 'x-request-id': requestId, ...init.headers };
    const answer = await call(`${url}${path}`, { ...init, headers }).catch(() => undefined);
    history.answered(answer?.status ?? 0);
    if (answer && answer.status < 300) heard.add(headers['x-request-id']);
    return answer;
  };

  const update = async (workspace: string) => {
    const nhsNumber = quarrelled[Math.floor(Math.random() * quarrelled.length)] ?? '';
    const headers = { 'x-gatehouse-workspace': workspace };
    const read = await ask(`${base}/Patient/${nhsNumber}`, { headers });
    if (read?.status !== 200) return read;
    const family = newFamily();
    const requestId = crypto.randomUUID();
    history.attempted.add(`${keyOf({ workspace, nhsNumber })} ${family}`);
    const answer = await ask(`${base}/Patient/${nhsNumber}`, {
      method: 'PATCH',
      headers: { ...headers, 'x-request-id': requestId, 'if-match': `W/"${versionOf(read)}"` },
      body: {
        patches: [
          { op: 'test', path: '/name/0/id', value: 'name1' },
          { op: 'replace', path: '/name/0/family', value: family },
        ],
      },
    });
    if (answer?.status === 200)
      history.acknowledge({ requestId, workspace, nhsNumber, version: versionOf(answer), family });
    else if (answer) assert.equal(answer.status, 409, answer.text);
    return answer;
  };
  const create = async (workspace: string) => {
    const family = newFamily();
    const requestId = crypto.randomUUID();
    const answer = await ask(`${base}/Patient`, {
      method: 'POST',
      headers: { 'x-gatehouse-workspace': workspace, 'x-request-id': requestId },
      body: creation(family),
    });
    if (!answer) return answer;
    assert.equal(answer.status, 201, answer.text);
    const nhsNumber: string = answer.json.id;
    history.acknowledge({ requestId, workspace, nhsNumber, version: 1, family });
    return answer;
  };
  let seeded = 500_000;
  const seed = async () => {
    const made = await ask('/_sandbox/workspaces', { method: 'POST', body: {} });
    if (!made) return made;
    const workspace: string = made.json.id;
    const requestId = crypto.randomUUID();
    const people = Array.from({ length: 20 }, () => patientOf(testNumber(seeded++), newFamily()));
    const answer = await ask(`/_sandbox/workspaces/${workspace}/patients`, {
      method: 'POST',
      headers: { 'x-request-id': requestId },
      body: people,
    });
    if (answer?.status === 201)
      for (const { id, name } of people)
        history.acknowledge({
          requestId,
          workspace,
          nhsNumber: id,
          version: 1,
          family: name[0]?.family ?? '',
        });
    return answer;
  };
  const search = () => ask(`${base}/Patient?family=Smith&birthdate=eq2010-10-22&given=Jane`);

  const endlessly = async (work: () => Promise<Answer | undefined>) => {
    while (await work());
  };

  it('loses nothing it acknowledged, leaves nothing half done, and audits all it answered', async () => {
    await start();
    const made = await ask('/_sandbox/workspaces', { method: 'POST', body: {} });
    const workspace: string = made?.json.id;
    const people = quarrelled.map((id) => patientOf(id, newFamily()));
    const first = await ask(`/_sandbox/workspaces/${workspace}/patients`, {
      method: 'POST',
      body: people,
    });
    assert.equal(first?.status, 201, first?.text);

    let checked = 0;
    let told = 0;
    for (let round = 0; round < rounds; round++) {
      const load = [
        ...Array.from({ length: 12 }, () => endlessly(() => update(workspace))),
        ...Array.from({ length: 2 }, () => endlessly(() => create(workspace))),
        endlessly(seed),
        endlessly(search),
      ];
      // A busy machine may take a while to the first write: without one there is nothing to recover.
      const before = history.acknowledged.length;
      const wait = (milliseconds: number) =>
        new Promise((resolve) => setTimeout(resolve, milliseconds));
      while (history.acknowledged.length === before) await wait(20);
      await wait(100 + Math.random() * 800);
      server.child.kill('SIGKILL');
      await Promise.all([...load, server.exit]);
      await start();
      if (/Store: \d+ commits .* were replayed/.test(server.said())) told++;
      checked = await checkKept(checked);
      history.checkOneWinnerEach();
    }
    // A kill that falls just as the log starts anew leaves nothing in it to replay; that seldom happens twice.
    assert.ok(told >= rounds - 2, `said what it recovered in ${told} of ${rounds} rounds`);
    server.child.kill('SIGTERM');
    assert.equal(await server.exit, 0);
    await checkAudit();
  });

  /** Every record that was not checked in an earlier round, and always those that are quarrelled over. */
  const checkKept = async (from: number) => {
    const newest = history.newest();
    const fresh = new Set(history.acknowledged.slice(from).map(keyOf));
    for (const [key, write] of newest) if (fresh.has(key)) await checkOne(write);
    return history.acknowledged.length;
  };
  const checkOne = async (write: Acknowledged) => {
    const headers = { 'x-gatehouse-workspace': write.workspace };
    const read = await ask(`${base}/Patient/${write.nhsNumber}`, { headers });
    assert.ok(read);
    assert.equal(read.status, 200, `${keyOf(write)}: ${read.text}`);
    const families = (read.json.name as { family: string }[]).map(({ family }) => family);
    assert.equal(read.json.meta.versionId, String(versionOf(read)));
    history.checkKept(write, { version: versionOf(read), families });
    const found = await ask(`${base}/Patient?family=${families[0] ?? ''}&birthdate=eq1990-01-01`, {
      headers,
    });
    assert.deepEqual(
      (found?.json.entry as { resource: { id: string } }[]).map(({ resource }) => resource.id),
      [write.nhsNumber],
      `${keyOf(write)}: search finds what the record says`,
    );
  };

  const checkAudit = async () => {
    const report = await verifyAudit({
      dir: join(folder, 'audit'),
      heads: join(folder, 'audit-heads'),
      key: readFileSync(join(folder, 'keys', 'audit.pem'), 'utf8'),
    });
    assert.ok(report.good, JSON.stringify(report));
    const entries = await allOf(searchAudit(join(folder, 'audit'), {}));
    const byRequest = new Map<string, AuditLine[]>();
    const peopleOf = new Map<number, Set<string>>();
    for (const entry of entries) {
      const ofCall = byRequest.get(entry.requestId) ?? [];
      if (entry.status < 300) byRequest.set(entry.requestId, [...ofCall, entry]);
      const named = peopleOf.get(entry.commit) ?? new Set();
      for (const person of entry.people) named.add(person);
      peopleOf.set(entry.commit, named);
    }
    for (const id of heard) assert.ok(byRequest.has(id), `no entry for the call ${id}`);
    for (const { requestId, nhsNumber } of history.acknowledged)
      assert.ok(
        byRequest.get(requestId)?.some(({ people }) => people.includes(nhsNumber)),
        `no entry of the call ${requestId} names whom it wrote`,
      );
    const store = await openEmbeddedStore({ dir: folder });
    try {
      let cursor = 0;
      let changes = 0;
      for (;;) {
        const page = await store.changes.since(cursor);
        for (const { commit, id } of page)
          if (/^\d{10}$/.test(id)) {
            changes++;
            assert.ok(peopleOf.get(commit)?.has(id), `no entry for the commit ${commit} of ${id}`);
          }
        const last = page.at(-1);
        if (!last) break;
        cursor = last.cursor;
      }
      assert.ok(changes >= history.newest().size);
    } finally {
      await store.close();
    }
  };
});
