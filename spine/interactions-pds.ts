/**
 * The demographics service's interactions, as rows: 2008-A and the older and newer releases that ask for the same. Owns
 * which operation each is; what an operation does is the adapters' (hl7v3).
 */
import type { Pattern } from './interactions-contract.ts';

/** What is asked of the demographics service. `notification` is taken and acknowledged, no more. */
export type PdsOperation =
  | 'simple-trace'
  | 'advanced-trace'
  | 'retrieval'
  | 'cross-check-trace'
  | 'confirm-nhs-number'
  | 'general-update'
  | 'number-allocation'
  | 'birth-notification'
  | 'notification';

/** Releases of the message manual by their usual names. */
export type PdsRelease = '2006-B' | '2008-A' | '2008-B' | 'older';

/** A row of the table; interactions.ts says what its fields are. */
interface PdsRow {
  readonly service: string;
  readonly action: string;
  readonly pattern: Pattern;
  readonly answers: readonly string[];
  readonly refusals: readonly string[];
  readonly wrapper?: string;
  readonly operation?: PdsOperation;
  readonly release: PdsRelease;
}

/** All rows; `stem` is what services begin with. */
export function pdsRows(stem: string): PdsRow[] {
  return [
    ...queries.flatMap((one) => rowsOf(stem, one, queryRefusals)),
    ...changes.flatMap((one) => rowsOf(stem, one, changeRefusals)),
    ...older(stem),
  ];
}

/** One operation: how it is exchanged, and for each release what asks (first word) and what answers (the others). */
interface Operation {
  readonly operation: PdsOperation;
  readonly service: string;
  readonly pattern: Pattern;
  readonly wrapper?: string;
  readonly releases: Partial<Record<PdsRelease, string>>;
}

const queryRefusals = ['QUQI_IN010000UK14', 'MCCI_IN010000UK13'];
const changeRefusals = ['MCCI_IN010000UK13'];

const queries: readonly Operation[] = [
  {
    ...{ operation: 'simple-trace', service: 'pdsquery', pattern: 'sync' },
    wrapper: 'traceQueryResponse',
    releases: {
      '2006-B': 'QUPA_IN010000UK32 QUPA_IN030000UK32',
      '2008-A': 'QUPA_IN000005UK01 QUPA_IN000007UK01',
      '2008-B': 'QUPA_IN000005UK03 QUPA_IN000007UK03',
    },
  },
  {
    ...{ operation: 'advanced-trace', service: 'pdsquery', pattern: 'async-express' },
    releases: {
      '2006-B': 'QUPA_IN020000UK31 QUPA_IN030000UK32',
      '2008-A': 'QUPA_IN000006UK02 QUPA_IN000011UK02',
      '2008-B': 'QUPA_IN000006UK05 QUPA_IN000011UK05',
    },
  },
  {
    ...{ operation: 'retrieval', service: 'pdsquery', pattern: 'sync' },
    wrapper: 'retrievalQueryResponse',
    releases: {
      '2006-B': 'QUPA_IN040000UK32 QUPA_IN050000UK32',
      '2008-A': 'QUPA_IN000008UK02 QUPA_IN000009UK03',
      '2008-B': 'QUPA_IN000008UK05 QUPA_IN000009UK06',
    },
  },
  {
    ...{ operation: 'cross-check-trace', service: 'pdsquery', pattern: 'sync' },
    wrapper: 'crossCheckTraceQueryResponse',
    releases: {
      '2008-A': 'QUPA_IN000014UK01 QUPA_IN000015UK02',
      '2008-B': 'QUPA_IN000014UK03 QUPA_IN000015UK04',
    },
  },
  {
    ...{ operation: 'confirm-nhs-number', service: 'pdsquery', pattern: 'sync' },
    wrapper: 'nhsNumberConfirmationQueryResponse',
    releases: {
      '2008-A': 'QUPA_IN000016UK02 QUPA_IN000017UK02',
      '2008-B': 'QUPA_IN000016UK04 QUPA_IN000017UK03',
    },
  },
  {
    ...{ operation: 'confirm-nhs-number', service: 'pdsquery', pattern: 'sync' },
    wrapper: 'crossCheckTraceQueryResponse',
    releases: { '2006-B': 'QUPA_IN060000UK30 QUPA_IN070000UK30' },
  },
];

const pds = { service: 'pds', pattern: 'async-reliable' } as const;

const changes: readonly Operation[] = [
  {
    ...{ ...pds, operation: 'general-update' },
    releases: {
      '2006-B': 'PRPA_IN160000UK30 PRPA_IN150000UK30',
      '2008-A': 'PRPA_IN000203UK03 PRPA_IN000202UK01',
      '2008-B': 'PRPA_IN000203UK06 PRPA_IN000202UK01',
    },
  },
  {
    ...{ ...pds, operation: 'general-update' },
    releases: { '2006-B': 'PRPA_IN040000UK30 PRPA_IN060000UK30' },
  },
  {
    ...{ ...pds, operation: 'number-allocation' },
    releases: {
      '2008-A': 'PRPA_IN000200UK03 PRPA_IN000201UK01 PRPA_IN000206UK01',
      '2008-B': 'PRPA_IN000200UK04 PRPA_IN000201UK01 PRPA_IN000206UK01',
    },
  },
  {
    ...{ ...pds, operation: 'birth-notification' },
    releases: {
      '2008-A': 'PRPA_IN000205UK03 PRPA_IN000202UK01',
      '2008-B': 'PRPA_IN000205UK05 PRPA_IN000202UK01',
    },
  },
  ...['PRPA_IN000204UK03', 'PRPA_IN000207UK03', 'PRPA_IN000208UK03'].map((action): Operation => ({
    ...{ ...pds, operation: 'notification' },
    releases: { '2008-A': `${action} MCCI_IN010000UK13` },
  })),
];

/** Known by name, and not spoken: they differ too much to be half understood. */
const olderActions: readonly (readonly [service: string, pattern: Pattern, actions: string])[] = [
  ['pdsquery', 'sync', 'QUPA_IN010000UK13 QUPA_IN040000UK14'],
  ['pdsquery', 'async-express', 'QUPA_IN020000UK14'],
  ['pds', 'async-reliable', 'PRPA_IN040000UK15 PRPA_IN160000UK01'],
];

function rowsOf(stem: string, row: Operation, refusals: readonly string[]): PdsRow[] {
  return Object.entries(row.releases).map(([release, words]) => {
    const [action = '', ...answers] = words.split(' ');
    return {
      ...{ service: stem + row.service, action, pattern: row.pattern, answers, refusals },
      ...(row.wrapper === undefined ? {} : { wrapper: row.wrapper }),
      operation: row.operation,
      release: release as PdsRelease, // the keys of `releases` are releases
    };
  });
}

function older(stem: string): PdsRow[] {
  return olderActions.flatMap(([service, pattern, actions]) =>
    actions.split(' ').map((action) => ({
      ...{ service: stem + service, action, pattern, answers: [], refusals: [] },
      release: 'older' as const,
    })),
  );
}
