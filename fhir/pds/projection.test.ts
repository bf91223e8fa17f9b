import assert from 'node:assert/strict';
import type { Extension, Patient } from 'fhir/r4.js';
import type { AccessMode, Caller } from '../../core/exchange.ts';
import { retrieveView, searchView } from './projection.ts';
import { security, type Behind, type Confidentiality, type PdsRecord } from './record.ts';

const ukCore = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-';
const birthPlaceUrl = 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace';
const removalUrl = 'https://fhir.nhs.uk/StructureDefinition/Extension-PDS-RemovalFromRegistration';
const consentUrl = 'https://hl7.org/fhir/R4/consent.html';

const removal = (code: string, display: string): Extension => ({
  url: removalUrl,
  extension: [
    {
      url: 'removalFromRegistrationCode',
      valueCodeableConcept: {
        coding: [
          { system: 'https://fhir.nhs.uk/CodeSystem/PDS-RemovalReasonExitCode', code, display },
        ],
      },
    },
    { url: 'effectiveTime', valuePeriod: { start: '2020-01-01T00:00:00+00:00' } },
  ],
});

const pharmacy = (kind: string): Extension => ({
  url: `${ukCore}${kind}`,
  valueReference: { identifier: { value: 'Y12345' } },
});

const death: Extension = { url: `${ukCore}DeathNotificationStatus`, extension: [] };

/** Somebody with everything that a label may hide. */
function person(label: Confidentiality = 'U', behind: Behind = {}): PdsRecord {
  return {
    patient: {
      resourceType: 'Patient',
      id: '9990000018',
      identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' }],
      meta: { versionId: '4', security: [security(label)] },
      name: [
        { id: 'A1', use: 'usual', family: 'Tarn', given: ['Una'] },
        { id: 'A2', use: 'nickname', given: ['Uni'] },
        { id: 'A3', use: 'maiden', family: 'Beck' },
      ],
      gender: 'female',
      birthDate: '1961-02-03',
      multipleBirthInteger: 2,
      deceasedDateTime: '2021-04-05T00:00:00+00:00',
      address: [
        { id: 'B1', use: 'home', line: ['3 Fell Way', 'KESWICK'], postalCode: 'ZZ99 9ZZ' },
        { id: 'B2', use: 'temp', line: ['1', '2', '3', '4', '5'], postalCode: 'ZZ99 8ZZ' },
      ],
      telecom: [{ id: 'C1', system: 'phone', value: '01632960001', use: 'home' }],
      contact: [{ id: 'D1', telecom: [{ system: 'phone', value: '01632960002' }] }],
      generalPractitioner: [{ id: 'E1', type: 'Organization', identifier: { value: 'A20047' } }],
      managingOrganization: { type: 'Organization', identifier: { value: 'A20047' } },
      extension: [
        pharmacy('NominatedPharmacy'),
        pharmacy('MedicalApplianceSupplier'),
        pharmacy('PreferredDispenserOrganization'),
        death,
        { url: `${ukCore}NHSCommunication`, extension: [] },
        { url: birthPlaceUrl, valueAddress: { city: 'Carlisle' } },
        removal('ORR', 'Other Reason'),
      ],
    },
    behind,
  };
}

function caller(mode: AccessMode, ...granted: string[]): Caller {
  return { appId: 'app', appName: 'App', mode, scopes: [], grants: new Set(granted) };
}

const urls = (patient: Patient) =>
  (patient.extension ?? []).map(({ url }) => url.split('-').at(-1));
const everyMode: AccessMode[] = ['worker', 'app', 'patient', 'privileged'];

describe('what a retrieval shows', () => {
  it('shows an unrestricted record as it is stored, in every access mode', () => {
    const record = person();
    for (const mode of everyMode)
      assert.equal(retrieveView(record, caller(mode)), record.patient, mode);
  });

  for (const mode of everyMode.filter((each) => each !== 'privileged'))
    it(`hides from a ${mode} caller where a restricted person is, and keeps who they are`, () => {
      const shown = retrieveView(person('R'), caller(mode));
      assert.deepEqual(Object.keys(shown).sort(), [
        'birthDate',
        'deceasedDateTime',
        'extension',
        'gender',
        'id',
        'identifier',
        'managingOrganization',
        'meta',
        'multipleBirthInteger',
        'name',
        'resourceType',
      ]);
      assert.equal(shown.name?.length, 3);
      assert.deepEqual(urls(shown), [
        'DeathNotificationStatus',
        'NHSCommunication',
        'RemovalFromRegistration',
      ]);
    });

  it('shows a privileged application the address, telecom, practice and pharmacies of a restricted person', () => {
    const shown = retrieveView(person('R'), caller('privileged'));
    assert.equal(shown.address?.length, 2);
    assert.equal(shown.telecom?.length, 1);
    assert.equal(shown.generalPractitioner?.length, 1);
    assert.equal(shown.contact, undefined);
    assert.deepEqual(urls(shown), [
      'NominatedPharmacy',
      'MedicalApplianceSupplier',
      'PreferredDispenserOrganization',
      'DeathNotificationStatus',
      'NHSCommunication',
      'RemovalFromRegistration',
    ]);
  });

  it('hides name and birth date of a very restricted person from everyone, privileged applications too', () => {
    for (const mode of everyMode) {
      const shown = retrieveView(person('V'), caller(mode));
      assert.deepEqual(Object.keys(shown).sort(), [
        'deceasedDateTime',
        'extension',
        'gender',
        'id',
        'identifier',
        'managingOrganization',
        'meta',
        'multipleBirthInteger',
        'resourceType',
      ]);
      assert.equal(shown.meta?.security?.[0]?.display, 'very restricted');
    }
  });

  it('leaves no empty list behind and does not touch the record', () => {
    const record = person('R');
    record.patient.extension = [pharmacy('NominatedPharmacy')];
    const before = structuredClone(record);
    assert.equal('extension' in retrieveView(record, caller('worker')), false);
    assert.deepEqual(record, before);
  });
});

describe('what an application sees by agreement', () => {
  const armedForces: Behind = {
    confidentialRemoval: { code: 'AFN', display: 'Armed Forces (notified by Armed Forces)' },
  };
  const removalCode = (patient: Patient) =>
    patient.extension?.find(({ url }) => url === removalUrl)?.extension?.[0]?.valueCodeableConcept
      ?.coding?.[0];

  it('shows a confidential removal as other reason, unless the application may see it', () => {
    const record = person('U', armedForces);
    assert.equal(removalCode(retrieveView(record, caller('worker')))?.code, 'ORR');
    const granted = caller('worker', 'return-confidential-reason-for-removal');
    assert.deepEqual(removalCode(retrieveView(record, granted)), {
      system: 'https://fhir.nhs.uk/CodeSystem/PDS-RemovalReasonExitCode',
      code: 'AFN',
      display: 'Armed Forces (notified by Armed Forces)',
    });
    assert.equal(removalCode(record.patient)?.code, 'ORR');
  });

  it('keeps a logical deletion as other reason even then, since nothing else is held of it', () => {
    const granted = caller('worker', 'return-confidential-reason-for-removal');
    assert.equal(removalCode(retrieveView(person(), granted))?.code, 'ORR');
  });

  it('puts consent first, and after the removal where there is one', () => {
    const granted = caller('worker', 'return-nhs-record-sharing-consent');
    const record = person('U', { consent: '2' });
    assert.deepEqual(
      retrieveView(record, granted)
        .extension?.map(({ url }) => url)
        .slice(0, 2),
      [removalUrl, consentUrl],
    );
    record.patient.extension = [death];
    const shown = retrieveView(record, granted).extension;
    assert.equal(shown?.[0]?.url, consentUrl);
    assert.deepEqual(
      shown[0].extension?.map(({ url, valueCodeableConcept }) => [
        url,
        valueCodeableConcept?.coding?.[0]?.code,
        valueCodeableConcept?.coding?.[0]?.display,
      ]),
      [
        ['consentType', '4', 'ncrs'],
        ['consentValue', '2', 'dissent'],
      ],
    );
  });

  it('says nothing of consent to the others, nor where none is held', () => {
    const granted = caller('worker', 'return-nhs-record-sharing-consent');
    const held = retrieveView(person('U', { consent: '1' }), caller('worker'));
    assert.equal(
      held.extension?.some(({ url }) => url === consentUrl),
      false,
    );
    const none = retrieveView(person(), granted);
    assert.equal(
      none.extension?.some(({ url }) => url === consentUrl),
      false,
    );
  });

  it('gives five address lines, with a null and a reason for each blank one', () => {
    const granted = caller('worker', 'return-empty-address-lines');
    const behind: Behind = { addressLines: { B1: ['', '3 Fell Way', '', 'KESWICK', ''] } };
    const noData = {
      extension: [
        { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' },
      ],
    };
    for (const shown of [
      retrieveView(person('U', behind), granted),
      searchView(person('U', behind), granted),
    ]) {
      assert.deepEqual(shown.address?.[0]?.line, [null, '3 Fell Way', null, 'KESWICK', null]);
      assert.deepEqual(shown.address[0]._line, [noData, null, noData, null, noData]);
    }
    const full = retrieveView(person('U', behind), granted).address?.[1];
    assert.deepEqual(full?.line, ['1', '2', '3', '4', '5']);
    assert.equal(full._line, undefined);
  });

  it('does not trust kept lines that no longer agree with the address shown', () => {
    const granted = caller('worker', 'return-empty-address-lines');
    const behind: Behind = { addressLines: { B1: ['Old House', '', '', 'PENRITH', ''] } };
    assert.deepEqual(retrieveView(person('U', behind), granted).address?.[0]?.line, [
      null,
      '3 Fell Way',
      null,
      'KESWICK',
      null,
    ]);
  });
});

describe('what a search shows', () => {
  it('gives current names, the home address and the death notification, and keeps contact and practice', () => {
    const shown = searchView(person('U', { consent: '1' }), caller('worker'));
    assert.deepEqual(
      shown.name?.map(({ use }) => use),
      ['usual', 'nickname'],
    );
    assert.deepEqual(
      shown.address?.map(({ use }) => use),
      ['home'],
    );
    assert.deepEqual(urls(shown), ['DeathNotificationStatus']);
    assert.deepEqual(Object.keys(shown).sort(), [
      'address',
      'birthDate',
      'contact',
      'deceasedDateTime',
      'extension',
      'gender',
      'generalPractitioner',
      'id',
      'identifier',
      'meta',
      'multipleBirthInteger',
      'name',
      'resourceType',
      'telecom',
    ]);
  });

  it('shows a privileged application no more of a restricted person than a worker', () => {
    const shown = searchView(person('R'), caller('privileged'));
    assert.deepEqual(shown, searchView(person('R'), caller('worker')));
    for (const hidden of ['address', 'telecom', 'contact', 'generalPractitioner'])
      assert.equal(hidden in shown, false, hidden);
    assert.equal(shown.birthDate, '1961-02-03');
  });

  it('gives no empty list for a person without a home address', () => {
    const record = person();
    record.patient.address = [{ id: 'B2', use: 'temp', postalCode: 'ZZ99 8ZZ' }];
    record.patient.extension = [];
    const shown = searchView(record, caller('worker'));
    assert.equal('address' in shown, false);
    assert.equal('extension' in shown, false);
  });

  it('shows neither consent nor the removal to applications that see them on retrieval', () => {
    const granted = caller(
      'worker',
      'return-nhs-record-sharing-consent',
      'return-confidential-reason-for-removal',
    );
    const shown = searchView(person('U', { consent: '1' }), granted);
    assert.deepEqual(urls(shown), ['DeathNotificationStatus']);
  });
});
