/**
 * Joins the administration of accredited systems with what it rests on: the Spine Directory, the certificate authority
 * and the diary of handshakes; and gives the management API its routes. Owns the joining, and that what a failure left
 * is finished: at the start, every few minutes, and when a view of the data was reset.
 */
import type { Clock } from '../core/clock.ts';
import type { Journal } from '../core/audit.ts';
import type { Log } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import { certificateHooks } from './accredited-hooks-certificates.ts';
import { directoryHooks } from './accredited-hooks-directory.ts';
import { explainer } from './accredited-hooks-explain.ts';
import type { Addresses } from './addresses.ts';
import type { Act } from './catalogue/api-call.ts';
import { environments, type Environment } from './catalogue/environments.ts';
import type { RouteFacts } from './catalogue/platform-routes-facts.ts';
import { certificateActs, certificateFacts } from './catalogue/systems/certificate-routes.ts';
import { deploymentActs, deploymentFacts } from './catalogue/systems/deployment-routes.ts';
import type { SystemHooks } from './catalogue/systems/system-hooks.ts';
import {
  systemsAdministration,
  type SystemsAdministration,
} from './catalogue/systems/systems-administration.ts';
import type { PlatformCertificates } from './certificate-authority.ts';
import type { Config } from './config.ts';
import { directoryView } from './directory-views.ts';
import type { Handshakes } from './handshakes.ts';
import type { TlsPorts } from './listeners.ts';
import type { ServedStore } from './store/served.ts';

export interface AccreditedSystemsOptions {
  readonly config: Config;
  readonly store: ServedStore;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly addresses: Addresses;
  readonly certificates: PlatformCertificates;
  readonly handshakes: Handshakes;
  /** The environment of addresses that name none. */
  readonly standard: Environment;
}

export interface AccreditedSystems {
  readonly administration: SystemsAdministration;
  /** Routes of management, and what its document says of them. */
  readonly acts: Readonly<Record<string, Act>>;
  readonly facts: Readonly<Record<string, RouteFacts>>;
  /** The ports for mutual TLS are known: certificates are handed out with a call to try. */
  listening(ports: TlsPorts | undefined): void;
  /** Finishes what was left; to be called now and then. Gives how many could not be finished. */
  sweep(): Promise<number>;
  close(): void;
}

export function openAccreditedSystems(options: AccreditedSystemsOptions): AccreditedSystems {
  const { store, certificates, handshakes } = options;
  const hooks: SystemHooks = {
    domains: (environment) => certificates.domains(environment),
    directory: directoryHooks(openDirectory(store)),
    certificates: certificateHooks(
      certificates.register,
      explainer({ ...certificates, clock: options.clock }),
    ),
    handshakes: (query) => handshakes.recent(query),
    listenerAuthorities: (environment) => authoritiesOf(options, environment),
  };
  const administration = systemsAdministration({ ...options, hooks });
  const sweep = () => store.alone('systems.settle', () => administration.settle());
  return {
    ...{ administration, sweep },
    acts: { ...deploymentActs(administration), ...certificateActs(administration) },
    facts: { ...deploymentFacts, ...certificateFacts },
    listening(ports) {
      hooks.listener = (environment) => listenerOf(options, environment, ports);
    },
    close: onReset(options, sweep),
  };
}

/** Those that issued what a listener shows; undefined where it shows a certificate that was given to it. */
function authoritiesOf(
  { config, certificates, standard }: AccreditedSystemsOptions,
  environment: Environment,
): string | undefined {
  if (config.tlsCertFile !== '') return undefined;
  const test = standard === 'production' ? 'sandbox' : standard;
  const { chain } = certificates.authority.of(environment === 'production' ? environment : test);
  return chain === '' ? undefined : chain;
}

/** The address of an environment at the listener for it, as callers reach it. */
function listenerOf(
  { config, addresses }: AccreditedSystemsOptions,
  environment: Environment,
  ports: TlsPorts | undefined,
): string | undefined {
  const port = environment === 'production' ? ports?.production : ports?.test;
  if (port === undefined) return undefined;
  const { pathname, hostname } = new URL(addresses.of(environment, ''));
  const path = pathname === '/' ? '' : pathname;
  return environment !== 'production' && config.tlsPublicUrl !== ''
    ? `${config.tlsPublicUrl}${path}`
    : `https://${hostname}:${port}${path}`;
}

/** Registers Deployments again when a view was reset, which took their entries along. Gives what stops it. */
function onReset(
  { store, log }: AccreditedSystemsOptions,
  sweep: () => Promise<number>,
): () => void {
  const views = new Set(environments.map(directoryView).filter((view) => view !== ''));
  return store.changes.listen((changes) => {
    // A reset names no collection.
    if (!changes.some(({ collection, workspace }) => collection === '' && views.has(workspace)))
      return;
    sweep().catch((error: unknown) => {
      log.log('error', 'deployments could not be registered again after a reset', {
        kind: Problem.from(error).kind,
      });
    });
  });
}
