/** Callers of the notification service and the mailboxes that they are told in, for tests over real sockets. */
import { v2, type MeshCallerOf } from './mesh-ground.ts';
import { until } from './postman-ground.ts';

const mnsPath = '/multicast-notification-service';

export interface MnsAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test names the members it expects
  readonly json: any;
}

/** @param url of an environment. @param fields sent with each call */
export function mnsCaller(url: string, fields: Readonly<Record<string, string>> = {}) {
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<MnsAnswer> => {
    const answer = await fetch(`${url}${mnsPath}${path}`, {
      method,
      headers: { 'x-correlation-id': 'test-1', ...fields, ...headers },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = (answer.headers.get('content-type') ?? '').includes('json') && text !== '';
    return {
      ...{ status: answer.status, headers: answer.headers, text },
      json: isJson ? (JSON.parse(text) as unknown) : undefined,
    };
  };
  const asFhir = { 'content-type': 'application/fhir+json' };
  return {
    call,
    publish: (event: unknown, headers: Readonly<Record<string, string>> = {}) =>
      call('POST', '/events', event, {
        'content-type': 'application/cloudevents+json',
        ...headers,
      }),
    subscribe: (wish: unknown, headers: Readonly<Record<string, string>> = {}) =>
      call('POST', '/subscriptions', wish, { ...asFhir, ...headers }),
    replace: (id: string, wish: unknown) => call('PUT', `/subscriptions/${id}`, wish, asFhir),
  };
}

export const workflow = 'API-DOCS-TEST';

/** A subscription as it is asked for. */
export function wishFor(
  criteria: string,
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const { mailbox = 'BOB', payload = 'application/json', endpoint, ...others } = more;
  return {
    ...{ resourceType: 'Subscription', status: 'requested', reason: 'a test', criteria },
    channel: {
      type: 'message',
      endpoint: endpoint ?? `mesh://${String(mailbox)}?workflow_id=${workflow}`,
      payload,
    },
    ...others,
  };
}

/** An event as it is published. */
export function eventOf(
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> & { readonly id: string; readonly source: string } {
  return {
    ...{ specversion: '1.0', id: crypto.randomUUID(), source: 'uk.nhs.example-service' },
    ...{ type: 'patientflags-change-1', time: '2026-03-01T10:15:00Z', subject: '9000000009' },
    dataref: 'https://example.org/flags/1',
    ...more,
  };
}

/** A message as it was fetched. */
export interface Told {
  readonly id: string;
  readonly headers: Headers;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test names the members it expects
  readonly json: any;
}

/** Waits until a mailbox has so many messages; fetches and acknowledges all there are. */
export async function takeAll(box: MeshCallerOf, count: number): Promise<readonly Told[]> {
  const ids = await until(async () => {
    const all = (await box.inbox('', v2)).json.messages as string[];
    return all.length >= count && all;
  }, `${count} messages`);
  const told: Told[] = [];
  for (const id of ids) {
    const { text, headers } = await box.fetch(id, v2);
    await box.acknowledge(id);
    told.push({ id, headers, text, json: JSON.parse(text) as unknown });
  }
  return told;
}
