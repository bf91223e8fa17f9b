/**
 * Which records a PDS Proxy shows, by the config of its back end: `{ "records": { "kind": "stored" } }`, which is also meant
 * where nothing is said, or another kind. Owns the choice and how its faults are told; each kind brings its schema and makes
 * the port Patients.
 */
import { Problem } from '../core/problem.ts';
import { Schemas } from '../core/schema.ts';
import type { Patients } from '../fhir/pds/patients.ts';
import type { ConfigFault, ServiceSite, ServiceWhere } from './gateway/backend.ts';

/** The settings of one kind. What they are its schema says. */
export type RecordsConfig = Readonly<Record<string, unknown>> & { readonly kind: string };

export interface RecordsKind {
  /** JSON schemas of its settings beside `kind`, by name. Defaults in them are filled in. */
  readonly properties: Readonly<Record<string, object>>;
  readonly required?: readonly string[];
  /** What no schema can say; asked with settings that fit the schema. Pointers are relative to them. */
  check?(config: RecordsConfig, where: ServiceWhere): readonly ConfigFault[];
  /** Made once for each Proxy; what is to be ended goes to `site.onClose`. */
  create(config: RecordsConfig, site: ServiceSite): Patients;
}

export interface PdsRecords {
  /** The records of a Proxy. @throws Problem `invalid` for a config that no deployment would have let through */
  patientsAt(site: ServiceSite): Patients;
  readonly configFaults: (
    config: Readonly<Record<string, unknown>>,
    where: ServiceWhere,
  ) => readonly ConfigFault[];
}

/** @param kinds by name; `stored` is among them */
export function pdsRecords(kinds: Readonly<Record<string, RecordsKind>>): PdsRecords {
  const schemas = new Schemas([], { allErrors: true, useDefaults: true });
  const outer = schemas.faults(outerSchema(Object.keys(kinds)));
  const inner = new Map(
    Object.entries(kinds).map(([name, kind]) => [name, schemas.faults(kindSchema(kind))]),
  );
  const faultsOf = (config: Readonly<Record<string, unknown>>): readonly ConfigFault[] => {
    const found = outer(config);
    const { kind } = recordsOf(config);
    const faults = found.length > 0 ? found : (inner.get(kind)?.(config.records ?? {}) ?? []);
    const stem = found.length > 0 ? '' : '/records';
    return faults.map(({ path, message, params }) => {
      const extra = params.additionalProperty;
      const at = path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`);
      return {
        at: stem + at.join(''),
        message: typeof extra === 'string' ? `${message}: ${extra}` : message,
      };
    });
  };
  return {
    patientsAt(site) {
      const config = structuredClone(site.config);
      const [fault] = faultsOf(config);
      const records = recordsOf(config);
      const kind = kinds[records.kind];
      if (fault || !kind)
        throw new Problem(
          'invalid',
          `The config of pds${fault?.at ?? ''}: ${fault?.message ?? ''}`,
        );
      return kind.create(records, site);
    },
    configFaults(given, where) {
      const config = structuredClone(given);
      const faults = faultsOf(config);
      if (faults.length > 0) return faults;
      const records = recordsOf(config);
      return (kinds[records.kind]?.check?.(records, where) ?? []).map(({ at, message }) => ({
        at: `/records${at}`,
        message,
      }));
    },
  };
}

/** The records that this installation keeps. */
export function storedRecords(patients: Patients): RecordsKind {
  return { properties: {}, create: () => patients };
}

function outerSchema(kinds: readonly string[]): object {
  return {
    type: 'object',
    additionalProperties: false,
    properties: {
      records: {
        type: 'object',
        required: ['kind'],
        properties: { kind: { enum: kinds } },
      },
    },
  };
}

function kindSchema({ properties, required = [] }: RecordsKind): object {
  return {
    type: 'object',
    additionalProperties: false,
    properties: { kind: { type: 'string' }, ...properties },
    required,
  };
}

function recordsOf({ records }: Readonly<Record<string, unknown>>): RecordsConfig {
  // Asked after the outer schema, or for a kind that is looked up and need not be there.
  return (records ?? { kind: 'stored' }) as RecordsConfig;
}
