/** What the pages that explain ask of the rest of the platform. Only types. */
import type { Environment } from '../catalogue/environments.ts';
import type { Actor } from '../catalogue/roles.ts';

/** A token for the assertion doctor. */
export interface DoctorAsked {
  readonly token: string;
  readonly environment: Environment;
  /** Absent: guessed. */
  readonly kind?: string;
  /** Absent: the one that the token names. */
  readonly face?: string;
  readonly clientId?: string;
}

export interface DoctorFinding {
  readonly rule: string;
  readonly says: string;
  readonly result: 'pass' | 'fail' | 'not checked';
  readonly expected?: string;
  readonly found?: string;
  readonly corrected?: string;
  readonly error?: string;
}

/** The doctor's report, as server/auth/doctor.ts gives it. */
export interface DoctorTold {
  readonly kind: string;
  readonly guessed?: string;
  readonly environment: Environment;
  readonly face: string;
  readonly clock: { readonly time: string; readonly seconds: number };
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly token?: object;
  readonly findings: readonly DoctorFinding[];
  readonly verdict: {
    readonly wouldPass: boolean;
    readonly firstFailure?: {
      readonly rule: string;
      readonly error: string;
      readonly description: string;
    };
  };
  readonly corrected?: { readonly header: object; readonly claims: object };
  readonly notes: readonly string[];
}

/** Why the authorisation server refused. */
export interface RefusalTold {
  readonly messageId: string;
  readonly at: number;
  readonly environment: string;
  readonly where: string;
  readonly status: number;
  readonly error: string;
  readonly description: string;
  readonly rule: string;
  readonly expected?: string;
  readonly found?: string;
}

/** What became of a call or message, step by step. */
export interface TraceTold {
  readonly id: string;
  readonly ids: readonly string[];
  readonly from: string;
  readonly milliseconds: number;
  readonly steps: readonly TraceStep[];
  readonly more: boolean;
}

export interface TraceStep {
  /** ISO 8601. */
  readonly at: string;
  /** Since the step before. */
  readonly milliseconds: number;
  readonly in: string;
  readonly environment: string;
  readonly app?: string;
  readonly step: string;
  readonly says: string;
  readonly facts?: Readonly<Record<string, string>>;
  readonly before?: string;
  readonly after?: string;
}

/** A limit as the look-up of limits gives it. */
export interface LimitTold {
  readonly name: string;
  readonly rule: { readonly kind: string; readonly [member: string]: unknown };
  readonly by: string;
  readonly from: string;
  readonly source: string;
  readonly conditional: boolean;
  readonly remaining?: number;
  /** Milliseconds since the epoch. */
  readonly frees?: number;
}

/** A view of the sandbox's patients. */
export interface WorkspaceTold {
  readonly id: string;
  readonly name: string;
  /** Absent: it stays. */
  readonly expires?: number;
  /** Records that differ from the default data. */
  readonly changed: number;
  /** What the next calls are answered with. */
  readonly armed?: { readonly scenario: string; readonly calls: number };
}

export interface PatientTold {
  readonly nhsNumber: string;
  readonly name: string;
  readonly birthDate: string;
  readonly gender: string;
  readonly version: number;
}

/** Workspaces by their id; whose they are, the pages judge. Each @throws Problem `not-found` */
export interface WorkspacePorts {
  /** Those that somebody has made. */
  madeBy(who: string): Promise<readonly WorkspaceTold[]>;
  make(name: string, who: string): Promise<WorkspaceTold>;
  look(id: string): Promise<WorkspaceTold>;
  remove(id: string): Promise<void>;
  /** Gives how many records that were. */
  reset(id: string): Promise<number>;
  /** Puts patients in: JSON of one, a list, a Bundle, or a line for each. Gives how many. @throws Problem `invalid` */
  seed(id: string, text: string, actor: Actor): Promise<number>;
  arm(id: string, scenario: string, calls: number): Promise<void>;
  disarm(id: string): Promise<void>;
  /** By birth date; those that can be searched for. Who is shown is in the audit before. */
  patients(id: string, query: PatientQuery, actor: Actor): Promise<PatientList>;
  /** The view of an app, and the one that all share. */
  ofApp(appId: string): string;
  readonly shared: string;
  readonly scenarios: readonly { readonly name: string; readonly description: string }[];
}

export interface PatientQuery {
  /** `yyyy`, `yyyy-mm` or `yyyy-mm-dd`: born from then on. */
  readonly born?: string;
  readonly after?: string;
}

export interface PatientList {
  readonly patients: readonly PatientTold[];
  readonly next?: string;
}

export interface ExplainPorts {
  /** @throws Problem `invalid` for a face that is not served there */
  examine(asked: DoctorAsked): Promise<DoctorTold>;
  refusal(messageId: string): Promise<RefusalTold | undefined>;
  /** @throws Problem `not-found`, `forbidden` */
  trace(actor: Actor, id: string): Promise<TraceTold>;
  readonly workspaces: WorkspacePorts;
}
