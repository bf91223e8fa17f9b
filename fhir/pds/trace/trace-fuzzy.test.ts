import assert from 'node:assert/strict';
import { searchGround, smith, smyth, type Sketch } from '../../../test/search-ground.ts';

describe('A search', () => {
  const { given, ids, run, score } = searchGround();

  describe('that is fuzzy', () => {
    const fuzzy = '_fuzzy-match=true';

    it('scores sounds, contacts and accents as published', async () => {
      await given(
        { ...smyth, phone: '01632960587', email: 'j@example.com' },
        { id: '9693633121', family: 'attison', given: ['Pauline', 'Mary'], born: '1960-07-14' },
        { id: '9693633148', family: 'attisón', given: ['Pauline'], born: '1960-07-14' },
      );
      const jane = `family=Smith&given=Jane&birthdate=2010-10-22&${fuzzy}`;
      assert.equal(await score(jane), 0.8976);
      assert.equal(await score(`${jane}&phone=01632960587`), 0.9124);
      assert.equal(await score(`${jane}&email=j@example.com`), 0.9124);
      assert.equal(await score(`${jane}&phone=01632960587&email=j@example.com`), 0.9542);
      const scores = async (query: string) =>
        (await run(query)).matches.map(({ match }) => [match.nhsNumber, match.score]);
      assert.deepEqual(await scores(`family=ATTSÖN&given=PÀULINÉ&birthdate=1960-07-14&${fuzzy}`), [
        ['9693633148', 0.9317],
        ['9693633121', 0.9077],
      ]);
      assert.deepEqual(await scores(`family=ATTSON&given=PAULINE&birthdate=1960-07-14&${fuzzy}`), [
        ['9693633148', 0.9889],
        ['9693633121', 0.9648],
      ]);
    });

    it('gives 1 for what is exact, and keeps only that with an exact match', async () => {
      await given(smith, smyth);
      const query = `family=Smith&given=Jane&birthdate=2010-10-22&${fuzzy}`;
      assert.deepEqual(
        (await run(query)).matches.map(({ match }) => match.score),
        [1, 0.8976],
      );
      assert.deepEqual(await ids(`${query}&_exact-match=true`), ['9000000009']);
    });

    const finds: readonly (readonly [string, Sketch, string])[] = [
      ['swapped names', { id: '1', family: 'Wong', given: ['Ka Yan'] }, 'family=Ka Yan&given=Wong'],
      ['a short form', { id: '1', family: 'Almond', given: ['Joseph'] }, 'family=Almond&given=Joe'],
      ['a long form', { id: '1', family: 'Almond', given: ['Joe'] }, 'family=Almond&given=Joseph'],
      [
        'another spelling',
        { id: '1', family: 'Gwin', given: ['Justin'] },
        'family=Gwin&given=Justen',
      ],
      [
        'another short form',
        { id: '1', family: 'Knapp', given: ['Kathy'] },
        'family=Knapp&given=Catherine',
      ],
      [
        'a further given name',
        { id: '1', family: 'Ali', given: ['Muhammad', 'Bilal'] },
        'family=Ali&given=Bilal',
      ],
      [
        'an initial beside the rest',
        { id: '1', family: 'Marr', given: ['Toby', 'James'] },
        'family=Marr&given=Toby J',
      ],
      [
        'two names in one value',
        { id: '1', family: 'Marr', given: ['Anne Marie', 'Jo'] },
        'family=Marr&given=Anne Marie J',
      ],
      [
        'names in another order',
        { id: '1', family: 'Almond', given: ['Joseph', 'Damien'] },
        'family=Almond&given=Damien Joseph',
      ],
      [
        'half of a compound name',
        { id: '1', family: 'Marr', given: ['Anne-Marie'] },
        'family=Marr&given=Anne',
      ],
      [
        'names typed together',
        { id: '1', family: 'Smith-Jones', given: ['Anne'] },
        'family=SmithJones&given=Anne',
      ],
      [
        'a homophone with another first letter',
        { id: '1', family: 'Knight', given: ['Katherine'] },
        'family=Night&given=Catherine',
      ],
      [
        'a silent first letter',
        { id: '1', family: 'Wright', given: ['Philip'] },
        'family=Right&given=Filip',
      ],
      [
        'a former name by its sound',
        {
          id: '1',
          family: 'Garton',
          given: ['Bill'],
          behind: { former: { names: [{ family: 'Bloggs', given: ['Joe'] }] } },
        },
        'family=Blogs&given=Joe',
      ],
      [
        'no accents',
        { id: '1', family: 'Ngô', given: ['Thị Ngọc Ánh'] },
        'family=Ngo&given=Thi Ngoc Anh',
      ],
    ];
    for (const [what, sketch, query] of finds)
      it(`finds ${what}, below 1`, async () => {
        await given({ ...sketch, born: '1971-01-01' });
        const found = await score(`${query}&birthdate=1971-01-01&${fuzzy}`);
        assert.ok(found < 1 && found > 0.7, String(found));
        const range = `${query}&birthdate=ge1970-01-01&birthdate=le1972-01-01&${fuzzy}`;
        assert.equal(await score(range), found);
      });

    it('does not find other people', async () => {
      await given({ id: '1', family: 'Marr', given: ['Toby', 'James'], born: '1971-01-01' });
      for (const other of [
        'family=Marr&given=Peter',
        'family=Jones&given=Toby',
        'family=Marr&given=J',
        'family=Marr&given=Toby K',
      ])
        assert.deepEqual(await ids(`${other}&birthdate=1971-01-01&${fuzzy}`), [], other);
    });

    it('finds by its two sets without one of the names', async () => {
      await given({ ...smith, postcode: 'DN15 8JY' });
      const placed = `gender=female&birthdate=2010-10-22&${fuzzy}`;
      assert.deepEqual(await ids(`family=Smyth&address-postcode=DN15 8JY&${placed}`), [
        '9000000009',
      ]);
      assert.deepEqual(await ids(`given=Jayne&address-postcode=DN15 8JY&${placed}`), [
        '9000000009',
      ]);
      assert.deepEqual(await ids(`family=Smyth&address-postcode=LS1 6AE&${placed}`), []);
      assert.deepEqual(
        await ids(
          `given=Jayne&address-postcode=DN15 8JY&gender=female&birthdate=ge2010-10-01&${fuzzy}`,
        ),
        ['9000000009'],
      );
    });

    it('bears a slip in the postcode, in the phone only with a postcode, in the email never', async () => {
      await given({ ...smith, postcode: 'DN15 8JY' });
      const jane = `family=Smith&given=Jane&birthdate=2010-10-22&${fuzzy}`;
      const found = async (rest: string) => (await ids(`${jane}&${rest}`)).length === 1;
      assert.equal(await found('address-postcode=DN18 8JY'), true);
      assert.equal(await found('address-postcode=DN15258JY'), true);
      assert.equal(await found('address-postcode=DN16 3SS'), false);
      assert.equal(await found('phone=01632960588'), false);
      assert.equal(await found('phone=01632960588&address-postcode=DN15 8JY'), true);
      assert.equal(await found('phone=01632960599&address-postcode=DN15 8JY'), false);
      assert.equal(await found('email=jan.smith@example.com'), false);
    });

    it('scores less for a wrong practice or death date and more for a right one, narrowed by neither', async () => {
      await given({ ...smith, family: 'Smythe' });
      const jane = `family=Smith&given=Jane&birthdate=2010-10-22&${fuzzy}`;
      const plain = await score(jane);
      assert.ok((await score(`${jane}&general-practitioner=A200`)) < plain);
      assert.ok((await score(`${jane}&death-date=2011-01-01`)) < plain);
      assert.ok((await score(`${jane}&general-practitioner=Y12345`)) > plain);
      assert.ok((await score(`${jane}&death-date=2010-10-22`)) > plain);
    });
  });
});
