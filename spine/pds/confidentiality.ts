/** Confidentiality between the FHIR label and HL7 V3. An invalidated record is never told of. */
import type { XmlElement } from '../../core/xml.ts';
import type { Confidentiality } from '../../fhir/pds/record.ts';
import { at, attributeOf, hl7 } from './elements.ts';
import { codeSystems as oids } from '../hl7v3/ids.ts';

const codes: Readonly<Record<Confidentiality, string | undefined>> = {
  U: undefined,
  R: 'S',
  V: 'B',
  REDACTED: 'B',
};

/** Nothing for an unrestricted record. */
export function toConfidentiality(label: string | undefined): XmlElement | undefined {
  const code = label === 'R' || label === 'V' || label === 'REDACTED' ? codes[label] : undefined;
  return code === undefined
    ? undefined
    : hl7('confidentialityCode', { code, codeSystem: oids.confidentiality });
}

/** `Y`, stop noted, is restricted as well. */
export function fromConfidentiality(role: XmlElement | undefined): 'U' | 'R' | 'V' {
  const code = attributeOf(at(role, 'confidentialityCode'), 'code');
  if (code === 'S' || code === 'Y') return 'R';
  return code === 'B' ? 'V' : 'U';
}
