/**
 * Whom messages to "this patient's GP" are about: asked of the demographics service, in the view of the data that the
 * environment's callers see, and entered into the audit like any other look at a record.
 */
import type { Patient } from 'fhir/r4.js';
import type { Caller, Facts } from '../core/exchange.ts';
import { Problem } from '../core/problem.ts';
import type { Patients } from '../fhir/pds/patients.ts';
import type { FindPerson, KnownPerson } from '../spine/mesh/gp-routing.ts';
import type { OpenJournal } from './audit/journal.ts';
import { meshApiId } from './mesh-proxies.ts';
import { integrationWorkspace } from './pds-proxies.ts';
import { sharedWorkspace } from './workspaces.ts';

/** The broker itself looks. */
const broker: Caller = {
  ...{ appId: meshApiId, appName: 'MESH', mode: 'app', scopes: [] },
  grants: new Set(),
};

export interface PeopleOptions {
  readonly patients: Patients;
  readonly journal: Pick<OpenJournal, 'append'>;
  readonly now: () => number;
}

export function findPeople({ patients, journal, now }: PeopleOptions): FindPerson {
  return async (nhsNumber, { environment, id, sender }) => {
    const facts: Facts = { people: [] };
    const workspace = environment === 'sandbox' ? sharedWorkspace : integrationWorkspace;
    const asking = { caller: broker, workspace, requestId: id, facts };
    const enter = (status: number) =>
      journal.append({
        ...{ at: now(), kind: 'access', api: meshApiId, environment, workspace },
        ...{ action: 'find the practice of a patient', app: meshApiId, mode: 'app' },
        ...{ user: '', role: '', purpose: '', people: [...new Set([nhsNumber, ...facts.people])] },
        ...{ status, code: '', requestId: id, correlationId: sender, address: '', commit: 0 },
      });
    try {
      const { text } = await patients.retrieve(nhsNumber, asking);
      await enter(200);
      return knownOf(JSON.parse(text) as Patient); // the port's own
    } catch (error) {
      const { status } = Problem.from(error);
      await enter(status);
      if (status >= 500) throw error;
      return undefined;
    }
  };
}

function knownOf({ birthDate = '', name = [], generalPractitioner = [] }: Patient): KnownPerson {
  const practice = generalPractitioner[0]?.identifier?.value;
  return {
    birthDate,
    families: name.flatMap(({ family }) => family ?? []),
    ...(practice === undefined ? {} : { practice: practice.toUpperCase() }),
  };
}
