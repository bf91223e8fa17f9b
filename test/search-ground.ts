/** A real store with a few people in it, for the tests of searching. Everybody is invented. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address, ContactPoint, HumanName } from 'fhir/r4.js';
import type { Collection } from '../core/store.ts';
import {
  decodeRecord,
  encodeRecord,
  security,
  type Behind,
  type Confidentiality,
  type PdsRecord,
} from '../fhir/pds/record.ts';
import { readCriteria } from '../fhir/pds/trace/search-query.ts';
import { keysOf } from '../fhir/pds/trace/trace-keys.ts';
import { trace, type TraceOptions } from '../fhir/pds/trace/trace.ts';
import type { TraceResult } from '../fhir/pds/trace/trace.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../server/store/embedded.ts';

export interface Sketch {
  id: string;
  family?: string;
  given?: string[];
  name?: HumanName[];
  gender?: string;
  born?: string;
  died?: string;
  postcode?: string;
  address?: Address[];
  phone?: string;
  email?: string;
  practice?: string;
  organisation?: string;
  label?: Confidentiality;
  behind?: Behind;
}

export function person(sketch: Sketch): PdsRecord {
  const { id, postcode, phone, email, practice, organisation, born, died } = sketch;
  const telecom: ContactPoint[] = [];
  if (phone !== undefined) telecom.push({ system: 'phone', use: 'home', value: phone });
  if (email !== undefined) telecom.push({ system: 'email', use: 'home', value: email });
  const name = sketch.name ?? [
    {
      use: 'usual' as const,
      ...(sketch.family === undefined ? {} : { family: sketch.family }),
      ...(sketch.given ? { given: sketch.given } : {}),
    },
  ];
  const address =
    sketch.address ??
    (postcode === undefined ? [] : [{ use: 'home' as const, postalCode: postcode }]);
  return {
    patient: {
      resourceType: 'Patient',
      id,
      meta: { versionId: '1', security: [security(sketch.label ?? 'U')] },
      name,
      gender: (sketch.gender ?? 'female') as 'female', // tests also use the other three
      ...(born === undefined ? {} : { birthDate: born }),
      ...(died === undefined ? {} : { deceasedDateTime: died }),
      ...(address.length > 0 ? { address } : {}),
      ...(telecom.length > 0 ? { telecom } : {}),
      ...(practice === undefined
        ? {}
        : { generalPractitioner: [{ type: 'Organization', identifier: { value: practice } }] }),
      ...(organisation === undefined
        ? {}
        : { managingOrganization: { type: 'Organization', identifier: { value: organisation } } }),
    },
    behind: sketch.behind ?? {},
  };
}

export const smith: Sketch = {
  id: '9000000009',
  family: 'Smith',
  given: ['Jane'],
  born: '2010-10-22',
  died: '2010-10-22T00:00:00+00:00',
  postcode: 'LS1 6AE',
  phone: '01632960587',
  email: 'jane.smith@example.com',
  practice: 'Y12345',
};
export const smyth: Sketch = {
  id: '9000000017',
  family: 'Smyth',
  given: ['Jayne'],
  born: '2010-10-22',
};

export interface SearchGround {
  /** The people of this test; emptied before each. */
  readonly people: () => Collection<PdsRecord>;
  readonly given: (...sketches: Sketch[]) => Promise<void>;
  /** Makes the index hold the keys of another record under this number: a stale entry. */
  readonly index: (nhsNumber: string, as: PdsRecord) => void;
  readonly run: (query: string, options?: TraceOptions) => Promise<TraceResult>;
  readonly ids: (query: string, options?: TraceOptions) => Promise<string[]>;
  /** The score of the one match that there must be. */
  readonly score: (query: string, options?: TraceOptions) => Promise<number>;
  readonly clear: () => Promise<void>;
}

/** Sets up a store for the tests of the `describe` around it. */
export function searchGround(): SearchGround {
  let store: EmbeddedStore;
  let dir: string;
  let base: Collection<PdsRecord>;
  const stale = new Map<string, PdsRecord>();

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatehouse-search-'));
    store = await openEmbeddedStore({ dir });
    base = store.open<PdsRecord>({
      name: 'people',
      overlaid: true,
      keys: (record) => keysOf(stale.get(record.patient.id) ?? record),
      encode: encodeRecord,
      decode: decodeRecord,
    });
  });

  after(async () => {
    await store.close();
    await rm(dir, { recursive: true });
  });

  const clear = async () => {
    await store.reset('test');
    stale.clear();
  };
  beforeEach(clear);

  const people = () => base.in('test');
  const run = (query: string, options?: TraceOptions) => {
    const view = people();
    return trace((find) => view.find(find), readCriteria(new URLSearchParams(query)), options);
  };

  return {
    people,
    clear,
    run,
    async given(...sketches) {
      const view = people();
      await Promise.all(
        sketches.map((sketch) => view.put(sketch.id, person(sketch), { expected: 0 })),
      );
    },
    index(nhsNumber, as) {
      stale.set(nhsNumber, as);
    },
    async ids(query, options) {
      const { matches } = await run(query, options);
      return matches.map(({ match }) => match.nhsNumber);
    },
    async score(query, options) {
      const { matches } = await run(query, options);
      assert.equal(matches.length, 1, `${matches.length} matches`);
      return matches[0]?.match.score ?? 0;
    },
  };
}
