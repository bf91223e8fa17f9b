/**
 * The event that proves the way: every 15 minutes by the clock, to whoever subscribed to it. Owns when, and that it is sent
 * once however many processes and starts there are.
 */
import { testSignal } from './event-types.ts';
import type { Publishing } from './publishing.ts';
import { uuidOf } from './rendering.ts';

export interface TestSignals {
  /** Sends the one that is due, if it was not sent. */
  look(): Promise<void>;
  close(): void;
}

export interface TestSignalOptions {
  readonly publishing: Pick<Publishing, 'broadcast' | 'views'>;
  readonly now: () => number;
  /** Told what went wrong; the next look tries again. */
  readonly alarm: (error: unknown) => void;
}

const every = 15 * 60_000;
const lookEvery = 5_000;
const source = 'uk.nhs.multicast-notification-service';

/** Begins at once. */
export function startTestSignals({ publishing, now, alarm }: TestSignalOptions): TestSignals {
  let sent: number | undefined;
  const look = async () => {
    const at = Math.floor(now() / every) * every;
    if (at === sent) return;
    const time = new Date(at).toISOString();
    const event = { id: uuidOf(`${testSignal} ${at}`), source, type: testSignal, time };
    const content = JSON.stringify({ specversion: '1.0', ...event });
    for (const workspace of await publishing.views(testSignal))
      await publishing.broadcast(
        {
          ...{ event: { ...event, at, filtering: {} }, workspace },
          mediaType: 'application/cloudevents+json',
        },
        () => content,
      );
    sent = at;
  };
  const timer = setInterval(() => void look().catch(alarm), lookEvery).unref();
  return {
    look,
    close: () => {
      clearInterval(timer);
    },
  };
}
