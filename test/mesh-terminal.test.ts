/** Mailboxes at the terminal and in the management API, and the command line as a client of MESH. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { openClient, type ManagementClient } from '../scripts/gatehouse/client.ts';
import { meshCommand } from '../scripts/gatehouse/commands/mesh.ts';
import { meshCaller } from './mesh-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

type Printed = Readonly<Record<string, unknown>>;

describe('mailboxes at the terminal', () => {
  let platform: TestPlatform;
  let client: ManagementClient;
  let folder: string;
  const flow = 'RESTRICTED_WORKFLOW';

  before(async function () {
    this.timeout(60_000);
    platform = await startTestPlatform();
    client = openClient({ dataDir: platform.dataDir, url: platform.url });
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-mesh-'));
  });
  after(async () => {
    await platform.end();
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(...args: string[]): Promise<string> {
    const printed: string[] = [];
    const { log, error } = console;
    console.log = (line: string) => printed.push(line);
    console.error = (line: string) => printed.push(line);
    try {
      await meshCommand().parseAsync(args, { from: 'user' });
    } finally {
      Object.assign(console, { log, error });
    }
    return printed.join('\n');
  }
  const manage = async (...args: string[]): Promise<Printed> =>
    JSON.parse(
      (await run(...[...args, '--json', '--data-dir', platform.dataDir, '--url', platform.url])) ||
        '{}',
    ) as Printed;
  const until = async (what: () => Promise<boolean>) => {
    for (let tries = 0; tries < 200; tries++) {
      if (await what()) return;
      await later(100);
    }
    assert.fail('it never came to that');
  };

  it('are made with an id of their organisation and a password that is shown once', async () => {
    const made = await manage(
      ...['mailbox', 'create', '--ods-code', 'R9A', '--name', 'Hospital post'],
    );
    assert.match(String(made.id), /^R9A[A-Z]{2}\d{3}$/);
    assert.equal(made.active, true);
    const password = String(made.password);
    assert.match(password, /^[\w-]{43}$/);
    const own = meshCaller(platform.url, String(made.id), { password });
    assert.equal((await own.call(`/${own.mailbox}/count`)).status, 200);
    const seen = await manage('mailbox', 'show', own.mailbox);
    assert.equal(JSON.stringify(seen).includes(password), false);
    assert.deepEqual([seen.waiting, seen.odsCode], [0, 'R9A']);

    const { password: next } = await manage('mailbox', 'password', own.mailbox);
    assert.equal((await own.call(`/${own.mailbox}/count`)).status, 403);
    const renewed = meshCaller(platform.url, own.mailbox, {
      password: String(next),
    });
    assert.equal((await renewed.call(`/${own.mailbox}/count`)).status, 200);
    await manage('mailbox', 'change', own.mailbox, '--deactivate');
    assert.equal((await renewed.call(`/${own.mailbox}/count`)).status, 403);
    await manage('mailbox', 'change', own.mailbox, '--activate', '--name', 'Post room');
    assert.equal((await renewed.call(`/${own.mailbox}/count`)).status, 200);
    assert.equal((await manage('mailbox', 'show', own.mailbox)).name, 'Post room');
  });

  it('tell what they may send and take, what waits, and when and by what they were used', async () => {
    const alice = meshCaller(platform.url, 'ALICE');
    await alice.call('/ALICE', {
      method: 'POST',
      headers: {
        ...{ 'mex-clientversion': 'a client==1', 'mex-osname': 'x', 'mex-osversion': '1' },
      },
    });
    const { messageID: id } = (await alice.send('BOB', flow, 'x', { 'mex-subject': 'secret' }))
      .json;
    const shown = await manage('mailbox', 'show', 'bob');
    assert.deepEqual([shown.waiting, shown.sends], [1, ['ANOTHER_WORKFLOW']]);
    assert.match(String(shown.oldest), /^\d{4}-.*Z$/);
    await until(async () => (await manage('mailbox', 'show', 'ALICE')).client === 'a client==1');
    const listed = (await manage('mailbox', 'list')) as unknown as readonly Printed[];
    assert.equal(listed.find((one) => one.id === 'BOB')?.waiting, 1);

    const messages = (await manage('mailbox', 'messages', 'BOB')) as unknown as Printed[];
    assert.deepEqual([messages[0]?.id, messages[0]?.direction], [id, 'received']);
    assert.equal(JSON.stringify(messages).includes('secret'), false);
  });

  it('say what is wrong with a request, and change nothing', async () => {
    const make = (body: object) => client.call('POST', '/mesh/sandbox/mailboxes', { body });
    const good = { name: 'a', odsCode: 'R9A' };
    for (const [body, told] of [
      [{ ...good, odsCode: 'r9a!' }, /ODS code/],
      [{ ...good, id: 'ADMIN' }, /letters and digits/],
      [{ ...good, id: '../X' }, /letters and digits/],
      [{ ...good, app: 'nobody' }, /no such app/],
      [{ ...good, id: 'ALICE' }, /already/],
      [{ ...good, name: ' ' }, /name/],
      [{ ...good, sealed: 'x' }, /sealed|additional/],
    ] as const)
      await assert.rejects(make(body), told, JSON.stringify(body));
    await assert.rejects(client.call('GET', '/mesh/nowhere/mailboxes'), /environments are/);
    await assert.rejects(manage('mailbox', 'show', 'NOBODY'), /mailbox list/);
    await assert.rejects(manage('mailbox', 'change', 'BOB'), /what to change/);
    await assert.rejects(manage('workflow', 'put', 'A', '--sender', 'not a mailbox'));
    await assert.rejects(manage('workflow', 'remove', 'NOTHING'), /workflow list/);
  });

  it('have workflows that are put and removed', async () => {
    const alice = meshCaller(platform.url, 'ALICE');
    await manage('workflow', 'put', 'TERMINAL_1', '--sender', 'BOB', '--receiver', 'BARRY');
    assert.equal((await alice.send('BOB', 'TERMINAL_1', 'x')).json.errorCode, '16');
    await manage(
      ...['workflow', 'put', 'TERMINAL_1', '--sender', '*'],
      ...['--receiver', 'BOB', '--receiver', 'BARRY'],
    );
    assert.equal((await alice.send('BOB', 'TERMINAL_1', 'x')).status, 202);
    const listed = (await manage('workflow', 'list')) as unknown as Printed[];
    assert.deepEqual(listed.find(({ id }) => id === 'TERMINAL_1')?.receivers, ['BOB', 'BARRY']);
    await run(
      'workflow',
      'remove',
      'TERMINAL_1',
      '--data-dir',
      platform.dataDir,
      '--url',
      platform.url,
    );
    assert.equal((await alice.send('ALICE', 'TERMINAL_1', 'x')).status, 202, 'nobody knows it now');
  });
});

describe('the command line as a client of MESH', () => {
  let platform: TestPlatform;
  let folder: string;

  before(async function () {
    this.timeout(60_000);
    platform = await startTestPlatform();
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-mesh-'));
    writeFileSync(join(folder, 'password'), 'password\n', { mode: 0o600 });
  });
  after(async () => {
    await platform.end();
    rmSync(folder, { recursive: true, force: true });
  });

  async function as(mailbox: string, name: string, ...args: string[]): Promise<string> {
    const printed: string[] = [];
    const { log, error } = console;
    console.log = (line: string) => printed.push(line);
    console.error = () => undefined;
    const who = name === 'send' ? '--from' : '--mailbox';
    const secret = ['--password-file', join(folder, 'password')];
    try {
      await meshCommand().parseAsync(
        [name, ...args, who, mailbox, ...secret, '--url', platform.url, '--json'],
        { from: 'user' },
      );
    } finally {
      Object.assign(console, { log, error });
    }
    return printed.join('\n');
  }
  const sent = async (...args: string[]) => {
    const flags = ['--to', 'BOB', '--workflow', 'RESTRICTED_WORKFLOW', ...args];
    return (JSON.parse(await as('ALICE', 'send', ...flags)) as { messageId: string }).messageId;
  };
  const file = (name: string, bytes: Buffer | string) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };

  it('sends, lists, fetches, acknowledges and tracks, whole and in chunks, plain and compressed', async () => {
    const bytes = Buffer.from(Array.from({ length: 250_000 }, (_, n) => (n * n) % 251));
    const digest = createHash('sha256').update(bytes).digest('hex');
    const source = file('letter.bin', bytes);
    for (const [i, more] of [
      [],
      ['--chunk-size', '100000'],
      ['--chunk-size', '60KiB', '--compress'],
      ['--compress'],
    ].entries()) {
      const id = await sent(source, '--local-id', `local ${i}`, ...more);
      const waiting = JSON.parse(await as('BOB', 'inbox')) as { id: string }[];
      assert.deepEqual(waiting, [{ id }]);
      const out = join(folder, `fetched-${i}`);
      const about = JSON.parse(await as('BOB', 'fetch', id, '--out', out)) as Printed;
      assert.deepEqual(
        [about.sha256, about.bytes, about.fileName, about.from],
        [digest, bytes.length, 'letter.bin', 'ALICE'],
      );
      assert.ok(readFileSync(out).equals(bytes));
      await as('BOB', 'ack', id);
      const tracked = JSON.parse(await as('ALICE', 'track', id)) as Printed;
      assert.deepEqual([tracked.status, tracked.local_id], ['acknowledged', `local ${i}`]);
    }
  });

  it('sends a message anew that nobody took, and only such a one', async () => {
    const source = file('again.txt', 'again');
    const id = await sent(source, '--local-id', 'first');
    await assert.rejects(as('ALICE', 'resend', id, source), /accepted, not undelivered/);
    const force = await fetch(`${platform.url}/messageexchange/admin/message/${id}/event`, {
      method: 'POST',
      body: JSON.stringify({ status: 'undeliverable' }),
    });
    assert.equal(force.status, 200);
    const { messageId } = JSON.parse(await as('ALICE', 'resend', id, source)) as Printed;
    const tracked = JSON.parse(await as('ALICE', 'track', String(messageId))) as Printed;
    assert.deepEqual([tracked.recipient, tracked.local_id], ['BOB', 'first']);
    await as('BOB', 'fetch', String(messageId), '--out', join(folder, 'again'), '--ack');
    assert.equal(await as('BOB', 'inbox'), '[]');
  });

  it('says what to do next when the server refuses, or nobody is there', async () => {
    const source = file('small.txt', 'x');
    const flags = ['--workflow', 'RESTRICTED_WORKFLOW'];
    const to = (...args: string[]) => as('ALICE', 'send', source, ...args);
    await assert.rejects(
      to('--to', 'NOBODY', ...flags),
      /417 12.*\n +message +\w+\n +next .*mailbox list/,
    );
    await assert.rejects(to('--to', 'BARRY', ...flags), /417 17[^]*workflow list/);
    await assert.rejects(
      to('--to', 'BOB', '--workflow', 'ANOTHER_WORKFLOW'),
      /417 16[^]*workflow put/,
    );
    await assert.rejects(as('NOBODY', 'inbox'), /403[^]*why +the hash[^]*next +Check mailbox/);
    await assert.rejects(as('BOB', 'fetch', 'NOTHING'), /404[^]*next/);
    await assert.rejects(as('BOB', 'ack', '../../x'), /404/);
    await assert.rejects(sent(file('empty', '')), /empty/);
    await assert.rejects(sent(join(folder, 'missing')), /no file/);
    await assert.rejects(sent(source, '--chunk-size', 'many'), /--chunk-size/);
    const url = (address: string) =>
      meshCommand().parseAsync(['inbox', '--mailbox', 'BOB', '--password', 'x', '--url', address], {
        from: 'user',
      });
    await assert.rejects(url('http://localhost:1'), /No MESH server answers.*npm start/);
    await assert.rejects(url('nowhere'), /--url must be/);
  });
});
