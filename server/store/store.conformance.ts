/** What every store must do, whatever it is built on; each implementation's test calls this. */
import assert from 'node:assert/strict';
import { Problem } from '../../core/problem.ts';
import type { Change, CollectionOf, Find, Store } from '../../core/store.ts';

interface Thing {
  readonly colour: string;
  readonly tags?: readonly string[];
}

const things: CollectionOf<Thing> = {
  name: 'things',
  overlaid: true,
  keys: ({ colour, tags = [] }) => ({
    colour: [[colour]],
    tag: tags.map((tag) => [tag, colour]),
  }),
};

/** Whether a thrown value is a Problem of a kind. */
export function isProblem(kind: string): (error: unknown) => boolean {
  return (error) => error instanceof Problem && error.kind === kind;
}

/** Runs the suite; `openStore` gives an empty store each time. */
export function describeStore(name: string, openStore: () => Promise<Store>): void {
  describe(`${name} store`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await openStore();
    });
    afterEach(() => store.close());
    describeDocuments(() => store);
    describeFinding(() => store);
    describeWorkspaces(() => store);
    describeTheRest(() => store);
  });
}

function describeDocuments(given: () => Store): void {
  const open = () => given().open(things);

  it('gives back what was put, with version, text and value', async () => {
    const put = await open().put('a', { colour: 'réd 😀' }, { expected: 0 });
    const got = await open().get('a');
    assert.ok(got);
    assert.equal(got.version, 1);
    assert.equal(got.text, '{"colour":"réd 😀"}');
    assert.deepEqual(got.value, { colour: 'réd 😀' });
    assert.equal(got.commit, put.commit);
  });

  it('has no document under an id that was never put', async () => {
    assert.equal(await open().get('nobody'), undefined);
    assert.equal(await open().count(), 0);
  });

  it('raises version and commit with each write', async () => {
    const first = await open().put('a', { colour: 'red' }, { expected: 0 });
    const second = await open().put('a', { colour: 'blue' }, { expected: 1 });
    assert.equal(second.version, 2);
    assert.ok(second.commit > first.commit);
    assert.equal((await open().get('a'))?.value.colour, 'blue');
  });

  it('refuses a write against a stale version and changes nothing', async () => {
    await open().put('a', { colour: 'red' }, { expected: 0 });
    for (const expected of [0, 2])
      await assert.rejects(open().put('a', { colour: 'no' }, { expected }), isProblem('conflict'));
    await assert.rejects(open().put('b', { colour: 'no' }, { expected: 1 }), isProblem('conflict'));
    assert.equal((await open().get('a'))?.value.colour, 'red');
    assert.deepEqual(await idsOf(given(), { index: 'colour', equals: ['no'] }), []);
  });

  it('removes at the expected version only', async () => {
    await open().put('a', { colour: 'red' }, { expected: 0 });
    await assert.rejects(open().remove('a', 2), isProblem('conflict'));
    await open().remove('a', 1);
    await assert.rejects(open().remove('a', 1), isProblem('conflict'));
    assert.equal(await open().get('a'), undefined);
    assert.deepEqual(await idsOf(given(), { index: 'colour' }), []);
    assert.equal((await open().put('a', { colour: 'red' }, { expected: 0 })).version, 1);
  });

  it('lets exactly one of twenty callers win each version', async () => {
    let wins = 0;
    const round = async (): Promise<void> => {
      const version = (await open().get('a'))?.version ?? 0;
      const caller = async () => {
        await open().put('a', { colour: 'red' }, { expected: version });
        wins++;
      };
      await Promise.allSettled(Array.from({ length: 20 }, caller));
      assert.equal((await open().get('a'))?.version, version + 1);
    };
    for (let count = 0; count < 5; count++) await round();
    assert.equal(wins, 5);
  });

  it('refuses a NUL in ids, keys and texts', async () => {
    const plain: CollectionOf<string> = { name: 'plain', encode: String, decode: String };
    await assert.rejects(
      open().put('a\0b', { colour: 'x' }, { expected: 0 }),
      isProblem('invalid'),
    );
    await assert.rejects(open().put('a', { colour: 'x\0' }, { expected: 0 }), isProblem('invalid'));
    await assert.rejects(open().find({ index: 'colour', prefix: '\0' }), isProblem('invalid'));
    await assert.rejects(
      given().open(plain).put('a', 'x\0y', { expected: 0 }),
      isProblem('invalid'),
    );
    assert.equal(await open().count(), 0);
  });
}

function describeFinding(given: () => Store): void {
  const put = (id: string, colour: string, tags: readonly string[] = []) =>
    given().open(things).put(id, { colour, tags }, { expected: 0 });

  it('finds by equality, prefix and range on the next part', async () => {
    await put('1', 'red', ['x', 'y']);
    await put('2', 'redder', ['x']);
    await put('3', 'green', ['xx']);
    const find = (query: Find) => idsOf(given(), query);
    assert.deepEqual(await find({ index: 'colour', equals: ['red'] }), ['1']);
    assert.deepEqual(await find({ index: 'colour', prefix: 'red' }), ['1', '2']);
    assert.deepEqual(await find({ index: 'colour', from: 'h', to: 'red' }), ['1']);
    assert.deepEqual(await find({ index: 'colour', to: 'red' }), ['3', '1']);
    assert.deepEqual(await find({ index: 'colour', from: 'red' }), ['1', '2']);
    assert.deepEqual(await find({ index: 'tag', equals: ['x'] }), ['1', '2']);
    assert.deepEqual(await find({ index: 'tag', equals: ['x'], prefix: 'redd' }), ['2']);
    assert.deepEqual(await find({ index: 'tag' }), ['1', '2', '3'], 'each document once');
    assert.deepEqual(await find({ index: 'none' }), []);
  });

  it('forgets the keys that a document no longer has', async () => {
    await put('1', 'red', ['x', 'y']);
    await given()
      .open(things)
      .put('1', { colour: 'red', tags: ['y', 'z'] }, { expected: 1 });
    assert.deepEqual(await idsOf(given(), { index: 'tag', equals: ['x'] }), []);
    assert.deepEqual(await idsOf(given(), { index: 'tag', equals: ['y'] }), ['1']);
    assert.deepEqual(await idsOf(given(), { index: 'tag', equals: ['z'] }), ['1']);
  });

  it('orders keys by code point, part by part', async () => {
    const ordered = [
      '',
      '\u0001',
      '\u0002a',
      '\u0003',
      ' ',
      'a',
      'a\u0001',
      'a b',
      'a-b',
      'aé',
      'é',
      '\ue000',
      '\uffff',
      '😀',
    ];
    for (const [index, colour] of [...ordered.entries()].reverse())
      await put(String(index).padStart(2, '0'), colour);
    const expected = ordered.map((_, index) => String(index).padStart(2, '0'));
    assert.deepEqual(await idsOf(given(), { index: 'colour' }), expected);
    assert.deepEqual(await idsOf(given(), { index: 'colour', equals: ['a'] }), ['05']);
    assert.deepEqual(await idsOf(given(), { index: 'colour', from: '\uffff' }), ['12', '13']);
    assert.deepEqual(await idsOf(given(), { index: 'colour', prefix: '😀' }), ['13']);
  });

  it('pages through everything once, in key order and then by id', async () => {
    for (const id of ['5', '3', '1', '4', '2'])
      await put(id, id === '1' ? 'zinc' : 'red', ['p', 'q']);
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await given()
        .open(things)
        .find({ index: 'colour', limit: 2, ...(after === undefined ? {} : { after }) });
      assert.ok(page.items.length <= 2);
      seen.push(...page.items.map(({ id }) => id));
      after = page.next;
    } while (after !== undefined);
    assert.deepEqual(seen, ['2', '3', '4', '5', '1']);
  });

  it('refuses a cursor that it never gave, a page too large, and prefix with range', async () => {
    const collection = given().open(things);
    await put('1', 'red');
    for (const query of [{ after: 'xyz' }, { limit: 0 }, { limit: 1001 }, { prefix: 'a', to: 'b' }])
      await assert.rejects(collection.find({ index: 'colour', ...query }), isProblem('invalid'));
  });
}

function describeWorkspaces(given: () => Store): void {
  const base = () => given().open(things);
  const mine = () => base().in('mine');
  const colours = async (workspace: string, limit = 50) => {
    const found: string[] = [];
    let after: string | undefined;
    do {
      const query = { index: 'colour', limit, ...(after === undefined ? {} : { after }) };
      const page = await base().in(workspace).find(query);
      found.push(...page.items.map(({ id, value }) => `${id} ${value.colour}`));
      after = page.next;
    } while (after !== undefined);
    return found;
  };

  it('keeps what is written in a workspace from the base and from others', async () => {
    await base().put('a', { colour: 'red' }, { expected: 0 });
    assert.equal((await mine().put('a', { colour: 'blue' }, { expected: 1 })).version, 2);
    await mine().put('b', { colour: 'green' }, { expected: 0 });
    assert.deepEqual(await colours('mine'), ['a blue', 'b green']);
    assert.deepEqual(await colours(''), ['a red']);
    assert.deepEqual(await colours('other'), ['a red']);
    assert.equal((await base().get('a'))?.version, 1);
    assert.equal((await mine().get('a'))?.value.colour, 'blue');
    assert.equal(await base().in('other').get('b'), undefined);
  });

  it('hides a document of the base that a workspace has removed', async () => {
    await base().put('a', { colour: 'red' }, { expected: 0 });
    await mine().remove('a', 1);
    assert.equal(await mine().get('a'), undefined);
    assert.deepEqual(await colours('mine'), []);
    assert.deepEqual(await colours(''), ['a red']);
    await assert.rejects(mine().put('a', { colour: 'x' }, { expected: 1 }), isProblem('conflict'));
    await mine().put('a', { colour: 'new' }, { expected: 0 });
    assert.deepEqual(await colours('mine'), ['a new']);
  });

  it('pages over base and workspace together', async () => {
    for (const id of ['1', '2', '3', '4', '5', '6'])
      await base().put(id, { colour: `c${id}` }, { expected: 0 });
    await mine().put('2', { colour: 'c9' }, { expected: 1 });
    await mine().put('7', { colour: 'c0' }, { expected: 0 });
    await mine().remove('4', 1);
    const expected = ['7 c0', '1 c1', '3 c3', '5 c5', '6 c6', '2 c9'];
    for (const limit of [1, 2, 3, 50]) assert.deepEqual(await colours('mine', limit), expected);
    assert.equal(await mine().count(), 6);
    assert.equal(await base().count(), 6);
  });

  it('resets a workspace in one call and says how much that was', async () => {
    await base().put('a', { colour: 'red' }, { expected: 0 });
    await mine().put('a', { colour: 'blue' }, { expected: 1 });
    await mine().put('b', { colour: 'blue' }, { expected: 0 });
    assert.equal(await given().changed('mine'), 2);
    assert.equal(await given().reset('mine'), 2);
    assert.equal(await given().changed('mine'), 0);
    assert.equal(await given().reset('mine'), 0);
    assert.deepEqual(await colours('mine'), ['a red']);
    assert.equal((await mine().put('a', { colour: 'blue' }, { expected: 1 })).version, 2);
    assert.deepEqual(await colours('mine'), ['a blue']);
  });

  it('refuses workspaces of a collection that none overlay', () => {
    const plain = given().open({ name: 'plain' });
    assert.throws(() => plain.in('mine'), isProblem('internal'));
    assert.ok(plain.in(''));
  });
}

function describeTheRest(given: () => Store): void {
  it('lands outbox entries with their document or not at all', async () => {
    const outbox = [
      { topic: 'mail', body: '1' },
      { topic: 'mail', body: '2' },
    ];
    const collection = given().open(things);
    await collection.put('a', { colour: 'red' }, { expected: 0, outbox });
    await assert.rejects(collection.put('a', { colour: 'red' }, { expected: 0, outbox }));
    const waiting = await given().outgoing('mail');
    assert.deepEqual(
      waiting.map(({ body }) => body),
      ['1', '2'],
    );
    const [first] = waiting;
    assert.ok(first);
    await given().delivered(first.id);
    assert.equal((await given().outgoing('mail')).length, 1);
    assert.equal((await given().outgoing('other')).length, 0);
  });

  it('counts without losing a step', async () => {
    const { counters } = given();
    await Promise.all(Array.from({ length: 50 }, () => counters.add('n')));
    assert.equal(await counters.add('n', 5), 55);
    assert.equal(await counters.add('other', -1), -1);
  });

  it('tells changes in order, to those who ask and to those who listen', async () => {
    const { changes } = given();
    const collection = given().open(things);
    const heard: Change[] = [];
    const stop = changes.listen((some) => heard.push(...some));
    const put = await collection.put('a', { colour: 'red' }, { expected: 0, by: 'app-1' });
    await collection.in('mine').put('a', { colour: 'blue' }, { expected: 1 });
    await collection.remove('a', 1);
    stop();
    await collection.put('b', { colour: 'red' }, { expected: 0 });
    assert.equal(await changes.oldest(), 0);
    const all = await changes.since(0);
    assert.deepEqual(heard, all.slice(0, 3));
    assert.deepEqual(
      all.map(({ workspace, id, version, by, removed }) => [workspace, id, version, by, removed]),
      [
        ['', 'a', 1, 'app-1', false],
        ['mine', 'a', 2, '', false],
        ['', 'a', 2, '', true],
        ['', 'b', 1, '', false],
      ],
    );
    assert.equal(all[0]?.commit, put.commit);
    const [, second] = all;
    assert.ok(second);
    assert.equal((await changes.since(second.cursor, 1)).length, 1);
    assert.equal(await changes.latest(), all.at(-1)?.cursor);
  });
}

async function idsOf(store: Store, query: Find): Promise<readonly string[]> {
  const { items } = await store.open(things).find(query);
  return items.map(({ id }) => id);
}
