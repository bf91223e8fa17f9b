import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../core/log.ts';
import { startWriter } from './writer.ts';

describe('the writer', () => {
  it('stops for good and says so when its thread ends, rather than acknowledge anything', async () => {
    const said: string[] = [];
    const log: Log = { log: (_level, message) => said.push(message), child: () => log };
    const file = join(tmpdir(), 'no-such-folder', 'store.db');
    const writer = startWriter({ file, syncDelay: 0, limits: {} }, () => undefined, log);
    assert.equal(writer.stopped, false);
    const add = () => writer.write({ kind: 'add', name: 'n', by: 1 });
    await assert.rejects(add(), { kind: 'unavailable' });
    assert.equal(writer.stopped, true);
    await assert.rejects(add(), { kind: 'unavailable' });
    assert.deepEqual(said, ['the store has stopped writing']);
  });
});
