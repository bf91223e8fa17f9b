import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { testNumber } from '../fhir/synthetic/numbers.ts';
import { searchAudit } from '../server/audit/search.ts';
import { verifyAudit } from '../server/audit/verify.ts';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import { allOf } from './audit-folder.ts';
import { History } from './history.ts';
import { preparedFolder } from './machine-folders.ts';
import { startServerProcess, type ServerProcess } from './server-process.ts';
import { Browser, locationOf } from './sign-in-ground.ts';
import { demo, formOf, redirectUri } from './token-ground.ts';
import { keptConnection, wireCall, wireCode, WireFault, type WireInit } from './wire-client.ts';

const base = '/personal-demographics/FHIR/R4';
const people = Array.from({ length: 6 }, (_, i) => testNumber(400_000 + i));
const patientOf = (id: string) => ({
  resourceType: 'Patient',
  id,
  name: [
    { id: 'name1', use: 'usual', family: 'Start', given: ['Kim'], period: { start: '2000-01-01' } },
  ],
  gender: 'female',
  birthDate: '1990-01-01',
});

/** The serving processes of a primary. */
function childrenOf({ child }: ServerProcess): number[] {
  try {
    const listed = execFileSync('sh', ['-c', `pgrep -P ${String(child.pid)} -f server/main`], {
      encoding: 'utf8',
    });
    return listed.trim().split('\n').map(Number);
  } catch {
    return []; // pgrep ends with 1 when it finds none
  }
}

async function until(what: string, fits: () => boolean | Promise<boolean>, patience = 30_000) {
  for (let waited = 0; waited < patience; waited += 50) {
    if (await fits()) return;
    await sleep(50);
  }
  assert.fail(`not within ${patience} ms: ${what}`);
}

let names = 0;
const newFamily = () =>
  `Work${[...String(++names)].map((digit) => 'ABCDEFGHIJ'[Number(digit)]).join('')}`;

describe('a server of several processes', function () {
  this.timeout(120_000);
  let dir: string;
  let server: ServerProcess;
  let url: string;
  let workspace: string;
  const history = new History();
  const heard = new Set<string>();

  const start = async (environment: Record<string, string>) => {
    server = startServerProcess({ PORT: '0', DATA_DIR: dir, ...environment });
    url = await server.ready;
  };
  before(async () => {
    dir = await preparedFolder();
    await start({ WORKERS: '2' });
    const made = await wireCall(`${url}/_sandbox/workspaces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    workspace = JSON.parse(made.text).id;
    const seeded = await wireCall(`${url}/_sandbox/workspaces/${workspace}/patients`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(people.map(patientOf)),
    });
    assert.equal(seeded.status, 201, seeded.text);
  });
  after(async () => {
    server.child.kill('SIGKILL');
    await server.exit;
    rmSync(dir, { recursive: true, force: true });
  });

  const patient = (nhsNumber: string, init: WireInit = {}, agent = keptConnection()) =>
    wireCall(
      `${url}${base}/Patient/${nhsNumber}`,
      { ...init, headers: { 'x-gatehouse-workspace': workspace, ...init.headers } },
      agent,
    ).finally(() => {
      agent.destroy();
    });
  const versionOf = (etag: string | undefined) => Number(/\d+/.exec(etag ?? '')?.[0] ?? 0);

  /** Reads and changes people until told to stop; what fails on the wire is given. */
  const load = (
    stop: { now: boolean },
    agents: readonly (ReturnType<typeof keptConnection> | undefined)[],
  ) =>
    Promise.all(
      agents.map(async (agent, i) => {
        const failed: string[] = [];
        while (!stop.now) {
          try {
            await changeOne(people[i % people.length] ?? '', agent);
          } catch (error) {
            failed.push(codeOf(error));
            if (['ECONNREFUSED', 'never accepted'].includes(codeOf(error))) break;
          }
        }
        agent?.destroy();
        return failed;
      }),
    ).then((all) => all.flat());
  const changeOne = async (
    nhsNumber: string,
    agent: ReturnType<typeof keptConnection> | undefined,
  ) => {
    const at = `${url}${base}/Patient/${nhsNumber}`;
    const ids = () => ({ 'x-gatehouse-workspace': workspace, 'x-request-id': crypto.randomUUID() });
    const reading = ids();
    const read = await wireCall(at, { headers: reading }, agent);
    assert.equal(read.status, 200, read.text);
    heard.add(reading['x-request-id']);
    const family = newFamily();
    history.attempted.add(`${workspace} ${nhsNumber} ${family}`);
    const writing = ids();
    const patches = [
      { op: 'test', path: '/name/0/id', value: 'name1' },
      { op: 'replace', path: '/name/0/family', value: family },
    ];
    const answer = await wireCall(
      at,
      {
        method: 'PATCH',
        headers: {
          ...writing,
          'if-match': read.headers.etag ?? '',
          'content-type': 'application/json-patch+json',
        },
        body: JSON.stringify({ patches }),
      },
      agent,
    );
    history.answered(answer.status);
    if (answer.status !== 200) {
      assert.equal(answer.status, 409, answer.text);
      return;
    }
    heard.add(writing['x-request-id']);
    const version = versionOf(answer.headers.etag);
    history.acknowledge({
      requestId: writing['x-request-id'],
      workspace,
      nhsNumber,
      version,
      family,
    });
  };

  it('says once what runs where, and is more than one', () => {
    assert.equal(server.said().match(/Gatehouse is ready on/g)?.length, 1);
    assert.equal(childrenOf(server).length, 2);
  });

  it('says by name that two roles cannot share a folder', async () => {
    const second = startServerProcess({ PORT: '0', DATA_DIR: dir, ROLE: 'hub' });
    assert.equal(await second.exit, 1);
    assert.match(second.said(), /ROLE is hub, but DATA_DIR .* is in use .* MONGO_URL/);
  });

  it('reads through one process what was written through another, at once', async () => {
    const [nhsNumber = ''] = people;
    const writer = keptConnection();
    for (let round = 0; round < 15; round++) {
      await changeOne(nhsNumber, writer);
      const wanted = history.newest().get(`${workspace} ${nhsNumber}`)?.version;
      // Connections are given to the processes in turn, so two see them both.
      for (let i = 0; i < 2; i++)
        assert.equal(versionOf((await patient(nhsNumber)).headers.etag), wanted);
    }
    writer.destroy();
  });

  it('uses an armed scenario up once, whichever processes the calls come to', async () => {
    const armed = await wireCall(`${url}/_sandbox/workspaces/${workspace}/scenario`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ scenario: 'error', calls: 3 }),
    });
    assert.equal(armed.status, 200, armed.text);
    const all = await Promise.all(Array.from({ length: 12 }, () => patient(people[1] ?? '')));
    assert.equal(all.filter(({ status }) => status === 500).length, 3);
  });

  it('ends a token in all processes within a second', async () => {
    const face = `${url}/env/int/oauth2`;
    const secret = readFileSync(join(dir, 'demo', 'demo-int.secret'), 'utf8').trim();
    const browser = new Browser();
    const asked = { client_id: demo, redirect_uri: redirectUri, response_type: 'code', state: 's' };
    let at = `${face}/authorize?${formOf({ ...asked, login_hint: '656005750108' })}`;
    while (!at.startsWith(redirectUri)) at = locationOf(await browser.get(at));
    const exchange = () =>
      wireCall(`${face}/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: formOf({
          ...{ grant_type: 'authorization_code', redirect_uri: redirectUri },
          ...{ code: new URL(at).searchParams.get('code') ?? '' },
          ...{ client_id: demo, client_secret: secret },
        }),
      });
    const token: string = JSON.parse((await exchange()).text).access_token;
    const statuses = async () => {
      const headers = { authorization: `Bearer ${token}` };
      const one = `${url}/env/int${base}/Patient/9000000009`;
      const all = await Promise.all([1, 2, 3, 4].map(() => wireCall(one, { headers })));
      return all.map(({ status }) => status);
    };
    assert.ok((await statuses()).every((status) => status !== 401));
    assert.equal((await exchange()).status, 400); // a code used twice ends what it gave
    const used = Date.now();
    await until(
      'refused by all',
      async () => (await statuses()).every((one) => one === 401),
      5_000,
    );
    assert.ok(Date.now() - used < 1_000);
  });

  it('exchanges its processes at SIGHUP without one failed call', async () => {
    const before = childrenOf(server);
    const stop = { now: false };
    const loading = load(stop, [keptConnection(), keptConnection(), undefined, keptConnection()]);
    server.child.kill('SIGHUP');
    await until(
      'all fresh',
      () => server.said().includes('All serving processes are fresh'),
      60_000,
    );
    stop.now = true;
    assert.deepEqual(await loading, []);
    const after = childrenOf(server);
    assert.equal(after.length, 2);
    assert.ok(after.every((pid) => !before.includes(pid)));
  });

  it('puts another in the place of a process that is killed, and loses nothing acknowledged', async () => {
    const [victim = 0, other] = childrenOf(server);
    const stop = { now: false };
    const loading = load(stop, [keptConnection(), keptConnection(), undefined, keptConnection()]);
    await sleep(300);
    process.kill(victim, 'SIGKILL');
    await until('two again', () => {
      const now = childrenOf(server);
      return now.length === 2 && !now.includes(victim) && now.includes(other ?? 0);
    });
    stop.now = true;
    const failed = await loading;
    // Only what was under way at the one that died may have failed.
    assert.ok(failed.length <= 4, failed.join());
    assert.ok(!failed.includes('ECONNREFUSED'));
    history.checkOneWinnerEach();
  });

  it('ends wholly when the primary is killed, and keeps and audits all it acknowledged', async () => {
    const workers = childrenOf(server);
    const loading = load({ now: false }, [keptConnection(), keptConnection(), keptConnection()]);
    await sleep(300);
    server.child.kill('SIGKILL');
    await loading;
    const alive = () => workers.filter((pid) => isAlive(pid));
    await until('no process left', () => alive().length === 0, 5_000);
    await start({});
    for (const write of history.newest().values()) {
      const read = await patient(write.nhsNumber);
      const families = (JSON.parse(read.text).name as { family: string }[]).map(
        (one) => one.family,
      );
      history.checkKept(write, { version: versionOf(read.headers.etag), families });
    }
    history.checkOneWinnerEach();
  });

  it('finishes what runs at SIGTERM, and every chain of the audit is whole', async () => {
    server.child.kill('SIGTERM');
    assert.equal(await server.exit, 0);
    await start({ WORKERS: '2' });
    const loading = load({ now: false }, [keptConnection(), keptConnection(), undefined]);
    await sleep(300);
    const asked = Date.now();
    server.child.kill('SIGTERM');
    for (const code of await loading)
      assert.ok(['ECONNREFUSED', 'never accepted'].includes(code), code);
    assert.equal(await server.exit, 0);
    assert.ok(Date.now() - asked < 10_000);
    await checkAudit();
  });

  const checkAudit = async () => {
    const report = await verifyAudit({
      dir: join(dir, 'audit'),
      heads: join(dir, 'audit-heads'),
      key: readFileSync(join(dir, 'keys', 'audit.pem'), 'utf8'),
    });
    assert.ok(report.good, JSON.stringify(report));
    assert.ok(report.chains.length >= 4, 'main and more workers than there ever were at once');
    const entries = await allOf(searchAudit(join(dir, 'audit'), {}));
    const answered = new Set(entries.map(({ requestId }) => requestId));
    for (const id of heard) assert.ok(answered.has(id), `no entry for the call ${id}`);
    const named = new Map<number, Set<string>>();
    for (const { commit, people: of } of entries)
      named.set(commit, new Set([...(named.get(commit) ?? []), ...of]));
    const store = await openEmbeddedStore({ dir });
    for (let cursor = 0; ;) {
      const page = await store.changes.since(cursor);
      for (const { commit, id } of page)
        if (/^\d{10}$/.test(id))
          assert.ok(named.get(commit)?.has(id), `no entry for commit ${commit}`);
      if (page.length === 0) break;
      cursor = page.at(-1)?.cursor ?? 0;
    }
    await store.close();
  };
});

/** A connection that the system had taken in when nobody listened any more is reset before anything was sent on it. */
function codeOf(error: unknown): string {
  const isNew = error instanceof WireFault && !error.reused;
  return isNew && error.code === 'ECONNRESET' ? 'never accepted' : wireCode(error);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('the arguments of the server', function () {
  this.timeout(30_000);
  const run = (...parameters: string[]) => {
    try {
      const out = execFileSync(
        process.execPath,
        ['--import', 'tsx', join(import.meta.dirname, '..', 'server', 'main.ts'), ...parameters],
        { encoding: 'utf8', stdio: 'pipe', env: { WORKERS: '3' } },
      );
      return { status: 0, out };
    } catch (error) {
      // execFileSync throws with what the program said
      const { status, stderr } = error as { status: number; stderr: string };
      return { status, out: stderr };
    }
  };

  it('are told by --help, and a wrong one is named', () => {
    const help = run('--help');
    assert.equal(help.status, 0);
    assert.match(help.out, /--workers N/);
    const wrong = run('--workers', 'many');
    assert.equal(wrong.status, 1);
    assert.match(wrong.out, /WORKERS is "many" but must be a whole number/);
    const unknown = run('--worker', '2');
    assert.equal(unknown.status, 1);
    assert.match(unknown.out, /--worker/);
  });
});
