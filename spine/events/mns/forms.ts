/**
 * The forms of this face's copies, with the data of an event fetched where the subscription asks for them. Owns what becomes
 * of a fetch that fails: it is tried again for ten minutes, then the notification goes without the data, for it names where
 * they are; what the source refuses is not asked again.
 */
import { Problem } from '../../../core/problem.ts';
import type { Store } from '../../../core/store.ts';
import type { Form } from '../delivery.ts';
import type { Copy, KeptEvent } from '../event.ts';
import { readCloudEvent, readLegacyEvent, type ReadEvent } from './event-schema.ts';
import { mnsForms } from './publishing.ts';
import { writeCloudEvent, writeSignal, type FetchedData } from './rendering.ts';
import { mnsSubscriptionCollection, subscriptionKey } from './subscription.ts';

/** What came of a fetch. `refused`: the source does not give it; `later`: not this time. */
export type FetchResult =
  | { readonly kind: 'data'; readonly mediaType: string; readonly resource: unknown }
  | { readonly kind: 'refused' | 'later' };

/** Fetches JSON from an address that a publisher gave, guarded as such. Never rejects. */
export type FetchData = (
  environment: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<FetchResult>;

export interface FormsOptions {
  readonly store: Store;
  readonly fetch: FetchData;
  /** Opens what a subscription keeps sealed. */
  readonly open: (sealed: string) => string | undefined;
  /** The absolute address of the subscriptions in an environment. */
  readonly subscriptions: (environment: string) => string;
  readonly now: () => number;
}

/** The media type of events of the first version. */
export const legacyType = 'application/json';

/** Milliseconds for which data are tried to be fetched. */
const fetchFor = 10 * 60_000;

export function openForms(options: FormsOptions): Readonly<Record<string, Form>> {
  const { subscriptions } = options;
  return {
    async [mnsForms['application/json']](event, copy, published, signal) {
      const text = published.toString();
      const data = await dataOf(options, event, copy, readEvent(event, text), signal);
      return { content: writeCloudEvent(text, data), mediaType: 'application/json' };
    },
    async [mnsForms['application/fhir+json']](event, copy, published, signal) {
      const read = readEvent(event, published.toString());
      const data = await dataOf(options, event, copy, read, signal);
      const content = writeSignal(read, subscriptions(event.environment), data);
      return { content, mediaType: 'application/fhir+json' };
    },
  };
}

function readEvent({ mediaType }: KeptEvent, text: string): ReadEvent {
  const value: unknown = JSON.parse(text);
  return mediaType === legacyType ? readLegacyEvent(value) : readCloudEvent(value);
}

/** @throws Error when it is to be tried again */
async function dataOf(
  { store, fetch, open, now }: FormsOptions,
  { environment, received }: KeptEvent,
  { detail }: Copy,
  { dataref }: ReadEvent,
  signal: AbortSignal,
): Promise<FetchedData | undefined> {
  if (detail === undefined || dataref === undefined) return undefined;
  const key = subscriptionKey(environment, detail);
  const sealed = (await store.open(mnsSubscriptionCollection).get(key))?.value.hydration;
  const text = sealed === undefined ? undefined : open(sealed);
  if (text === undefined) return undefined; // it was removed, or asks no more
  const headers = JSON.parse(text) as Record<string, string>; // subscriptions.ts sealed it
  const result = await fetch(environment, dataref, headers, signal);
  if (result.kind === 'data') return { url: dataref, ...result };
  if (result.kind === 'later' && now() - received < fetchFor)
    throw new Problem('upstream', 'the data of the event could not be fetched');
  return undefined;
}
