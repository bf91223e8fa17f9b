/**
 * The manifest: a reference for each part of the message, and for contents that follow in other messages. Owns reading and
 * writing it; the texts of attachments are attachment-description.ts's.
 */
import { attributeOf, childElements, textOf, xmlAttribute, xmlElement } from '../../core/xml.ts';
import type { XmlElement } from '../../core/xml.ts';
import { contentIdOf } from './content-type.ts';
import {
  eb,
  ebAttribute,
  ebChildren,
  ebValue,
  hl7EbxmlUri,
  headerAttributes,
  xlinkUri,
} from './ebxml-elements.ts';

export interface Reference {
  /** `cid`: a part of this message; `mid`: another message; empty for anything else. */
  readonly scheme: 'cid' | 'mid' | '';
  /** The content id without brackets, or the message id. */
  readonly target: string;
  /** `eb:id`; empty where none was sent. */
  readonly id: string;
  /** The description as sent, white space at its ends removed. */
  readonly description: string;
  /** Whether it is marked as an HL7 payload. */
  readonly isPayload: boolean;
}

/** A reference to write. */
export interface ReferenceParts {
  readonly scheme: 'cid' | 'mid';
  readonly target: string;
  readonly id?: string;
  readonly description: string;
  /** The message type, for the payload. */
  readonly interaction?: string;
}

/** How payloads are described: as Spine itself does, or as its clients do. */
export type ManifestStyle = 'spine' | 'client';

export function readManifest(manifest: XmlElement | undefined): readonly Reference[] {
  return ebChildren(manifest, 'Reference').map(readReference);
}

export function writeManifest(references: readonly ReferenceParts[], style: ManifestStyle) {
  const attributes = style === 'client' ? headerAttributes() : [ebAttribute('version', '2.0')];
  const elements = references.map((one) => writeReference(one, style));
  return eb('Manifest', elements, attributes);
}

/** The references to parts that are not among these content ids; case does not count. */
export function missingParts(
  references: readonly Reference[],
  contentIds: readonly string[],
): readonly Reference[] {
  const there = new Set(contentIds.map((one) => one.toLowerCase()));
  return references.filter(
    ({ scheme, target }) => scheme === 'cid' && !there.has(target.toLowerCase()),
  );
}

function readReference(element: XmlElement): Reference {
  const href = attributeOf(element, 'href', xlinkUri)?.trim() ?? '';
  const scheme = /^(cid|mid):/i.exec(href)?.[1]?.toLowerCase();
  const [description] = ebChildren(element, 'Description');
  return {
    scheme: scheme === 'cid' || scheme === 'mid' ? scheme : '',
    target: scheme === undefined ? '' : contentIdOf(href.slice(4)),
    id: ebValue(element, 'id'),
    description: description ? textOf(description).trim() : '',
    isPayload: childElements(element).some(({ name }) => name === 'Payload'),
  };
}

function writeReference(reference: ReferenceParts, style: ManifestStyle): XmlElement {
  const { scheme, target, id, description, interaction } = reference;
  const language = xmlAttribute('lang', 'en', 'xml', 'http://www.w3.org/XML/1998/namespace');
  const attributes = [
    xmlAttribute('href', `${scheme}:${target}`, 'xlink', xlinkUri),
    ...(id === undefined ? [] : [ebAttribute('id', id)]),
  ];
  const described = eb('Description', [description], [language]);
  if (interaction === undefined) return eb('Reference', [described], attributes);
  return eb('Reference', [schemaElement(interaction, style), described, payload()], attributes);
}

/** Spine names the schema of the message type, whose version are its last two digits. */
function schemaElement(interaction: string, style: ManifestStyle): XmlElement {
  const [location, version] =
    style === 'spine'
      ? [`urn:hl7-org:v3_${interaction}.xsd`, interaction.slice(-2)]
      : ['http://www.nhsia.nhs.uk/schemas/HL7-Message.xsd', '1.0'];
  return eb('Schema', [], [ebAttribute('location', location), ebAttribute('version', version)]);
}

function payload(): XmlElement {
  const attributes = [
    xmlAttribute('style', 'HL7'),
    xmlAttribute('encoding', 'XML'),
    xmlAttribute('version', '3.0'),
  ];
  return xmlElement('Payload', [], { prefix: 'hl7ebxml', uri: hl7EbxmlUri, attributes });
}
