import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Patient } from 'fhir/r4.js';
import { Problem } from '../../core/problem.ts';
import { parseXml, usualXmlLimits } from '../../core/xml.ts';
import { writeXml } from '../../core/xml-write.ts';
import type { Patients } from '../../fhir/pds/patients.ts';
import { confidentialityOf } from '../../fhir/pds/record.ts';
import { edgeCaseRecords } from '../../fhir/synthetic/default-data.ts';
import { hl7v3Ground, remembering, type Hl7v3Ground } from '../../test/hl7v3-ground.ts';
import { handlePdsInteraction } from './handle.ts';
import { spinePatients } from './spine-patients.ts';

const ukCore = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-';
const fixtures = join(import.meta.dirname, '..', '..', 'fixtures');
const isPlain = ({ patient, behind }: ReturnType<typeof edgeCaseRecords>[0]) =>
  patient.deceasedDateTime === undefined &&
  patient.generalPractitioner !== undefined &&
  patient.name !== undefined &&
  patient.extension === undefined &&
  behind.supersededBy === undefined;
const { patient: somebody } =
  edgeCaseRecords(fixtures).find((one) => isPlain(one) && confidentialityOf(one) === 'U') ??
  assert.fail('nobody is plain');

const coded = (system: string, code: string, display: string) => ({
  coding: [
    {
      system: `https://fhir.hl7.org.uk/CodeSystem/UKCore-${system}`,
      version: '1.0.0',
      code,
      display,
    },
  ],
});
const death = [
  { op: 'add', path: '/deceasedDateTime', value: '2026-10-01T00:00:00+00:00' },
  {
    op: 'add',
    path: '/extension/-',
    value: {
      url: `${ukCore}DeathNotificationStatus`,
      extension: [
        {
          url: 'deathNotificationStatus',
          valueCodeableConcept: coded('DeathNotificationStatus', '1', 'Informal'),
        },
      ],
    },
  },
];
const practice = somebody.generalPractitioner?.[0] ?? {};

/** Each is made on the record as the one before left it. */
const changes: Readonly<Record<string, unknown[]>> = {
  'a name of another kind': [
    {
      op: 'add',
      path: '/name/-',
      value: { use: 'nickname', family: 'Quill', given: ['Ann', 'Bee'], prefix: ['Dr'] },
    },
  ],
  'a correspondence address with blank lines': [
    {
      op: 'add',
      path: '/address/-',
      value: {
        use: 'billing',
        line: ['', '7 Mere Bank', '', 'AMBLESIDE', ''],
        postalCode: 'LA22 9ZZ',
        period: { start: '2026-10-01', end: '2027-02-01' },
      },
    },
  ],
  'a second name of that sort, and a third': [
    { op: 'add', path: '/name/-', value: { use: 'old', family: 'Before' } },
    { op: 'add', path: '/name/-', value: { use: 'old', family: 'Earlier' } },
  ],
  'an emergency contact': [
    {
      op: 'add',
      path: '/contact/-',
      value: {
        relationship: [
          {
            coding: [
              {
                system: 'http://terminology.hl7.org/CodeSystem/v2-0131',
                code: 'C',
                display: 'Emergency Contact',
              },
            ],
          },
        ],
        telecom: [{ system: 'phone', value: '01632960587' }],
        period: { start: '2026-01-01' },
      },
    },
  ],
  'a language': [
    {
      op: 'add',
      path: '/extension/-',
      value: {
        url: `${ukCore}NHSCommunication`,
        extension: [
          { url: 'language', valueCodeableConcept: coded('HumanLanguage', 'fr', 'French') },
          { url: 'interpreterRequired', valueBoolean: true },
        ],
      },
    },
  ],
  'a place of birth': [
    {
      op: 'add',
      path: '/extension/-',
      value: {
        url: 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace',
        valueAddress: { city: 'Lyon', country: 'FRA' },
      },
    },
  ],
  'a practice': [
    {
      op: 'replace',
      path: '/generalPractitioner/0',
      value: { ...practice, identifier: { value: 'Y90002', period: { start: '2026-01-01' } } },
    },
  ],
  'a practice that is none': [
    {
      op: 'replace',
      path: '/generalPractitioner/0',
      value: { ...practice, identifier: { value: 'NOBODY', period: { start: '2026-01-01' } } },
    },
  ],
  'the date of birth': [{ op: 'replace', path: '/birthDate', value: '1980-02-03' }],
  'the order of a multiple birth': [
    {
      op: somebody.multipleBirthInteger === undefined ? 'add' : 'replace',
      path: '/multipleBirthInteger',
      value: 3,
    },
  ],
  'the language away': [
    { op: 'test', path: '/extension/0/url', value: `${ukCore}NHSCommunication` },
    { op: 'remove', path: '/extension/0' },
  ],
  'a death': death,
  'a death alone': [
    { op: 'replace', path: '/deceasedDateTime', value: '2026-10-02T00:00:00+00:00' },
  ],
};

describe('an update over Spine messages', () => {
  const folders: string[] = [];
  let there: Hl7v3Ground;
  let here: Hl7v3Ground;
  let remote: Patients;

  before(async () => {
    for (let i = 0; i < 2; i++) folders.push(await mkdtemp(join(tmpdir(), 'pds-updates-')));
    there = await hl7v3Ground(folders[0] ?? '');
    here = await hl7v3Ground(folders[1] ?? '');
    remote = spinePatients({
      clock: there.clock,
      isPractice: (code) => code !== 'NOBODY',
      extras: true,
      ...remembering((action, payload, asking) =>
        handlePdsInteraction(action, parseXml(writeXml(payload), usualXmlLimits), {
          patients: there.patients,
          asking,
        }),
      ),
    });
  });
  after(async () => {
    await Promise.all([there.close(), here.close()]);
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
  });

  /** Over HL7 V3, extensions stand in the order in which PDS shows them. */
  const inOrder = ({ extension = [], ...patient }: Patient) => ({
    ...patient,
    extension: extension.toSorted((one, other) => one.url.localeCompare(other.url)),
  });

  /** The Patient after it, or the row that refuses. */
  const made = async (patients: Patients, on: Hl7v3Ground, patches: unknown[], id: string) => {
    try {
      const { versionId } = await patients.retrieve(somebody.id, on.asking('read'));
      const update = { nhsNumber: somebody.id, versionId, body: { patches }, digest: id };
      const { text } = await patients.update(update, on.asking(id));
      return inOrder(JSON.parse(text) as Patient); // the port's own
    } catch (error) {
      return Problem.from(error).row;
    }
  };

  for (const [what, patches] of Object.entries(changes))
    it(`comes to what it comes to on the records: ${what}`, async () => {
      const over = await made(remote, there, patches, what);
      const own = await made(here.patients, here, patches, what);
      assert.deepEqual(over, own);
    });

  it('takes several items from one list', async () => {
    const gone = async (patients: Patients, on: Hl7v3Ground) => {
      const { text } = await patients.retrieve(somebody.id, on.asking('read'));
      const { name = [] } = JSON.parse(text) as Patient; // the port's own
      const old = name.flatMap(({ use, id }, i) => (use === 'old' ? [{ id, i }] : []));
      assert.equal(old.length, 2);
      const removals = old.toReversed().flatMap(({ id, i }) => [
        { op: 'test', path: `/name/${i}/id`, value: id },
        { op: 'remove', path: `/name/${i}` },
      ]);
      return made(patients, on, removals, 'two names');
    };
    assert.deepEqual(await gone(remote, there), await gone(here.patients, here));
  });

  it('came to something in all but two of these', async () => {
    const { versionId } = await here.patients.retrieve(somebody.id, here.asking('read'));
    const refused = ['a practice that is none', 'a death alone'].length;
    const changed = Object.keys(changes).length - refused;
    assert.ok(Number(versionId) >= Number(somebody.meta.versionId) + changed);
  });
});
