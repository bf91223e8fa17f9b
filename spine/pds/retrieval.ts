/** Retrieval by NHS number between FHIR and HL7 V3: QUPA_IN000008UK02 and its answer, whose payload is `PDSResponse`. */
import type { XmlElement } from '../../core/xml.ts';
import type { PdsRecord } from '../../fhir/pds/record.ts';
import { queryValue, readQuery, writeQuery } from '../hl7v3/control-act-query.ts';
import { codeSystems as oids } from '../hl7v3/ids.ts';
import { at, attributeOf, descend, hl7 } from './elements.ts';
import { refusal } from './issues.ts';
import { nhsNumberIn, numberParameter } from './queries.ts';
import { fromPatientRole, toPatientRole, type Person } from './person.ts';
import type { Layout } from './part-wrappers.ts';
import { observation } from './wishes.ts';

export interface RetrievalQuery {
  readonly nhsNumber: string;
  /** Past values too. */
  readonly history: boolean;
  /** What is wanted: `person.allData`; without any item only the version. */
  readonly items: readonly string[];
}

/** What asks for everything there is. */
export const allData = 'person.allData';
/** What our own systems add, to be told what HL7 V3 has no place for. */
export const allExtras = 'gatehouse.extras';

export function toRetrieval({ nhsNumber, history, items }: RetrievalQuery): XmlElement {
  return writeQuery([
    {
      name: 'historicDataIndicator',
      value: { attributes: { code: history ? '1' : '0', codeSystem: oids.historicDataIndicator } },
    },
    numberParameter(nhsNumber),
    ...items.map((semanticsText) => ({ name: 'retrievalItem', semanticsText })),
  ]);
}

/** @throws INVALID_NHS_NUMBER, FAILED_MOD11_CHECK, INVALID_HISTORIC_DATA_INDICATOR */
export function fromRetrieval(query: XmlElement): RetrievalQuery {
  const read = readQuery(query);
  const nhsNumber = nhsNumberIn(read);
  const history = queryValue(read, 'historicDataIndicator', 'code');
  if (history !== '0' && history !== '1')
    throw refusal(
      'INVALID_HISTORIC_DATA_INDICATOR',
      'The historic data indicator is neither 0 nor 1',
    );
  const items = (read.get('retrievalitem') ?? []).map(({ semanticsText }) => semanticsText);
  return { nhsNumber, history: history === '1', items };
}

/** The `PDSResponse` (before 2008-A `PdsSuccessfulRetrieval`) of a person; with no item asked for, of its version alone. */
export function toRetrievalAnswer(person: Person, layout: Layout): XmlElement {
  return answerOf(
    person.patient.meta?.versionId,
    hl7('subject', { typeCode: 'SBJ' }, toPatientRole(person, layout)),
    layout,
  );
}

/** The answer that tells the version alone. */
export function toVersionAnswer(versionId: string, layout: Layout): XmlElement {
  return answerOf(versionId, undefined, layout);
}

function answerOf(
  versionId: string | undefined,
  subject: XmlElement | undefined,
  { release }: Layout,
): XmlElement {
  return hl7(
    release === '2006-B' ? 'PdsSuccessfulRetrieval' : 'PDSResponse',
    { classCode: 'OBS', moodCode: 'EVN' },
    versionId === undefined ? undefined : toSerialChangeNumber(versionId),
    subject,
  );
}

/** `replaced`: the numbers that the record replaced, the one asked for among them when that was superseded. */
export function fromRetrievalAnswer(answer: XmlElement): {
  record: PdsRecord;
  replaced: string[];
} {
  const role = at(answer, 'subject', 'patientRole') ?? hl7('patientRole');
  return fromPatientRole(role, fromSerialChangeNumber(answer));
}

/** The version of a record. */
export function toSerialChangeNumber(versionId: string): XmlElement {
  const number = observation(
    'pertinentSerialChangeNumber',
    '2',
    hl7('value', { value: versionId }),
  );
  return hl7('pertinentInformation', { typeCode: 'PERT' }, number);
}

/** Of anything that holds one; undefined where it is missing or no number. */
export function fromSerialChangeNumber(parent: XmlElement): string | undefined {
  const held = descend(parent, 'pertinentInformation', 'pertinentSerialChangeNumber');
  const value = attributeOf(at(held, 'value'), 'value') ?? '';
  return /^\d{1,10}$/.test(value) ? value : undefined;
}
