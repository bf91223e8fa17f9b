/** Finding children of SOAP headers. Owns no rules (envelope-rules.ts) and no shapes (envelope.ts). */
import { attributeOf, childElements, textOf, type XmlElement } from '../../core/xml.ts';
import { hl7Uri, roots } from '../hl7v3/ids.ts';

/** All children of that name and namespace; none of a parent that is not there. */
export function named(parent: XmlElement | undefined, name: string, uri: string): XmlElement[] {
  return parent ? childElements(parent).filter((one) => one.name === name && one.uri === uri) : [];
}

/** The trimmed text of the first; undefined where there is none. */
export function headerText(
  header: XmlElement | undefined,
  name: string,
  uri: string,
): string | undefined {
  const [found] = named(header, name, uri);
  return found && textOf(found).trim();
}

/** The system ids of `communicationFunctionRcv` or `…Snd`: exactly one is right. */
export function asidsOf(header: XmlElement | undefined, which: 'Rcv' | 'Snd'): string[] {
  return named(header, `communicationFunction${which}`, hl7Uri)
    .flatMap((one) => named(one, 'device', hl7Uri))
    .flatMap((one) => named(one, 'id', hl7Uri))
    .filter((one) => attributeOf(one, 'root') === roots.asid)
    .map((one) => attributeOf(one, 'extension')?.trim() ?? '')
    .filter((one) => one !== '');
}
