import assert from 'node:assert/strict';
import { parseXml, usualXmlLimits } from '../../core/xml.ts';
import { fromPatientRole } from './person.ts';

const read = (inside: string) =>
  fromPatientRole(
    parseXml(`<patientRole xmlns="urn:hl7-org:v3">${inside}</patientRole>`, usualXmlLimits),
  ).record;

describe('what others send of a person', () => {
  it('may hold history, of which what holds today is kept', () => {
    const { patient } = read(`
      <addr use="H"><streetAddressLine>OLD</streetAddressLine><useablePeriod><low value="20210101"/><high value="20220101"/></useablePeriod></addr>
      <addr use="HP"><streetAddressLine>NEW</streetAddressLine><useablePeriod><low value="20200101"/></useablePeriod></addr>
      <addr use="BAD"><streetAddressLine>WRONG</streetAddressLine></addr>
      <telecom use="H" value="tel:1"><useablePeriod><high value="20200101"/></useablePeriod></telecom>
      <telecom use="HP" value="tel:2"/>
      <patientPerson>
        <name use="L"><family>FORMER</family><validTime><high value="20200101"/></validTime></name>
        <name use="L"><given>WING MANN</given><given/><family>NOW</family></name>
        <name use="PREVIOUS-BACHELOR"><family>BEFORE</family></name></patientPerson>`);
    assert.deepEqual(
      patient.address?.map(({ line }) => line),
      [['NEW']],
    );
    assert.deepEqual(
      patient.telecom?.map(({ value }) => value),
      ['2'],
    );
    assert.deepEqual(patient.name, [
      { use: 'usual', given: ['WING MANN'], family: 'NOW' },
      { use: 'old', family: 'BEFORE' },
    ]);
  });

  it('may spell care provision in any of four ways', () => {
    const provision = (name: string, performer: string) =>
      `<patientPerson><playedOtherProviderPatient><subjectOf><${name}><code code="1"/>${performer}</${name}></subjectOf>
       </playedOtherProviderPatient></patientPerson>`;
    const id = '<id root="2.16.840.1.113883.2.1.4.3" extension="A20047"/>';
    for (const spelt of [
      provision(
        'patientCareProvisionEvent',
        `<performer><assignedEntity>${id}</assignedEntity></performer>`,
      ),
      provision(
        'patientCareProvision',
        `<performer><assignedEntity>${id}</assignedEntity></performer>`,
      ),
      provision(
        'patientCareProvision',
        `<performer><assignedOrganization>${id}</assignedOrganization></performer>`,
      ),
      provision(
        'patientCareProvision',
        `<responsibleParty><healthCareProvider>${id}</healthCareProvider></responsibleParty>`,
      ),
    ])
      assert.equal(read(spelt).patient.generalPractitioner?.[0]?.identifier?.value, 'A20047');
  });

  it('may number its subjects as its release does, and give any reason of removal', () => {
    const removal = (number: number, code: string) =>
      read(
        `<subjectOf${number}><nHAISRemovalRegistrationEvent><reasonCode code="${code}"/></nHAISRemovalRegistrationEvent></subjectOf${number}>`,
      );
    const shown = ({ patient }: ReturnType<typeof read>) => JSON.stringify(patient.extension);
    assert.match(shown(removal(9, 'SCT')), /"SCT"/);
    assert.match(shown(removal(12, 'RDI')), /"ORR"/);
    const armed = removal(9, 'AFN');
    assert.match(shown(armed), /"ORR"/);
    assert.equal(armed.behind.confidentialRemoval?.code, 'AFN');
  });

  it('may be sensitive under several codes, of which none opens the record', () => {
    for (const [code, label] of [
      ['S', 'R'],
      ['Y', 'R'],
      ['B', 'V'],
      ['N', 'U'],
    ] as const)
      assert.equal(
        read(`<confidentialityCode code="${code}"/>`).patient.meta.security[0].code,
        label,
      );
  });

  it('may be damaged: what cannot be understood is left out', () => {
    const { patient } =
      read(`<id/><telecom/><addr/><patientPerson><birthTime value="20230231"/><name/>
      <administrativeGenderCode code="7"/><multipleBirthOrderNumber value="many"/><languageCommunication/><birthplace/>
      <scopedRelatedPersonRole/></patientPerson><subjectOf2><deathNotification/></subjectOf2>`);
    assert.equal(patient.birthDate, undefined);
    assert.equal(patient.gender, undefined);
    assert.equal(patient.multipleBirthInteger, undefined);
    assert.equal(patient.extension, undefined);
  });
});
