/**
 * Simple and advanced trace between FHIR search and HL7 V3. A query read becomes FHIR search parameters, so that one rule book
 * judges both. Answers are trace-answers.ts's.
 */
import type { XmlElement } from '../../core/xml.ts';
import type { Criteria } from '../../fhir/pds/trace/trace.ts';
import {
  queryValue,
  queryValues,
  readQuery,
  writeQuery,
  type ParameterParts,
  type QueryParameters,
} from '../hl7v3/control-act-query.ts';
import { codeSystems as oids, roots } from '../hl7v3/ids.ts';
import { refusal } from './issues.ts';
import * as parameters from './queries.ts';

/** What a trace asks, in FHIR's terms; a number beside it, which FHIR would read directly. */
export interface TraceQuery {
  /** The query string of `GET /Patient`. */
  readonly search: URLSearchParams;
  readonly nhsNumber?: string;
}

/** Whether a simple trace can ask this: family name, gender and one day of birth, the one who fits. */
export function isSimpleTrace(criteria: Criteria): boolean {
  const { birthDate, deathDate, maxResults, fuzzy, exact, history, practice } = criteria;
  const oneDay = birthDate.from !== undefined && birthDate.from === birthDate.to;
  const oneDeath = deathDate === undefined || deathDate.from === deathDate.to;
  const plain = !fuzzy && !exact && !history && practice === undefined;
  const named = criteria.family !== undefined && criteria.gender !== undefined;
  return maxResults === 1 && oneDay && oneDeath && plain && named;
}

/** The `query` of QUPA_IN000005UK01. What a simple trace has no place for is left out: ask `isSimpleTrace` first. */
export function toSimpleTrace(criteria: Criteria): XmlElement {
  return writeQuery(commonParts(criteria));
}

/** The `query` of QUPA_IN000006UK02. Telecoms and managing organisation have no place in it. */
export function toAdvancedTrace(criteria: Criteria): XmlElement {
  const { history, fuzzy, practice } = criteria;
  const coded = (name: string, code: string, codeSystem: string): ParameterParts => ({
    name,
    value: { attributes: { code, codeSystem } },
  });
  return writeQuery([
    coded('historicDataIndicator', history ? '1' : '0', oids.historicDataIndicator),
    ...commonParts(criteria),
    ...(practice === undefined
      ? []
      : [
          {
            name: 'primaryCare.id',
            value: { attributes: { root: roots.organisation, extension: practice } },
          },
        ]),
    coded('searchParameter', fuzzy ? '2' : '1', oids.searchParameter),
  ]);
}

/** Whether HL7 V3 has a parameter for all that is asked. */
export function isExpressible({ email, phone, managingOrganization }: Criteria): boolean {
  return email === undefined && phone === undefined && managingOrganization === undefined;
}

function commonParts(criteria: Criteria): ParameterParts[] {
  return [
    parameters.postcodeParameter(criteria.postcode),
    parameters.genderParameter(criteria.gender),
    parameters.dateParameter('person.birthTime', criteria.birthDate),
    parameters.dateParameter('person.deceasedTime', criteria.deathDate),
    parameters.nameParameter(criteria.family, criteria.given),
  ].filter((part) => part !== undefined);
}

/** @throws ST001 for a mandatory field that is missing, ILLEGAL_DATE_FORMAT, INVALID_SEARCH_DATA */
export function fromSimpleTrace(query: XmlElement): TraceQuery {
  const read = readQuery(query);
  const { family } = parameters.nameIn(read);
  const missing = (field: string) => refusal('ST001', `MISSING_MANDATORY_SEARCH_FIELD[${field}]`);
  if (family.length === 0) throw missing('name.family');
  const search = searchOf(read);
  if (!search.has('gender')) throw missing('administrativeGenderCode');
  if (!search.has('birthdate')) throw missing('birthTime');
  return { search };
}

/** @throws AT001, AT002, AT009, DUPLICATE_SEARCH_FIELDS_PROVIDED, ILLEGAL_DATE_FORMAT, INVALID_SEARCH_DATA */
export function fromAdvancedTrace(query: XmlElement): TraceQuery {
  const read = readQuery(query);
  refuseRepeats(read);
  const history = queryValue(read, 'historicDataIndicator', 'code');
  const { family, given } = parameters.nameIn(read);
  if (family.length + given.length === 0) throw refusal('AT002', 'The person name is missing');
  if (history !== '0' && history !== '1')
    throw refusal('AT002', 'The historic data indicator is missing');
  const search = searchOf(read);
  if (!search.has('birthdate')) search.append('birthdate', `ge${earliest}`);
  if (searchTypeIn(read) === '2') search.append('_fuzzy-match', 'true');
  if (history === '1') search.append('_history', 'true');
  const practice = queryValue(read, 'primaryCare.id', 'extension');
  if (practice !== undefined) search.append('general-practitioner', practice);
  const nhsNumber = queryValue(read, 'person.id', 'extension');
  return {
    search,
    ...(nhsNumber === undefined ? {} : { nhsNumber: parameters.checkedNumber(nhsNumber) }),
  };
}

/** FHIR searches need a birth date; nobody here was born before. */
const earliest = '1800-01-01';

function searchTypeIn(read: QueryParameters): string {
  const types = queryValues(read, 'searchParameter');
  if (types.length !== 1) throw refusal('AT009', 'Exactly one search type is needed');
  const type = queryValue(read, 'searchParameter', 'code');
  if (type !== '1' && type !== '2') throw refusal('AT001', 'Invalid search type');
  return type;
}

function refuseRepeats(read: QueryParameters): void {
  for (const [name, list] of read)
    if (list.length > 1 && name !== 'ignorehistoryindicator' && name !== 'searchparameter')
      throw refusal('DUPLICATE_SEARCH_FIELDS_PROVIDED', 'A search field was given more than once');
}

/** What both traces share, as search parameters. */
function searchOf(read: QueryParameters): URLSearchParams {
  const search = new URLSearchParams();
  const { family, given } = parameters.nameIn(read);
  family.forEach((text) => {
    search.append('family', text);
  });
  given.forEach((text) => {
    search.append('given', text);
  });
  const gender = parameters.genderIn(read);
  if (gender !== undefined) search.append('gender', gender);
  appendDates(search, read, 'birthdate', 'person.birthTime');
  appendDates(search, read, 'death-date', 'person.deceasedTime');
  const postcode = parameters.postcodeIn(read);
  if (postcode !== undefined) search.append('address-postalcode', postcode);
  return search;
}

function appendDates(
  search: URLSearchParams,
  read: QueryParameters,
  as: string,
  name: string,
): void {
  const { from, to } = parameters.dateIn(read, name) ?? {};
  if (from !== undefined && from === to) search.append(as, `eq${from}`);
  else {
    if (from !== undefined) search.append(as, `ge${from}`);
    if (to !== undefined) search.append(as, `le${to}`);
  }
}
