/**
 * The five demographics mini-services over the port Patients: a payload in, the payload that answers it out. Refusals by the records
 * are answers too; what cannot be understood is answered as invalid input. The envelopes around are others' work.
 */
import type { Patient } from 'fhir/r4.js';
import { Problem } from '../../core/problem.ts';
import type { XmlElement } from '../../core/xml.ts';
import { isNhsNumber } from '../../fhir/identifiers.ts';
import * as errors from '../../fhir/pds/errors.ts';
import type { Asking, Patients } from '../../fhir/pds/patients.ts';
import { grants } from '../../fhir/pds/projection.ts';
import { readCriteria } from '../../fhir/pds/trace/search-query.ts';
import { hl7Uri } from '../hl7v3/ids.ts';
import type { ItkOperation, ItkOperationName } from '../interactions-itk.ts';
import { agrees } from '../pds/cross-check.ts';
import { inputInvalid, itkCodeOf, notVerified, success, superseded } from './answer-codes.ts';
import { fromItkRequest, toItkAnswer, type ItkAnswer, type ItkTerms } from './payloads.ts';

export interface ItkService {
  readonly patients: Patients;
  readonly asking: Asking;
  /** A UUID; it is written in upper case. */
  readonly newId: () => string;
  /** The name of a practice by its ODS code, where it is known. */
  readonly practiceName?: (odsCode: string) => Promise<string | undefined>;
  /** Hears why an answer is a refusal. */
  readonly refused?: (problem: Problem) => void;
}

/** Answers a payload; never throws for what a caller can send, nor for a record store that is away. */
export async function handleItkOperation(
  operation: ItkOperation,
  payload: XmlElement,
  service: ItkService,
): Promise<XmlElement> {
  const answer = await answerOf(operation, payload, service);
  const id = service.newId().toUpperCase();
  const practice = answer.patient?.generalPractitioner?.[0]?.identifier?.value;
  const name = practice === undefined ? undefined : await nameOf(practice, service);
  return toItkAnswer(operation, answer, id, () => name);
}

/** A name that cannot be found is left out, as one that is not known. */
async function nameOf(odsCode: string, service: ItkService): Promise<string | undefined> {
  try {
    return await service.practiceName?.(odsCode);
  } catch (error) {
    service.refused?.(Problem.from(error));
    return undefined;
  }
}

async function answerOf(
  { name, request }: ItkOperation,
  payload: XmlElement,
  service: ItkService,
): Promise<ItkAnswer> {
  if (payload.name !== request || payload.uri !== hl7Uri) return { code: inputInvalid };
  const terms = fromItkRequest(payload);
  if (!needed[name].every((term) => terms[term] !== undefined)) return { code: inputInvalid };
  try {
    const { localId } = terms;
    return {
      ...(await operations[name](terms, service)),
      ...(localId === undefined ? {} : { localId }),
    };
  } catch (error) {
    const problem = Problem.from(error);
    service.refused?.(problem);
    return { code: itkCodeOf(problem) };
  }
}

/** What each operation cannot do without. */
const needed: Readonly<Record<ItkOperationName, readonly (keyof ItkTerms)[]>> = {
  verifyNHSNumber: ['nhsNumber', 'birthDate'],
  getNHSNumber: ['birthDate', 'family', 'gender'],
  getPatientDetailsByNHSNumber: ['nhsNumber', 'birthDate'],
  getPatientDetailsBySearch: ['birthDate', 'family', 'gender'],
  getPatientDetails: ['birthDate'],
};

const operations: Readonly<
  Record<ItkOperationName, (terms: ItkTerms, service: ItkService) => Promise<ItkAnswer>>
> = {
  verifyNHSNumber: verify,
  getNHSNumber: async (terms, service) => ({
    ...(await bySearch(terms, service)),
    numberOnly: true,
  }),
  getPatientDetailsByNHSNumber: byNumber,
  getPatientDetailsBySearch: bySearch,
  getPatientDetails: (terms, service) =>
    terms.nhsNumber === undefined ? bySearchChecked(terms, service) : byNumber(terms, service),
};

/** Without a number there must be what a search needs. */
function bySearchChecked(terms: ItkTerms, service: ItkService): Promise<ItkAnswer> {
  return terms.family === undefined || terms.gender === undefined
    ? Promise.resolve({ code: inputInvalid })
    : bySearch(terms, service);
}

/** A number that nobody has is not verified either. */
async function verify(terms: ItkTerms, service: ItkService): Promise<ItkAnswer> {
  const answer = await byNumber(terms, service).catch((error: unknown) => {
    if (Problem.from(error).code === 'RESOURCE_NOT_FOUND') return { code: notVerified };
    throw error;
  });
  if (answer.code !== success) return { code: answer.code };
  return { code: success, verified: { nhsNumber: terms.nhsNumber ?? '', valid: true } };
}

async function byNumber(terms: ItkTerms, service: ItkService): Promise<ItkAnswer> {
  const { nhsNumber = '', birthDate = '', family, given } = terms;
  if (!isNhsNumber(nhsNumber)) throw errors.invalidResourceId();
  const { patients } = service;
  const shown = await patients.retrieve(nhsNumber, withLines(service.asking));
  if (shown.nhsNumber !== nhsNumber) return { code: superseded };
  const patient = JSON.parse(shown.text) as Patient; // the port's own text of a Patient
  const known = { nhsNumber, birthDate, family, given: given?.[0] };
  return agrees(known, patient) ? { code: success, patient } : { code: notVerified };
}

function withLines(asking: Asking): Asking {
  const { caller } = asking;
  const granted = new Set([...caller.grants, grants.emptyAddressLines]);
  return { ...asking, caller: { ...caller, grants: granted } };
}

async function bySearch(terms: ItkTerms, { patients, asking }: ItkService): Promise<ItkAnswer> {
  const search = new URLSearchParams();
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined) search.append(name, value);
  };
  add('family', terms.family);
  for (const name of terms.given ?? []) add('given', name);
  add('gender', terms.gender);
  add('birthdate', terms.birthDate);
  add('address-postalcode', terms.postcode);
  const { found } = await patients.search(readCriteria(search, 1), withLines(asking), false);
  const [only] = found;
  if (!only) throw errors.notFound();
  return { code: success, patient: only.resource };
}
