import assert from 'node:assert/strict';
import type { Change, Changes } from '../../core/store.ts';
import { systemClock } from '../../core/clock.ts';
import { allOf, auditEntry, makeAuditFolder, type AuditFolder } from '../../test/audit-folder.ts';
import { seenByAny, settleDead, settleOthers } from './chains.ts';
import { recoverUnaudited } from './recovery.ts';
import { searchAudit } from './search.ts';
import { verifyAudit } from './verify.ts';

const person = (n: number) => String(9_990_000_000 + n);
/** The feed of a store in which each of these commits changed the person of its number. */
const feedOf = (commits: readonly number[]): Changes => {
  const all: Change[] = commits.map((commit) => ({
    ...{ cursor: commit, commit, id: person(commit), collection: 'pds.patients' },
    ...{ workspace: '', version: 2, by: 'an-app', removed: false },
  }));
  return {
    since: (cursor, limit = 1000) =>
      Promise.resolve(all.filter((one) => one.cursor > cursor).slice(0, limit)),
    latest: () => Promise.resolve(all.at(-1)?.cursor ?? 0),
    oldest: () => Promise.resolve(0),
    listen: () => () => undefined,
  };
};

describe('several chains of one audit', () => {
  let folder: AuditFolder;
  beforeEach(() => (folder = makeAuditFolder()));
  afterEach(() => {
    folder.remove();
  });
  const recovered = async () =>
    (await allOf(searchAudit(folder.dir, { kind: 'recovered' }))).map(({ commit }) => commit);
  const entered = async (chain: string, ...commits: number[]) => {
    const journal = await folder.open({ chain });
    for (const commit of commits)
      await journal.append(auditEntry({ commit, people: [person(commit)] }));
    await journal.close();
  };
  const options = () => ({ ...folder, clock: systemClock, segmentBytes: 64 * 1024 });

  it('account together for what was written; only what none names is entered at start', async () => {
    await entered('main', 1);
    await entered('worker-1', 2, 5);
    await entered('worker-2', 4);
    const others = await settleOthers(options());
    assert.equal(others.lastCommit, 5);
    const main = await folder.open();
    const known = {
      append: main.append.bind(main),
      seen: seenByAny([main.seen, ...others.seen]),
    };
    assert.equal(await recoverUnaudited(known, feedOf([1, 2, 3, 4, 5, 6]), systemClock), 2);
    await main.close();
    assert.deepEqual(await recovered(), [3, 6]);
    const report = await verifyAudit(folder);
    assert.ok(report.good);
    assert.deepEqual(
      report.chains.map(({ chain }) => chain),
      ['main', 'worker-1', 'worker-2'],
    );
  });

  it('get an entry for what one process wrote before it died, and for nothing of the others', async () => {
    await entered('worker-1', 2);
    const main = await folder.open();
    const dead = { ...options(), chain: 'worker-1' };
    const feed = feedOf([1, 2, 3, 4]);
    assert.equal(await settleDead(dead, [2, 3], main, feed), 1);
    assert.equal(await settleDead(dead, [], main, feed), 0);
    await main.close();
    assert.deepEqual(await recovered(), [3]);
  });
});
