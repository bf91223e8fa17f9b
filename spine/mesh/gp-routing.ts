/**
 * Messages addressed to "this patient's GP": the address names a person in place of a mailbox, and the practice's mailbox is
 * found when the message is whole. Owns the expression and the order of its checks; what fails is told by report alone, and
 * the person never leaves this file.
 */
import { outboxEntry, type Delivery, type NewDelivery } from '../../core/outbox.ts';
import type { Outcome } from '../../core/outbox-runner.ts';
import type { OutboxEntry, Store } from '../../core/store.ts';
import { fold } from '../../fhir/fold.ts';
import { isNhsNumber } from '../../fhir/identifiers.ts';
import type { Mailboxes } from './mailboxes.ts';
import { meshMessageCollection, messageKey, type MeshMessage } from './messages.ts';
import { reportOf } from './reports.ts';
import { changed, completed, happened } from './steps.ts';

/** The topic of the outbox whose sender finds practices. */
export const routingTopic = 'mesh-route';

/** The workflows that may be addressed so. */
export const gpWorkflows: readonly string[] = [
  ...['TOC_FHIR_IP_DISCH', 'TOC_FHIR_MH_DISCH', 'TOC_FHIR_EC_DISCH', 'TOC_FHIR_OP_ATTEN'],
  ...['TOC_OUTP_ATT_DMS', 'GPFED_CONSULT_REPORT', 'GPFED_CONSULT_REPORT_ACK'],
  ...['GPCONNECT_UPDATE_RECORD', 'GPCONNECT_UPDATE_RECORD_ACK', 'GPCONNECT_SEND_DOCUMENT'],
];

/** What is known of a person: enough to agree on who is meant. */
export interface KnownPerson {
  /** `yyyy-mm-dd`. */
  readonly birthDate: string;
  readonly families: readonly string[];
  /** The ODS code of the registered practice. */
  readonly practice?: string;
}

/** Undefined: there is nobody with that number. Enters the look into the audit. @throws Problem when nobody can tell */
export type FindPerson = (
  nhsNumber: string,
  about: Pick<MeshMessage, 'environment' | 'id' | 'sender'>,
) => Promise<KnownPerson | undefined>;

export interface RoutingOptions {
  readonly store: Store;
  readonly mailboxes: Mailboxes;
  readonly find: FindPerson;
  readonly now: () => number;
  /** What else comes of a message that is accepted. */
  readonly accepted?: (message: MeshMessage) => readonly OutboxEntry[];
}

/** Whether an address is one that names a person, and this workflow may be addressed so. */
export function isGpAddress(to: string, workflow: string): boolean {
  return to.toUpperCase().startsWith('GPPROVIDER_') && gpWorkflows.includes(workflow);
}

/** The delivery that finds the practice of a whole message. */
export function routingOf({ environment, id, sender, workflow }: MeshMessage): NewDelivery {
  return {
    id: `${routingTopic}|${environment}|${id}`,
    topic: routingTopic,
    body: messageKey(environment, id),
    about: { environment, messageId: id, mailbox: sender, workflow },
    refs: [id],
    schedule: { retries: 200, interval: 1_000, growing: true, lifetime: 5 * 24 * 3_600_000 },
  };
}

/** The sender of the topic. */
export function router(options: RoutingOptions): (delivery: Delivery) => Promise<Outcome> {
  const { store, now, accepted = () => [] } = options;
  const messages = store.open(meshMessageCollection);
  return async ({ body: key }) => {
    const stored = await messages.get(key);
    if (!stored) return { kind: 'dead', reason: 'the message is no longer kept' };
    const { value } = stored;
    if (value.addressed === undefined) return { kind: 'done' };
    const found = await practiceOf(options, value, value.addressed);
    await changed(
      messages,
      key,
      (message) => {
        const { addressed, ...rest } = message;
        if (message.state !== 'uploading' || addressed === undefined) return undefined;
        return 'mailbox' in found
          ? completed({ ...rest, recipient: found.mailbox }, now())
          : happened(rest, 'error', now(), { event: 'SEND', ...found });
      },
      (next) => (next.state === 'accepted' ? accepted(next) : [outboxEntry(reportOf(next))]),
    );
    return { kind: 'done' };
  };
}

const failures = {
  several: { code: 'EPL-150', text: 'Multiple mailboxes match' },
  none: { code: 'EPL-151', text: 'No mailbox matched' },
  number: { code: 'EPL-152', text: 'NHS Number supplied in address is invalid' },
  unknown: { code: 'EPL-153', text: 'NHS Number not found' },
  other: { code: 'EPL-154', text: 'NHS Number supplied does not match the demographics' },
} as const;

async function practiceOf(
  { mailboxes, find }: RoutingOptions,
  message: MeshMessage,
  expression: string,
): Promise<{ readonly mailbox: string } | (typeof failures)[keyof typeof failures]> {
  const [, number = '', born = '', ...names] = expression.split('_');
  if (!isNhsNumber(number)) return failures.number;
  const person = await find(number, message);
  if (!person) return failures.unknown;
  const family = fold(names.join('_'));
  const isSame =
    datesOf(born).includes(person.birthDate) && person.families.some((one) => fold(one) === family);
  if (!isSame) return failures.other;
  if (person.practice === undefined) return failures.none;
  const { environment, workflow } = message;
  const [first, second] = await mailboxes.receivers(environment, person.practice, workflow);
  if (!first) return failures.none;
  return second ? failures.several : { mailbox: first.id };
}

/** `yyyyMMdd`; older pages say `ddMMyyyy`, which counts where the first gives no plausible day. */
function datesOf(digits: string): readonly string[] {
  if (!/^\d{8}$/.test(digits)) return [];
  const forms = [
    [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6)],
    [digits.slice(4), digits.slice(2, 4), digits.slice(0, 2)],
  ].map((parts) => parts.join('-'));
  const day = forms.find((form) => {
    const time = Date.parse(`${form}T00:00:00Z`);
    const isReal = !Number.isNaN(time) && new Date(time).toISOString().startsWith(form);
    return isReal && form > '1850' && form < '2150';
  });
  return day === undefined ? [] : [day];
}
