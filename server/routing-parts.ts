/**
 * Joins what routes by the directory: the look-ups and what back ends show where they lead, the policies and the form of
 * refusals of the Spine Secure Proxy, and whoever reads cross-organisation tokens.
 */
import type { Clock } from '../core/clock.ts';
import type { Policy } from '../core/exchange.ts';
import type { Directory } from '../spine/sds/directory.ts';
import { callerBy } from './accredited.ts';
import type { Addresses } from './addresses.ts';
import type { Environment } from './catalogue/environments.ts';
import type { Catalogue } from './catalogue/catalogue.ts';
import { createAssertedContexts, createUserContext } from './cross-organisation.ts';
import { directoryView } from './directory-views.ts';
import { createDirectoryRouting, type DirectoryRouting } from './directory-routing.ts';
import type { JudgeSystem, ReadUserContext } from './gateway/accredited-systems.ts';
import type { AssertedContexts } from './gateway/asserted-context.ts';
import type { BackendServices } from './gateway/backend.ts';
import { sspOutcomes } from './gateway/backends/ssp-problems.ts';
import { crossOrganisationJwtKind } from './gateway/policies/cross-organisation-jwt.ts';
import { sspSenderKind } from './gateway/policies/ssp-sender.ts';
import type { PolicyKind } from './gateway/policy.ts';
import { sspFaults } from './spine-secure-proxy.ts';

export interface RoutingOptions {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly addresses: Addresses;
  /** The addresses for mutual TLS of an environment; undefined where nothing listens. */
  readonly tlsAddresses: (environment: Environment) => Addresses | undefined;
  readonly catalogue: Catalogue;
  /** Judges systems by their certificates. */
  readonly judgeSystem: JudgeSystem;
  readonly clientIdentity: NonNullable<BackendServices['clientCertificate']>;
  /** The base of the API that a Proxy serves, by the Proxy's id. */
  readonly baseOf: (proxy: string) => string | undefined;
}

export interface RoutingParts {
  readonly backends: Required<Pick<BackendServices, 'directory' | 'clientCertificate'>>;
  readonly kinds: Readonly<Record<string, PolicyKind>>;
  readonly edges: Readonly<Record<string, Policy>>;
  readonly userContext: ReadUserContext;
  /** Reads cross-organisation tokens. */
  readonly contexts: AssertedContexts;
  close(): void;
}

export function createRoutingParts(options: RoutingOptions): RoutingParts {
  const { directory, clock, judgeSystem, clientIdentity, baseOf } = options;
  const routes: DirectoryRouting = createDirectoryRouting(directory, clock, directoryView);
  const contexts = createAssertedContexts({ ...options, routes });
  return {
    backends: { directory: routes, clientCertificate: clientIdentity },
    kinds: routingKinds(sspSenderKind(callerBy(judgeSystem)), crossOrganisationJwtKind(contexts)),
    edges: { [sspFaults]: sspOutcomes(() => clock.newId()) },
    contexts,
    userContext: createUserContext(contexts, ({ facts }) => baseOf(facts.proxy ?? '')),
    close: () => {
      routes.close();
    },
  };
}

function routingKinds(
  sspSender: ReturnType<typeof sspSenderKind>,
  crossOrganisationJwt: ReturnType<typeof crossOrganisationJwtKind>,
): Readonly<Record<string, PolicyKind>> {
  return { 'ssp-sender': sspSender, 'cross-organisation-jwt': crossOrganisationJwt };
}
