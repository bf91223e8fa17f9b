import assert from 'node:assert/strict';
import type { Extension, RelatedPerson } from 'fhir/r4.js';
import type { Caller } from '../../core/exchange.ts';
import { security, type Confidentiality, type PdsRecord } from './record.ts';
import { relatedNumbers, relatedPersonsBundle } from './related-persons.ts';

const base = 'http://localhost:9000/personal-demographics/FHIR/R4';
const now = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

function record(
  id: string,
  label: Confidentiality = 'U',
  relatedPersons?: RelatedPerson[],
): PdsRecord {
  return {
    patient: { resourceType: 'Patient', id, meta: { versionId: '1', security: [security(label)] } },
    behind: relatedPersons ? { relatedPersons } : {},
  };
}

const rank = (valuePositiveInt: number): Extension => ({
  url: 'https://fhir.nhs.uk/R4/StructureDefinition/Extension-UKCore-ContactRank',
  valuePositiveInt,
});

function person(id: string, ranked?: number, nhsNumber?: string): RelatedPerson {
  return {
    resourceType: 'RelatedPerson',
    id,
    active: true,
    patient: nhsNumber ? { identifier: { value: nhsNumber } } : {},
    name: [{ use: 'usual', family: 'Tarn' }],
    address: [{ use: 'home', line: ['3 Fell Way', 'KESWICK'] }],
    telecom: [{ system: 'phone', value: '01632960001' }],
    ...(ranked === undefined ? {} : { extension: [rank(ranked)] }),
  };
}

const nobody = () => undefined;

describe('the people related to a patient', () => {
  it('gives a searchset with a full address for each', () => {
    const bundle = relatedPersonsBundle(
      record('9990000018', 'U', [person('507B7621', 1)]),
      base,
      nobody,
      now,
    );
    assert.deepEqual(bundle, {
      resourceType: 'Bundle',
      type: 'searchset',
      timestamp: '2026-01-02T03:04:05+00:00',
      total: 1,
      entry: [
        {
          fullUrl: `${base}/Patient/9990000018/RelatedPerson/507B7621`,
          resource: person('507B7621', 1),
        },
      ],
    });
  });

  it('gives total 0 and no entry when there is nobody', () => {
    assert.deepEqual(relatedPersonsBundle(record('9990000018'), base, nobody, now), {
      resourceType: 'Bundle',
      type: 'searchset',
      timestamp: '2026-01-02T03:04:05+00:00',
      total: 0,
    });
  });

  it('orders by rank, those without one last and as they were held', () => {
    const people = [person('A'), person('B', 12), person('C', 2), person('D'), person('E', 2)];
    const bundle = relatedPersonsBundle(record('9990000018', 'U', people), base, nobody, now);
    assert.deepEqual(
      bundle.entry?.map(({ resource }) => resource?.id),
      ['C', 'E', 'B', 'A', 'D'],
    );
  });

  for (const label of ['R', 'V'] as const)
    it(`names nobody for a patient labelled ${label}`, () => {
      const protectedRecord = record('9990000018', label, [person('A', 1, '9990000026')]);
      const bundle = relatedPersonsBundle(protectedRecord, base, nobody, now);
      assert.equal(bundle.total, 0);
      assert.equal('entry' in bundle, false);
      assert.deepEqual(relatedNumbers(protectedRecord), []);
    });

  it('hides address and telecom of a related person who is restricted, and the name of a very restricted one', () => {
    const people = [
      person('A', 1, '9990000026'),
      person('B', 2, '9990000034'),
      person('C', 3, '9990000042'),
    ];
    const held = record('9990000018', 'U', people);
    const labels: Record<string, Confidentiality> = { '9990000026': 'R', '9990000034': 'V' };
    const bundle = relatedPersonsBundle(
      held,
      base,
      (number) => record(number, labels[number] ?? 'U'),
      now,
    );
    const shown = bundle.entry?.map(({ resource }) =>
      ['name', 'address', 'telecom'].filter((name) => name in (resource ?? {})),
    );
    assert.deepEqual(shown, [['name'], [], ['name', 'address', 'telecom']]);
    assert.deepEqual(people, [
      person('A', 1, '9990000026'),
      person('B', 2, '9990000034'),
      person('C', 3, '9990000042'),
    ]);
  });

  it('hides where a related person is whose record was merged into one not looked at', () => {
    const merged = record('9990000026');
    merged.behind.supersededBy = '9990000034';
    const held = record('9990000018', 'U', [person('A', 1, '9990000026')]);
    const bundle = relatedPersonsBundle(held, base, () => merged, now);
    assert.equal('address' in (bundle.entry?.[0]?.resource ?? {}), false);
  });

  it('names each related number once', () => {
    const people = [person('A', 1, '9990000026'), person('B'), person('C', 2, '9990000026')];
    assert.deepEqual(relatedNumbers(record('9990000018', 'U', people)), ['9990000026']);
  });

  it('gives five address lines to an application that asked for them', () => {
    const caller: Caller = {
      appId: 'a',
      appName: 'A',
      mode: 'worker',
      scopes: [],
      grants: new Set(['return-empty-address-lines']),
    };
    const held = record('9990000018', 'U', [person('A')]);
    const [entry] = relatedPersonsBundle(held, base, nobody, now, caller).entry ?? [];
    assert.match(JSON.stringify(entry), /"line":\[null,"3 Fell Way",null,"KESWICK",null\]/);
  });
});
