/** The changes that the demographics service makes over the port Patients. */
import { createHash } from 'node:crypto';
import { Problem } from '../../core/problem.ts';
import type { XmlElement } from '../../core/xml.ts';
import { writeXml } from '../../core/xml-write.ts';
import type { PdsRow } from '../../fhir/pds/errors.ts';
import { fromRegistration, toRegistrationAnswer } from './allocation.ts';
import { fromBirth } from './birth-bundle.ts';
import { targetOf, toPatches } from './update-patches.ts';
import { toUpdateAnswer } from './update-request.ts';

import { patientOf, type Outcome, type Work } from './operation-work.ts';

/** PRPA_IN000203UK03: an update, made once however often it is sent. */
export async function update({ payload, service }: Work): Promise<Outcome> {
  const { patients, asking } = service;
  const target = targetOf(payload);
  const shown = await patients.retrieve(target.nhsNumber, asking);
  // Against another version the ids mean nothing: only the port knows whether this is a repeat.
  const stale = shown.versionId !== target.versionId;
  const patches = stale
    ? [{ op: 'test', path: '/id', value: target.nhsNumber }]
    : toPatches(payload, patientOf(shown));
  const digest = digestOf(payload);
  const written = await patients.update({ ...target, body: { patches }, digest }, asking);
  return { subjects: [toUpdateAnswer(written.versionId)] };
}

/** Of the message as it was meant, so that a repeat is known whatever its prefixes. */
function digestOf(payload: XmlElement): string {
  return createHash('sha256').update(writeXml(payload)).digest('hex');
}

/** PRPA_IN000200UK03: a number for somebody new, or who it may be. */
export async function allocate({ payload, service, interaction }: Work): Promise<Outcome> {
  const { patients, asking } = service;
  const [given, candidates] = interaction.answers;
  const body = fromRegistration(payload, 'PDS');
  try {
    const shown = await patients.create(body, digestOf(payload), asking);
    return { subjects: [toRegistrationAnswer([shown.nhsNumber])], ...actionOf(given) };
  } catch (error) {
    const numbers = candidatesOf(error);
    if (!numbers) throw error;
    return { subjects: [toRegistrationAnswer(numbers)], ...actionOf(candidates) };
  }
}

const actionOf = (action: string | undefined) => (action === undefined ? {} : { action });

/** Whoever may be the same: the one that the refusal names; of several none is named. */
function candidatesOf(error: unknown): string[] | undefined {
  const { code, row } = Problem.from(error);
  if (code === 'MULTIPLE_MATCHES') return [];
  if (code !== 'SINGLE_MATCH') return undefined;
  const text = (row as PdsRow | undefined)?.diagnostics ?? ''; // the port throws rows of errors.ts
  return /\d{10}/.exec(text)?.slice(0, 1) ?? [];
}

/** PRPA_IN000205UK03: a birth. */
export async function registerBirth({ payload, service }: Work): Promise<Outcome> {
  const { patients, asking } = service;
  const body = fromBirth(payload, 'PDS');
  const born = await patients.registerBirth(body, digestOf(payload), false, asking);
  return { subjects: [toUpdateAnswer(born.versionId)] };
}
