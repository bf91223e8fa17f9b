import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Patient } from 'fhir/r4.js';
import { Problem } from '../../core/problem.ts';
import { parseXml, usualXmlLimits } from '../../core/xml.ts';
import { writeXml } from '../../core/xml-write.ts';
import type { Asking, Patients } from '../../fhir/pds/patients.ts';
import { isNhsNumber } from '../../fhir/identifiers.ts';
import { readCriteria } from '../../fhir/pds/trace/search-query.ts';
import { edgeCaseRecords, publishedRecords } from '../../fhir/synthetic/default-data.ts';
import { birthBundle } from '../../test/birth-bundle.ts';
import { hl7v3Ground, remembering, type Hl7v3Ground } from '../../test/hl7v3-ground.ts';
import { handlePdsInteraction } from './handle.ts';
import { spinePatients } from './spine-patients.ts';

const fixtures = join(import.meta.dirname, '..', '..', 'fixtures');
const numbers = [...publishedRecords(fixtures), ...edgeCaseRecords(fixtures)]
  .map(({ patient }) => patient.id)
  .filter(isNhsNumber);

describe('patients over Spine messages', () => {
  let folder: string;
  let on: Hl7v3Ground;
  let remote: Patients;
  const sent: string[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pds-spine-'));
    on = await hl7v3Ground(folder);
    let messages = 0;
    remote = spinePatients({
      clock: on.clock,
      isPractice: (code) => code !== 'NOBODY',
      extras: true,
      // As over the wire: nothing but the text passes.
      ...remembering((action, payload, asking) => {
        sent.push(action);
        const received = parseXml(writeXml(payload), usualXmlLimits);
        const theirs: Asking = {
          ...asking,
          requestId: `message-${messages++}`,
          facts: { people: [] },
        };
        return handlePdsInteraction(action, received, { patients: on.patients, asking: theirs });
      }),
    });
    sent.length = 0;
  });
  afterEach(async () => {
    await on.close();
    await rm(folder, { recursive: true });
  });

  /** The answer, or the row that refuses. */
  const outcome = async (work: () => Promise<unknown>): Promise<unknown> => {
    try {
      return await work();
    } catch (error) {
      return Problem.from(error).row;
    }
  };
  const shown = (patients: Patients, number: string, asking: Asking) =>
    outcome(async () => {
      const { text, ...rest } = await patients.retrieve(number, asking);
      const { deceasedDateTime: died, ...patient } = JSON.parse(text) as Patient; // the port's own
      return { ...rest, patient, died: died?.slice(0, 10) };
    });

  it('show each person, and refuse each, as the records do', async () => {
    for (const number of [...numbers, '9111231130'])
      assert.deepEqual(
        await shown(remote, number, on.asking('a')),
        await shown(on.patients, number, on.asking('b')),
        number,
      );
  });

  it('find whom the records find, by simple and advanced trace', async () => {
    for (const [query, limit, action] of [
      ['family=Smith&gender=female&birthdate=eq2010-10-22', 1, 'QUPA_IN000005UK01'],
      ['family=Smith&gender=female&birthdate=eq2010-10-22', 50, 'QUPA_IN000006UK02'],
      ['family=Sm*&birthdate=ge2000-01-01&birthdate=le2015-12-31', 50, 'QUPA_IN000006UK02'],
      [
        'family=Okafor&given=Amelie&birthdate=eq2019-03-14&_fuzzy-match=true',
        50,
        'QUPA_IN000006UK02',
      ],
      ['family=Nobody&birthdate=eq2019-03-14', 50, 'QUPA_IN000006UK02'],
    ] as const) {
      const criteria = readCriteria(new URLSearchParams(query), limit);
      sent.length = 0;
      const there = (await remote.search(criteria, on.asking('a'), false)).found;
      const here = (await on.patients.search(criteria, on.asking('b'), false)).found;
      assert.deepEqual(sent, [action]);
      assert.deepEqual(
        there.map(({ match }) => match.nhsNumber),
        here.map(({ match }) => match.nhsNumber),
      );
      if (action === 'QUPA_IN000006UK02')
        assert.deepEqual(
          there.map(({ match }) => match.score),
          here.map(({ match }) => match.score),
        );
    }
  });

  it('find too many where the records do', async () => {
    const criteria = readCriteria(new URLSearchParams('family=Smith&birthdate=ge1900-01-01'), 1);
    for (const patients of [remote, on.patients])
      await assert.rejects(patients.search(criteria, on.asking('a'), false), {
        code: 'TOO_MANY_MATCHES',
      });
  });

  const patch = (patches: unknown[], versionId = '2') => ({
    nhsNumber: '9000000009',
    versionId,
    body: { patches },
    digest: JSON.stringify([versionId, patches]),
  });

  it('change a record, whose version is raised, and know a repeat', async () => {
    const given = [
      {
        op: 'replace',
        path: '/name/0',
        value: {
          id: '123',
          use: 'usual',
          family: 'Smythe',
          given: ['Jane'],
          period: { start: '2020-01-01' },
        },
      },
      {
        op: 'add',
        path: '/telecom/-',
        value: {
          system: 'phone',
          use: 'mobile',
          value: '07700900123',
          period: { start: '2020-02-02' },
        },
      },
      { op: 'test', path: '/address/1/id', value: 'T456' },
      { op: 'remove', path: '/address/1' },
    ];
    for (const { versionId, text } of [
      await remote.update(patch(given), on.asking('same')),
      await remote.update(patch(given), on.asking('same')),
    ]) {
      const patient = JSON.parse(text) as Patient; // the port's own
      assert.equal(versionId, '3');
      assert.equal(patient.name?.[0]?.family, 'Smythe');
      assert.equal(patient.address?.length, 1);
      assert.ok(patient.telecom?.some(({ use, id }) => use === 'mobile' && id !== undefined));
    }
    const here = await shown(on.patients, '9000000009', on.asking('c'));
    assert.deepEqual(await shown(remote, '9000000009', on.asking('d')), here);
  });

  it('change what stands in extensions and single values', async () => {
    const stem = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-';
    const pharmacy = {
      url: `${stem}NominatedPharmacy`,
      valueReference: { identifier: { value: 'Y98765' } },
    };
    const patient = JSON.parse(
      (await remote.retrieve('9000000009', on.asking('a'))).text,
    ) as Patient; // the port's own
    const place = (name: string) =>
      (patient.extension ?? []).findIndex(({ url }) => url.endsWith(name));
    await remote.update(
      patch([
        { op: 'replace', path: '/gender', value: 'male' },
        { op: 'replace', path: `/extension/${place('NominatedPharmacy')}`, value: pharmacy },
        {
          op: 'test',
          path: `/extension/${place('ContactPreference')}/url`,
          value: `${stem}ContactPreference`,
        },
        { op: 'remove', path: `/extension/${place('ContactPreference')}` },
      ]),
      on.asking('b'),
    );
    const changed = JSON.parse(
      (await on.patients.retrieve('9000000009', on.asking('c'))).text,
    ) as Patient; // the port's own
    assert.equal(changed.gender, 'male');
    assert.equal(
      changed.extension?.find(({ url }) => url === pharmacy.url)?.valueReference?.identifier?.value,
      'Y98765',
    );
    assert.equal(
      changed.extension.some(({ url }) => url.endsWith('ContactPreference')),
      false,
    );
  });

  it('refuse a change as the records do, with the published row', async () => {
    const usual = [
      { op: 'test', path: '/name/0/id', value: '123' },
      { op: 'remove', path: '/name/0' },
    ];
    const gender = [{ op: 'replace', path: '/gender', value: 'other' }];
    for (const update of [
      patch(usual),
      patch(gender),
      patch([]),
      patch(gender, '1'),
      patch([{ op: 'remove' }]),
    ])
      assert.deepEqual(
        await outcome(() => remote.update(update, on.asking('x'))),
        await outcome(() => on.patients.update(update, on.asking('y'))),
      );
  });

  const newcomer = {
    name: [
      { use: 'usual', family: 'Quarrington', given: ['Ottoline'], period: { start: '2020-01-01' } },
    ],
    gender: 'female',
    birthDate: '1999-02-03',
    address: [
      {
        use: 'home',
        line: ['', '7 Mere Bank', '', 'AMBLESIDE', ''],
        postalCode: 'LA22 9ZZ',
        period: { start: '2020-01-01' },
      },
    ],
    extension: [
      {
        url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-RegisteringAuthority',
        extension: [
          {
            url: 'registeringAuthorityType',
            valueCodeableConcept: {
              coding: [
                {
                  system: 'https://fhir.nhs.uk/CodeSystem/UKCore-RegisteringAuthorityType',
                  code: 'x',
                },
              ],
            },
          },
          { url: 'organisationIdentifier', valueString: 'RGS' },
        ],
      },
    ],
  };

  it('create a person once, and name the one who is there', async () => {
    const made = await remote.create(newcomer, 'digest', on.asking('new'));
    assert.deepEqual(await remote.create(newcomer, 'digest', on.asking('new')), made);
    const here = await on.patients.retrieve(made.nhsNumber, on.asking('b'));
    assert.deepEqual(JSON.parse(made.text), JSON.parse(here.text));
    await assert.rejects(remote.create(newcomer, 'digest', on.asking('other')), {
      code: 'SINGLE_MATCH',
    });
  });

  it('register a birth', async () => {
    const body = birthBundle('9000000009', '2026-06-01');
    const born = await remote.registerBirth(body, 'digest', false, on.asking('birth'));
    const baby = JSON.parse(
      (await on.patients.retrieve(born.nhsNumber, on.asking('b'))).text,
    ) as Patient; // the port's own
    assert.equal(baby.name?.[0]?.family, 'Fernsby');
    assert.equal(baby.birthDate, '2026-06-01');
    const related = await remote.relatedPersons(born.nhsNumber, 'https://x', on.asking('c'));
    assert.equal(related.total, 1);
  });

  it('tell of related people as the records do', async () => {
    for (const number of ['9000000009', '9000000017', '9000000025']) {
      const [there, here] = await Promise.all([
        outcome(() => remote.relatedPersons(number, 'https://x', on.asking('a'))),
        outcome(() => on.patients.relatedPersons(number, 'https://x', on.asking('b'))),
      ]);
      assert.deepEqual(there, here);
    }
  });

  it('refuse what HL7 V3 has no counterpart for', async () => {
    const refused = { code: 'VALIDATION_ERROR', status: 400 };
    await assert.rejects(remote.coverage('9000000009', '', on.asking('a')), refused);
    const byPhone = readCriteria(
      new URLSearchParams('family=Smith&birthdate=eq2010-10-22&phone=01632960587'),
    );
    await assert.rejects(remote.search(byPhone, on.asking('a'), false), refused);
  });
});
