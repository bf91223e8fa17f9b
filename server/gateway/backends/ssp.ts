/**
 * The Spine Secure Proxy: the caller names the address of a provider in the path, and it is called only when the directory
 * has both systems, the interaction and that address. Owns the checks behind the caller's own (policies/ssp-sender.ts),
 * in their published order: interaction, sender, receiver, permission, address, media type, reachability.
 */
import type { Exchange, Reply } from '../../../core/exchange.ts';
import { Problem } from '../../../core/problem.ts';
import type { SpineSecureProxyBackend } from '../../catalogue/proxies.ts';
import type { Backend, BackendSite } from '../backend.ts';
import type {
  DirectoryHandler,
  DirectoryRoutes,
  DirectorySystem,
  LookUpTerms,
} from '../directory-routes.ts';
import { lookUpTerms, targetTerms, traceIdOf } from './directory.ts';
import { createTargets, type Targets } from './directory-targets.ts';
import { tellSpineFacts } from './identity-facts.ts';
import { checkMediaType } from './ssp-media-type.ts';
import { belowRegistered, targetIn, type Below } from './ssp-target.ts';
import * as problems from './ssp-problems.ts';

/** @throws Problem `invalid` where there is no directory. */
export function spineSecureProxyBackend(
  definition: SpineSecureProxyBackend,
  site: BackendSite,
): Backend {
  const { directory } = site.services;
  if (!directory) throw new Problem('invalid', 'There is no Spine Directory here');
  // The token is for the provider, which judges it.
  const passing = ['authorization'];
  const targets = createTargets({ ...targetTerms(definition), passing, withheld: [] }, site);
  const mayCall = permissions(definition);
  const view = directory.viewOf(site.environment);
  return {
    handler: async (exchange) => {
      const asked = new Asked(exchange, directory, lookUpTerms(definition, exchange, view));
      await asked.checkInteraction();
      const sender = await asked.sender();
      const { system, handlers } = await asked.receiver();
      if (!mayCall(sender.organisation, system.organisation))
        throw problems.permissionRefused(
          ...([asked.from, asked.to] as const),
          `Expected an agreement that ${sender.organisation} may call ${system.organisation}, and found none`,
        );
      const { handler, below } = registered(exchange, handlers);
      checkMediaType(exchange);
      const { from, to, interaction } = asked;
      const traceId = traceIdOf(exchange, () => site.services.clock.newId());
      tellSpineFacts(exchange, { traceId, from, to, interaction });
      return reach(targets, { address: below.address, fqdn: handler.fqdn }, exchange, below.rest);
    },
    close: () => targets.close(),
  };
}

/** What one call says of its two systems, and what the directory has of them. */
class Asked {
  readonly from: string;
  readonly to: string;
  readonly interaction: string;
  readonly #directory: DirectoryRoutes;
  readonly #terms: LookUpTerms;

  constructor({ headers }: Exchange, directory: DirectoryRoutes, terms: LookUpTerms) {
    this.from = headers['ssp-from']?.trim() ?? '';
    this.to = headers['ssp-to']?.trim() ?? '';
    this.interaction = headers['ssp-interactionid']?.trim() ?? '';
    this.#directory = directory;
    this.#terms = terms;
  }

  async checkInteraction(): Promise<void> {
    const { interaction } = this;
    const fits = /^[A-Za-z0-9:._-]{3,200}$/.test(interaction);
    if (fits && (await this.#directory.isKnown(interaction, this.#terms))) return;
    throw problems.mediaTypeRefused(
      'Expected an interaction that some system of the directory takes in Ssp-InteractionID, and found none',
    );
  }

  async sender(): Promise<DirectorySystem> {
    const { from, interaction } = this;
    const system = await this.#directory.system(from, this.#terms);
    if (!system)
      throw problems.senderRefused(from, 'Expected an ASID of the directory, and found none');
    if (!system.interactions.includes(interaction))
      throw problems.senderRefused(
        from,
        `Expected a sender that is accredited for ${interaction}, and found one that is not`,
      );
    return system;
  }

  async receiver(): Promise<{ system: DirectorySystem; handlers: readonly DirectoryHandler[] }> {
    const { to, interaction } = this;
    const refuse = (found: string) =>
      problems.receiverRefused(to, `Expected a receiver for ${interaction}, and found ${found}`);
    const system = await (/^[0-9]{12}$/.test(to)
      ? this.#directory.system(to, this.#terms)
      : undefined);
    if (!system) throw refuse('no such ASID in the directory');
    if (!system.interactions.includes(interaction))
      throw refuse('that the ASID is not accredited for it');
    const { partyKey } = system;
    const handlers = await this.#directory.handlers({ partyKey, interaction }, this.#terms);
    if (handlers.length === 0) throw refuse(`no endpoint of its party key ${partyKey}`);
    return { system, handlers };
  }
}

function permissions({
  agreements,
}: SpineSecureProxyBackend): (from: string, to: string) => boolean {
  if (!agreements) return () => true;
  const known = new Set(agreements.map(({ from, to }) => `${from} ${to}`));
  return (from, to) =>
    [`${from} ${to}`, `${from} *`, `* ${to}`, '* *'].some((pair) => known.has(pair));
}

function registered(
  exchange: Exchange,
  handlers: readonly DirectoryHandler[],
): { readonly handler: DirectoryHandler; readonly below: Below } {
  const target = targetIn(exchange);
  for (const handler of handlers)
    for (const address of handler.addresses) {
      const below = belowRegistered(address, target);
      if (below) return { handler, below };
    }
  const [first] = handlers;
  throw problems.addressRefused(first?.addresses[0] ?? '', first?.cpaId ?? '', target);
}

async function reach(
  targets: Targets,
  target: { readonly address: string; readonly fqdn: string },
  exchange: Exchange,
  path: string,
): Promise<Reply> {
  try {
    return await targets.call(target, exchange.with({ path }));
  } catch (error) {
    const problem = Problem.from(error);
    const { kind } = problem;
    if (kind !== 'upstream' && kind !== 'timeout' && kind !== 'unavailable') throw problem;
    throw problems.unreachable(target.address, problem);
  }
}
