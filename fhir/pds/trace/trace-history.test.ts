import assert from 'node:assert/strict';
import { person, searchGround, type Sketch } from '../../../test/search-ground.ts';
import { keysOf } from './trace-keys.ts';

describe('A search', () => {
  const { given, ids, index, people, score } = searchGround();

  describe('in history', () => {
    const bennett: Sketch = {
      id: '1',
      name: [
        { use: 'usual', family: 'Bennett', given: ['Susan', 'Jane'] },
        { use: 'old', family: 'Clegg', given: ['Susie', 'Jane'] },
        { use: 'maiden', family: 'Hargreaves', given: ['Susan'] },
      ],
      born: '1971-01-19',
      gender: 'female',
      email: 'new@example.com',
      behind: {
        former: {
          names: [{ family: 'Postcode', given: ['Historic'] }],
          telecoms: [{ system: 'email', value: 'old@example.com' }],
          addresses: [{ postalCode: 'DN15 0AD' }],
          genders: ['male'],
        },
        hidden: {
          names: [{ family: 'Secret' }],
          addresses: [{ postalCode: 'DN16 3SS' }],
          telecoms: [{ system: 'phone', value: '01632960999' }],
        },
      },
    };
    const date = 'birthdate=1971-01-19';

    it('finds former values only when asked, and hidden ones never', async () => {
      await given(bennett);
      for (const former of [
        `family=Hargreaves&${date}`,
        `family=Clegg&${date}`,
        `family=Postcode&${date}`,
        `family=Po*&${date}`,
        `family=Bennett&given=Historic&${date}`,
        `family=Bennett&${date}&email=old@example.com`,
        `family=Bennett&${date}&address-postcode=DN15 0AD`,
        `family=Bennett&${date}&gender=male`,
      ]) {
        assert.deepEqual(await ids(former), [], former);
        assert.deepEqual(await ids(`${former}&_history=true`), ['1'], former);
      }
      for (const hidden of [
        `family=Secret&${date}`,
        `family=Bennett&${date}&address-postcode=DN16 3SS`,
        `family=Bennett&${date}&phone=01632960999`,
        'family=Bennett&birthdate=1970-01-19',
      ])
        assert.deepEqual(await ids(`${hidden}&_history=true`), [], hidden);
    });

    it('scores a former family name 1, with its own given name too, and a former given name below', async () => {
      await given(bennett);
      assert.equal(await score(`family=Postcode&${date}&_history=true`), 1);
      assert.equal(await score(`family=Postcode&given=Historic&${date}&_history=true`), 1);
      assert.ok((await score(`family=Bennett&given=Historic&${date}&_history=true`)) < 1);
      assert.ok((await score(`family=Po*&${date}&_history=true`)) < 1);
    });

    it('is always looked at in a fuzzy search, but for the birth date', async () => {
      await given(bennett);
      assert.deepEqual(await ids(`family=Hargreves&given=Susan&${date}&_fuzzy-match=true`), ['1']);
      assert.deepEqual(
        await ids(`family=Bennett&given=Susan&gender=male&${date}&_fuzzy-match=true`),
        ['1'],
      );
      assert.deepEqual(
        await ids('family=Bennett&given=Susan&birthdate=1971-01-18&_fuzzy-match=true'),
        [],
      );
    });
  });

  describe('and who may be found', () => {
    const shaw: Sketch = {
      id: '1',
      family: 'Shaw',
      given: ['Evelyn'],
      born: '2000-02-20',
      postcode: 'AA50 1AA',
      practice: 'Y90001',
      label: 'R',
    };
    const base = 'family=Shaw&birthdate=2000-02-20';

    it('finds a restricted person by name, never by postcode or practice', async () => {
      await given(shaw);
      assert.deepEqual(await ids(base), ['1']);
      for (const place of [
        'address-postalcode=AA50 1AA',
        'address-postalcode=AA5*',
        'general-practitioner=Y90001',
      ])
        assert.deepEqual(await ids(`${base}&${place}`), [], place);
      const fuzzy = `${base}&given=Evelyn&_fuzzy-match=true`;
      assert.deepEqual(await ids(fuzzy), ['1']);
      assert.deepEqual(await ids(`${fuzzy}&general-practitioner=Y90001`), []);
      assert.deepEqual(await ids(`${fuzzy}&address-postalcode=AA50 1AA`), []);
    });

    it('never finds a very restricted, withdrawn or superseded record', async () => {
      await given(
        { ...shaw, id: '1', label: 'V' },
        { ...shaw, id: '2', label: 'REDACTED' },
        { ...shaw, id: '3', label: 'U', behind: { supersededBy: '4' } },
        { ...shaw, id: '4', label: 'U' },
      );
      assert.deepEqual(await ids(base), ['4']);
      for (const id of ['1', '2', '3']) {
        const stored = await people().get(id);
        assert.ok(stored);
        assert.deepEqual(keysOf(stored.value), {});
      }
    });

    it('answers from the record even where the index is stale', async () => {
      const now = person({
        id: '1',
        family: 'Jones',
        given: ['Ann'],
        born: '1990-01-01',
        label: 'U',
      });
      const once = person({ id: '1', family: 'Shaw', given: ['Evelyn'], born: '2000-02-20' });
      index('1', once);
      index('2', once);
      index('3', once);
      const view = people();
      await view.put('1', now, { expected: 0 });
      await view.put('2', person({ ...shaw, id: '2', label: 'V' }), { expected: 0 });
      await view.put('3', person({ ...shaw, id: '3', label: 'U', behind: { supersededBy: '9' } }), {
        expected: 0,
      });
      const proposed = await view.find({ index: 'name', equals: ['SHAW', '2000-02-20'] });
      assert.equal(proposed.items.length, 3, 'the index does propose them');
      assert.deepEqual(await ids(base), []);
      assert.deepEqual(await ids(`${base}&given=Evelyn&_fuzzy-match=true`), []);
    });

    it('follows a change of name at once', async () => {
      await given({ ...shaw, label: 'U' });
      const changed = person({ ...shaw, label: 'U', family: 'Jones' });
      await people().put('1', changed, { expected: 1 });
      assert.deepEqual(await ids(base), []);
      assert.deepEqual(await ids('family=Jones&birthdate=2000-02-20'), ['1']);
    });
  });
});
