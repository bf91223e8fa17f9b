/** Metrics of what is no call: Proxies that run, the audit, mail. Owns their names and labels. */
import { add, counter, gauge, type Family } from './families.ts';
import type { MailStanding } from './mailbox.ts';
import type { FoundStatus } from './status-record.ts';
import type { TraceCounts } from './trace-keeper.ts';

const proxyHelp = {
  up: 'Whether the platform answers for an API and its back end is well; 0 or 1.',
  circuit: 'The circuit breaker of a back end: 0 closed, 1 half-open, 2 open.',
  revision: 'The revision that serves.',
};

/** What was found of the Proxies, told by the process that is asked. */
export function statusFamilies(found: Iterable<FoundStatus>): Family[] {
  const up = gauge('gateway_target_up', proxyHelp.up, 'max');
  for (const { api, environment, target, ping, health } of found) {
    const well = ping.up !== false && health?.up !== false;
    if (ping.up !== undefined) add(up, { api, environment, target }, well ? 1 : 0);
  }
  return [up];
}

export interface RunningFacts {
  readonly api: string;
  readonly environment: string;
  readonly target: string;
  readonly revision: number;
  readonly circuit?: 'closed' | 'open' | 'half-open';
}

const circuits = { closed: 0, 'half-open': 1, open: 2 } as const;

/** What this process runs. */
export function runningFamilies(running: Iterable<RunningFacts>): Family[] {
  const circuit = gauge('gateway_circuit_state', proxyHelp.circuit, 'max');
  const info = gauge('gateway_config_revision_info', proxyHelp.revision, 'max');
  for (const { api, environment, target, revision, circuit: state } of running) {
    if (state !== undefined) add(circuit, { api, environment, target }, circuits[state]);
    add(info, { api, environment, revision }, 1);
  }
  return [circuit, info];
}

/** The audit of this process. */
export function auditFamilies(audit: { readonly ok: boolean; readonly refused: number }): Family[] {
  const failures = counter('audit_write_failures_total', 'Entries that could not be written.');
  const ok = gauge('audit_chain_ok', 'Whether every chain of the audit can be written.', 'min');
  add(failures, {}, audit.refused);
  add(ok, {}, audit.ok ? 1 : 0);
  return [failures, ok];
}

/** What is left of certificates, those that end first alone: there may be thousands. In seconds; negative after the end. */
export function certificateFamilies(
  endings: readonly {
    readonly environment: string;
    readonly fqdn: string;
    readonly left: number;
  }[],
): Family[] {
  const help =
    'What is left of the certificates of systems that end first; negative after the end.';
  const left = gauge('certificate_remaining_seconds', help, 'min');
  for (const { environment, fqdn, left: milliseconds } of endings.slice(0, 200))
    add(left, { environment, fqdn }, Math.floor(milliseconds / 1000));
  return [left];
}

/** Traces of calls and messages of this process. */
export function traceFamilies({ kept, dropped }: TraceCounts): Family[] {
  const written = counter('message_traces_kept_total', 'Traces of calls and messages written.');
  const help = 'Traces that came faster than they could be written, or could not be written.';
  const lost = counter('message_traces_dropped_total', help);
  add(written, {}, kept);
  add(lost, {}, dropped);
  return [written, lost];
}

/** For how long the oldest message has waited. */
export function mailFamilies({ oldest }: MailStanding): Family[] {
  const lag = gauge('portal_jobs_lag_seconds', 'For how long the oldest message waits.', 'max');
  add(lag, {}, oldest / 1000);
  return [lag];
}
