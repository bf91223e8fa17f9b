/** Requests to the mini-services for tests: payload, distribution envelope and SOAP around it, from their parts. */
import type { XmlElement } from '../core/xml.ts';
import {
  itkOperations,
  type ItkOperation,
  type ItkOperationName,
} from '../spine/interactions-itk.ts';
import { writeDistribution } from '../spine/itk/distribution.ts';
import { toItkRequest, type ItkTerms } from '../spine/itk/payloads.ts';
import { writeSoap } from '../spine/soap/write-envelope.ts';

export function operationNamed(name: ItkOperationName): ItkOperation {
  const found = itkOperations.find((one) => one.name === name);
  if (!found) throw new Error(`no operation ${name}`);
  return found;
}

export interface ItkSent {
  readonly operation: ItkOperationName;
  readonly terms: ItkTerms;
  /** By default a user of an organisation; with an ASID the system stands in its place. */
  readonly asid?: string;
  readonly messageId?: string;
  readonly payload?: XmlElement;
}

/** A request as text. */
export function itkRequest({ operation: name, terms, asid, messageId, payload }: ItkSent): string {
  const newId = () => crypto.randomUUID().toUpperCase();
  const operation = operationNamed(name);
  const text = writeSoap({
    ...{ flavour: 'itk', messageId: messageId ?? newId(), action: operation.service },
    ...{ to: 'https://spine.test/smsp/pds', from: 'https://client.test/' },
    security: {
      username: 'client',
      created: '2026-11-01T12:00:00Z',
      expires: '2036-11-01T12:00:00Z',
    },
    body: writeDistribution({
      ...{ service: operation.service, trackingId: newId(), payloadId: newId() },
      auditIdentity: testUser,
      sender: 'urn:nhs-uk:addressing:ods:Y90001',
      payload: payload ?? toItkRequest(operation, terms, newId()),
    }),
  });
  return asid === undefined ? text : text.replace(userId, systemId(asid));
}

export const testUser = 'urn:nhs-uk:identity:ods:Y90001:ward:nurse';

const userId = `type="2.16.840.1.113883.2.1.3.2.4.18.27" uri="${testUser}"`;

function systemId(asid: string): string {
  return `type="1.2.826.0.1285.0.2.0.107" uri="${asid}"`;
}
