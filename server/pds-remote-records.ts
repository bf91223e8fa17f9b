/**
 * Records of kind `remote`: a PDS Proxy in front of another PDS FHIR server, the national one or another Gatehouse. Owns the
 * settings and how the call is made; what is asked and understood is fhir/pds/remote-patients.ts's, the wire the gateway's.
 */
import type { Clock } from '../core/clock.ts';
import { remotePatients } from '../fhir/pds/remote-patients.ts';
import { httpBackendProperties } from './catalogue/proxy-rules.ts';
import type { BackendSecurity, HttpBackend } from './catalogue/proxies.ts';
import { openOwnCalls } from './gateway/backends/own-calls.ts';
import { targetFaults } from './gateway/backends/target-rules.ts';
import type { RecordsConfig, RecordsKind } from './pds-records.ts';

/** Bytes: fifty people with all that is known of them are far below. */
const longestAnswer = 1024 * 1024;

/** Records of another PDS FHIR server. */
export function remoteRecords(clock: Clock): RecordsKind {
  return {
    properties: {
      ...httpBackendProperties,
      asid: { type: 'string', pattern: '^[0-9]{1,20}$' },
    },
    required: ['url'],
    check: (config, { environment, services }) =>
      targetFaults(targetOf(config), environment, services.targets).map((message) => ({
        at: placeOf(message),
        message,
      })),
    create(config, site) {
      const calls = openOwnCalls(targetOf(config), site.at, longestAnswer);
      site.onClose(() => calls.close());
      if (calls.condition) site.standsOn(calls.condition);
      const { asid } = config as { readonly asid?: string }; // by the schema above
      return remotePatients({
        clock,
        call: ({ method, path, headers, body }, { caller, facts, gone }) =>
          calls.send({
            ...{ method, path, headers, body, facts },
            caller: asid === undefined ? caller : { ...caller, asid },
            // A change that has been sent goes on there: its answer is waited for, and audited.
            gone: method === 'GET' ? gone?.() : undefined,
          }),
      });
    },
  };
}

function targetOf(config: RecordsConfig): HttpBackend {
  const { url, security, timeout, connections } = config as RecordsConfig & {
    readonly url: string;
    readonly security?: BackendSecurity;
    readonly timeout?: number;
    readonly connections?: number;
  }; // by the schema above
  return {
    ...{ kind: 'http', url },
    ...(security ? { security } : {}),
    ...(timeout === undefined ? {} : { timeout }),
    ...(connections === undefined ? {} : { connections }),
  };
}

/** A fault of a target begins with the name of the setting. */
function placeOf(message: string): string {
  const [name = ''] = message.split(':', 1);
  if (name === 'tokenUrl') return '/security/tokenUrl';
  return ['url', 'security', 'timeout', 'connections'].includes(name) ? `/${name}` : '';
}
