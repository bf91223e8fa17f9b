/**
 * What must hold between entries that are registered: pure checks, for whoever registers. The schema's own rules are
 * schema-check.ts's. Each gives the faults in words, none when all is well.
 */
import type { AccreditedSystem, MessageHandler } from './directory.ts';
import { hostOf } from './directory-keys.ts';

/** Faults of the addresses of a handler: each host is its FQDN, and a FHIR address is a base to which paths are added. */
export function endpointFaults(
  handler: Pick<MessageHandler, 'endpoints' | 'fqdn' | 'interactionType'>,
): readonly string[] {
  const { endpoints, fqdn, interactionType } = handler;
  if (endpoints.length === 0) return ['there is no endpoint'];
  return endpoints.flatMap((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !['http:', 'https:'].includes(url.protocol))
      return ['an endpoint is no absolute http or https address'];
    return [
      ...(url.hostname === hostOf(fqdn) ? [] : [`the host of an endpoint is not ${hostOf(fqdn)}`]),
      ...(url.username === '' && url.password === '' ? [] : ['an endpoint holds credentials']),
      ...(interactionType === 'FHIR' ? fhirFaults(text) : []),
    ];
  });
}

function fhirFaults(text: string): readonly string[] {
  return [
    ...(text.endsWith('/') ? ['a FHIR endpoint ends in a slash'] : []),
    ...(text.includes('?') ? ['a FHIR endpoint holds a query'] : []),
    ...(text.includes('#') ? ['a FHIR endpoint holds a fragment'] : []),
  ];
}

/** Faults of a handler beside those of its party key: there is one for each interaction. */
export function handlerFaults(
  handler: MessageHandler,
  others: readonly MessageHandler[],
): readonly string[] {
  const twin = others.find(
    (one) =>
      one.id.toLowerCase() !== handler.id.toLowerCase() &&
      one.interaction === handler.interaction &&
      one.partyKey.toLowerCase() === handler.partyKey.toLowerCase(),
  );
  return [
    ...endpointFaults(handler),
    ...(twin ? [`the party key has an endpoint for this interaction already: ${twin.id}`] : []),
    ...(`${handler.service}:${handler.action}` === handler.interaction
      ? []
      : ['the interaction is not its service and action with a colon between']),
  ];
}

/** Interactions that a system is to receive without an endpoint of its party key. */
export function withoutEndpoint(
  { partyKey }: Pick<AccreditedSystem, 'partyKey'>,
  receives: readonly string[],
  handlers: readonly MessageHandler[],
): readonly string[] {
  const served = new Set(
    handlers
      .filter((one) => one.partyKey.toLowerCase() === partyKey.toLowerCase())
      .map(({ interaction }) => interaction),
  );
  return receives.filter((interaction) => !served.has(interaction));
}
