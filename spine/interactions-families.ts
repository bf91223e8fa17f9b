/**
 * The interactions of the other national services, as rows: prescriptions, summaries, record transfer, booking, pathology
 * and what else is sent. Owns their names and patterns; this platform passes most of them on and reads only their wrapper.
 */
import type { Pattern } from './interactions-contract.ts';

/** A row of the table. What answers these is not known here. */
interface FamilyRow {
  readonly service: string;
  readonly action: string;
  readonly pattern: Pattern;
  readonly answers: readonly string[];
  readonly refusals: readonly string[];
}

/** All rows; `stem` is what services begin with. */
export function familyRows(stem: string): FamilyRow[] {
  return rows.flatMap(([pattern, services, actions]) =>
    services
      .split(' ')
      .flatMap((service) => words(actions).map((one) => rowOf(stem + service, one, pattern))),
  );
}

const rows: readonly (readonly [pattern: Pattern, services: string, actions: string])[] = [
  ['sync', 'pdsquery', 'GET_NHS_NUMBER_REQUEST QUPA_IN000008SM13 QUPA_IN000014SM03'],
  [
    'sync',
    'lrsquery',
    `GET_RESOURCE_PERMISSIONS_INUK01 GetConsent01 HAS_RESOURCE_PERMISSIONS_INUK01 QUPC_IN010000UK32`,
  ],
  ['sync', 'psisquery', 'QUPC_IN180000UK04 QUPC_IN190000UK04'],
  ['sync', 'mmquery', 'QURX_IN000005UK99'],
  ['sync', 'sdsquery', 'AccreditedSystemSearchRequest_1_0'],
  ['sync', 'clinicals-sync', 'FGMQuery_1_0'],
  ['sync', 'dbs', 'DBS_ACKNOWLEDGEDOWNLOAD_INUK01 DBS_DOWNLOADFILE_INUK01 DBS_GETFILELIST_INUK01'],
  ['async-express', 'psisquery', 'QUPC_IN160101UK05 QUPC_IN160103UK05'],
  ['async-express', 'cpisquery', 'ACCESS_TO_SERVICE INACTIVE_NHS_NUMBERS'],
  ['async-express', 'lrsquery', 'QUPC_IN020000UK17'],
  [
    'async-express',
    'pdsquery',
    'QUPA_IN000011UK02 QUPA_IN000011UK05 QUPA_IN030000UK32 QUQI_IN010000UK14',
  ],
  [
    'async-reliable',
    'pds',
    `PRPA_IN000200SM13 PRPA_IN000204SM13 PRPA_IN000201UK01 PRPA_IN000202UK01 PRPA_IN000206UK01 PRPA_IN150000UK30
     PRPA_IN060000UK30 QUQI_IN010000UK14 MCCI_IN010000UK13`,
  ],
  [
    'async-reliable',
    'mm',
    `PORX_IN020101SM31 PORX_IN030101SM32 PORX_IN060102SM30 PORX_IN080101SM31 PORX_IN090101SM31 PORX_IN100101SM31
     PORX_IN132004SM30 PORX_IN510101SM31 PORX_IN020101UK31 PORX_IN020101UK04 PORX_IN020102UK31 PORX_IN020102UK04
     PORX_IN030101UK32 PORX_IN060102UK30 PORX_IN080101UK31 PORX_IN090101UK31 PORX_IN100101UK31 PORX_IN132004UK30
     PORX_IN510101UK31 PORX_IN540101UK31 PORX_IN050101UK31 PORX_IN070101UK31 PORX_IN070103UK31 PORX_IN110101UK30
     MCCI_IN010000UK13`,
  ],
  [
    'async-reliable',
    'psis',
    'REPC_IN150015UK05 REPC_IN150016UK05 REPC_IN150017UK02 REPC_IN150018UK02 MCCI_IN010000UK13',
  ],
  ['async-reliable', 'lrs', 'REPC_IN010000UK15 REPC_IN040000UK15 SetConsent01'],
  ['async-reliable', 'alerts', 'COMT_IN000001UK01'],
  ['async-reliable', 'cpisquery', 'QUPC_IN000006GB01'],
  ['async-reliable', 'dbs', 'DBS_SEND_FILE_UK01'],
  ['async-reliable', 'tms', 'MCCI_IN200001UK02 MCCI_IN200002UK03'],
  [
    'forward-reliable',
    'gp2gp',
    `RCMR_IN010000UK05 RCMR_IN010000UK06 RCMR_IN030000UK03 RCMR_IN030000UK06 RCMR_IN030000UK07 RCMR_IN030000UK08
     COPC_IN000001UK01 COPC_IN000001UK02 MCCI_IN010000UK12 MCCI_IN010000UK13`,
  ],
  ['forward-reliable', 'cc', 'COPC_IN000001UK01 COPC_IN000001UK02 MCCI_IN010000UK13'],
  [
    'forward-reliable',
    'ebs',
    `PRPA_IN010000UK07 PRPA_IN020000UK06 PRPA_IN030000UK08 PRSC_IN040000UK08 PRSC_IN050000UK06 PRSC_IN060000UK06
     PRSC_IN070000UK08 PRSC_IN080000UK07 PRSC_IN090000UK09 PRSC_IN100000UK06 PRSC_IN110000UK08 PRSC_IN130000UK07
     PRSC_IN140000UK06 PRSC_IN150000UK06 MCCI_IN010000UK13`,
  ],
  ['forward-express', 'ebs', 'PRSC_IN040000UK03 PRSC_IN080000UK03'],
  ['forward-reliable', 'pat', 'POLB_IN020005UK01 POLB_IN020006UK01 MCCI_IN010000UK13'],
  ['forward-reliable', 'gpes', 'COMT_IN000004GB01'],
  ['forward-reliable', 'itk', 'COPC_IN000001GB01 COPC_IN000002GB01 MCCI_IN010000UK13'],
  ['forward-reliable', 'adm am caf dir dis ed mh nd ooh op', 'MCCI_IN010000UK13'],
];

function rowOf(service: string, action: string, pattern: Pattern): FamilyRow {
  return { service, action, pattern, answers: [], refusals: [] };
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
