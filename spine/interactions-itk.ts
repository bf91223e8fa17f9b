/**
 * The five demographics mini-services of the Interoperability Toolkit: names of services, payloads and codes. Owns the
 * irregular spellings; the payloads themselves are the adapters'.
 */

export type ItkOperationName =
  | 'verifyNHSNumber'
  | 'getNHSNumber'
  | 'getPatientDetailsByNHSNumber'
  | 'getPatientDetailsBySearch'
  | 'getPatientDetails';

/** One operation. The request's service is also its SOAPAction and wsa:Action. */
export interface ItkOperation {
  readonly name: ItkOperationName;
  /** `urn:nhs-itk:services:201005:verifyNHSNumber-v1-0`. */
  readonly service: string;
  /** The same with `Response` behind it. */
  readonly answerService: string;
  /** Root element of the request's payload, in the namespace of HL7 V3. */
  readonly request: string;
  /** Code of that payload, which for one of them is not its name. */
  readonly requestCode: string;
  /** Root element and code of the answer's payload. */
  readonly answer: string;
}

/** The namespace of the distribution envelope. */
export const itkUri = 'urn:nhs-itk:ns:201005';

const itkServiceStem = 'urn:nhs-itk:services:201005:';

/** What a payload's name becomes in `profileid`. */
export const itkProfileStem = 'urn:nhs-en:profile:';

/** Code systems of the payloads: message types, answers, and the kind of a validated identifier. */
export const itkCodeSystems = {
  messageType: '2.16.840.1.113883.2.1.3.2.4.17.284',
  answer: '2.16.840.1.113883.2.1.3.2.4.17.285',
  validatedIdentifier: '2.16.840.1.113883.2.1.3.2.4.17.287',
} as const;

export const itkOperations: readonly ItkOperation[] = [
  operation('verifyNHSNumber'),
  operation('getNHSNumber'),
  operation('getPatientDetailsByNHSNumber'),
  operation('getPatientDetailsBySearch'),
  // The one whose payload is named without the word; its code has it.
  operation('getPatientDetails', 'getPatientDetails-v1-0'),
];

/** The operation of a service (a wsa:Action, bare or quoted); undefined for another. */
export function itkOperationOf(service: string): ItkOperation | undefined {
  const text = service.trim().replaceAll('"', '');
  return itkOperations.find((one) => one.service === text);
}

function operation(name: ItkOperationName, request = `${name}Request-v1-0`): ItkOperation {
  const service = `${itkServiceStem}${name}-v1-0`;
  return {
    ...{ name, service, request },
    answerService: `${service}Response`,
    requestCode: `${name}Request-v1-0`,
    answer: `${name}Response-v1-0`,
  };
}
