/**
 * The distribution envelope of the Interoperability Toolkit around payloads: reading one tolerantly, writing an answer. Owns header,
 * manifest and payload ids; SOAP is around it, the payload's own meaning is others'.
 */
import { childElements, xmlAttribute, xmlElement, type XmlElement } from '../../core/xml.ts';
import { itkProfileStem, itkUri } from '../interactions-itk.ts';
import { roots } from '../hl7v3/ids.ts';
import { allOf, at, attributeOf } from '../pds/elements.ts';
import { failure, type Failure } from '../soap/failure.ts';

/** What a distribution envelope bears; what was not sent is undefined. */
export interface Distribution {
  /** `urn:nhs-itk:services:201005:verifyNHSNumber-v1-0`. */
  readonly service: string | undefined;
  readonly trackingId: string | undefined;
  /** The sending system: the audit identity's `uri` where its `type` says that it is an ASID. */
  readonly asid: string | undefined;
  /** Who is behind it: another audit identity's `uri`. */
  readonly auditIdentity: string | undefined;
  /** Roots of the payloads, in order. */
  readonly payloads: readonly XmlElement[];
  /** Ids of the payloads, and of what the manifest tells of: the same, in any order. */
  readonly payloadIds: readonly (string | undefined)[];
  readonly manifestIds: readonly (string | undefined)[];
  /** Whether the manifest says of a payload that it is in base64, compressed or encrypted. */
  readonly isEncoded: boolean;
}

/** Longer ids are no ids, and would stand in the audit. */
const longestId = 200;

export function readDistribution(envelope: XmlElement): Distribution {
  const header = at(envelope, 'header');
  const ids = allOf(at(header, 'auditIdentity'), 'id');
  const isAsid = (id: XmlElement) => attributeOf(id, 'type') === roots.asid;
  const uriOf = (id: XmlElement | undefined) => {
    const uri = attributeOf(id, 'uri')?.trim().slice(0, longestId);
    return uri === '' ? undefined : uri;
  };
  const items = allOf(at(header, 'manifest'), 'manifestitem');
  const payloads = allOf(at(envelope, 'payloads'), 'payload');
  return {
    service: attributeOf(header, 'service'),
    trackingId: attributeOf(header, 'trackingid')?.slice(0, longestId),
    asid: uriOf(ids.find(isAsid)),
    auditIdentity: uriOf(ids.find((id) => !isAsid(id))),
    payloads: payloads.flatMap((payload) => childElements(payload)[0] ?? []),
    payloadIds: payloads.map((payload) => attributeOf(payload, 'id')),
    manifestIds: items.map((item) => attributeOf(item, 'id')),
    isEncoded: items.some((item) =>
      ['base64', 'compressed', 'encrypted'].some((flag) => attributeOf(item, flag) === 'true'),
    ),
  };
}

/** The rules that a request for a service breaks, in the order of the envelope. */
export function distributionFailures(
  { service, asid, auditIdentity, payloads, payloadIds, manifestIds, isEncoded }: Distribution,
  wanted: string,
): readonly Failure[] {
  const broken = (name: string, where: string) =>
    failure(`MESSAGE_NOT_WELL_FORMED[itk.${name}]`, `itk:${where}`);
  const isListed = manifestIds.length === 1 && manifestIds[0] === payloadIds[0];
  return [
    ...(service === wanted ? [] : [broken('service', 'header')]),
    ...((asid ?? auditIdentity) === undefined
      ? [failure('AUDIT_IDENTITY_MISSING', 'itk:auditIdentity', 'asid')]
      : []),
    ...(payloads.length === 1 && payloadIds.length === 1 ? [] : [broken('payloads', 'payloads')]),
    ...(isListed ? [] : [broken('manifest', 'manifest')]),
    ...(isEncoded ? [broken('encoding', 'manifest')] : []),
  ];
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
