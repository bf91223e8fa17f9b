import assert from 'node:assert/strict';
import { join } from 'node:path';
import { parseXml, usualXmlLimits } from '../core/xml.ts';
import { openClient } from '../scripts/gatehouse/client.ts';
import { searchAudit } from '../server/audit/search.ts';
import type { MessageTrace } from '../server/observe/trace-view.ts';
import type { ItkOperationName } from '../spine/interactions-itk.ts';
import { readDistribution } from '../spine/itk/distribution.ts';
import { fromItkAnswer, type ItkTerms } from '../spine/itk/payloads.ts';
import { hl7 } from '../spine/pds/elements.ts';
import { readSoapLoosely } from '../spine/soap/envelope.ts';
import { allOf } from './audit-folder.ts';
import { itkRequest, operationNamed, testUser, type ItkSent } from './itk-messages.ts';
import { liveSystem } from './live-system.ts';
import { lookOver, traceWhen } from './message-trace-ground.ts';
import { callTls } from './mutual-tls-ground.ts';
import { post, practice } from './spine-messages.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const id = () => crypto.randomUUID().toUpperCase();
const jane = '9000000009';
const born = { birthDate: '2010-10-22' };
const known: ItkTerms = { ...born, family: 'Smith', given: ['Jane'], gender: 'female' };

describe('the mini-services of Spine', function () {
  this.timeout(60_000);
  let platform: TestPlatform;
  const send = (body: string, headers?: Record<string, string>) =>
    post(`${platform.url}/smsp/pds`, body, headers);
  const sent = (operation: ItkOperationName, terms: ItkTerms, more: Partial<ItkSent> = {}) =>
    itkRequest({ operation, terms, ...more });
  /** Sends and reads what a client reads. */
  const ask = async (operation: ItkOperationName, terms: ItkTerms, more: Partial<ItkSent> = {}) => {
    const answer = await send(sent(operation, terms, more));
    assert.deepEqual([answer.status, answer.type], [200, 'text/xml; charset=utf-8'], answer.text);
    const envelope = readSoapLoosely(answer.text);
    assert.equal(envelope.flavour, 'itk');
    assert.equal(envelope.action, operationNamed(operation).answerService);
    assert.ok(envelope.content);
    const distribution = readDistribution(envelope.content);
    assert.equal(distribution.service, operationNamed(operation).answerService);
    assert.deepEqual(distribution.manifestIds, distribution.payloadIds);
    const [payload] = distribution.payloads;
    assert.equal(payload?.name, operationNamed(operation).answer);
    const told = fromItkAnswer(payload);
    return { ...told, told, text: answer.text, envelope };
  };
  const fault = (text: string) => ({
    code: /<itk:ErrorCode[^>]*>(\d+)</.exec(text)?.[1],
    why: /<itk:ErrorDiagnosticText>([^<]*)</.exec(text)?.[1] ?? '',
    id: /<itk:ErrorID>urn:uuid:([0-9a-f-]{36})</.exec(text)?.[1],
  });
  const refused = async (
    body: string,
    code: string,
    why: RegExp,
    headers?: Record<string, string>,
  ) => {
    const answer = await send(body, headers);
    assert.deepEqual([answer.status, answer.type], [500, 'text/xml'], answer.text);
    const found = fault(answer.text);
    assert.equal(found.code, code, answer.text);
    assert.match(found.why, why);
    assert.ok(found.id);
  };

  before(async () => {
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  it('verify a number, and relate the answer to its question', async () => {
    const messageId = id();
    const { code, verified, envelope } = await ask(
      'verifyNHSNumber',
      { ...born, nhsNumber: jane },
      { messageId },
    );
    assert.deepEqual([code, verified], ['SMSP-0000', { nhsNumber: jane, valid: true }]);
    assert.equal(envelope.relatesTo, messageId);
    assert.deepEqual(
      [envelope.to, envelope.from],
      ['https://client.test/', 'https://spine.test/smsp/pds'],
    );
  });

  it('find a number and tell nothing else of the person', async () => {
    const { code, patient, localId, text } = await ask('getNHSNumber', {
      ...known,
      localId: 'L-1',
    });
    assert.deepEqual([code, patient?.id, localId], ['SMSP-0000', jane, 'L-1']);
    assert.equal(patient?.name, undefined);
    assert.doesNotMatch(text, /Smith|LS1/);
  });

  it('tell details by number, by search and by either, as the FHIR face has them', async () => {
    const { json } = await platform.call(`/Patient/${jane}`);
    const byNumber = { ...born, nhsNumber: jane };
    for (const [operation, terms] of [
      ['getPatientDetailsByNHSNumber', byNumber],
      ['getPatientDetailsBySearch', known],
      ['getPatientDetails', byNumber],
      ['getPatientDetails', known],
    ] as const) {
      const { code, patient, text } = await ask(operation, terms);
      assert.equal(code, 'SMSP-0000');
      assert.deepEqual(
        [patient?.id, patient?.birthDate, patient?.gender, patient?.name?.[0]?.family],
        [jane, json.birthDate, json.gender, json.name[0].family],
      );
      const practiceCode = json.generalPractitioner[0].identifier.value;
      assert.equal(patient?.generalPractitioner?.[0]?.identifier?.value, practiceCode);
      assert.match(text, new RegExp(`extension="${practiceCode}"/><name>[A-Z ]+</name>`));
    }
  });

  it('see at once what the FHIR face has changed', async () => {
    const { json } = await platform.call(`/Patient/${jane}`);
    const gender = json.gender === 'female' ? 'male' : 'female';
    const patches = [{ op: 'replace', path: '/gender', value: gender }];
    const changed = await platform.call(`/Patient/${jane}`, {
      method: 'PATCH',
      headers: { 'if-match': `W/"${json.meta.versionId}"` },
      body: { patches },
    });
    assert.equal(changed.status, 200, changed.text);
    const { patient } = await ask('getPatientDetails', { ...born, nhsNumber: jane });
    assert.equal(patient?.gender, gender);
    await platform.call(`/Patient/${jane}`, {
      method: 'PATCH',
      headers: { 'if-match': `W/"${changed.json.meta.versionId}"` },
      body: { patches: [{ ...patches[0], value: json.gender }] },
    });
  });

  it('answer refusals by the records with a code and nothing else', async () => {
    const restricted = { nhsNumber: '9000000025', birthDate: '2005-06-16' };
    const superseded = { nhsNumber: '9732019735', birthDate: '1990-01-01' };
    const invalidated = { nhsNumber: '9990003343', birthDate: '1990-01-01' };
    const cases: readonly (readonly [ItkOperationName, ItkTerms, string])[] = [
      ['verifyNHSNumber', { nhsNumber: jane, birthDate: '2010-10-23' }, 'DEMOG-0040'],
      ['verifyNHSNumber', { ...born, nhsNumber: jane, family: 'Jones' }, 'DEMOG-0040'],
      ['verifyNHSNumber', { ...born, nhsNumber: '9111231130' }, 'DEMOG-0040'],
      ['verifyNHSNumber', { ...born, nhsNumber: '9000000008' }, 'DEMOG-0042'],
      ['getNHSNumber', { ...known, family: 'Nobody' }, 'DEMOG-0001'],
      ['getPatientDetailsByNHSNumber', { ...born, nhsNumber: '9111231130' }, 'DEMOG-0001'],
      ['getPatientDetailsByNHSNumber', superseded, 'DEMOG-0017'],
      ['getPatientDetailsByNHSNumber', invalidated, 'DEMOG-0022'],
      ['getPatientDetails', { ...born, nhsNumber: '12345' }, 'DEMOG-0042'],
      ['getPatientDetailsByNHSNumber', { nhsNumber: jane }, 'SMSP-0001'],
      ['verifyNHSNumber', born, 'SMSP-0001'],
      ['getNHSNumber', { family: 'Smith', gender: 'female' }, 'SMSP-0001'],
      ['getPatientDetailsBySearch', { ...born, family: 'Smith' }, 'SMSP-0001'],
      ['getPatientDetailsBySearch', { ...known, family: 'S*' }, 'SMSP-0001'],
      ['getPatientDetails', born, 'SMSP-0001'],
    ];
    for (const [operation, terms, code] of cases) {
      const answer = await ask(operation, terms);
      assert.deepEqual(answer.told, { code }, `${operation} ${code}`);
      assert.doesNotMatch(answer.text, /<subject|<component/);
    }
    const { patient, text } = await ask('getPatientDetailsByNHSNumber', restricted);
    assert.equal(patient?.id, restricted.nhsNumber);
    assert.doesNotMatch(text, /<addr|<telecom|gPPractice/);
  });

  it('answer several who match with a code of their own', async () => {
    const smiths = { family: 'Smith', gender: 'male', birthDate: '2000-05-05' } as const;
    const { told } = await ask('getPatientDetailsBySearch', smiths);
    assert.deepEqual(told, { code: 'DEMOG-0007' });
  });

  it('answer a payload that is not the one of the operation as invalid input', async () => {
    for (const payload of [
      hl7('getNHSNumberRequest-v1-0', {}),
      hl7('verifyNHSNumberRequest-v1-0', {}),
      { ...hl7('verifyNHSNumberRequest-v1-0', {}), uri: 'urn:other' },
    ])
      assert.equal((await ask('verifyNHSNumber', known, { payload })).code, 'SMSP-0001');
  });

  it('are refused with a fault of the toolkit for what is wrong with the envelopes', async () => {
    const sound = sent('verifyNHSNumber', { ...born, nhsNumber: jane });
    const without = (element: string) =>
      sound.replace(new RegExp(`<${element}[ >].*?</${element}>|<${element}[^>]*/>`, 's'), '');
    const xml = { 'content-type': 'text/xml' };
    const cases: readonly (readonly [string, string, RegExp, Record<string, string>?])[] = [
      ['no XML', '3000', /xml\.syntax/],
      [sound.slice(0, -20), '3000', /xml\.syntax/],
      [sound.replace('<?xml', '<!DOCTYPE a [<!ENTITY b "c">]><?xml'), '3000', /xml\./],
      [
        sound.replace(/<SOAP:Envelope/, '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>$&'),
        '3000',
        /xml\.doctype/,
      ],
      [sound.replace('<SOAP:Body>', `<SOAP:Body>${'<a>'.repeat(10_000)}`), '3000', /xml\.depth/],
      [
        sound.replace('http://schemas.xmlsoap.org/soap/envelope/', 'urn:other'),
        '3000',
        /soapEnvelope/,
      ],
      [
        sound.replaceAll(
          'http://www.w3.org/2005/08/addressing',
          'http://schemas.xmlsoap.org/ws/2004/08/addressing',
        ),
        '3000',
        /SOAP_MESSAGE_ID_ERROR/,
      ],
      [without('wsa:MessageID'), '3000', /SOAP_MESSAGE_ID_ERROR/],
      [without('wsa:Action'), '3000', /SOAP_ACTION_ERROR/],
      [without('wsa:To'), '3000', /SOAP_TO_ERROR/],
      [without('SOAP:Header'), '3000', /soapHeaderCount/],
      [without('itk:DistributionEnvelope'), '3000', /soapBodyChildCount/],
      [sound.replaceAll('urn:nhs-itk:ns:201005', 'urn:other'), '3000', /itk\.DistributionEnvelope/],
      [
        sound.replace(/(<wsa:Action>[^<]*)verifyNHSNumber/, '$1otherOperation'),
        '3000',
        /not supported/,
      ],
      [
        sound.replace(/(<wsa:Action>[^<]*)verifyNHSNumber/, '$1getNHSNumber'),
        '3000',
        /itk\.service/,
      ],
      [sound, '3000', /SOAP_ACTION_ERROR/, { ...xml, soapaction: '"urn:other"' }],
      [sound, '3000', /CONTENT_TYPE_ERROR/, { 'content-type': 'application/json' }],
      [without('itk:auditIdentity'), '2200', /AUDIT_IDENTITY_MISSING/],
      [sent('verifyNHSNumber', known, { asid: '299999999999' }), '2200', /SENDER_ASID_UNKNOWN/],
      [without('itk:manifest'), '3000', /itk\.manifest/],
      [without('itk:payloads'), '3000', /itk\.payloads/],
      [sound.replace(/<itk:payload .*<\/itk:payload>/s, '$&$&'), '3000', /itk\.payloads/],
      [sound.replace('<itk:payload id="uuid_', '$&0'), '3000', /itk\.manifest/],
      [sound.replace('compressed="false"', 'compressed="true"'), '3000', /itk\.encoding/],
      [sent('verifyNHSNumber', known, { asid: '2'.repeat(60_000) }), '2200', /SENDER_ASID_UNKNOWN/],
      ['x'.repeat(1_000_001), '3000', /not well formed/],
    ];
    for (const [body, code, why, headers] of cases) await refused(body, code, why, headers);
    const get = await fetch(`${platform.url}/smsp/pds`);
    assert.equal(get.status, 500);
    assert.equal(fault(await get.text()).code, '3000');
  });

  it('take a field that says the same as the envelope, and a system in the place of a user', async () => {
    const { service } = operationNamed('verifyNHSNumber');
    const terms = { ...born, nhsNumber: jane };
    for (const soapaction of [service, `"${service}"`, '""']) {
      const headers = { 'content-type': 'application/xml; charset=utf-8', soapaction };
      const answer = await send(sent('verifyNHSNumber', terms, { asid: practice.asid }), headers);
      assert.equal(answer.status, 200, answer.text);
    }
  });

  it('enter the person and who asked into the audit, and keep the log free of both', async () => {
    const messageId = id();
    await ask('getNHSNumber', known, { messageId });
    const filter = { patient: jane };
    const entries = await allOf(searchAudit(join(platform.dataDir, 'audit'), filter));
    const { service } = operationNamed('getNHSNumber');
    assert.deepEqual(
      entries
        .filter(({ requestId }) => requestId === messageId)
        .map(({ api, action, status, user, people }) => [api, action, status, user, people]),
      [['spine-itk', `POST ${service}`, 200, testUser, [jane]]],
    );
    assert.equal(platform.logged().includes(jane), false);
    assert.equal(platform.logged().includes(testUser), false);
  });

  it('tell their steps, those of a refusal too', async () => {
    const look = lookOver(openClient({ dataDir: platform.dataDir, url: platform.url }));
    const messageId = id();
    await ask('verifyNHSNumber', { ...born, nhsNumber: jane }, { messageId, asid: practice.asid });
    const ended = ({ steps }: MessageTrace) => steps.some((one) => one.step === 'answered');
    const { steps } = await traceWhen(look, messageId, ended);
    const wanted = [
      ...['received: A request in SOAP came', 'checked: The envelopes are sound'],
      ...['looked-up: The directory has the system', 'checked: The records have answered'],
      ...['translated: The payload was asked', 'answered: Answered in the same exchange'],
    ];
    const lines = steps.map(({ step, says }) => `${step}: ${says}`);
    const told = lines.flatMap((line) => wanted.find((one) => line.startsWith(one)) ?? []);
    assert.deepEqual(told, wanted);
    const { before, after } = steps.find((one) => one.step === 'translated') ?? {};
    assert.match(String(before), /verifyNHSNumberRequest/);
    assert.match(String(after), /verifyNHSNumberResponse/);
    const refusedId = id();
    const terms = { asid: '299999999999', messageId: refusedId };
    await refused(sent('verifyNHSNumber', known, terms), '2200', /SENDER_ASID_UNKNOWN/);
    const trace = await traceWhen(look, refusedId, (one) =>
      one.steps.some(({ step }) => step === 'refused'),
    );
    assert.match(JSON.stringify(trace.steps), /SENDER_ASID_UNKNOWN/);
  });

  it('ask for a certificate in integration, which must be that of the system named', async () => {
    const terms = { ...born, nhsNumber: jane };
    const bare = await post(`${platform.url}/env/int/smsp/pds`, sent('verifyNHSNumber', terms));
    assert.deepEqual([bare.status, fault(bare.text).code], [500, '2200']);
    const system = await liveSystem(platform);
    const over = (body: string) =>
      callTls(platform.tls?.test ?? 0, '/env/int/smsp/pds', undefined, {
        ...{ method: 'POST', cert: system.sent.cert, key: system.sent.key, body },
        headers: { 'content-type': 'text/xml' },
      });
    const own = await over(sent('verifyNHSNumber', terms, { asid: system.asid }));
    assert.equal(own.status, 200, own.text);
    assert.match(own.text, /SMSP-0000/);
    const other = await over(sent('verifyNHSNumber', terms, { asid: practice.asid }));
    assert.deepEqual([other.status, fault(other.text).code], [500, '2200']);
    const none = await over(sent('verifyNHSNumber', terms));
    assert.deepEqual([none.status, fault(none.text).code], [500, '3000']);
  });

  it('are well-formed XML in every fault', async () => {
    const answer = await send('<a');
    assert.equal(parseXml(answer.text, usualXmlLimits).name, 'Envelope');
  });
});
