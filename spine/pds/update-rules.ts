/**
 * The published rules about the form of an update over HL7 V3, each with the name it refuses by. What a record may become is
 * judged by the one rule book of updates (fhir/pds/update); here stands what FHIR has no words for.
 */
import type { XmlElement } from '../../core/xml.ts';
import { roots } from '../hl7v3/ids.ts';
import { allOf, at, attributeOf, wordsOf } from './elements.ts';
import { refusal } from './issues.ts';
import { objectIdOf, updateModeOf, type UpdateMode } from './items.ts';
import { fromHl7Time } from './times.ts';

/** @throws INVALID_UPDATE_MODE; UID_MUST_BE_PROVIDED when what is changed is not named (`named`: by an object id) */
export function checkedMode(element: XmlElement, named: boolean): UpdateMode {
  const mode = updateModeOf(element);
  if (mode !== 'added' && mode !== 'altered' && mode !== 'removed')
    throw refusal('INVALID_UPDATE_MODE', 'The update mode is none of added, altered, removed');
  if (named && mode !== 'added' && objectIdOf(element) === undefined)
    throw refusal('UID_MUST_BE_PROVIDED', 'What is altered or removed must be named by its id');
  return mode;
}

/** @throws NO_MORE_THAN_ONE_PREFIX, …_SUFFIX, …_FAMILY_NAME, TOO_MANY_GIVEN_NAMES_5, INSUFFICIENT_NAME_DETAILS */
export function checkName(element: XmlElement): void {
  const count = (name: string) => allOf(element, name).length;
  if (count('prefix') > 1) throw refusal('NO_MORE_THAN_ONE_PREFIX', 'More than one prefix');
  if (count('suffix') > 1) throw refusal('NO_MORE_THAN_ONE_SUFFIX', 'More than one suffix');
  if (count('family') > 1)
    throw refusal('NO_MORE_THAN_ONE_FAMILY_NAME', 'More than one family name');
  if (count('given') > 5) throw refusal('TOO_MANY_GIVEN_NAMES_5', 'More than five given names');
  if (updateModeOf(element) !== 'removed' && wordsOf(at(element, 'family')) === undefined)
    throw refusal('INSUFFICIENT_NAME_DETAILS', 'The family name is missing');
  if (updateModeOf(element) === 'removed' && attributeOf(element, 'use') === 'L')
    throw refusal('UNABLE_TO_DELETE_USUAL_NAME', 'not permitted to remove usual name');
  checkPeriod(element, 'validTime');
}

/** @throws INCORRECT_NUMBER_OF_ADDRESS_LINES, DESCRIPTION_PROVIDED_NO_TEMPORARY_ADDRESS */
export function checkAddress(element: XmlElement): void {
  if (allOf(element, 'streetAddressLine').length > 5)
    throw refusal('INCORRECT_NUMBER_OF_ADDRESS_LINES', 'More than five address lines');
  if (wordsOf(at(element, 'desc')) !== undefined && attributeOf(element, 'use') !== 'TMP')
    throw refusal(
      'DESCRIPTION_PROVIDED_NO_TEMPORARY_ADDRESS',
      'Only a temporary address has a description',
    );
  checkPeriod(element, 'useablePeriod');
}

/** @throws MORE_THAN_ONE_USABLE_PERIOD, ILLEGAL_DATE_FORMAT, HIGH_TIME_NOT_GREATER_THAN_LOW_TIME */
export function checkPeriod(element: XmlElement, name: string): void {
  const periods = allOf(element, name);
  if (periods.length > 1) throw refusal('MORE_THAN_ONE_USABLE_PERIOD', 'More than one period');
  const low = checkedTime(at(periods[0], 'low'));
  const high = checkedTime(at(periods[0], 'high'));
  if (low !== undefined && high !== undefined && high < low)
    throw refusal('HIGH_TIME_NOT_GREATER_THAN_LOW_TIME', 'The end is before the beginning');
}

/** @throws ILLEGAL_DATE_FORMAT */
export function checkedTime(element: XmlElement | undefined): string | undefined {
  const text = attributeOf(element, 'value');
  if (text === undefined) return undefined;
  const read = fromHl7Time(text);
  if (read === undefined)
    throw refusal('ILLEGAL_DATE_FORMAT', 'A date is not in the form YYYYMMDD');
  return read;
}

/** @throws UNSUPPORTED_PATIENT_CARE, UNSUPPORTED_HCP_CODE_TYPE */
export function checkProvision(element: XmlElement): void {
  const code = attributeOf(at(element, 'code'), 'code') ?? '';
  if (!['1', 'P1', 'P2', 'P3'].includes(code))
    throw refusal('UNSUPPORTED_PATIENT_CARE', 'The kind of care provision is not known');
  const performer = at(element, 'performer');
  const held = at(performer, 'assignedOrganization') ?? at(performer, 'assignedEntity');
  const root = attributeOf(at(held, 'id'), 'root');
  if (root !== undefined && root !== roots.organisation && root !== roots.odsOrganisation)
    throw refusal('UNSUPPORTED_HCP_CODE_TYPE', 'Care is provided by an organisation');
  checkPeriod(element, 'effectiveTime');
}

/** @throws INCONSISTENT_DEATH_UPDATE, DEATH_UPDATE_MODE_INCONSISTENT, SOURCE_CANNOT_REMOVE_DATE_OF_DEATH */
export function checkDeath(time: string | undefined, notification: string | undefined): void {
  if ((time === undefined) !== (notification === undefined))
    throw refusal('INCONSISTENT_DEATH_UPDATE', 'Date of death and notification come together');
  if (time !== notification)
    throw refusal(
      'DEATH_UPDATE_MODE_INCONSISTENT',
      'Date of death and notification differ in mode',
    );
  if (time === 'removed')
    throw refusal(
      'SOURCE_CANNOT_REMOVE_DATE_OF_DEATH',
      'This source cannot remove a date of death',
    );
}
