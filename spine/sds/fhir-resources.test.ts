import assert from 'node:assert/strict';
import { toDevice } from './fhir-device.ts';
import { toEndpoints } from './fhir-endpoint.ts';

const fhir = 'https://fhir.nhs.uk/';
const token = (name: string, value: string) => ({ system: `${fhir}Id/${name}`, value });
const reference = (extension: string, name: string, value: string) => ({
  url: `${fhir}StructureDefinition/Extension-SDS-${extension}`,
  valueReference: { identifier: token(name, value) },
});
const count = () => {
  let made = 0;
  return () => String(made++);
};

describe('a Device of SDS FHIR', () => {
  it('shows all that is known of an accredited system', () => {
    const device = toDevice(
      {
        ...{ asid: '200000000149', odsCode: 'Y12345', partyKey: 'Y12345-820388' },
        ...{ clients: ['C1', 'C2'], manufacturer: 'YGM24', interactions: ['urn:a:b', 'urn:a:c'] },
      },
      'ID',
    );
    assert.deepEqual(device, {
      resourceType: 'Device',
      id: 'ID',
      identifier: [token('nhsSpineASID', '200000000149'), token('nhsMhsPartyKey', 'Y12345-820388')],
      extension: [
        reference('ManufacturingOrganisation', 'ods-organization-code', 'YGM24'),
        reference('NhsServiceInteractionId', 'nhsServiceInteractionId', 'urn:a:b'),
        reference('NhsServiceInteractionId', 'nhsServiceInteractionId', 'urn:a:c'),
      ],
      owner: { identifier: token('ods-organization-code', 'C1') },
    });
  });

  it('is owned by the organisation itself where no client is named', () => {
    const { owner } = toDevice({ odsCode: 'Y12345', clients: [] }, 'ID');
    assert.deepEqual(owner, { identifier: token('ods-organization-code', 'Y12345') });
  });

  it('leaves out what is not known', () => {
    assert.deepEqual(toDevice({ clients: [], interactions: [], partyKey: '' }, 'ID'), {
      resourceType: 'Device',
      id: 'ID',
    });
  });
});

describe('an Endpoint of SDS FHIR', () => {
  const always = {
    resourceType: 'Endpoint',
    status: 'active',
    connectionType: {
      system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
      code: 'hl7-fhir-msg',
      display: 'HL7 FHIR Messaging',
    },
    payloadType: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/endpoint-payload-type',
            code: 'any',
            display: 'Any',
          },
        ],
      },
    ],
  };

  it('is there for each address, with all that is known of the contract', () => {
    const found = toEndpoints(
      {
        ...{ endpoints: ['https://a.example', 'https://b.example'], odsCode: 'Y12345' },
        ...{ fqdn: 'a.example', partyKey: 'K-1', cpaId: 'S1', id: 'S2', interaction: 'urn:a:b' },
        ...{ syncReplyMode: 'MSHSignalsOnly', retryInterval: 'PT0.5S', retries: '123' },
        ...{ persistDuration: 'PT5M', duplicateElimination: 'always', ackRequested: 'always' },
        actors: ['urn:actor:one', 'urn:actor:two'],
      },
      count(),
    );
    const rest = {
      managingOrganization: { identifier: token('ods-organization-code', 'Y12345') },
      identifier: [
        token('nhsMhsFQDN', 'a.example'),
        token('nhsMhsPartyKey', 'K-1'),
        token('nhsMhsCPAId', 'S1'),
        token('nhsMHSId', 'S2'),
      ],
      extension: [
        {
          url: `${fhir}StructureDefinition/Extension-SDS-ReliabilityConfiguration`,
          extension: [
            { url: 'nhsMHSSyncReplyMode', valueString: 'MSHSignalsOnly' },
            { url: 'nhsMHSRetryInterval', valueString: 'PT0.5S' },
            { url: 'nhsMHSRetries', valueInteger: 123 },
            { url: 'nhsMHSPersistDuration', valueString: 'PT5M' },
            { url: 'nhsMHSDuplicateElimination', valueString: 'always' },
            { url: 'nhsMHSAckRequested', valueString: 'always' },
            { url: 'nhsMHSActor', valueString: 'urn:actor:one' },
            { url: 'nhsMHSActor', valueString: 'urn:actor:two' },
          ],
        },
        reference('NhsServiceInteractionId', 'nhsServiceInteractionId', 'urn:a:b'),
      ],
    };
    assert.deepEqual(found, [
      { ...always, id: '0', address: 'https://a.example', ...rest },
      { ...always, id: '1', address: 'https://b.example', ...rest },
    ]);
  });

  it('leaves out what is not known, and retries that are no number', () => {
    const found = toEndpoints(
      { endpoints: ['https://a.example'], actors: [], retries: 'twice', fqdn: '' },
      count(),
    );
    assert.deepEqual(found, [{ ...always, id: '0', address: 'https://a.example' }]);
  });
});
