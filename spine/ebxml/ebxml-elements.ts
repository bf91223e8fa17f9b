/** Names and elements of ebXML Message Service 2.0 that reading and writing share. Owns no rules. */
import {
  attributeOf,
  childElements,
  textOf,
  xmlAttribute,
  xmlElement,
  type XmlAttribute,
  type XmlElement,
  type XmlNode,
} from '../../core/xml.ts';
import { soapUri } from '../soap/soap-elements.ts';
import type { AckActor } from '../interactions-contract.ts';

export const ebUri = 'http://www.oasis-open.org/committees/ebxml-msg/schema/msg-header-2_0.xsd';
export const xlinkUri = 'http://www.w3.org/1999/xlink';
/** Written; some senders spell it otherwise, so that it is never compared. */
export const hl7EbxmlUri = 'urn:hl7-org:transport/ebXML/DSTUv1.0';

export const partyType = 'urn:nhs:names:partyType:ocs+serviceInstance';
export const syncReplyActor = 'http://schemas.xmlsoap.org/soap/actor/next';
const actorStem = 'urn:oasis:names:tc:ebxml-msg:actor:';

/** `urn:oasis:names:tc:ebxml-msg:actor:toPartyMSH`. */
export function actorUrn(actor: AckActor): string {
  return actorStem + actor;
}

/** The actor of a URN; undefined for another text. */
export function actorOfUrn(urn: string): AckActor | undefined {
  if (urn === `${actorStem}toPartyMSH`) return 'toPartyMSH';
  return urn === `${actorStem}nextMSH` ? 'nextMSH' : undefined;
}

/** An element with a text, or with children that are not undefined. */
export function eb(
  name: string,
  children: readonly (XmlNode | undefined)[] = [],
  attributes: readonly XmlAttribute[] = [],
): XmlElement {
  const kept = children.flatMap((one) => (one === undefined ? [] : [one]));
  return xmlElement(name, kept, { prefix: 'eb', uri: ebUri, attributes });
}

/** An attribute in the namespace of ebXML: all of them are. */
export function ebAttribute(name: string, value: string): XmlAttribute {
  return xmlAttribute(name, value, 'eb', ebUri);
}

/** `eb:version="2.0" SOAP:mustUnderstand="1"`, and an actor. */
export function headerAttributes(actor?: string): XmlAttribute[] {
  return [
    xmlAttribute('mustUnderstand', '1', 'SOAP', soapUri),
    ebAttribute('version', '2.0'),
    ...(actor === undefined ? [] : [xmlAttribute('actor', actor, 'SOAP', soapUri)]),
  ];
}

export function partyElement(side: 'From' | 'To', partyKey: string): XmlElement {
  return eb(side, [eb('PartyId', [partyKey], [ebAttribute('type', partyType)])]);
}

/** All children of that name; none of a parent that is not there. */
export function ebChildren(parent: XmlElement | undefined, name: string): readonly XmlElement[] {
  return parent
    ? childElements(parent).filter((one) => one.name === name && one.uri === ebUri)
    : [];
}

/** The first element down a path of names. */
export function ebAt(parent: XmlElement | undefined, ...path: readonly string[]) {
  return path.reduce<XmlElement | undefined>((at, name) => ebChildren(at, name)[0], parent);
}

/** The trimmed text at a path; undefined when there is no such element, or it is empty. */
export function ebText(parent: XmlElement | undefined, ...path: readonly string[]) {
  const found = ebAt(parent, ...path);
  return found && (textOf(found).trim() || undefined);
}

/** An attribute in the namespace of ebXML, or in none, as some senders write it; trimmed. */
export function ebValue(element: XmlElement | undefined, name: string): string {
  if (!element) return '';
  return (attributeOf(element, name, ebUri) ?? attributeOf(element, name) ?? '').trim();
}

/** An attribute in the namespace of SOAP. */
export function soapValue(element: XmlElement | undefined, name: string): string {
  return (element && attributeOf(element, name, soapUri)?.trim()) ?? '';
}
