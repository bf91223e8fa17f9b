/**
 * Joins the assertion doctor with what the endpoints judge by: the same audiences, keys, memories and clock, so that it
 * cannot say otherwise than they answer. Owns that joining; nothing here may be changed by a check.
 */
import type { Clock } from '../core/clock.ts';
import { Problem } from '../core/problem.ts';
import { pdsCaller } from '../fhir/pds/access-modes.ts';
import type { PdsRow } from '../fhir/pds/errors.ts';
import type { Addresses } from './addresses.ts';
import type { ApiAccess } from './auth/doctor-access-rules.ts';
import type { DoctorOptions } from './auth/doctor-faces.ts';
import type { RfcGround } from './auth/doctor-rfc.ts';
import type { RfcAssertion } from './auth/rfc-assertion.ts';
import { smartAssertion } from './auth/smart-clients.ts';
import type { Authorisation } from './authorisation.ts';
import type { Client } from './catalogue/catalogue.ts';
import type { Environment } from './catalogue/environments.ts';
import { administratorCollection } from './catalogue/people.ts';
import type { DeveloperOptions } from './developer-api.ts';
import { administratorAssertion, managementReplay } from './management.ts';
import { smartAssertions, smartRunsIn } from './smart-mounts.ts';
import type { ServedStore } from './store/served.ts';

export interface DoctorGround {
  readonly store: ServedStore;
  readonly clock: Clock;
  readonly addresses: Addresses;
  /** Where management is served. */
  readonly standard: Environment;
  readonly authorisation: Authorisation;
}

export function developerOptions(ground: DoctorGround): DeveloperOptions {
  const { authorisation, clock } = ground;
  const { catalogue, keySets, families, refusals } = authorisation;
  return {
    ...{ catalogue, keySets, families, refusals },
    now: () => clock.now(),
    newId: () => clock.newId(),
    nhs: (environment, face) => authorisation.nhsGround(environment, face),
    rfc: rfcGround(ground),
    apiAccess: pdsAccess(authorisation),
  };
}

function rfcGround(ground: DoctorGround): DoctorOptions['rfc'] {
  const management = managementGround(ground);
  const smart = smartGround(ground);
  return (environment, face, assertion) =>
    face === '/management'
      ? management(environment, assertion)
      : Promise.resolve(smart(environment, assertion.text));
}

type Assertion = Parameters<DoctorOptions['rfc']>[2];

function managementGround({ store, clock, addresses, standard }: DoctorGround) {
  const administrators = store.open(administratorCollection);
  const replay = managementReplay(store);
  return async (
    environment: Environment,
    { text, issuer }: Assertion,
  ): Promise<RfcGround | undefined> => {
    if (environment !== standard) return undefined;
    const stored = /^[A-Za-z0-9_-]{1,100}$/.test(issuer)
      ? await administrators.get(issuer)
      : undefined;
    const state = administratorAssertion({ addresses, clock, replay }, text, stored);
    return { state: state as RfcAssertion<unknown> }; // it is asked about none but those that it has found
  };
}

function smartGround({ store, clock, addresses, authorisation }: DoctorGround) {
  const { catalogue, keySets } = authorisation;
  const now = () => clock.now();
  return (environment: Environment, text: string): RfcGround | undefined => {
    if (!smartRunsIn(environment)) return undefined;
    const ends = smartAssertions(addresses, store, environment);
    const state = smartAssertion({ ...ends, environment, catalogue, keySets, now }, text);
    return {
      state: state as RfcAssertion<unknown>, // it is asked about none but those that it has found
      approved: (client) => (client as Client).registration.state === 'approved', // found by the line above
    };
  };
}

/** How PDS would let a live token act, or how it would refuse. */
function pdsAccess(authorisation: Authorisation): DoctorOptions['apiAccess'] {
  const judgeNhs = authorisation.judge('nhs');
  return async (token, environment): Promise<ApiAccess | undefined> => {
    const judged = await judgeNhs(token, environment);
    if (judged.state !== 'live') return undefined;
    try {
      return { mode: pdsCaller(judged.facts).mode };
    } catch (error) {
      const { status, code = '', row } = Problem.from(error);
      // PDS throws none but its own rows
      const { display = '', diagnostics = display } = (row ?? {}) as Partial<PdsRow>;
      return { status, code, description: status === 401 ? diagnostics : display };
    }
  };
}
