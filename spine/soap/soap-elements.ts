/** Names and elements of SOAP 1.1 that its envelopes and those of ebXML share. Owns no rules. */
import { xmlElement, type XmlAttribute, type XmlElement, type XmlNode } from '../../core/xml.ts';

/** SOAP 1.1. */
export const soapUri = 'http://schemas.xmlsoap.org/soap/envelope/';

/** WS-Addressing of August 2004 (Spine) and of August 2005 (the Interoperability Toolkit). */
export const wsa2004Uri = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';
export const wsa2005Uri = 'http://www.w3.org/2005/08/addressing';

/** WS-Security's elements, and the utility namespace of its times. */
export const wsseUri =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
export const wsuUri =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';

export function soapElement(
  name: string,
  children: readonly XmlNode[] = [],
  attributes: readonly XmlAttribute[] = [],
): XmlElement {
  return xmlElement(name, children, { prefix: 'SOAP', uri: soapUri, attributes });
}
