import assert from 'node:assert/strict';
import { searchGround, smith, smyth } from '../../../test/search-ground.ts';

describe('A search', () => {
  const { given, run } = searchGround();

  describe('that explains itself', () => {
    it('tells field by field why a record matched', async () => {
      await given(smyth);
      const { matches } = await run(
        'family=Smith&given=Jane&gender=female&birthdate=2010-10-22&_fuzzy-match=true',
      );
      assert.deepEqual(matches[0]?.match.reasons, [
        { criterion: 'family', how: 'sound', score: 0.9037 },
        { criterion: 'given', how: 'sound, one letter more or less', score: 0.9939 },
        { criterion: 'birthdate', how: 'exact', score: 1 },
        { criterion: 'gender', how: 'exact', score: 1 },
      ]);
    });

    const notes = async (query: string) => (await run(query, { explain: true })).notes;

    it('counts what excluded the nearest records', async () => {
      await given(smith, { ...smith, id: '2' }, { ...smith, id: '3', given: ['Ann'] });
      assert.deepEqual(await notes('family=Smith&birthdate=2010-10-22&gender=male&given=Jane'), [
        '3 records share the family name and birth date but were excluded: all 3 by gender, 1 by given.',
      ]);
    });

    it('tells which change would have helped', async () => {
      await given({
        ...smith,
        name: [
          { use: 'usual', family: 'Jones', given: ['Jane'] },
          { use: 'maiden', family: 'Smith' },
        ],
        born: '1998-07-04',
      });
      assert.deepEqual(await notes('family=Smith&given=Jane&birthdate=1998-07-04'), [
        'No record shares the names and the birth date.',
        '1 record would match with _history=true.',
        '1 record would match with _fuzzy-match=true.',
      ]);
      assert.deepEqual(await notes('family=Jones&birthdate=1998-04-07'), [
        'No record shares the names and the birth date.',
        '1 record would match if day and month of the birth date were exchanged.',
      ]);
    });

    it('tells of partial dates, empty ranges and pseudo postcodes', async () => {
      await given({ id: '1', family: 'Hassan', born: '1948' });
      const none = 'No record shares the names and the birth date.';
      assert.deepEqual(await notes('family=Hassan&birthdate=1948-02-13'), [
        none,
        '1 record would match in a range over the year: only year or month of birth is held.',
      ]);
      assert.deepEqual(await notes('family=Hassan&birthdate=ge1949-01-01&birthdate=le1948-01-01'), [
        none,
        'The range of birth dates ends before it begins.',
      ]);
      assert.deepEqual(
        await notes('family=Hassan&birthdate=1950-02-13&address-postcode=ZZ99 3VZ'),
        [none, 'Pseudo postcodes (ZZ99 …) match nobody.'],
      );
    });

    it('does not count restricted people among those whom a change would have found', async () => {
      const name = [
        { use: 'usual' as const, family: 'Jones' },
        { use: 'maiden' as const, family: 'Shaw' },
      ];
      await given(
        { id: '1', name, born: '1998-07-04', label: 'R' },
        { id: '2', family: 'Shaw', born: '1998', label: 'R' },
      );
      assert.deepEqual(await notes('family=Shaw&birthdate=1998-07-04'), [
        'No record shares the names and the birth date.',
      ]);
    });

    it('never tells that a restricted person exists', async () => {
      const empty = await notes('family=Shaw&birthdate=2000-02-20&address-postcode=AA50 1AA');
      const wrong = await notes('family=Shaw&birthdate=2000-02-20&gender=male');
      await given(
        { id: '1', family: 'Shaw', born: '2000-02-20', postcode: 'AA50 1AA', label: 'R' },
        { id: '2', family: 'Shaw', born: '2000-02-20', postcode: 'AA50 1AA', label: 'V' },
      );
      const place = 'family=Shaw&birthdate=2000-02-20&address-postcode=AA50 1AA';
      assert.deepEqual(await notes(place), empty);
      assert.deepEqual(await notes(`${place}&_exact-match=true`), empty);
      assert.deepEqual(await notes('family=Shaw&birthdate=2000-02-20&gender=male'), wrong);
    });
  });
});
