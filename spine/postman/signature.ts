/**
 * The signature of a push: HMAC-SHA-256 over the time, a dot and the body, so that a receiver knows who sent it, that it is
 * whole, and that it is not an old one sent again.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Seconds that the time may be off, for receivers. */
const tolerance = 300;

/** The value of `x-signature`. @param timestamp seconds since the epoch, as in `x-timestamp` */
export async function sign(
  secret: string,
  timestamp: string,
  body: AsyncIterable<Buffer>,
): Promise<string> {
  const hmac = createHmac('sha256', secret).update(`${timestamp}.`);
  for await (const bytes of body) hmac.update(bytes);
  return `sha256=${hmac.digest('hex')}`;
}

/** Whether a push is sound, as a receiver asks. @param now milliseconds since the epoch */
export function isSigned(
  secret: string,
  given: { readonly timestamp: string; readonly signature: string; readonly body: Buffer },
  now: number,
): boolean {
  const { timestamp, signature, body } = given;
  if (!/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now / 1_000 - Number(timestamp)) > tolerance) return false;
  const wanted = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');
  const [a, b] = [Buffer.from(`sha256=${wanted}`), Buffer.from(signature)];
  return a.length === b.length && timingSafeEqual(a, b);
}
