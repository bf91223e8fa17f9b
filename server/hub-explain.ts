/**
 * Joins the pages that explain with what they tell of: the assertion doctor, refusals, traces, and the workspaces of the
 * sandbox. Owns the joining, and the audit of whom a list of patients shows.
 */
import type { AuditEntry } from '../core/audit.ts';
import { Problem } from '../core/problem.ts';
import type { Collection } from '../core/store.ts';
import type { PdsRecord } from '../fhir/pds/record.ts';
import type { OpenJournal } from './audit/journal.ts';
import { createDoctor, type DoctorQuestion } from './auth/doctor.ts';
import { doctorFaces } from './auth/doctor-faces.ts';
import { tokenKinds } from './auth/doctor-shape.ts';
import type { Actor } from './catalogue/roles.ts';
import { developerOptions, type DoctorGround } from './doctor-ground.ts';
import type { Scenario } from './gateway/policies/rehearsal.ts';
import { messageTrace } from './message-trace-api.ts';
import type { TraceKeeper } from './observe/trace-keeper.ts';
import type {
  DoctorAsked,
  ExplainPorts,
  PatientList,
  PatientQuery,
  PatientTold,
  WorkspacePorts,
  WorkspaceTold,
} from './portal/explain-ports.ts';
import { seedPatients, type SeedGround } from './sandbox-seed.ts';
import { appWorkspace, sharedWorkspace, type Workspace, type Workspaces } from './workspaces.ts';

export interface ExplainOptions extends DoctorGround {
  readonly journal: OpenJournal;
  readonly keeper: Pick<TraceKeeper, 'find'>;
  readonly workspaces: Workspaces;
  readonly scenarios: readonly Scenario[];
  readonly seeding: SeedGround;
}

export function explainPorts(options: ExplainOptions): ExplainPorts {
  const doctor = createDoctor(developerOptions(options));
  const { refusals } = options.authorisation;
  return {
    examine: (asked) => doctor.examine(questionOf(asked)),
    async refusal(messageId) {
      const found = await refusals.findAnywhere(messageId);
      if (!found) return undefined;
      const { reason, at, environment, where, status, error, description } = found;
      const { rule = 'request', ...more } = reason ?? {};
      return { messageId, at, environment, where, status, error, description, rule, ...more };
    },
    trace: (actor, id) => messageTrace(options, actor, id),
    workspaces: workspacePorts(options),
  };
}

function questionOf({ token, environment, kind, face, clientId }: DoctorAsked): DoctorQuestion {
  const knownKind = tokenKinds.find((one) => one === kind);
  const knownFace = doctorFaces.find((one) => one === face);
  return {
    ...{ token, environment },
    ...(knownKind === undefined ? {} : { kind: knownKind }),
    ...(knownFace === undefined ? {} : { face: knownFace }),
    ...(clientId === undefined ? {} : { clientId }),
  };
}

function workspacePorts(options: ExplainOptions): WorkspacePorts {
  const { workspaces, scenarios, seeding } = options;
  const told = async (workspace: Workspace): Promise<WorkspaceTold> => {
    const { id, name, expires } = workspace;
    const armed = workspaces.armed(id);
    return {
      ...{ id, name, changed: await workspaces.changed(id) },
      ...(expires === Number.MAX_SAFE_INTEGER ? {} : { expires }),
      ...(armed ? { armed } : {}),
    };
  };
  return {
    madeBy: (who) =>
      Promise.all(
        workspaces
          .list(who)
          .filter(({ id }) => id !== sharedWorkspace)
          .map(told),
      ),
    make: async (name, who) => told(await workspaces.create(name, who)),
    look: async (id) => told(workspaces.get(id)),
    remove: (id) => workspaces.remove(id),
    reset: (id) => workspaces.reset(id),
    async seed(id, text, actor) {
      const enter = (nhsNumber: string, commit: number) =>
        enterPeople(options, actor, 'workspace.seed', id, [nhsNumber], commit);
      const bytes = Buffer.from(text);
      return (await seedPatients(workspaces.get(id).id, bytes, seeding, enter)).length;
    },
    async arm(id, scenario, calls) {
      if (!scenarios.some(({ name }) => name === scenario))
        throw new Problem('invalid', 'There is no such scenario');
      await workspaces.arm(id, scenario, calls);
    },
    disarm: (id) => workspaces.disarm(id),
    patients: (id, query, actor) => patients(options, workspaces.get(id).id, query, actor),
    ofApp: appWorkspace,
    shared: sharedWorkspace,
    scenarios: scenarios.map(({ name, description }) => ({ name, description })),
  };
}

const onPage = 25;

async function patients(
  options: ExplainOptions,
  id: string,
  { born, after }: PatientQuery,
  actor: Actor,
): Promise<PatientList> {
  const view: Collection<PdsRecord> = options.seeding.patients.in(id);
  const page = await view.find({
    ...{ index: 'born', limit: onPage },
    ...(born === undefined ? {} : { from: born }),
    ...(after === undefined ? {} : { after }),
  });
  const people = page.items.map((item) => item.id);
  await enterPeople(options, actor, 'workspace.patients', id, people);
  return {
    patients: page.items.map(({ value }) => shown(value)),
    ...(page.next === undefined ? {} : { next: page.next }),
  };
}

function shown({ patient }: PdsRecord): PatientTold {
  const names = patient.name ?? [];
  const name = names.find(({ use }) => use === 'usual') ?? names[0];
  return {
    nhsNumber: patient.id,
    name: [...(name?.given ?? []), name?.family ?? ''].join(' ').trim(),
    birthDate: patient.birthDate ?? '',
    gender: patient.gender ?? '',
    version: Number(patient.meta.versionId),
  };
}

/** @throws Problem `unavailable` when the audit cannot be written: then nobody is shown */
async function enterPeople(
  { journal, clock }: ExplainOptions,
  actor: Actor,
  action: string,
  workspace: string,
  people: readonly string[],
  commit = 0,
): Promise<void> {
  const { requestId = '', correlationId = '', address = '' } = actor.call ?? {};
  const entry: AuditEntry = {
    ...{ at: clock.now(), kind: 'access', api: 'portal', environment: 'sandbox', workspace },
    ...{ action, app: '', mode: '', user: actor.id, role: actor.role, purpose: '' },
    ...{ people: [...people], status: 200, code: '', requestId, correlationId, address, commit },
  };
  try {
    await journal.append(entry);
  } catch (cause) {
    throw new Problem('unavailable', 'The audit cannot be written, so nobody may be shown', {
      cause,
      code: 'AUDIT_UNAVAILABLE',
    });
  }
}
