import assert from 'node:assert/strict';
import type { Change, Changes } from '../../core/store.ts';
import { systemClock } from '../../core/clock.ts';
import { allOf, auditEntry, makeAuditFolder, type AuditFolder } from '../../test/audit-folder.ts';
import { behindAudit, recoverUnaudited } from './recovery.ts';
import { searchAudit } from './search.ts';

/** The feed of a store that holds these changes; the real one is tested with the store. */
function feedOf(changes: readonly Change[], dropped = 0): Changes & { asked: number } {
  return {
    asked: 0,
    since(cursor, limit = 1000) {
      this.asked++;
      assert.ok(cursor >= dropped, 'the feed no longer has what is asked for');
      return Promise.resolve(changes.filter((one) => one.cursor > cursor).slice(0, limit));
    },
    latest: () => Promise.resolve(changes.at(-1)?.cursor ?? 0),
    oldest: () => Promise.resolve(dropped),
    listen: () => () => undefined,
  };
}

const change = (cursor: number, commit: number, id: string): Change => ({
  cursor,
  commit,
  id,
  collection: 'pds.patients',
  workspace: 'w',
  version: 2,
  by: 'an-app',
  removed: false,
});
const person = (n: number) => String(9_990_000_000 + n);

describe('recovery of the audit at start', () => {
  let folder: AuditFolder;
  beforeEach(() => (folder = makeAuditFolder()));
  afterEach(() => {
    folder.remove();
  });
  const recovered = async () =>
    (await allOf(searchAudit(folder.dir, { kind: 'recovered' }))).map(
      ({ people, commit, workspace, app }) => ({ people, commit, workspace, app }),
    );

  it('enters each change that no entry names, even one that shares its commit, and only once', async () => {
    const before = await folder.open();
    // Entries need not come in the order of commits.
    await before.append(auditEntry({ commit: 12, people: [person(4)] }));
    await before.append(auditEntry({ commit: 10, people: [person(1)] }));
    await before.close();
    const feed = feedOf([
      change(1, 10, person(1)),
      change(2, 10, person(2)),
      change(3, 11, person(3)),
      change(4, 12, person(4)),
      change(5, 13, person(5)),
      change(6, 14, 'no-person'),
    ]);
    for (const expected of [3, 0]) {
      const journal = await folder.open();
      assert.equal(await recoverUnaudited(journal, feed, systemClock), expected);
      await journal.close();
    }
    assert.deepEqual(await recovered(), [
      { people: [person(2)], commit: 10, workspace: 'w', app: 'an-app' },
      { people: [person(3)], commit: 11, workspace: 'w', app: 'an-app' },
      { people: [person(5)], commit: 13, workspace: 'w', app: 'an-app' },
    ]);
  });

  it('pages through many changes', async () => {
    const feed = feedOf(Array.from({ length: 2500 }, (_, i) => change(i + 1, i + 1, person(i))));
    const journal = await folder.open();
    assert.equal(await recoverUnaudited(journal, feed, systemClock), 2500);
    await journal.close();
    assert.equal((await recovered()).length, 2500);
  });

  it('begins with what the feed still has when the last entry is older than that', async () => {
    const feed = feedOf([change(5001, 5001, person(1)), change(5002, 5002, 'no-person')], 5000);
    const journal = await folder.open();
    assert.equal(await recoverUnaudited(journal, feed, systemClock), 1);
    await journal.close();
  });

  it('asks the caller whom a change is about', async () => {
    const journal = await folder.open();
    const entered = await recoverUnaudited(
      journal,
      feedOf([change(1, 1, 'a')]),
      systemClock,
      () => [person(8)],
    );
    await journal.close();
    assert.equal(entered, 1);
    assert.deepEqual((await recovered())[0]?.people, [person(8)]);
  });

  it('names a store that is behind its audit', () => {
    assert.equal(behindAudit(9, 9), undefined);
    assert.equal(behindAudit(10, 9), undefined);
    assert.match(behindAudit(5, 9) ?? '', /ends at commit 5, .* commit 9: .* lost/);
  });
});
