/** Whether an endpoint wants what is to be pushed: it gives back a word that it was sent. Owns what is sent and what will do. */
import type { Push } from './sending.ts';
import { sign } from './signature.ts';
import type { PushSubscription } from './subscriptions.ts';

export interface ChallengeOptions {
  readonly push: Push;
  readonly secret: string;
  /** What only who reads the call can know. */
  readonly word: string;
  readonly now: number;
}

/** Milliseconds for the endpoint to answer. */
const patience = 10_000;

/** @returns why it will not do; undefined when it does */
export async function challenge(
  { environment, url }: Pick<PushSubscription, 'environment' | 'url'>,
  { push, secret, word, now }: ChallengeOptions,
): Promise<string | undefined> {
  const bytes = Buffer.from(JSON.stringify({ challenge: word }));
  const body = () => pieces(bytes);
  const timestamp = String(Math.floor(now / 1_000));
  const result = await push({
    ...{ environment, url, size: bytes.length, body, signal: AbortSignal.timeout(patience) },
    headers: {
      'content-type': 'application/json',
      'x-challenge': 'echo',
      'x-timestamp': timestamp,
      'x-signature': await sign(secret, timestamp, body()),
    },
  });
  if (result.kind === 'fault') return result.reason;
  if (result.status !== 200) return `the endpoint answered ${result.status}; 200 is needed`;
  return isEchoed(result.excerpt, word)
    ? undefined
    : 'the endpoint did not give back the challenge, as text or as {"challenge": …}';
}

// eslint-disable-next-line @typescript-eslint/require-await -- a body is asked for piece by piece
async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

function isEchoed(text: string, word: string): boolean {
  if (text.trim() === word) return true;
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === 'object' && read !== null && 'challenge' in read && read.challenge === word; // prettier-ignore
  } catch {
    return false;
  }
}
