/**
 * In which state of life each event type is, in an environment: told to publishers and subscribers inside successful answers,
 * and the reason for refusing once it is withdrawn. Owns the states, their document and the texts; who sets them is the
 * administration's business.
 */
import type { CollectionOf, Store } from '../../core/store.ts';
import { nemsError } from './errors.ts';
import type { EventType } from './event-types.ts';
import type { Issue } from './replies.ts';

export const lifeStates = ['live', 'deprecated', 'no-longer-supported', 'withdrawn'] as const;
export type LifeState = (typeof lifeStates)[number];

export interface EventLife {
  readonly environment: string;
  /** Of the event type. */
  readonly code: string;
  readonly state: LifeState;
  /** The day on which it ends, `yyyy-mm-dd`, and where more is told. */
  readonly on?: string;
  readonly url?: string;
}

export const lifeCollection: CollectionOf<EventLife> = {
  name: 'nems.event-types',
  keys: ({ environment, code }) => ({ environment: [[environment, code]] }),
};

export function lifeKey(environment: string, code: string): string {
  return `${environment}|${code}`;
}

/** Gives what is to be told of event types. */
export type Notices = (
  environment: string,
  types: readonly EventType[],
) => Promise<readonly Issue[]>;

/** @throws Problem NO_LONGER_SUPPORTED for a type that is withdrawn */
export function openNotices(store: Store): Notices {
  const lives = store.open(lifeCollection);
  return async (environment, types) => {
    const found = await Promise.all(
      types.map(async (type) => {
        const life = (await lives.get(lifeKey(environment, type.code)))?.value;
        if (life?.state === 'withdrawn')
          throw nemsError(
            'NO_LONGER_SUPPORTED',
            `Event message type \`${type.code}\` was withdrawn${onDay(life, ' on')}${more(life)}`,
          );
        return life && noticeOf(life, type);
      }),
    );
    return found.filter((one) => one !== undefined);
  };
}

function noticeOf(life: EventLife, { code, display }: EventType): Issue | undefined {
  if (life.state === 'deprecated')
    return {
      ...{ severity: 'information', issue: 'informational', code: 'DEPRECATED' },
      display: 'The operation being performed has been deprecated',
      diagnostics: `Deprecation of the ${display} (${code}) event type will occur${onDay(life, ' on')}${more(life)}`,
    };
  if (life.state !== 'no-longer-supported') return undefined;
  return {
    ...{ severity: 'fatal', issue: 'not-supported', code: 'NO_LONGER_SUPPORTED' },
    display: 'Event message type is no longer supported',
    diagnostics: `Withdrawal of Event message type \`${code}\` will occur${onDay(life, ' on')}${more(life)}`,
  };
}

/** `dd/mm/yyyy`, as the published texts have it. */
function onDay({ on }: EventLife, before: string): string {
  return on === undefined ? '' : `${before} ${on.split('-').reverse().join('/')}`;
}

function more({ url }: EventLife): string {
  return url === undefined ? '' : `, for more information go to ${url}`;
}
