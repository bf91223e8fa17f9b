/** Joins the postman: what each process decides when a message is accepted, and the pushing that one process does. */
import { join, resolve } from 'node:path';
import type { Log } from '../core/log.ts';
import { openOutbox } from '../core/outbox.ts';
import type { Topic } from '../core/outbox-runner.ts';
import { Problem } from '../core/problem.ts';
import type { OutboxEntry, Store } from '../core/store.ts';
import type { MeshMessage } from '../spine/mesh/messages.ts';
import { openAttempts } from '../spine/postman/attempts.ts';
import { pushBacklog } from '../spine/postman/backlog.ts';
import { createCircuits } from '../spine/postman/circuits.ts';
import { pushesOf, pushTopic } from '../spine/postman/deliveries.ts';
import { receiptMaker, receiptTopic } from '../spine/postman/receipts.ts';
import { pushSender, type PushTopicOptions } from '../spine/postman/sending.ts';
import { openSubscriptions, type PushSubscription } from '../spine/postman/subscriptions.ts';
import { createSealer } from './auth/sealing.ts';
import { targetRules } from './back-end-targets.ts';
import type { Config } from './config.ts';
import { randomKey } from './key-files.ts';
import { openBlobs } from './mesh-parts.ts';
import { platformIdentities, type IdentityParts } from './platform-identity.ts';
import { createPostmanOutgoing, type PostmanOutgoing } from './postman-outgoing.ts';

/** What lands with a message that is accepted. */
export type Accepted = (message: MeshMessage) => readonly OutboxEntry[];

/** Decides it, in each process that accepts messages. */
export function openPushPlan(store: Store): { readonly accepted: Accepted; close(): void } {
  const subscriptions = openSubscriptions(store);
  return {
    accepted: (message) => pushesOf(subscriptions, message),
    close: () => {
      subscriptions.close();
    },
  };
}

/** Seals what pushes are signed with; bound to its subscription. */
export interface PushSecrets {
  seal(secret: string, subscription: string): string;
  open(subscription: Pick<PushSubscription, 'id' | 'sealed'>): string | undefined;
}

export function pushSecrets({ dataDir }: Pick<Config, 'dataDir'>): PushSecrets {
  const sealer = createSealer([randomKey(join(resolve(dataDir), 'keys', 'api-secrets.key'))]);
  const about = (id: string) => `push subscription ${id}`;
  return {
    seal: (secret, id) => sealer.seal(secret, about(id)),
    open: ({ id, sealed }) => sealer.open(sealed, about(id)),
  };
}

/** What calls endpoints, with the rules and the certificate of this installation. */
export function postmanOutgoing(parts: IdentityParts): PostmanOutgoing {
  return createPostmanOutgoing({
    targets: targetRules(parts.config),
    identity: platformIdentities(parts),
  });
}

export interface PostmanWorkOptions extends IdentityParts {
  readonly log: Log;
  /** Told what came of each attempt, to be counted. */
  readonly told?: PushTopicOptions['told'];
}

/** What one process does for the whole installation. */
export interface PostmanWork {
  readonly topics: Readonly<Record<string, Topic>>;
  readonly accepted: Accepted;
  sweep(): Promise<number>;
  close(): Promise<void>;
}

/** Milliseconds from a change of subscriptions to the look at what waits: other processes have heard of it by then. */
const settling = 1_000;

export function openPostmanWork(options: PostmanWorkOptions): PostmanWork {
  const { config, store, clock, log } = options;
  const now = () => clock.now();
  const outbox = openOutbox(store, clock);
  const attempts = openAttempts(store);
  const secrets = pushSecrets(config);
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<unknown> = Promise.resolve();
  let closed = false;
  const subscriptions = openSubscriptions(store, () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      looking = looking.then(lookForBacklog);
    }, settling).unref();
  });
  const lookForBacklog = async () => {
    for (const one of subscriptions.all()) {
      if (closed) return;
      if (one.state === 'active') await pushBacklog(store, outbox, one).catch(told);
    }
  };
  const told = (error: unknown) => {
    log.log('error', 'what waits could not be pushed', { kind: Problem.from(error).kind });
  };
  const accepted: Accepted = (message) => pushesOf(subscriptions, message);
  return {
    accepted,
    topics: {
      [pushTopic]: pushSender({
        ...{ store, subscriptions, attempts, now, log },
        blobs: openBlobs({ config, store, clock }),
        circuits: createCircuits(now, Math.random),
        push: postmanOutgoing(options).push,
        secretOf: (subscription) => secrets.open(subscription),
        ...(options.told ? { told: options.told } : {}),
      }),
      [receiptTopic]: { send: receiptMaker({ store, now, accepted }), patience: 30_000 },
    },
    async sweep() {
      await lookForBacklog();
      return attempts.sweep(now());
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      subscriptions.close();
      await looking;
    },
  };
}
