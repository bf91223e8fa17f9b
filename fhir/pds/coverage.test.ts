import assert from 'node:assert/strict';
import type { Coverage } from 'fhir/r4.js';
import { Problem } from '../../core/problem.ts';
import { coverageBundle, coverageQuery, readCoverage, withCoverage } from './coverage.ts';
import type { PdsRow } from './errors.ts';
import { security, type PdsRecord } from './record.ts';

const base = 'http://localhost:9000/personal-demographics/FHIR/R4';
const now = Date.UTC(2026, 0, 2, 3, 4, 5);
const number = '9990000018';

function card(): Record<string, unknown> {
  return {
    resourceType: 'Coverage',
    status: 'active',
    type: {
      coding: [
        {
          system: 'http://terminology.hl7.eu/CodeSystem/v3-ActCode',
          code: 'EHIC',
          display: 'European Health Insurance Card',
        },
      ],
    },
    subscriber: { identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: number } },
    identifier: [
      {
        value: '80123 45678',
        assigner: { identifier: { system: 'urn:iso:std:iso:3166', value: 'ISL' } },
      },
    ],
    payor: [{ identifier: { value: 'IS-7' } }],
    beneficiary: { identifier: { value: "0101:X'Y" } },
    period: { end: '2029-02-28' },
  };
}

function record(coverage?: Coverage): PdsRecord {
  return {
    patient: {
      resourceType: 'Patient',
      id: number,
      meta: { versionId: '41', security: [security('U')] },
    },
    behind: coverage ? { coverage } : {},
  };
}

function refusal(act: () => unknown): [number, string, string | undefined] {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof Problem);
    const row = error.row as PdsRow; // every Problem of this API bears one
    return [row.status, row.code, row.diagnostics];
  }
  return assert.fail('nothing was refused');
}

describe('asking for a card', () => {
  it('takes the subscriber and nothing else', () => {
    assert.equal(coverageQuery(new URLSearchParams({ 'subscriber:identifier': number })), number);
  });

  for (const query of [
    '',
    `subscriber=${number}`,
    `subscriber:identifier=${number}&year=2003`,
    `subscriber:identifier=${number}&subscriber:identifier=${number}`,
    `year=2003&subscriber:identifier=${number}`,
  ])
    it(`refuses the query form "${query.replaceAll(number, '…')}"`, () => {
      assert.deepEqual(
        refusal(() => coverageQuery(new URLSearchParams(query))),
        [
          400,
          'INVALID_SEARCH_DATA',
          "Invalid search data provided - 'Coverage search request must follow the format /Coverage?subscriber:identifier=NHS_NUMBER'",
        ],
      );
    });
});

describe('showing a card', () => {
  it('gives a searchset under the version of the patient', () => {
    const { coverage } = readCoverage(card(), now);
    const bundle = coverageBundle(record(coverage), base, now);
    assert.deepEqual(bundle, {
      resourceType: 'Bundle',
      type: 'searchset',
      timestamp: '2026-01-02T03:04:05+00:00',
      total: 1,
      meta: { versionId: '41' },
      entry: [
        {
          fullUrl: `${base}/Coverage?subscriber:identifier=${number}`,
          resource: {
            resourceType: 'Coverage',
            status: 'active',
            subscriber: {
              identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: number },
              type: 'Patient',
            },
            identifier: [
              {
                value: '80123 45678',
                assigner: {
                  identifier: { system: 'urn:iso:std:iso:3166', value: 'ISL' },
                  display: 'Iceland',
                },
              },
            ],
            payor: [{ identifier: { value: 'IS-7' } }],
            beneficiary: { identifier: { value: "0101:X'Y" }, type: 'Patient' },
            period: { end: '2029-02-28' },
          },
        },
      ],
    });
  });

  it('gives total 0, a version and no entry when there is none', () => {
    assert.deepEqual(coverageBundle(record(), base, now), {
      resourceType: 'Bundle',
      type: 'searchset',
      timestamp: '2026-01-02T03:04:05+00:00',
      total: 0,
      meta: { versionId: '41' },
    });
  });

  it('does not show a card that lacks the personal or the institution id', () => {
    const { coverage } = readCoverage(card(), now);
    for (const incomplete of [
      { ...coverage, beneficiary: {} },
      { ...coverage, payor: [{}] },
      { ...coverage, payor: [] },
    ])
      assert.equal(coverageBundle(record(incomplete), base, now).total, 0);
  });

  it('shows the number that was kept in a merge', () => {
    const { coverage } = readCoverage(card(), now);
    const kept = record(coverage);
    kept.patient.id = '9990000026';
    const resource = coverageBundle(kept, base, now).entry?.[0]?.resource;
    assert.match(JSON.stringify(resource), /"value":"9990000026"/);
  });
});

describe('replacing a card', () => {
  it('puts the new card in place of the old one and raises the version by one', () => {
    const { nhsNumber, coverage } = readCoverage(card(), now);
    assert.equal(nhsNumber, number);
    const before = record({ ...coverage, payor: [] });
    const changed = withCoverage(before, coverage);
    assert.equal(changed.patient.meta.versionId, '42');
    assert.deepEqual(changed.behind.coverage, coverage);
    assert.equal(before.patient.meta.versionId, '41');
  });

  it('takes the ends of the range of dates', () => {
    for (const end of ['1876-01-02', '2176-01-02', '2028-02-29'])
      assert.equal(readCoverage({ ...card(), period: { end } }, now).coverage.period?.end, end);
  });

  const long = (n: number) => 'A'.repeat(n);
  const without = (name: string) => {
    const body = card();
    return Object.fromEntries(Object.entries(body).filter(([each]) => each !== name));
  };
  const cardWith = (first: unknown) => ({ ...card(), identifier: [first] });
  const assigner = (value: unknown) => ({ identifier: { system: 'urn:iso:std:iso:3166', value } });
  const missing = (path: string) => ['MISSING_VALUE', `Missing value - '${path}'`] as const;
  const invalid = (value: string, path: string) =>
    ['INVALID_VALUE', `Invalid value - '${value}' in field '${path}'`] as const;
  const unexpected = (name: string) =>
    [
      'ADDITIONAL_PROPERTIES',
      `Invalid request with error - Additional properties are not allowed ('${name}' was unexpected)`,
    ] as const;

  const refused: [string, unknown, readonly [string, string | undefined]][] = [
    ['no identifier', without('identifier'), missing('identifier')],
    ['no status', without('status'), missing('status')],
    ['no subscriber', without('subscriber'), missing('subscriber')],
    ['no beneficiary', without('beneficiary'), missing('beneficiary')],
    ['no payor', without('payor'), missing('payor')],
    ['no period', without('period'), missing('period')],
    ['no end', { ...card(), period: {} }, missing('period/end')],
    ['no card number', cardWith({ assigner: assigner('ISL') }), missing('identifier/0/value')],
    [
      'no country',
      cardWith({ value: '1', assigner: {} }),
      missing('identifier/0/assigner/identifier'),
    ],
    [
      'a null card number',
      cardWith({ value: null, assigner: assigner('ISL') }),
      missing('identifier/0/value'),
    ],
    [
      'no personal id',
      { ...card(), beneficiary: { identifier: {} } },
      missing('beneficiary/identifier/value'),
    ],
    [
      'no number',
      { ...card(), subscriber: { identifier: {} } },
      missing('subscriber/identifier/value'),
    ],
    ['another status', { ...card(), status: 'draft' }, invalid('draft', 'status')],
    [
      'another resource',
      { ...card(), resourceType: 'Patient' },
      invalid('Patient', 'resourceType'),
    ],
    [
      'an empty institution',
      { ...card(), payor: [{ identifier: { value: '' } }] },
      invalid('', 'payor/0/identifier/value'),
    ],
    [
      'a blank institution',
      { ...card(), payor: [{ identifier: { value: ' ' } }] },
      invalid(' ', 'payor/0/identifier/value'),
    ],
    [
      'a long institution',
      { ...card(), payor: [{ identifier: { value: long(31) } }] },
      invalid(long(31), 'payor/0/identifier/value'),
    ],
    [
      'a long card number',
      cardWith({ value: long(26), assigner: assigner('ISL') }),
      invalid(long(26), 'identifier/0/value'),
    ],
    [
      'a card number with a sign',
      cardWith({ value: '1_2', assigner: assigner('ISL') }),
      invalid('1_2', 'identifier/0/value'),
    ],
    [
      'a card number that is one',
      cardWith({ value: 12, assigner: assigner('ISL') }),
      invalid('12', 'identifier/0/value'),
    ],
    [
      'a small country',
      cardWith({ value: '1', assigner: assigner('isl') }),
      invalid('isl', 'identifier/0/assigner/identifier/value'),
    ],
    [
      'a list of ids',
      { ...card(), beneficiary: ['a', 1, null, true] },
      invalid("['a', 1, None, True]", 'beneficiary'),
    ],
    [
      'an end long ago',
      { ...card(), period: { end: '1860-12-15' } },
      invalid('1860-12-15', 'period/end'),
    ],
    [
      'an end far away',
      { ...card(), period: { end: '2176-01-03' } },
      invalid('2176-01-03', 'period/end'),
    ],
    [
      'an impossible end',
      { ...card(), period: { end: '2027-02-29' } },
      invalid('2027-02-29', 'period/end'),
    ],
    [
      'another system',
      { ...card(), subscriber: { identifier: { system: 'x', value: number } } },
      invalid('x', 'subscriber/identifier/system'),
    ],
    ['an unknown member', { ...card(), pets: 1 }, unexpected('pets')],
    [
      'a deep unknown member',
      { ...card(), period: { end: '2029-02-28', pets: 1 } },
      unexpected('pets'),
    ],
    [
      'a name of the prototype',
      JSON.parse(JSON.stringify(card()).replace('{', '{"__proto__":{"a":1},')),
      unexpected('__proto__'),
    ],
    [
      'two payors',
      { ...card(), payor: [{ identifier: { value: 'A' } }, { identifier: { value: 'B' } }] },
      [
        'TOO_MANY_VALUES_SUBMITTED',
        "Too many values submitted - [{'identifier': {'value': 'A'}}, {'identifier': {'value': 'B'}}] in field 'payor'",
      ],
    ],
    [
      'no payor in the list',
      { ...card(), payor: [] },
      [
        'TOO_FEW_VALUES_SUBMITTED',
        "Too few values submitted - <json too long to display> in field 'payor'",
      ],
    ],
    [
      'no NHS number',
      { ...card(), subscriber: { identifier: { value: '9000000000' } } },
      ['INVALID_RESOURCE_ID', undefined],
    ],
    [
      'a list as body',
      [card()],
      ['VALIDATION_ERROR', 'Invalid payload received - incorrect format'],
    ],
  ];

  for (const [what, body, [code, diagnostics]] of refused)
    it(`refuses a body with ${what}`, () => {
      assert.deepEqual(
        refusal(() => readCoverage(body, now)),
        [400, code, diagnostics],
      );
    });
});
