/**
 * Records behind Spine messages: what a PDS Proxy of kind `spine` is told, and the port Patients made of that. Joins the client
 * of spine/mhs with directory, wire and store; how messages go and come back is theirs.
 */
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { openOutbox } from '../core/outbox.ts';
import { readPractices } from '../fhir/synthetic/organisations.ts';
import type { LargeXml } from '../spine/large-xml.ts';
import { conversations } from '../spine/mhs/client-conversation.ts';
import { spineClient, type ClientOptions, type ClientSite } from '../spine/mhs/client-exchange.ts';
import type { ClientLookUps } from '../spine/mhs/client-parties.ts';
import { openWaiting } from '../spine/mhs/client-waiting.ts';
import { openMessages, type ShownCertificate } from '../spine/mhs/kept-message.ts';
import type { Post } from '../spine/mhs/sending.ts';
import { spinePatients } from '../spine/pds/spine-patients.ts';
import type { RecordsConfig, RecordsKind } from './pds-records.ts';
import type { ServedStore } from './store/served.ts';

export interface SpineRecordsOptions {
  readonly root: string;
  readonly store: ServedStore;
  readonly clock: Clock;
  readonly lookUps: ClientLookUps;
  readonly xml: LargeXml;
  readonly post: Post;
  /** The view of the directory for a place. */
  readonly viewOf: ClientOptions['viewOf'];
  /** ODS code of the national services, which are asked where no other is named. */
  readonly organisation: string;
}

export interface SpineRecords {
  readonly kind: RecordsKind;
  /** Lets those who wait go. */
  close(): void;
}

interface SpineConfig {
  readonly asid: string;
  readonly receiver?: string;
  /** Seconds. */
  readonly timeout: number;
  readonly extras: boolean;
  readonly user?: { readonly id: string; readonly role: string; readonly jobRole?: string };
  readonly security?: { readonly kind: 'mtls'; readonly secret: string; readonly ca?: string };
}

const secretName = { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,63}$' };

const digits = { type: 'string', pattern: '^[0-9]{1,20}$' };

const properties: Readonly<Record<string, object>> = {
  asid: { type: 'string', pattern: '^[0-9]{12}$' },
  receiver: { type: 'string', pattern: '^([0-9]{12}|[A-Z0-9]{2,10})$' },
  timeout: { type: 'number', minimum: 1, maximum: 120, default: 30 },
  extras: { type: 'boolean', default: false },
  user: {
    type: 'object',
    additionalProperties: false,
    required: ['id', 'role'],
    properties: { id: digits, role: digits, jobRole: { type: 'string', maxLength: 40 } },
  },
  // As of an `http` back end.
  security: {
    type: 'object',
    additionalProperties: false,
    required: ['kind', 'secret'],
    properties: { kind: { const: 'mtls' }, secret: secretName, ca: secretName },
  },
};

export function spineRecords(options: SpineRecordsOptions): SpineRecords {
  const { root, store, clock, lookUps, xml, post, organisation, viewOf } = options;
  const now = () => clock.now();
  const messages = openMessages(store);
  const waiting = openWaiting(store.changes);
  const held = conversations({ messages, outbox: openOutbox(store, clock), waiting });
  const parts = { messages, conversations: held, lookUps, xml, post, viewOf, now };
  const client = { ...parts, newId: () => clock.newId() };
  let isPractice: ReturnType<typeof readPractices> | undefined;
  return {
    kind: {
      properties,
      required: ['asid'],
      create(config, { environment, at }) {
        const told = configOf(config);
        isPractice ??= readPractices(join(root, 'fixtures'));
        const shown = shownOf(told, at.api.id);
        const ends = { asid: told.asid, receiver: told.receiver ?? organisation };
        const site = { environment, ...ends, timeout: told.timeout * 1000, ...userOf(told) };
        const carrying = spineClient(client, { ...site, ...(shown ? { shown } : {}) });
        return spinePatients({ ...carrying, clock, isPractice, extras: told.extras });
      },
    },
    close: () => {
      waiting.close();
    },
  };
}

function userOf({ user }: SpineConfig): Pick<ClientSite, 'unnamed'> {
  if (!user) return {};
  const { id: userId, role: roleProfileId, jobRole } = user;
  return { unnamed: { userId, roleProfileId, ...(jobRole === undefined ? {} : { jobRole }) } };
}

function shownOf({ security }: SpineConfig, api: string): ShownCertificate | undefined {
  if (!security) return undefined;
  const { secret, ca } = security;
  return { api, secret, ...(ca === undefined ? {} : { authorities: ca }) };
}

function configOf(config: RecordsConfig): SpineConfig {
  return config as unknown as SpineConfig; // the schema beside it has let it through
}
