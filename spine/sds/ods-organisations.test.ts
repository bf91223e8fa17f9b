import assert from 'node:assert/strict';
import type { Directory, Organisation } from './directory.ts';
import { createOrganisations } from './ods-organisations.ts';

/** A register of so many codes in each view, that notes what was read of it. */
function registerOf(count: number) {
  const codes = Array.from({ length: count }, (_, i) => `Y${String(i).padStart(5, '0')}`);
  const read: string[] = [];
  let fail = false;
  let listener: (() => void) | undefined;
  const inView = (view: string): Directory => {
    const directory = {
      in: inView,
      organisations(after = '', limit = 100) {
        read.push(`${view} ${after}`);
        if (fail) return Promise.reject(new Error('away'));
        const from = codes.filter((code) => code > after).slice(0, limit);
        return Promise.resolve(from.map((odsCode) => ({ odsCode }) as Organisation)); // nothing else of them is read
      },
      changed(fn: () => void) {
        listener = fn;
        return () => undefined;
      },
    };
    return directory as unknown as Directory; // what is read here is these three
  };
  return {
    directory: inView(''),
    read,
    change: () => {
      listener?.();
    },
    setFailing: (failing: boolean) => {
      fail = failing;
    },
  };
}

describe('organisations in memory', () => {
  it('are all there, however many pages they are', async () => {
    for (const count of [0, 1, 199, 200, 201, 1234]) {
      const { all, byCode } = await createOrganisations(registerOf(count).directory)('a');
      assert.deepEqual([all.length, byCode.size], [count, count]);
    }
  });

  it('are read once for each view, and again after a change', async () => {
    const register = registerOf(3);
    const organisations = createOrganisations(register.directory);
    const reads = async (view: string) => {
      const before = register.read.length;
      await organisations(view);
      return register.read.length > before;
    };
    assert.deepEqual([await reads('a'), await reads('a'), await reads('b')], [true, false, true]);
    register.change();
    assert.deepEqual([await reads('a'), await reads('a')], [true, false]);
  });

  it('are kept of the eight views that were asked for last', async () => {
    const register = registerOf(1);
    const organisations = createOrganisations(register.directory);
    for (const view of 'abcdefgh') await organisations(view);
    await organisations('a');
    await organisations('i');
    register.read.length = 0;
    for (const view of 'ab') await organisations(view);
    assert.deepEqual(register.read, ['b ', 'b Y00000']);
  });

  it('are read again by the next who asks when they could not be read', async () => {
    const register = registerOf(1);
    const organisations = createOrganisations(register.directory);
    register.setFailing(true);
    await assert.rejects(organisations('a'), /away/);
    register.setFailing(false);
    assert.equal((await organisations('a')).all.length, 1);
  });

  it('end where a directory gives the same page for ever', async () => {
    const organisations = createOrganisations({
      ...registerOf(0).directory,
      in: () =>
        ({
          organisations: () => Promise.resolve([{ odsCode: 'Y1' } as Organisation]), // as above
        }) as unknown as Directory,
    });
    assert.ok((await organisations('a')).all.length >= 1);
  });
});
