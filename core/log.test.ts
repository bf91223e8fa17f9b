import assert from 'node:assert/strict';
import { PassThrough, Writable } from 'node:stream';
import { createLog, type AccessLine } from './log.ts';

const line: AccessLine = {
  requestId: 'r',
  correlationId: 'c',
  api: 'personal-demographics',
  environment: 'sandbox',
  route: 'GET /Patient/:id',
  app: 'an-app',
  status: 200,
  code: '',
  bytes: 12,
  milliseconds: 3,
  complete: true,
};

type Fields = Record<string, unknown>;

/** A stream that keeps each write. */
function keep(): { out: Writable; writes: string[]; lines: () => Fields[] } {
  const writes: string[] = [];
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      writes.push(chunk.toString());
      done();
    },
  });
  const lines = () =>
    writes
      .join('')
      .split('\n')
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text) as Fields); // a log line is an object
  return { out, writes, lines };
}

describe('the log', () => {
  it("writes the line of a call in winston's own form", () => {
    const { out, writes, lines } = keep();
    const log = createLog('info', out);
    log.access(line);
    log.flush();
    log.log('info', 'started', { port: 1 });
    assert.equal(writes.length, 2);
    const [call, event] = lines();
    assert.deepEqual(
      { ...call, timestamp: '' },
      { ...line, level: 'info', message: 'call', timestamp: '' },
    );
    assert.deepEqual(
      { ...event, timestamp: '' },
      { port: 1, level: 'info', message: 'started', timestamp: '' },
    );
    for (const one of [call, event])
      assert.match(String(one?.timestamp), /^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/);
  });

  it('lets the calls go on when its reader has gone', async () => {
    const out = new Writable({
      write(_chunk, _encoding, done) {
        done(new Error('EPIPE'));
      },
    });
    const log = createLog('info', out);
    for (let i = 0; i < 2; i++) {
      log.access(line);
      log.flush();
      log.log('info', 'started');
      await new Promise((resolve) => setImmediate(resolve)); // an error nobody hears would end this test here
    }
    assert.ok(out.destroyed);
  });

  it('writes the lines of many calls together, a short while after them', async () => {
    const { out, writes, lines } = keep();
    const log = createLog('info', out);
    for (let i = 0; i < 100; i++) log.access(line);
    assert.equal(writes.length, 0);
    while (lines().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual([writes.length, lines().length], [1, 100]);
  });

  it('holds exactly the fields of an access line, so nothing of a patient can slip in', () => {
    const { out, lines } = keep();
    const log = createLog('info', out);
    log.access(line);
    log.flush();
    const allowed = [...Object.keys(line), 'level', 'message', 'timestamp'];
    assert.deepEqual(Object.keys(lines()[0] ?? {}).sort(), allowed.sort());
  });

  it('drops lines when nobody reads the log, and says how many', () => {
    const { out, lines } = keep();
    const log = createLog('info', out);
    for (let i = 0; i < 100_007; i++) log.access(line);
    log.flush();
    const warning = lines().find(({ level }) => level === 'warn');
    assert.equal(warning?.dropped, 7);
    assert.equal(lines().length, 100_001);
  });

  it('adds the fields of a child to its events', () => {
    const { out, lines } = keep();
    createLog('info', out).child({ requestId: 'r' }).log('warn', 'odd', { kind: 'k' });
    const [event] = lines();
    assert.deepEqual([event?.requestId, event?.kind, event?.level], ['r', 'k', 'warn']);
  });

  it('writes no line per call and no info at level warn', () => {
    const out = new PassThrough();
    const log = createLog('warn', out);
    log.access(line);
    log.flush();
    log.log('info', 'quiet');
    assert.equal(out.readableLength, 0);
  });
});
