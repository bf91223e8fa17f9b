/**
 * Routing: from an organisation and an interaction to the system that receives it and the address to send it to. Owns the
 * order of look-ups and the forward rule; nothing is kept in memory here, whoever calls often keeps the answers.
 */
import { Problem } from '../../core/problem.ts';
import type { AccreditedSystem, Directory, MessageHandler } from './directory.ts';
import { intermediaryOf } from './forwarding.ts';

/** The receiving system, its contract, and where a message goes: straight to it, or through an intermediary. */
export interface Route {
  readonly system: AccreditedSystem;
  /** Party key, CPA id and flags are those of the receiver, also where the message is forwarded. */
  readonly handler: MessageHandler;
  readonly address: string;
  readonly forwarded: boolean;
}

export interface RouteQuery {
  /** Absent: the national services themselves. */
  readonly odsCode?: string;
  /** A service-interaction id with a colon before the interaction. */
  readonly interaction: string;
  /** ODS code of the national services: `YES` in test environments, `YEA` elsewhere. */
  readonly spineOrganisation: string;
  /** Where an organisation has systems of several suppliers. */
  readonly manufacturer?: string;
}

/**
 * The first system of the organisation that takes the interaction, with its first address.
 * @throws Problem `not-found` when there is no such system or no endpoint; `internal` as `forwardAddress`
 */
export async function routeOf(directory: Directory, query: RouteQuery): Promise<Route> {
  const { interaction, spineOrganisation, odsCode = spineOrganisation, manufacturer } = query;
  const by = manufacturer === undefined ? {} : { manufacturer };
  const [system] = await directory.systems({ odsCode, interaction, ...by }, 1);
  if (system === undefined)
    throw new Problem('not-found', 'The directory has no such system of the organisation');
  const [handler] = await directory.handlers({ partyKey: system.partyKey, interaction }, 1);
  const [own] = handler?.endpoints ?? [];
  if (handler === undefined || own === undefined)
    throw new Problem('not-found', 'The directory has no endpoint of this system');
  const through = await forwardAddress(spineOrganisation)(handler, directory);
  return { system, handler, address: through ?? own, forwarded: through !== undefined };
}

/**
 * The forward rule: the address of the intermediary through which messages to a handler go; undefined where they go
 * straight to it.
 * @throws Problem `internal` when the intermediary is not exactly one entry with exactly one address
 */
export function forwardAddress(
  spineOrganisation: string,
): (handler: MessageHandler, directory: Directory) => Promise<string | undefined> {
  return async ({ interaction }, directory) => {
    const intermediary = intermediaryOf(interaction);
    if (intermediary === undefined) return undefined;
    const query = { odsCode: spineOrganisation, interaction: intermediary };
    const [only, second] = await directory.handlers(query, 2);
    const [address, another] = only?.endpoints ?? [];
    if (address === undefined || second !== undefined || another !== undefined)
      throw new Problem(
        'internal',
        `The directory must have exactly one address for ${intermediary} of ${spineOrganisation}`,
      );
    return address;
  };
}
