/** Audit entry to FHIR R4 AuditEvent (http://hl7.org/fhir/R4/auditevent.html), one resource an entry. Pure. */
import type { AuditEvent, AuditEventAgent, AuditEventEntity, Coding } from 'fhir/r4.js';
import type { AuditLine } from './line.ts';

const terminology = 'http://terminology.hl7.org/CodeSystem';
// Said here again because this folder stands on core alone; fhir/identifiers.ts is their home.
const nhsNumberSystem = 'https://fhir.nhs.uk/Id/nhs-number';
const jobRoleSystem = 'https://fhir.nhs.uk/Id/sds-role-profile-id';
const userSystem = 'https://fhir.nhs.uk/Id/sds-user-id';

/** The id is the entry's chain and number. A member that the entry leaves empty is left out. */
export function toAuditEvent(line: AuditLine): AuditEvent {
  const subtype = interactionOf(line);
  return {
    resourceType: 'AuditEvent',
    id: `${line.chain}-${line.seq}`,
    type: { system: `${terminology}/audit-event-type`, code: 'rest', display: 'RESTful Operation' },
    ...(subtype ? { subtype: [subtype] } : {}),
    action: actionOf(line),
    recorded: new Date(line.at).toISOString(),
    outcome: line.status >= 500 ? '8' : line.status >= 400 ? '4' : '0',
    ...(line.code === '' ? {} : { outcomeDesc: line.code }),
    ...(line.purpose === '' ? {} : { purposeOfEvent: [{ text: line.purpose }] }),
    agent: agentsOf(line),
    source: {
      ...(line.environment === '' ? {} : { site: line.environment }),
      observer: { display: `Gatehouse, audit chain ${line.chain}` },
      type: [
        { system: `${terminology}/security-source-type`, code: '4', display: 'Application Server' },
      ],
    },
    entity: [...line.people.map(toPatientEntity), toCallEntity(line)],
  };
}

const methodOf = ({ action }: AuditLine) => action.split(' ', 1)[0] ?? '';

/** Create, read, update, delete or execute. */
function actionOf(line: AuditLine): 'C' | 'R' | 'U' | 'D' | 'E' {
  const method = methodOf(line);
  if (method === 'GET' || method === 'HEAD') return 'R';
  if (method === 'POST') return line.action.includes('$') ? 'E' : 'C';
  if (method === 'PUT' || method === 'PATCH' || method === 'write') return 'U';
  return method === 'DELETE' || method === 'remove' ? 'D' : 'E';
}

/** The FHIR interaction, where the action is plainly one. */
function interactionOf(line: AuditLine): Coding | undefined {
  const interactions: Readonly<Record<string, string>> = {
    GET: /\/:[^/]+$/.test(line.action) ? 'read' : 'search-type',
    POST: line.action.includes('$') ? 'operation' : 'create',
    PATCH: 'patch',
    PUT: 'update',
    DELETE: 'delete',
  };
  const code = line.action.includes(' ') ? interactions[methodOf(line)] : undefined;
  return code === undefined
    ? undefined
    : { system: 'http://hl7.org/fhir/restful-interaction', code };
}

/** The person, where there is one, asked for it; the application otherwise. */
function agentsOf(line: AuditLine): AuditEventAgent[] {
  const person: AuditEventAgent = {
    who: {
      identifier: {
        system: line.mode === 'patient' ? nhsNumberSystem : userSystem,
        value: line.user,
      },
    },
    requestor: true,
    ...(line.role === ''
      ? {}
      : { role: [{ coding: [{ system: jobRoleSystem, code: line.role }] }] }),
  };
  const application: AuditEventAgent = {
    type: { coding: [{ system: 'http://dicom.nema.org/resources/ontology/DCM', code: '110150' }] },
    who: line.app === '' ? { display: 'unknown application' } : { identifier: { value: line.app } },
    requestor: line.user === '',
    // 2 is an IP address.
    ...(line.address === '' ? {} : { network: { address: line.address, type: '2' as const } }),
  };
  return line.user === '' ? [application] : [person, application];
}

function toPatientEntity(nhsNumber: string): AuditEventEntity {
  return {
    what: { type: 'Patient', identifier: { system: nhsNumberSystem, value: nhsNumber } },
    type: { system: `${terminology}/audit-entity-type`, code: '1', display: 'Person' },
    role: { system: `${terminology}/object-role`, code: '1', display: 'Patient' },
  };
}

/** What FHIR has no member for, as named details of the call. */
function toCallEntity(line: AuditLine): AuditEventEntity {
  const details: readonly (readonly [string, string])[] = [
    ['kind', line.kind],
    ['api', line.api],
    ['action', line.action],
    ['workspace', line.workspace],
    ['mode', line.mode],
    ['status', line.status === 0 ? '' : String(line.status)],
    ['X-Request-ID', line.requestId],
    ['X-Correlation-ID', line.correlationId],
    ['fqdn', line.system?.fqdn ?? ''],
    ['certificate', line.system?.certificate ?? ''],
    ['asid', line.system?.asid ?? ''],
    ['commit', line.commit === 0 ? '' : String(line.commit)],
    ['hash', line.hash],
  ];
  return {
    type: { system: `${terminology}/audit-entity-type`, code: '4', display: 'Other' },
    name: 'call',
    detail: details
      .filter(([, value]) => value !== '')
      .map(([type, value]) => ({ type, valueString: value })),
  };
}
