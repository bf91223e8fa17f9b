import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseXml, usualXmlLimits, xmlElement, type XmlElement } from '../../core/xml.ts';
import { writeXml } from '../../core/xml-write.ts';
import { failure } from '../soap/failure.ts';
import { acknowledged, duplicateRejected, failuresRejected } from './acknowledgement.ts';
import { controlActFailures, readControlAct, writeControlAct } from './control-act.ts';
import { queryValue, queryValues, readQuery, writeQuery } from './control-act-query.ts';
import { hl7, hl7Child } from './datatypes.ts';
import {
  interactionIn,
  isOldRelease,
  readTransmission,
  transmissionFailures,
  writeTransmission,
} from './wrapper.ts';

const parse = (text: string) => parseXml(text, usualXmlLimits);
const again = (element: XmlElement) => parse(writeXml(element));

const query = writeQuery([
  { name: 'retrievalItem', semanticsText: 'person.allData' },
  {
    name: 'person.id',
    value: { attributes: { root: '2.16.840.1.113883.2.1.4.1', extension: '9000000009' } },
  },
]);
const author = { roleProfileId: '1', userId: '2', jobRole: 'S1:G1:R1' };
const asked = {
  ...{ interaction: 'QUPA_IN000008UK02', id: '6e0c2a54-63f1-4b7e-8c66-0b1b0f6d1001' },
  ...{ creationTime: '20260301101500', receiverAsid: '928942012545', senderAsid: '200000000115' },
  controlAct: writeControlAct({ author, system: '200000000115', query }),
};
const request = writeTransmission(asked);

/** The request without the children of some names, or with more. */
function with_(names: readonly string[], more: readonly XmlElement[] = []): XmlElement {
  const kept = request.children.filter(
    (one) => typeof one === 'string' || !names.includes(one.name),
  );
  return { ...request, children: [...kept, ...more] };
}

describe('HL7 V3 transmission wrappers', () => {
  it('are written in the order of the schema, and read again', () => {
    assert.deepEqual(
      request.children.map((one) => (typeof one === 'string' ? one : one.name)),
      [
        ...['id', 'creationTime', 'versionCode', 'interactionId', 'processingCode'],
        ...['processingModeCode', 'acceptAckCode', 'communicationFunctionRcv'],
        ...['communicationFunctionSnd', 'ControlActEvent'],
      ],
    );
    const { element, controlAct, ...read } = readTransmission(again(request));
    assert.deepEqual(read, {
      ...{ interaction: 'QUPA_IN000008UK02', statedInteraction: 'QUPA_IN000008UK02' },
      ...{ id: '6E0C2A54-63F1-4B7E-8C66-0B1B0F6D1001', creationTime: '20260301101500' },
      ...{ versionCode: '3NPfIT6.3.01', processingCode: 'P', processingModeCode: 'T' },
      ...{ acceptAckCode: 'NE', acknowledgement: undefined },
      ...{ receiverAsid: '928942012545', senderAsid: '200000000115' },
    });
    assert.ok(controlAct && transmissionFailures(readTransmission(element)).length === 0);
  });

  it('break the published rules by name', () => {
    const cases: readonly (readonly [XmlElement, string])[] = [
      [with_(['id']), 'INVALID_ID'],
      [with_([], [hl7('id', { root: '1' })]), 'INVALID_ID'],
      [with_(['creationTime'], [hl7('creationTime')]), 'INVALID_CREATION_TIME'],
      [with_(['versionCode']), 'INVALID_VERSION_CODE'],
      [with_(['interactionId']), 'INCONSISTENT_HL7_INTERACTION_ID'],
      [with_(['ControlActEvent'], [hl7('ControlActEvent')]), 'INVALID_CONTROL_ACT'],
      [with_([], [asked.controlAct]), 'INVALID_CONTROL_ACT'],
    ];
    for (const [element, name] of cases) {
      const found = transmissionFailures(readTransmission(element));
      assert.deepEqual(
        found.map((one) => one.name),
        [name],
      );
    }
    const foreign = parse(
      '<QUPA_IN000008UK02 xmlns="urn:other"><id root="1"/></QUPA_IN000008UK02>',
    );
    assert.equal(transmissionFailures(readTransmission(foreign)).length, 5);
  });

  it('are found under whatever wrapper, and old releases are told', () => {
    const wrapped = xmlElement('Body', [hl7('crossCheckTraceQueryResponse', {}, [request])]);
    assert.equal(interactionIn(wrapped), request);
    const renamed = { ...request, name: 'somethingElse' };
    assert.equal(interactionIn(xmlElement('Body', [renamed])), renamed);
    assert.equal(interactionIn(xmlElement('Body', [hl7('a')])), undefined);
    assert.equal(isOldRelease(request), false);
    assert.equal(isOldRelease(with_(['ControlActEvent'], [hl7('ControlActProcess')])), true);
    const oldIds = parse(
      '<Q xmlns="urn:hl7-org:v3"><communicationFunctionRcv><device><id root="2.16.840.1.113883.2.1.3.2.4.10"/></device></communicationFunctionRcv></Q>',
    );
    assert.equal(isOldRelease(oldIds), true);
  });
});

describe('application acknowledgements', () => {
  it('name the message that they answer, and are read again', () => {
    for (const acknowledgement of [
      acknowledged('AA', 'A1'),
      duplicateRejected('A1'),
      failuresRejected('A1', [failure('INVALID_ID', 'id'), failure('INVALID_CONTROL_ACT', 'x')]),
    ]) {
      const message = writeTransmission({ ...asked, acknowledgement });
      assert.deepEqual(readTransmission(again(message)).acknowledgement, acknowledgement);
    }
    const text = writeXml(
      writeTransmission({ ...asked, acknowledgement: duplicateRejected('A1') }),
    );
    assert.match(
      text,
      /<acknowledgement typeCode="AR"><acknowledgementDetail typeCode="ER"><code code="202" codeSystem="2.16.840.1.113883.2.1.3.2.4.17.32" displayName="Duplicate HL7 ID Error"\/><\/acknowledgementDetail><messageRef><id root="A1"\/>/,
    );
  });

  it('may lack everything', () => {
    const bare = readTransmission(hl7('MCCI_IN010000UK13', {}, [hl7('acknowledgement')]));
    assert.deepEqual(bare.acknowledgement, { typeCode: '', messageRef: '', details: [] });
  });
});

describe('HL7 V3 control acts', () => {
  const act = (text: string) =>
    readControlAct(parse(`<ControlActEvent xmlns="urn:hl7-org:v3">${text}</ControlActEvent>`));
  const system =
    '<author1><AgentSystemSDS><agentSystemSDS><id root="1.2.826.0.1285.0.2.0.107" extension="5"/></agentSystemSDS></AgentSystemSDS></author1>';
  const names = (text: string, isQuery = false, senderAsid?: string) =>
    controlActFailures(act(text), { isQuery, ...(senderAsid ? { senderAsid } : {}) }).map(
      ({ name }) => name,
    );

  it('are read as they were written', () => {
    const issues = [
      {
        code: '1',
        codeSystem: '2.16.840.1.113883.2.1.3.2.4.17.42',
        displayName: 'No match',
        qualifier: 'ER',
      },
      {
        code: 'RT003',
        codeSystem: '2.16.840.1.113883.2.1.3.2.4.17.42',
        displayName: '',
        qualifier: '',
      },
    ];
    const subject = hl7('PDSResponse', { classCode: 'OBS' });
    const parts = {
      author,
      system: '5',
      issues,
      subjects: [subject],
      queryResponse: 'ID',
    } as const;
    const { element, ...read } = readControlAct(again(writeControlAct(parts)));
    assert.deepEqual([read.author, read.systems, read.issues], [author, ['5'], issues]);
    assert.deepEqual([read.subjects[0]?.name, read.queryResponse], ['PDSResponse', 'ID']);
    assert.equal(hl7Child(element, 'query'), undefined);
    const text = writeXml(writeControlAct({ ...parts, subjectContext: false }));
    assert.match(text, /<subject typeCode="SUBJ" contextConductionInd="false">/);
  });

  it('are read with both spellings of a qualifier, and with nothing at all', () => {
    const {
      issues,
      author: nobody,
      queryResponse,
    } = act(
      `<reason><justifyingDetectedIssueEvent><code code="5"><qualifier inverted="false"><value code="WG"/></qualifier></code></justifyingDetectedIssueEvent></reason>
       <reason><justifyingDetectedIssueEvent/></reason><reason/>`,
    );
    assert.deepEqual(
      issues.map(({ code, qualifier }) => [code, qualifier]),
      [
        ['5', 'WG'],
        ['', ''],
      ],
    );
    assert.deepEqual([nobody, queryResponse], [undefined, undefined]);
  });

  it('break the published rules by name', () => {
    assert.deepEqual(names(system), []);
    assert.deepEqual(names(''), ['CONTROL_ACT_MANDATORY_ELEMENT_MISSING']);
    assert.deepEqual(names(system.repeat(3)), ['CONTROL_ACT_AUTHOR_INVALID_CARDINALITY']);
    assert.deepEqual(names('<author1/>'), ['CONTROL_ACT_AUTHOR_AGENT_INVALID']);
    assert.deepEqual(names(system, false, '6'), ['CONTROL_ACT_AUTHOR_AGENT_INVALID']);
    assert.deepEqual(names(`${system}<author1><AgentSystem/></author1>`), [
      'CONTROL_ACT_AUTHOR_AGENT2_INVALID',
    ]);
    assert.deepEqual(names(`<author/>${system}`), ['CONTROL_ACT_AUTHOR_INVALID']);
    assert.deepEqual(names(`<author/><author/>${system}`), [
      'CONTROL_ACT_AUTHOR_INVALID_CARDINALITY',
    ]);
    for (const bad of ['', '<query/>', '<query><a/></query><query><a/></query>'])
      assert.deepEqual(names(system + bad, true), ['CONTROL_ACT_QUERY_INVALID'], bad);
  });
});

describe('parameters of queries', () => {
  const read = (text: string) => readQuery(parse(`<query xmlns="urn:hl7-org:v3">${text}</query>`));

  it('are found by their element, in any case and either order, with or without a value', () => {
    const parameters = read(
      `<Person.birthTime><value value="20101022"/><semanticsText>wrong</semanticsText></Person.birthTime>
       <person.address><semanticsText>Person.address</semanticsText><postalCode>LS1 6AE</postalCode></person.address>
       <ignoreHistoryIndicator><value code="1"/></ignoreHistoryIndicator><ignoreHistoryIndicator><value code="0"/></ignoreHistoryIndicator>
       <retrievalItem><semanticsText> person.allData </semanticsText></retrievalItem>`,
    );
    assert.equal(queryValue(parameters, 'person.birthTime', 'value'), '20101022');
    const [address] = queryValues(parameters, 'Person.Address');
    assert.equal(hl7Child(address, 'postalCode')?.children[0], 'LS1 6AE');
    assert.equal(queryValues(parameters, 'ignoreHistoryIndicator').length, 2);
    const [item] = parameters.get('retrievalitem') ?? [];
    assert.deepEqual([item?.semanticsText, item?.values], ['person.allData', []]);
    assert.equal(queryValue(parameters, 'person.id', 'extension'), undefined);
    assert.equal(readQuery(undefined).size, 0);
  });

  it('are written in the order of their names, each named before its value', () => {
    assert.equal(
      writeXml(query),
      '<query xmlns="urn:hl7-org:v3"><person.id><semanticsText>Person.id</semanticsText>' +
        '<value root="2.16.840.1.113883.2.1.4.1" extension="9000000009"/></person.id>' +
        '<retrievalItem><semanticsText>person.allData</semanticsText></retrievalItem></query>',
    );
  });
});
