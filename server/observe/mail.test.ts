import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { openEmbeddedStore, type EmbeddedStore } from '../store/embedded.ts';
import { createMailSender } from './mail.ts';
import { createMailbox } from './mailbox.ts';

interface Sink {
  readonly port: number;
  readonly messages: string[];
  close(): Promise<void>;
}

/** A mail server that keeps what it is sent, and knows no receiver named `nobody`. */
async function startSink(port = 0): Promise<Sink> {
  const messages: string[] = [];
  const server = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['STARTTLS'] },
    onRcptTo({ address }, _session, done) {
      if (!address.startsWith('nobody')) done();
      else done(Object.assign(new Error('no such user secret-text'), { responseCode: 550 }));
    },
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        messages.push(Buffer.concat(chunks).toString());
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const at = (server.server.address() as AddressInfo).port; // it listens on a port
  return {
    ...{ port: at, messages },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}

const mail = { to: 'team@example.org', subject: 'An alert', text: 'It is down', template: 'alert' };

describe('mail', () => {
  let dir: string;
  let store: EmbeddedStore;
  let time = Date.UTC(2026, 5, 1, 12);
  const now = () => time;

  beforeEach(async () => {
    time = Date.UTC(2026, 5, 1, 12);
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-mail-'));
    store = await openEmbeddedStore({ dir });
  });
  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });

  it('reaches a mail server once, as it was written', async () => {
    const sink = await startSink();
    const sender = createMailSender(`smtp://127.0.0.1:${sink.port}`, 'Gatehouse <g@example.org>');
    const box = createMailbox({ store, now, send: (id, one) => sender.send(id, one) });
    await box.put('a', { ...mail, subject: 'An alert\r\nBcc: evil@example.org' });
    await box.put('a', mail);
    await box.post();
    await box.post();
    sender.close();
    await sink.close();
    assert.equal(sink.messages.length, 1);
    const [message = ''] = sink.messages;
    assert.match(message, /^From: Gatehouse <g@example.org>\r$/m);
    assert.match(message, /^To: team@example.org\r$/m);
    assert.match(message, /^Subject: An alert Bcc: evil@example.org\r$/m);
    assert.match(message, /It is down/);
    assert.equal((await box.list({})).items[0]?.value.state, 'sent');
  });

  it('waits while the server is away, and is neither lost nor sent twice', async () => {
    const first = await startSink();
    const { port } = first;
    await first.close();
    const sender = createMailSender(`smtp://127.0.0.1:${port}`, 'g@example.org');
    const results: string[] = [];
    const counted = (_template: string, result: string) => results.push(result);
    const box = createMailbox({ store, now, counted, send: (id, one) => sender.send(id, one) });
    await box.put('a', mail);
    await box.post();
    const waiting = (await box.list({})).items[0]?.value;
    assert.equal(waiting?.state, 'waiting');
    assert.equal(waiting.reason, 'ESOCKET');
    time += 11 * 60_000;
    assert.equal((await box.standing()).oldest, 11 * 60_000);
    const second = await startSink(port);
    // Another process goes on with what is kept.
    const other = createMailbox({ store, now, counted, send: (id, one) => sender.send(id, one) });
    await other.post();
    await other.post();
    await box.post();
    sender.close();
    await second.close();
    assert.equal(second.messages.length, 1);
    assert.deepEqual(results, ['retried', 'sent']);
    assert.deepEqual(await box.standing(), { sent: 1, failed: 0, oldest: 0 });
  });

  it('is not tried again before its time', async () => {
    let tries = 0;
    const send = () => {
      tries++;
      return Promise.reject(new Error('away'));
    };
    const box = createMailbox({ store, now, send });
    await box.put('a', mail);
    await box.post();
    time += 29_000;
    await box.post();
    assert.equal(tries, 1);
    time += 1_000;
    await box.post();
    assert.equal(tries, 2);
    time += 59_000;
    await box.post();
    assert.equal(tries, 2);
  });

  it('is given up when its receiver is refused for good, and tells no text of the server', async () => {
    const sink = await startSink();
    const sender = createMailSender(`smtp://127.0.0.1:${sink.port}`, 'g@example.org');
    const box = createMailbox({ store, now, send: (id, one) => sender.send(id, one) });
    await box.put('a', { ...mail, to: 'nobody@example.org' });
    await box.post();
    sender.close();
    await sink.close();
    const kept = (await box.list({})).items[0]?.value;
    assert.equal(kept?.state, 'failed');
    assert.equal(kept.reason, '550');
    assert.equal((await box.standing()).failed, 1);
  });

  it('stays in the outbox, to be read there, where no server is configured', async () => {
    const box = createMailbox({ store, now });
    await box.put('a', mail);
    await box.post();
    const { items } = await box.list({});
    assert.equal(items[0]?.value.state, 'waiting');
    assert.equal(items[0].value.text, 'It is down');
  });

  it('is removed 30 days after it was sent', async () => {
    const box = createMailbox({ store, now, send: () => Promise.resolve() });
    await box.put('a', mail);
    await box.post();
    time += 31 * 24 * 3_600_000;
    await box.sweep();
    assert.deepEqual((await box.list({})).items, []);
  });
});
