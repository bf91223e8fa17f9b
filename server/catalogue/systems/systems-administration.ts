/** The administration of accredited systems, joined: what its part of the management API, and later the hub, call. */
import type { Ground } from '../records.ts';
import {
  certificateAdministration,
  type CertificateAdministration,
} from './certificate-administration.ts';
import {
  deploymentAdministration,
  type DeploymentAdministration,
} from './deployment-administration.ts';
import { endpointAdministration, type EndpointAdministration } from './endpoint-administration.ts';
import { openNames } from './names.ts';
import { openSettling } from './settling.ts';
import type { SystemHooks } from './system-hooks.ts';

export interface SystemsAdministration {
  readonly deployments: DeploymentAdministration;
  readonly endpoints: EndpointAdministration;
  readonly certificates: CertificateAdministration;
  readonly hooks: SystemHooks;
  /** Finishes what failures and ended processes left in directory and Apps. Gives how many could not be finished. */
  settle(): Promise<number>;
}

/** Who does what the platform finishes by itself. */
const platform = { id: 'platform', role: 'operator', organisation: '*' } as const;

export function systemsAdministration(
  options: Ground & { readonly hooks: SystemHooks },
): SystemsAdministration {
  const settling = openSettling(options);
  const ground = { ...options, settling, names: openNames(options.store, options.hooks) };
  return {
    deployments: deploymentAdministration(ground),
    endpoints: endpointAdministration(ground),
    certificates: certificateAdministration(ground),
    hooks: options.hooks,
    settle: () => settling.settleAll(platform),
  };
}
