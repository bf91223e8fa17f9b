/**
 * The distribution envelope of the Interoperability Toolkit around payloads: reading one tolerantly, writing an answer. Owns header,
 * manifest and payload ids; SOAP is around it, the payload's own meaning is others'.
 */
import { childElements, xmlAttribute, xmlElement, type XmlElement } from '../../core/xml.ts';
import { itkProfileStem, itkUri } from '../interactions-itk.ts';
import { allOf, at, attributeOf } from '../pds/elements.ts';

/** What a distribution envelope bears; what was not sent is undefined. */
export interface Distribution {
  /** `urn:nhs-itk:services:201005:verifyNHSNumber-v1-0`. */
  readonly service: string | undefined;
  readonly trackingId: string | undefined;
  /** Who is behind it: the id's `uri`, an ASID where its `type` is that of one. */
  readonly auditIdentity: string | undefined;
  /** Roots of the payloads, in order. */
  readonly payloads: readonly XmlElement[];
}

export function readDistribution(envelope: XmlElement): Distribution {
  const header = at(envelope, 'header');
  return {
    service: attributeOf(header, 'service'),
    trackingId: attributeOf(header, 'trackingid'),
    auditIdentity: attributeOf(at(header, 'auditIdentity', 'id'), 'uri'),
    payloads: allOf(at(envelope, 'payloads'), 'payload').flatMap(
      (payload) => childElements(payload)[0] ?? [],
    ),
  };
}

export interface DistributionParts {
  readonly service: string;
  /** A UUID, upper case. */
  readonly trackingId: string;
  /** `urn:nhs-uk:identity:ods:…` */
  readonly auditIdentity: string;
  /** `urn:nhs-uk:addressing:ods:…` */
  readonly sender: string;
  readonly payload: XmlElement;
  /** A UUID, upper case. */
  readonly payloadId: string;
}

const identityType = '2.16.840.1.113883.2.1.3.2.4.18.27';

/** An envelope with one payload. */
export function writeDistribution(parts: DistributionParts): XmlElement {
  const id = `uuid_${parts.payloadId}`;
  const plain = { base64: 'false', compressed: 'false', encrypted: 'false' };
  const profileid = `${itkProfileStem}${parts.payload.name}`;
  const item = itk('manifestitem', { id, mimetype: 'text/xml', profileid, ...plain });
  return itk('DistributionEnvelope', {}, [
    itk('header', { service: parts.service, trackingid: parts.trackingId }, [
      itk('auditIdentity', {}, [itk('id', { type: identityType, uri: parts.auditIdentity })]),
      itk('manifest', { count: '1' }, [item]),
      itk('senderAddress', { uri: parts.sender }),
    ]),
    itk('payloads', { count: '1' }, [itk('payload', { id }, [parts.payload])]),
  ]);
}

function itk(
  name: string,
  attributes: Readonly<Record<string, string>>,
  children: readonly XmlElement[] = [],
): XmlElement {
  const own = Object.entries(attributes).map(([key, value]) => xmlAttribute(key, value));
  return xmlElement(name, children, { prefix: 'itk', uri: itkUri, attributes: own });
}
