/**
 * The face of MNS as a table: publishing events, and subscriptions. Owns the wire and the order of its checks: the caller has
 * been proved in front; what follows from a body is in the files beside.
 */
import type { Exchange, Handler, Reply } from '../../../core/exchange.ts';
import { JsonFault, parseJson } from '../../../core/json.ts';
import { routes } from '../../../core/routes.ts';
import { Problem } from '../../../core/problem.ts';
import { isNhsNumber } from '../../../fhir/identifiers.ts';
import { mnsError, validationErrors } from './errors.ts';
import { readCloudEvent, readLegacyEvent, type ReadEvent } from './event-schema.ts';
import { eventType } from './event-types.ts';
import { legacyType } from './forms.ts';
import type { Publishing } from './publishing.ts';
import { readWish, shownSubscription, type Wish } from './subscription.ts';
import type { MnsSubscriptions, Subscriber } from './subscriptions.ts';

export interface MnsApiOptions {
  readonly publishing: Pick<Publishing, 'publish'>;
  readonly subscriptions: MnsSubscriptions;
  /**
   * Which types of event a caller may publish: all, for whoever is let in without a name where that is so; those that its
   * app has a right for; undefined: it has no right to publish at all.
   */
  readonly mayPublish: (exchange: Exchange) => 'all' | ReadonlySet<string> | undefined;
}

/** The paths below the base, as the OpenAPI document must list them. */
export const mnsPaths = [
  'POST /events',
  'POST /subscriptions',
  'GET /subscriptions',
  'GET /subscriptions/:id',
  'PUT /subscriptions/:id',
  'DELETE /subscriptions/:id',
] as const;

/** Bytes of a body. */
const mostBytes = 256 * 1024;

export function mnsApi(options: MnsApiOptions): Handler {
  const { subscriptions } = options;
  const [events, create, list, read, replace, remove] = mnsPaths;
  const table = routes(
    {
      [events]: (exchange) => publish(options, exchange),
      async [create](exchange) {
        const { id } = await subscriptions.create(subscriberOf(exchange), await wishIn(exchange));
        return json(201, { id });
      },
      [list]: (exchange) => listed(options, exchange),
      async [read](exchange) {
        const one = await subscriptions.read(subscriberOf(exchange), idIn(exchange));
        return json(200, shownSubscription(one), fhirType);
      },
      async [replace](exchange) {
        const id = idIn(exchange);
        await subscriptions.replace(subscriberOf(exchange), id, await wishIn(exchange));
        return { status: 204 };
      },
      async [remove](exchange) {
        await subscriptions.remove(subscriberOf(exchange), idIn(exchange));
        return { status: 204 };
      },
    },
    { notFound: () => Promise.reject(mnsError('missing')) },
  );
  return (exchange) => {
    if ((exchange.headers['x-correlation-id'] ?? '') === '')
      return Promise.reject(mnsError('correlation'));
    return table(exchange);
  };
}

async function publish(
  { publishing, mayPublish }: MnsApiOptions,
  exchange: Exchange,
): Promise<Reply> {
  const may = mayPublish(exchange);
  if (may === undefined) throw mnsError('unauthorised', 'the app has no right to publish events');
  const mediaType = typeOf(exchange);
  if (mediaType !== legacyType && mediaType !== cloudEventsType)
    throw validationErrors({
      'Content-Type': `Please provide a valid Content-Type: ${cloudEventsType}`,
    });
  const { value, bytes } = await bodyIn(exchange);
  const event = mediaType === legacyType ? readLegacyEvent(value) : readCloudEvent(value);
  const { subject, type } = event;
  if (subject !== undefined && isNhsNumber(subject)) exchange.facts.people.push(subject);
  checkRight(may, event);
  const { environment, workspace } = exchange;
  await publishing.publish(environment, { event, workspace, content: bytes, mediaType });
  exchange.facts.route = `POST /events ${type}`;
  return json(200, { id: event.id });
}

/** @throws Problem 403 */
function checkRight(may: 'all' | ReadonlySet<string>, { type }: ReadEvent): void {
  if (eventType(type)?.own === true)
    throw mnsError('eventType', 'this type is published by the PDS of this platform alone');
  if (may !== 'all' && !may.has(type))
    throw mnsError('eventType', `the app has no right events:create:${type}`);
}

async function listed({ subscriptions }: MnsApiOptions, exchange: Exchange): Promise<Reply> {
  const { query } = exchange;
  const from = query.get('continue_from') ?? undefined;
  const after = from === undefined ? undefined : placeIn(from);
  const page = await subscriptions.list(subscriberOf(exchange), after).catch((error: unknown) => {
    throw error instanceof Problem && error.kind === 'invalid' ? mnsError('continueFrom') : error;
  });
  const url = (place: string) => `/subscriptions?continue_from=${encodeURIComponent(place)}`;
  const { next } = page;
  const self = from === undefined ? '/subscriptions' : url(from);
  const link = [
    { relation: 'self', url: self },
    ...(next === undefined ? [] : [{ relation: 'next', url: url(placeText(next)) }]),
  ];
  const entry = page.items.map(({ value }) => shownSubscription(value));
  return json(200, { resourceType: 'Bundle', type: 'searchset', link, entry }, fhirType);
}

function placeText(next: string): string {
  return Buffer.from(next).toString('base64url');
}

/** @throws Problem 400 for what is none of ours */
function placeIn(text: string): string {
  const place = Buffer.from(text, 'base64url').toString();
  if (text === '' || text.length > 1000 || placeText(place) !== text)
    throw mnsError('continueFrom');
  return place;
}

const cloudEventsType = 'application/cloudevents+json';
const fhirType = 'application/fhir+json';

function subscriberOf({ environment, workspace, caller }: Exchange): Subscriber {
  return { environment, workspace, app: caller?.appId ?? '' };
}

/** @throws Problem 400 */
function idIn({ params: { id = '' } }: Exchange): string {
  const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
  if (!uuid4.test(id)) throw mnsError('subscriptionId');
  return id.toLowerCase();
}

async function wishIn(exchange: Exchange): Promise<Wish> {
  if (typeOf(exchange) !== fhirType)
    throw validationErrors({ 'Content-Type': `Please provide a valid Content-Type: ${fhirType}` });
  return readWish((await bodyIn(exchange)).value);
}

function typeOf({ headers }: Exchange): string {
  return (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** @throws Problem 400, 413 */
async function bodyIn({
  body,
}: Exchange): Promise<{ readonly value: unknown; readonly bytes: Buffer }> {
  const bytes = await body.bytes(mostBytes);
  try {
    return { value: parseJson(bytes, { depth: 20, members: 5_000 }), bytes };
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw validationErrors({ body: 'Please provide a valid body: JSON in UTF-8' });
  }
}

function json(status: number, value: object, type = 'application/json'): Reply {
  return {
    status,
    headers: { 'content-type': type, 'cache-control': 'no-store' },
    body: JSON.stringify(value),
  };
}
