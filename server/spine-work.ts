/**
 * The work of messaging that one process does for the whole installation: processing what was accepted, sending what is
 * due. Joins the outbox with what each topic needs; the rules are core's and spine/mhs's.
 */
import { resolve } from 'node:path';
import type { AuditEntry } from '../core/audit.ts';
import type { Clock } from '../core/clock.ts';
import type { Facts } from '../core/exchange.ts';
import type { Log } from '../core/log.ts';
import { openOutbox } from '../core/outbox.ts';
import { runOutbox, type RunnerOptions } from '../core/outbox-runner.ts';
import { colonId } from '../spine/interactions.ts';
import { startLargeXml } from '../spine/large-xml.ts';
import { askSender } from '../spine/mhs/client-sending.ts';
import { demographics } from '../spine/mhs/demographics.ts';
import { topics } from '../spine/mhs/deliveries.ts';
import { messageCollection, openMessages, type KeptMessage } from '../spine/mhs/kept-message.ts';
import type { Traces } from '../core/trace.ts';
import { processor, sweepSeen, unprocessed } from '../spine/mhs/processing.ts';
import { messageSender, signalSender, undelivered } from '../spine/mhs/sending.ts';
import { openDirectory } from '../spine/sds/stored-directory.ts';
import type { OpenJournal } from './audit/journal.ts';
import { targetRules } from './back-end-targets.ts';
import type { PlatformCertificates } from './certificate-authority.ts';
import type { Config } from './config.ts';
import { createPatients } from './pds-proxies.ts';
import { platformIdentities } from './platform-identity.ts';
import type { Peers } from './process-role.ts';
import { spineOutgoing } from './spine-outgoing.ts';
import { keptLookUps, viewOf } from './spine-parts.ts';
import { asyncApiId } from './spine-proxies.ts';
import type { ServedStore } from './store/served.ts';
import { secretSealer, storedSecrets } from './stored-secrets.ts';

export interface SpineWorkOptions {
  readonly config: Config;
  readonly root: string;
  readonly store: ServedStore;
  readonly journal: OpenJournal;
  readonly clock: Clock;
  readonly log: Log;
  readonly peers: Peers;
  readonly certificates: PlatformCertificates;
  /** Where traces of messages are kept; absent: nowhere. */
  readonly traces?: Traces;
  /** What else the outbox sends. */
  readonly more?: {
    readonly topics: RunnerOptions['topics'];
    readonly bringing: readonly string[];
  };
}

export interface SpineWork {
  /** Removes what nobody needs to know again. */
  sweep(): Promise<number>;
  close(): Promise<void>;
}

/** Begins at once with what is waiting. */
export function openSpineWork(options: SpineWorkOptions): SpineWork {
  const { config, store, clock, log, traces } = options;
  const now = () => clock.now();
  const newId = () => clock.newId();
  const messages = openMessages(store);
  const outbox = openOutbox(store, clock);
  const lookUps = keptLookUps(openDirectory(store), now, config.spineOrganisation);
  const xml = startLargeXml();
  const answer = demographics({ patients: createPatients(options), now, newId });
  const targets = targetRules(config);
  const secret = storedSecrets(store, secretSealer(resolve(config.dataDir)));
  const post = spineOutgoing({ targets, identity: platformIdentities(options), secret });
  const sending = { messages, outbox, lookUps, post, viewOf, now, newId, traces };
  const process = processor({
    ...{ store, messages, lookUps, xml, answer, viewOf, now, newId, traces },
    entered: (message, facts, status) =>
      options.journal.append(entryOf(message, facts, status, now())),
  });
  const runner = runOutbox({
    ...{ store, clock, log, bringing: [messageCollection.name, ...(options.more?.bringing ?? [])] },
    // The folder's lock lets no other process run it; over MongoDB another machine might.
    alone: config.mongoUrl === '',
    topics: {
      ...options.more?.topics,
      [topics.process]: { send: process, gaveUp: unprocessed({ messages, traces }) },
      [topics.send]: { send: messageSender(sending), gaveUp: undelivered(sending) },
      [topics.signal]: { send: signalSender(sending), patience: 30_000 },
      [topics.ask]: { send: askSender(sending) },
    },
  });
  return {
    sweep: async () =>
      (await messages.sweep(now())) + (await sweepSeen(store, now())) + (await outbox.sweep()),
    async close() {
      await runner.close();
      lookUps.close();
      await xml.close();
    },
  };
}

/** What was done for a message after it had been accepted. */
function entryOf(message: KeptMessage, facts: Facts, status: number, at: number): AuditEntry {
  const { environment, workspace, conversationId, app } = message;
  const { caller, people, code = '', commit = 0 } = facts;
  return {
    ...{ at, kind: 'access', api: asyncApiId, environment, workspace },
    action: `process ${colonId(message)}`,
    ...{ app: caller?.appId ?? app?.id ?? '', mode: caller?.mode ?? '' },
    ...{ user: caller?.userId ?? '', role: caller?.role ?? '', purpose: '' },
    ...{ people, status, code: status < 400 ? '' : code },
    requestId: message.messageId.slice(0, 100),
    correlationId: conversationId.slice(0, 200),
    ...{ address: '', commit },
  };
}
