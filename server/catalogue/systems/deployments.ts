/**
 * Deployments: an App at one organisation in one environment (R149). ASID, party key, FQDN and certificates hang on it.
 * Owns the shape and the collection; deployment-administration.ts tells the steps and who may take them.
 */
import type { CollectionOf } from '../../../core/store.ts';
import type { Environment } from '../environments.ts';

export type DeploymentState = 'requested' | 'approved' | 'live' | 'suspended' | 'ended';

export interface Deployment {
  /** Made by the platform: 26 characters, opaque. */
  readonly id: string;
  /** App id. */
  readonly app: string;
  readonly odsCode: string;
  readonly environment: Environment;
  readonly state: DeploymentState;
  /** Service-interaction ids it may send and receive. */
  readonly interactions: readonly string[];
  /** Those of them that it receives: each needs an endpoint before it goes live. Absent: none. */
  readonly receives?: readonly string[];
  /** Where it receives. Absent: nowhere. */
  readonly endpoints?: readonly RegisteredEndpoint[];
  readonly product: { readonly name: string; readonly version: string };
  /** ODS code of the supplier. */
  readonly manufacturer: string;
  /** Given at approval. 12 digits; unique over all environments. */
  readonly asid?: string;
  /** `<ODS>-<6 or 7 digits>`. */
  readonly partyKey?: string;
  /** The name its certificates bear: wished for in a request, or given at approval. Nobody else's from approval on. */
  readonly fqdn?: string;
  readonly requested: Step;
  /** Who else has changed what is asked for since: it is their request as well. Production only. */
  readonly changedBy?: readonly string[];
  readonly approved?: Step;
  /** What shall take its place once a second person approves it. Production only. */
  readonly waiting?: WaitingChange;
  readonly live?: Step;
  readonly suspended?: Step & { readonly reason: string };
  /** For good: its ASID never calls again. It can be asked for anew, and gets another. */
  readonly ended?: Step & { readonly reason: string };
}

/** A change that lets an approved Deployment do more. */
export interface WaitingChange extends Step {
  readonly interactions: readonly string[];
  readonly receives: readonly string[];
  readonly product: Deployment['product'];
}

/** Messages of one interaction come to one address, under one contract. */
export interface RegisteredEndpoint {
  readonly interaction: string;
  readonly url: string;
  readonly contract: Contract;
  /** Its id in the directory, and of its contract (CPA id). */
  readonly id: string;
  /** It is being removed: the directory may still hold it. */
  readonly leaving?: true;
}

/** How messages are answered and repeated (contracts.ts). */
export type Contract = 'synchronous' | 'async-express' | 'async-reliable' | 'forward-reliable';

export interface Step {
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export const deploymentCollection: CollectionOf<Deployment> = {
  name: 'catalogue.deployments',
  keys: (deployment) => ({
    all: [['all']],
    app: [[deployment.app, deployment.environment]],
    place: [[deployment.app, deployment.odsCode, deployment.environment]],
    asid: deployment.asid === undefined ? [] : [[deployment.asid]],
    partyKey: deployment.partyKey === undefined ? [] : [[deployment.partyKey]],
    fqdn: deployment.fqdn === undefined ? [] : [[deployment.fqdn]],
  }),
};

/** What it receives and has no endpoint for. */
export function withoutEndpoint({ receives = [], endpoints = [] }: Deployment): readonly string[] {
  const there = new Set(
    endpoints.filter(({ leaving }) => !leaving).map(({ interaction }) => interaction),
  );
  return receives.filter((one) => !there.has(one));
}
