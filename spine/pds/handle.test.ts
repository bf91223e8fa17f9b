import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Patient } from 'fhir/r4.js';
import { parseXml, usualXmlLimits, type XmlElement } from '../../core/xml.ts';
import { writeXml } from '../../core/xml-write.ts';
import { at, hl7 } from './elements.ts';
import { handlePdsInteraction, type PdsAnswer } from './handle.ts';
import { fromPatientRole } from './person.ts';
import { hl7v3Ground, type Hl7v3Ground } from '../../test/hl7v3-ground.ts';

describe('the demographics service over HL7 V3', () => {
  let folder: string;
  let on: Hl7v3Ground;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pds-hl7v3-'));
    on = await hl7v3Ground(folder);
  });
  after(async () => {
    await on.close();
    await rm(folder, { recursive: true });
  });

  const send = (action: string, payload: string, id = '0A'): Promise<PdsAnswer> =>
    handlePdsInteraction(
      action,
      parseXml(`<q xmlns="urn:hl7-org:v3">${payload}</q>`, usualXmlLimits)
        .children[0] as XmlElement, // one element
      { patients: on.patients, asking: on.asking(id) },
    );
  const codes = ({ issues }: PdsAnswer) => issues.map(({ code }) => code);

  const retrieval = (
    number: string,
    items = '<retrievalItem><semanticsText>person.allData</semanticsText></retrievalItem>',
  ) =>
    `<query><historicDataIndicator><value code="0"/></historicDataIndicator>
     <person.id><value root="2.16.840.1.113883.2.1.4.1" extension="${number}"/></person.id>${items}</query>`;

  it('retrieves a record, whatever the release asks', async () => {
    for (const [action, answers] of [
      ['QUPA_IN000008UK02', 'QUPA_IN000009UK03'],
      ['QUPA_IN000008UK05', 'QUPA_IN000009UK06'],
      ['QUPA_IN040000UK32', 'QUPA_IN050000UK32'],
    ] as const) {
      const answer = await send(action, retrieval('9000000009'));
      assert.equal(answer.action, answers);
      assert.equal(answer.typeCode, 'AA');
      assert.deepEqual(codes(answer), []);
      const role = at(answer.subjects[0], 'subject', 'patientRole') ?? assert.fail('no patient');
      const { patient } = fromPatientRole(role).record;
      assert.equal(patient.name?.[0]?.family, 'Smith');
      assert.equal(patient.address?.length, 2);
    }
  });

  it('tells the version alone when nothing else is asked for', async () => {
    const { subjects } = await send('QUPA_IN000008UK02', retrieval('9000000009', ''));
    assert.equal(at(subjects[0], 'subject'), undefined);
    assert.match(writeXml(subjects[0] ?? hl7('none')), /<value value="2"\/>/);
  });

  it('refuses in pairs of a general reason and a detail', async () => {
    const unknown = await send('QUPA_IN000008UK02', retrieval('9111231130'));
    assert.deepEqual(
      [unknown.action, unknown.typeCode, unknown.queryResponse],
      ['QUQI_IN010000UK14', 'AE', 'ID'],
    );
    assert.deepEqual(codes(unknown), ['1', 'RT003']);
    assert.deepEqual(codes(await send('QUPA_IN000008UK02', retrieval('9000000008'))), [
      '0',
      'FAILED_MOD11_CHECK',
    ]);
    assert.deepEqual(codes(await send('QUPA_IN000008UK02', retrieval('12'))), [
      '0',
      'INVALID_NHS_NUMBER',
    ]);
  });

  it('limits what it tells of a restricted person, and says so', async () => {
    const answer = await send('QUPA_IN000008UK02', retrieval('9000000025'));
    assert.deepEqual(codes(answer), ['9']);
    assert.doesNotMatch(writeXml(answer.subjects[0] ?? hl7('none')), /<addr|<telecom/);
  });

  const trace = (family: string, gender = '2') =>
    `<query><person.name><value use="L"><family>${family}</family></value></person.name>
     <person.administrativeGenderCode><value code="${gender}"/></person.administrativeGenderCode>
     <person.birthTime><value value="20101022"/></person.birthTime></query>`;

  it('traces the one who fits', async () => {
    const answer = await send('QUPA_IN000005UK01', trace('smith'));
    assert.equal(answer.action, 'QUPA_IN000007UK01');
    assert.deepEqual(codes(answer), ['3']);
    const text = writeXml(answer.subjects[0] ?? hl7('none'));
    assert.match(text, /extension="9000000009"/);
    assert.match(text, /assignedOrganization/);
  });

  it('tells what a trace lacks, and when nobody fits', async () => {
    assert.deepEqual(codes(await send('QUPA_IN000005UK01', trace('Nobody'))), ['1', 'ST004']);
    const without = await send('QUPA_IN000005UK01', '<query><person.name/></query>');
    assert.deepEqual(codes(without), ['0', 'ST001']);
    assert.deepEqual(codes(await send('QUPA_IN000005UK01', trace('Smith', '7'))), ['0', 'ST001']);
  });

  const advanced = (rest: string) =>
    `<query><historicDataIndicator><value code="0"/></historicDataIndicator>${rest}</query>`;

  it('ranks the matches of an advanced trace', async () => {
    const answer = await send(
      'QUPA_IN000006UK02',
      advanced(`<person.name><value><family>Smith</family><given>Jane</given></value></person.name>
        <person.birthTime><value><low value="20100101"/><high value="20101231"/></value></person.birthTime>
        <searchParameter><value code="1"/></searchParameter>`),
    );
    assert.equal(answer.action, 'QUPA_IN000011UK02');
    assert.match(
      writeXml(answer.subjects[0] ?? hl7('none')),
      /matchingLevel.*unit="%" value="\d+\.\d\d"/,
    );
    const untyped = await send(
      'QUPA_IN000006UK02',
      advanced('<person.name><value><family>Smith</family></value></person.name>'),
    );
    assert.deepEqual(codes(untyped), ['0', 'AT009']);
  });

  const cross = (born: string, family = 'Smith') =>
    `<query><person.birthTime><value value="${born}"/></person.birthTime>
     <person.id><value root="2.16.840.1.113883.2.1.4.1" extension="9000000009"/></person.id>
     <person.name><value><family>${family}</family></value></person.name></query>`;

  it('checks a number against what is known of its owner', async () => {
    const good = await send('QUPA_IN000014UK01', cross('20101022'));
    assert.equal(good.action, 'QUPA_IN000015UK02');
    assert.equal(good.typeCode, 'AA');
    assert.deepEqual(codes(await send('QUPA_IN000014UK01', cross('20101023'))), ['1', 'NHSNCC002']);
    assert.deepEqual(codes(await send('QUPA_IN000014UK01', cross('20101022', 'Jones'))), [
      '1',
      'NHSNCC002',
    ]);
    assert.deepEqual(codes(await send('QUPA_IN000014UK01', '<query><person.id/></query>')), [
      '0',
      'MISSING_NHS_NUMBER',
    ]);
  });

  it('confirms a number', async () => {
    const answer = await send(
      'QUPA_IN000016UK02',
      `<query><person.id><value extension="9000000009"/></person.id></query>`,
    );
    assert.equal(answer.typeCode, 'AA');
    assert.match(writeXml(answer.subjects[0] ?? hl7('none')), /extension="9000000009"/);
  });

  const change = (scn: number, role: string) =>
    `<PdsUpdateRequest><pertinentInformation><pertinentSerialChangeNumber><code code="2"/><value value="${scn}"/>
     </pertinentSerialChangeNumber></pertinentInformation><subject><patientRole>
     <id root="2.16.840.1.113883.2.1.4.1" extension="9000000009"/>${role}</patientRole></subject></PdsUpdateRequest>`;
  const mail = (mode: string, id: string, value: string) =>
    `<telecom use="H" value="mailto:${value}" updateMode="${mode}"><useablePeriod><low value="20200101"/></useablePeriod>${id}</telecom>`;
  const held = async (): Promise<Patient> =>
    JSON.parse((await on.patients.retrieve('9000000009', on.asking('read'))).text) as Patient; // the port's own

  it('makes an update that is read back over FHIR, once however often it is sent', async () => {
    const [first] = (await held()).telecom?.filter(({ system }) => system === 'email') ?? [];
    const id = `<id root="2.16.840.1.113883.2.1.3.2.4.18.1" extension="${first?.id ?? ''}"/>`;
    const payload = change(2, mail('altered', id, 'jane.new@example.com'));
    for (const answer of [
      await send('PRPA_IN000203UK03', payload, 'update-1'),
      await send('PRPA_IN000203UK03', payload, 'update-1'),
    ]) {
      assert.deepEqual(
        [answer.action, answer.typeCode, answer.subjectContext],
        ['PRPA_IN000202UK01', 'AA', false],
      );
      assert.match(writeXml(answer.subjects[0] ?? hl7('none')), /<value value="3"\/>/);
    }
    const now = await held();
    assert.equal(now.meta?.versionId, '3');
    assert.equal(
      now.telecom?.find(({ system }) => system === 'email')?.value,
      'jane.new@example.com',
    );
  });

  it('refuses an update that is late, unnamed or forbidden', async () => {
    const late = await send('PRPA_IN000203UK03', change(1, mail('added', '', 'a.b@example.com')));
    assert.deepEqual([late.action, late.typeCode], ['MCCI_IN010000UK13', 'AE']);
    assert.deepEqual(codes(late), ['15', 'RESOURCE_VERSION_MISMATCH']);
    const refused = async (role: string) => codes(await send('PRPA_IN000203UK03', change(3, role)));
    assert.deepEqual(await refused(mail('altered', '', 'a.b@example.com')), [
      '15',
      'UID_MUST_BE_PROVIDED',
    ]);
    assert.deepEqual(await refused(mail('mended', '', 'a.b@example.com')), [
      '15',
      'INVALID_UPDATE_MODE',
    ]);
    assert.deepEqual(
      await refused(
        '<patientPerson><name use="L" updateMode="removed"><id extension="123"/></name></patientPerson>',
      ),
      ['15', 'UNABLE_TO_DELETE_USUAL_NAME'],
    );
    assert.deepEqual(
      await refused(
        '<patientPerson><deceasedTime value="20200101" updateMode="altered"/></patientPerson>',
      ),
      ['15', 'INCONSISTENT_DEATH_UPDATE'],
    );
    assert.deepEqual(
      await refused(
        `<patientPerson><deceasedTime value="20101022" updateMode="removed"/></patientPerson><subjectOf2>
         <deathNotification updateMode="removed"><value code="2"/></deathNotification></subjectOf2>`,
      ),
      ['15', 'SOURCE_CANNOT_REMOVE_DATE_OF_DEATH'],
    );
    assert.deepEqual(await refused(''), ['15', 'INVALID_UPDATE']);
  });

  it('refuses interactions of other and older releases with fault 101', async () => {
    for (const action of ['QUPA_IN010000UK13', 'PRPA_IN999999UK99'])
      await assert.rejects(send(action, '<query/>'), { code: '101' });
  });

  const newcomer = `<PdsRegistrationRequest><subject><patientRole>
    <addr use="H" updateMode="added"><streetAddressLine/><streetAddressLine>7 Mere Bank</streetAddressLine><streetAddressLine/>
    <streetAddressLine>AMBLESIDE</streetAddressLine><streetAddressLine/><postalCode>LA22 9ZZ</postalCode>
    <useablePeriod><low value="20200101"/></useablePeriod></addr>
    <patientPerson><name use="L" updateMode="added"><given>Ottoline</given><family>Quarrington</family></name>
    <administrativeGenderCode code="2"/><birthTime value="19990203"/></patientPerson></patientRole></subject></PdsRegistrationRequest>`;

  it('gives a number once, and names the one who has it already', async () => {
    const given = await send('PRPA_IN000200UK03', newcomer, 'new-1');
    assert.equal(given.action, 'PRPA_IN000201UK01');
    const number = /extension="(\d{10})"/.exec(writeXml(given.subjects[0] ?? hl7('none')))?.[1];
    assert.ok(number);
    const again = await send('PRPA_IN000200UK03', newcomer, 'new-2');
    assert.equal(again.action, 'PRPA_IN000206UK01');
    assert.match(writeXml(again.subjects[0] ?? hl7('none')), new RegExp(`extension="${number}"`));
  });
});
