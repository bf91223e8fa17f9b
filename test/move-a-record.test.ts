/** A record moves from one GP system to another through the platform: the script of the walk-through, and what it leaves. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openOutbox, type Delivery } from '../core/outbox.ts';
import { openGuideShell, type GuideShell } from './guide-shell.ts';
import { root, startTestPlatform, type TestPlatform } from './start-platform.ts';

const content = 'urn:nhs:names:services:gp2gp:COPC_IN000001UK01';

describe('a record that moves between GP systems', function () {
  this.timeout(180_000);
  let platform: TestPlatform;
  let shell: GuideShell;
  let folder: string;
  let offset = 0;
  const clock = { now: () => Date.now() + offset, newId: () => crypto.randomUUID() };

  before(async function () {
    if (process.platform === 'win32') this.skip(); // the script is written for bash
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-record-'));
    platform = await startTestPlatform({ clock });
    shell = await openGuideShell(folder, {
      GATEHOUSE: platform.url,
      MUTUAL_TLS: `https://localhost:${platform.tls?.test ?? 0}`,
      DATA_DIR: platform.dataDir,
    });
  });
  after(async () => {
    await shell.end();
    await platform.end();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What the script says, with these settings. */
  const told = async (settings: string): Promise<string> => {
    const script = join(root, 'scripts', 'walk-through', 'move-a-record.sh');
    const commands = `${settings} bash '${script}' '${folder}/walk'`;
    const [output = ''] = await shell.run([{ line: 1, commands, expected: [] }]);
    return output;
  };
  const outbox = () => openOutbox(platform.store, clock);
  const sendings = async (): Promise<readonly Delivery[]> =>
    (await outbox().list({ topic: 'spine-send', limit: 100 })).items.map(({ value }) => value);
  const digestOf = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(folder, 'walk', name)))
      .digest('hex');

  it('R165 R171 comes whole, although a fragment is lost, another comes twice, and a third was sent twice', async () => {
    const said = told('');
    const script = { ended: false };
    void said.finally(() => (script.ended = true));
    const isLost = ({ reason = '' }: Delivery) => /^answered with 500|^no answer/.test(reason);
    while (!script.ended && (await sendings()).filter(isLost).length < 2) await sleep(200);
    offset += 61_000; // the interval of the contract
    const output = await said;
    for (const line of [
      /New practice +has the extract, in reply to the request; 2 parts follow/,
      /Previous practice +is told to continue/,
      /New practice +COPC_IN000001UK01 is lost: answers 500/,
      /New practice +COPC_IN000001UK01 is kept, but its acknowledgement is lost/,
      /New practice +COPC_IN000001UK01 came again: known, acknowledged, not taken twice/,
      /received-record.txt together: SHA-256 is the same/,
      /received-scan.tif together: SHA-256 is the same/,
      /Previous practice +has the acknowledgement: AA/,
      /The record has moved/,
    ])
      assert.match(output, line, output);
    assert.equal(output.match(/came again/g)?.length, 1, output);
    assert.equal(digestOf('received-scan.tif'), digestOf('scan.tif'));
    assert.equal(digestOf('received-record.txt'), digestOf('record.txt'));
    const all = await sendings();
    assert.deepEqual([...new Set(all.map(({ state }) => state))], ['done']);
    const fragments = all.filter(({ about }) => about.interaction === content);
    // continue, the document, the index and two fragments; the one that was sent twice is one
    assert.deepEqual(fragments.map(({ attempts }) => attempts).sort(), [1, 1, 1, 2, 2]);
    assert.equal(new Set(all.map(({ about }) => about.conversationId)).size, 1);
    assert.equal(platform.logged().includes('9000000009'), false);
  });

  it('does not move when the previous practice refuses, and says why', async () => {
    const output = await told('REFUSE=06');
    assert.match(output, /Previous practice +refuses with 06/, output);
    assert.match(output, /New practice +is refused: 06 Patient not registered at surgery/, output);
    assert.match(output, /No record moved/);
    assert.doesNotMatch(output, /app, deployment, certificate/, 'they are registered already');
  });
});
