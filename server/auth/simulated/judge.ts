/**
 * What comes of an answer to the sign-in page: decides, writes nothing. The order is that of a real sign-in: who it is,
 * whether the account works, how it was proved, which role.
 */
import { assuranceOf, heldMeans, meansAt } from './assurance.ts';
import {
  findPatient,
  findWorker,
  type Identities,
  type Patient,
  type Role,
  type Worker,
} from './identities.ts';
import type { ProviderKind } from './kinds.ts';
import type { Choice, Fault } from './rehearsal.ts';
import type { Asked, Granted } from './state.ts';
import { metVector, type Vector } from './vectors.ts';

export type Judgement =
  | { readonly kind: 'granted'; readonly granted: Granted }
  /** Goes back to the application (OpenID Connect Core 3.1.2.6). */
  | { readonly kind: 'refused'; readonly error: string; readonly description: string }
  /** The page is shown again with this sentence. */
  | { readonly kind: 'again'; readonly sentence: string }
  | { readonly kind: 'pick-role'; readonly roles: readonly Role[] }
  | { readonly kind: 'step-up'; readonly held: Vector; readonly wanted: Vector };

/** Judges one answer. */
export function judge(
  kind: ProviderKind,
  people: Identities,
  asked: Asked,
  choice: Choice,
): Judgement {
  if (choice.fault === 'cancelled') return cancelled;
  const person =
    kind === 'nhs-cis2'
      ? findWorker(people, choice.username)
      : findPatient(people, choice.username);
  if (!person || ('signsIn' in person && !(person.signsIn ?? true)))
    return { kind: 'again', sentence: 'There is no test person with this user name' };
  if (person.locked) return locked;
  const refusal = choice.fault && refusals[choice.fault];
  if (refusal) return refusal;
  return 'roles' in person
    ? judgeWorker(people, person, asked, choice)
    : judgePatient(person, asked, choice);
}

type Refusal = Extract<Judgement, { kind: 'refused' }>;

const refused = (error: string, description: string): Refusal => ({
  kind: 'refused',
  error,
  description,
});

const cancelled = refused('access_denied', 'The sign-in was cancelled');
const locked = refused('access_denied', 'The account is locked');

/** The faults that end a sign-in; the others show in the tokens. */
const refusals: Readonly<Partial<Record<Fault, Refusal>>> = {
  cancelled,
  locked,
  'consent-refused': refused('access_denied', 'ConsentNotGiven'),
  'server-error': refused('server_error', 'The provider failed, as rehearsed'),
  'temporarily-unavailable': refused('temporarily_unavailable', 'Unavailable, as rehearsed'),
};

function judgeWorker(
  { spareRoles }: Identities,
  worker: Worker,
  { acrs, scopes }: Asked,
  choice: Choice,
): Judgement {
  const held = choice.level
    ? meansAt(worker.means, choice.level)
    : heldMeans(worker.means, worker.level);
  const assurance = assuranceOf(held, acrs);
  if (!assurance)
    return refused('access_denied', 'The person cannot sign in as acr_values demands');
  const roles = rolesOf(worker.roles, spareRoles, choice.roles);
  if (choice.role !== undefined && !roles.some(({ id }) => id === choice.role))
    return { kind: 'again', sentence: 'The person does not have this role' };
  const picks = scopes.includes('selectedrole');
  if (picks && choice.role === undefined && roles.length > 1) return { kind: 'pick-role', roles };
  const selectedRole = choice.role ?? (picks ? roles[0]?.id : undefined);
  const { username, fault } = choice;
  return {
    kind: 'granted',
    granted: { username, fault, worker: { assurance, roles, selectedRole } },
  };
}

function rolesOf(
  own: readonly Role[],
  spare: readonly Role[],
  wanted: Choice['roles'],
): readonly Role[] {
  if (wanted === undefined) return own;
  if (wanted === 'none') return [];
  const all = [...own, ...spare];
  if (wanted === 'one') return all.slice(0, 1);
  return own.length > 1 ? own : all;
}

function judgePatient(patient: Patient, { vtr }: Asked, choice: Choice): Judgement {
  const [wanted] = vtr;
  const before = choice.vector ?? patient.vector;
  const held = choice.steppedUp && wanted ? wanted : before;
  const vot = metVector(held, vtr);
  if (!vot) return { kind: 'step-up', held, wanted: wanted ?? held };
  const actsFor = choice.self ? undefined : patient.actsFor;
  const { username, fault } = choice;
  return { kind: 'granted', granted: { username, fault, patient: { held, vot, actsFor } } };
}
