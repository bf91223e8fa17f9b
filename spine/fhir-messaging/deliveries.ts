/** Deliveries of FHIR messages and of the answers to them: their topics, ids, lanes and schedules in the outbox. */
import { hash } from 'node:crypto';
import type { Delivery, NewDelivery, Schedule } from '../../core/outbox.ts';
import { firstPause, longestPause } from '../postman/subscriptions.ts';
import { messageKeyOf, type KeptMessage, type Route } from './kept.ts';

/** The topics of the outbox whose senders deliver messages, and answers. */
export const messageTopic = 'fhir-message';
export const answerTopic = 'fhir-message-answer';

/** As long as a message waits in an inbox. */
const lifetime = 5 * 24 * 3_600_000;

const schedule: Schedule = {
  ...{ retries: 100_000, interval: firstPause, growing: true, most: longestPause },
  ...{ jitter: true, lifetime },
};

/** Its id has the time: the same ids may come again once they are forgotten. */
export function deliveryOf(message: KeptMessage): NewDelivery {
  return delivery(messageTopic, message, message.route, message.accepted);
}

/** The delivery of the answer to where nobody waits for it. */
export function answerDeliveryOf(message: KeptMessage): readonly NewDelivery[] {
  const { returnTo, answer, ended = 0 } = message;
  if (!returnTo || !answer || answer.body === '') return [];
  return [delivery(answerTopic, message, returnTo, ended)];
}

function delivery(topic: string, message: KeptMessage, to: Route, at: number): NewDelivery {
  const { environment, app, bundle, header, event } = message;
  const key = messageKeyOf(message);
  return {
    id: `${topic}|${key}|${at}`,
    topic,
    body: key,
    about: {
      ...{ environment, app, messageId: header, bundle },
      event: typeof event === 'string' ? event : event.code,
      ...aboutRoute(to),
    },
    refs: [header, bundle],
    ...(to.kind === 'endpoint' ? { lane: laneOf(environment, to.url) } : {}),
    schedule,
  };
}

/** Never the address that names a person. */
function aboutRoute(to: Route): Record<string, string> {
  if (to.kind === 'endpoint') return { organisation: to.organisation };
  return { workflow: to.workflow, ...(to.kind === 'mailbox' ? { mailbox: to.mailbox } : {}) };
}

/** One for each endpoint. */
function laneOf(environment: string, url: string): string {
  return `${messageTopic}|${environment}|${hash('sha256', url, 'base64url')}`;
}

/** The key of the message that a delivery is of. */
export function keyOf({ body }: Delivery): string {
  return body;
}
