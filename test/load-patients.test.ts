import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { patientCollection } from '../fhir/pds/stored-patients.ts';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import { root, startTestPlatform } from './start-platform.ts';

/** Runs a command; `killWhen` ends it the hard way as soon as that holds. */
function gatehouse(
  parameters: readonly string[],
  killWhen: () => boolean = () => false,
): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', 'scripts/gatehouse/main.ts', ...parameters],
      { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const watch = setInterval(() => {
      if (killWhen()) child.kill('SIGKILL');
    }, 10);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.once('exit', (code) => {
      clearInterval(watch);
      resolve({ code, said });
    });
  });
}

/** Bytes of all files of the store. */
function sizeOf(dir: string): number {
  if (!existsSync(dir)) return 0;
  const size = (name: string) => statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0;
  return readdirSync(dir).reduce((sum, name) => sum + size(name), 0);
}

describe('making and loading patients', function () {
  this.timeout(60_000);
  let folder: string;
  let file: string;
  let dataDir: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-load-'));
    file = join(folder, 'people.ndjson');
    dataDir = join(folder, 'var');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const make = (count: number) =>
    gatehouse(['patients', '--count', String(count), '--seed', '7', '--out', file]);
  const load = () => gatehouse(['load', file, '--data-dir', dataDir]);
  const count = async () => {
    const store = await openEmbeddedStore({ dir: dataDir });
    const counted = await store.open(patientCollection).count();
    const [first = ''] = readFileSync(file, 'utf8').split('\n', 1);
    const kept = await store.open(patientCollection).get(JSON.parse(first).id);
    await store.close();
    return { counted, family: kept?.value.patient.name?.[0]?.family };
  };

  it('loads every line, and again without doubling anybody', async () => {
    assert.equal((await make(500)).code, 0);
    assert.equal((await load()).code, 0);
    const before = await count();
    assert.equal(before.counted, 500);
    assert.equal((await load()).code, 0);
    assert.deepEqual(await count(), before);
  });

  it('leaves loaded people alone when the server loads its default people beside them', async () => {
    await make(50);
    assert.equal((await load()).code, 0);
    const before = await count();
    const platform = await startTestPlatform({ dataDir });
    const [line = ''] = readFileSync(file, 'utf8').split('\n', 1);
    const { id, name } = JSON.parse(line);
    assert.deepEqual((await platform.call(`/Patient/${id}`)).json.name, name);
    assert.equal((await platform.call('/Patient/9000000009')).status, 200);
    await platform.stop();
    const after = await count();
    assert.equal(after.family, before.family);
    assert.ok(after.counted > 250 && after.counted < 300, `${after.counted} in all`);
  });

  it('goes on where a load was cut off', async () => {
    await make(12_000);
    // Records go to disk 4,000 at a time, some 13 MB with their keys.
    const killed = await gatehouse(
      ['load', file, '--data-dir', dataDir],
      () => sizeOf(dataDir) > 16_000_000,
    );
    assert.equal(killed.code, null, 'killed before it was done');
    const again = await load();
    assert.equal(again.code, 0);
    assert.match(again.said, /Going on after (4000|8000) patients/);
    assert.equal((await count()).counted, 12_000);
  });

  it('names the line and the fault of a record that cannot be kept, and keeps nothing after it', async () => {
    await make(3);
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    const bad = { ...JSON.parse(lines[1] ?? ''), gender: 7 };
    writeFileSync(file, [lines[0], JSON.stringify(bad), lines[2]].join('\n'));
    const wrong = await load();
    assert.equal(wrong.code, 1);
    assert.match(wrong.said, /Line 2: gender/);
    writeFileSync(file, '{"resourceType":"Patient","id":"9000000000"}\n');
    assert.match((await load()).said, /Line 1: id is no valid NHS number/);
    writeFileSync(file, 'nonsense\n');
    assert.match((await load()).said, /Line 1 is not JSON/);
    assert.match((await gatehouse(['load', join(folder, 'none')])).said, /There is no file/);
  });

  it('refuses more people than the 999 range has numbers, with that reason', async () => {
    const { code, said } = await make(909_092);
    assert.equal(code, 1);
    assert.match(said, /909[,.]?091/);
    assert.match(said, /999/);
  });
});
