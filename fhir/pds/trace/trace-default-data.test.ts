import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../../core/problem.ts';
import type { Collection } from '../../../core/store.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../../../server/store/embedded.ts';
import { defaultRecords } from '../../synthetic/default-data.ts';
import { searchView } from '../projection.ts';
import { decodeRecord, encodeRecord, type PdsRecord } from '../record.ts';
import { readCriteria } from './search-query.ts';
import { keysOf } from './trace-keys.ts';
import { trace, type TraceResult } from './trace.ts';

interface Query {
  why: string;
  params: Record<string, string | string[]>;
  must?: string[];
  mustNot?: string[];
  outcome?: string;
}

const fixtures = join(import.meta.dirname, '../../../fixtures');
const definition = { name: 'people', keys: keysOf, encode: encodeRecord, decode: decodeRecord };

describe('A search of the default data', () => {
  let store: EmbeddedStore;
  let dir: string;
  let people: Collection<PdsRecord>;

  before(async function () {
    this.timeout(20_000);
    dir = await mkdtemp(join(tmpdir(), 'gatehouse-default-'));
    store = await openEmbeddedStore({ dir });
    people = store.open<PdsRecord>(definition);
    await store.bulk(definition, records());
  });

  after(async () => {
    await store.close();
    await rm(dir, { recursive: true });
  });

  function* records() {
    for (const value of defaultRecords(fixtures)) yield { id: value.patient.id, value };
  }

  const run = (query: URLSearchParams, maxResults?: number): Promise<TraceResult> =>
    trace((find) => people.find(find), readCriteria(query, maxResults), { today: '2026-11-01' });
  const ids = ({ matches }: TraceResult) => matches.map(({ match }) => match.nhsNumber);

  describe('finds what each difficulty demands', () => {
    const file = readFileSync(join(fixtures, 'patients/matching-queries.json'), 'utf8');
    const { queries } = JSON.parse(file) as { queries: Query[] }; // our own file

    for (const query of queries)
      it(query.why, async () => {
        await check(query, toSearch(query.params));
      });
  });

  async function check({ outcome, must = [], mustNot = [] }: Query, query: URLSearchParams) {
    if (outcome === 'refused') {
      await assert.rejects(
        async () => run(query),
        (error) => error instanceof Problem && error.status === 400,
      );
      return;
    }
    const result = await run(query, outcome === 'too-many-for-application-access' ? 1 : undefined);
    assert.equal(result.tooMany, outcome?.startsWith('too-many') === true);
    const found = ids(result);
    for (const number of must) assert.ok(found.includes(number), 'somebody is missing');
    for (const number of mustNot) assert.ok(!found.includes(number), 'somebody else was found');
    if (outcome?.startsWith('no address') === true)
      for (const { record } of result.matches) {
        const shown = searchView(record, {
          mode: 'worker',
          grants: new Set(),
          scopes: [],
          appId: '',
          appName: '',
        });
        for (const member of ['address', 'telecom', 'generalPractitioner', 'contact'])
          assert.ok(!(member in shown), member);
      }
  }

  describe('answers the published searches by the live rules', () => {
    /** Query, then numbers, how many, or too many. */
    const published: readonly (readonly [string, readonly string[] | number | 'too many'])[] = [
      ['family=Smith&gender=female&birthdate=eq2010-10-22', ['9000000009']],
      [
        'family=Smith&gender=female&birthdate=eq2010-10-22&email=jane.smith@example.com&phone=01632960587',
        ['9000000009'],
      ],
      [
        'family=Smith&gender=female&birthdate=ge2010-10-21&birthdate=le2010-10-23&email=jane.smith@example.com&phone=01632960587',
        ['9000000009'],
      ],
      [
        'family=Smith&gender=female&birthdate=eq2010-10-22&email=deb.trotter@example.com&phone=0121111111',
        [],
      ],
      ['family=Sm*&gender=female&birthdate=eq2010-10-22', ['9000000009', '9000000017']],
      ['family=sm*&gender=female&birthdate=eq2010-10-22&_max-results=1', 'too many'],
      [
        'family=Sm*&gender=female&birthdate=eq2010-10-22&email=jane.smith@example.com&phone=01632960587&_max-results=1',
        ['9000000009'],
      ],
      [
        'family=Sm*&gender=male&birthdate=eq2000-05-05&email=rubbish@test.com&phone=01234123123',
        [],
      ],
      [
        'family=Smith&gender=female&given=Jane&birthdate=eq2010-10-22&email=jane.smith@example.com&phone=01632960587&_fuzzy-match=true',
        ['9000000009'],
      ],
      [
        'family=Smythe&given=Janet&gender=female&birthdate=eq2005-06-16&email=janet.smythe@example.com&phone=01632960587',
        ['9000000025'],
      ],
      [
        'family=Smith&given=John Paul&given=James&gender=male&birthdate=eq2010-10-22&email=johnp.smith@example.com&phone=01632960587',
        ['9000000015'],
      ],
      ['_fuzzy-match=true&family=Blogs&given=Joe&birthdate=1955-11-05', ['9693632109']],
      [
        '_fuzzy-match=true&family=ATTSÖN&given=PÀULINÉ&birthdate=1960-07-14',
        ['9693633148', '9693633121'],
      ],
      [
        '_fuzzy-match=true&family=Smythe&given=Mat&birthdate=ge2000-05-03&gender=male&address-postalcode=DN17 4AA&email=rubbish@work.com&phone=01222111111',
        [],
      ],
      [
        '_fuzzy-match=true&family=Smythe&given=Mat&birthdate=ge2000-05-03&gender=male&address-postalcode=DN17 4AA&email=test@test.com&phone=01222111111',
        ['5900022366'],
      ],
      ['family=MED&birthdate=2024-01-12&gender=male', []],
      ['family=MED&birthdate=1999-09-09&gender=female', []],
      ['family=HUME&birthdate=1999-09-09&gender=male', []],
      ['family=MED&birthdate=2024-01-12&gender=male&given=Casey&_fuzzy-match=true', []],
      [
        'family=MED&birthdate=1999-09-09&gender=female&given=Casey&_fuzzy-match=true',
        ['9733162450'],
      ],
      [
        'family=HUME&birthdate=1999-09-09&gender=male&given=Casey&_fuzzy-match=true',
        ['9733162450'],
      ],
      ['family=MED&birthdate=2024-01-12&gender=male&_history=true', []],
      ['family=HUME&birthdate=1999-09-09&gender=male&_history=true', ['9733162450']],
      ['family=Smith&gender=male&birthdate=eq2000-05-05&email=Historic@historic.com', []],
      [
        'family=Smith&gender=male&birthdate=eq2000-05-05&email=Historic@historic.com&_history=true',
        1,
      ],
      ['family=Smith&gender=male&birthdate=eq2000-05-05&given=Sam&given=Bob', 1],
      ['family=CUFF&birthdate=eq1926-01-07&gender=female', ['9732019395']],
      ['family=Muir&gender=male&birthdate=eq2017-09-06&phone=00917855986859', 1],
      ['family=Me*&birthdate=eq2015-10-22&general-practitioner=A20047', 1],
      ['family=TUNNEY&birthdate=ge1980-01-01&death-date=le2019-02-28', 1],
      ['family=Jones&gender=male&birthdate=ge1992-01-01', ['5900035697']],
      ['family=Capon&gender=male&birthdate=eq1953-05-29', ['9693632117']],
      ['family=Godsoe&gender=male&birthdate=1936-02-24', ['9693632125']],
      [
        '_fuzzy-match=true&family=Godsoe&gender=male&given=Rodney&birthdate=1936-02-24',
        ['9693632125'],
      ],
      ['family=Massam&birthdate=eq1920-08-11', ['9693632966']],
      ['family=Massam&birthdate=le1920-08-11', ['9693632966']],
      [
        'family=YOUDS&birthdate=1970-01-24',
        ['9693633679', '9693633687', '9693633695', '9693633709'],
      ],
      ['family=YOUDS&birthdate=1970-01-24&_max-results=1', 'too many'],
      ['family=Spiderman&birthdate=1962-07-31', []],
      ['family=Bingham&birthdate=1934-12-18', []],
    ];
    const kinds: Readonly<Record<string, (query: string) => boolean>> = {
      fuzzy: (query) => query.includes('_fuzzy'),
      'with a wildcard': (query) => query.includes('*'),
      'in history': (query) => query.includes('_history'),
      simple: (query) => !/_fuzzy|_history|\*/.test(query),
    };
    for (const [kind, isOfKind] of Object.entries(kinds))
      it(`when they are ${kind}`, async () => {
        for (const [query, expected] of published.filter(([text]) => isOfKind(text))) {
          const result = await run(new URLSearchParams(query));
          assert.equal(result.tooMany, expected === 'too many', query);
          if (typeof expected === 'number') assert.equal(result.matches.length, expected, query);
          else if (expected !== 'too many') assert.deepEqual(ids(result), expected, query);
        }
      });

    it('gives the published scores of the search with accents', async () => {
      const query = '_fuzzy-match=true&family=ATTSÖN&given=PÀULINÉ&birthdate=1960-07-14';
      const { matches } = await run(new URLSearchParams(query));
      assert.deepEqual(
        matches.map(({ match }) => match.score),
        [0.9317, 0.9077],
      );
    });
  });

  it('finds everybody who may be found by family name and birth date with score 1', async function () {
    this.timeout(20_000);
    for (const { patient, behind } of defaultRecords(fixtures)) {
      const label = patient.meta.security[0].code;
      const name = patient.name?.find(({ use }) => use === 'usual');
      const { birthDate } = patient;
      if (behind.supersededBy !== undefined || label === 'V' || label === 'REDACTED') continue;
      if (name?.family === undefined || birthDate?.length !== 10) continue;
      const given = name.given?.[0];
      const query = new URLSearchParams({ family: name.family, birthdate: birthDate });
      if (given !== undefined) query.set('given', given);
      const { matches, tooMany } = await run(query);
      const own = matches.find(({ match }) => match.nhsNumber === patient.id);
      assert.ok(
        tooMany || own?.match.score === 1,
        `a record tagged ${behind.tags?.join() ?? 'plain'} does not find itself`,
      );
    }
  });
});

function toSearch(params: Query['params']): URLSearchParams {
  const pairs = Object.entries(params).flatMap(([name, value]) =>
    [value].flat().map((one): [string, string] => [name, one]),
  );
  return new URLSearchParams(pairs);
}
