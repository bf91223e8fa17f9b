/**
 * Cookies of sign-ins: what binds a flow to the browser that began it, so that a callback cannot be planted in another.
 * `__Host-` and Secure when the platform is reached by https; a laptop on plain http has to do without.
 */
import type { Exchange } from '../../core/exchange.ts';

export interface Cookies {
  /** The value of a cookie of ours; undefined when it is absent or there twice. */
  read(exchange: Exchange, name: string): string | undefined;
  /** A Set-Cookie field; `seconds` 0 removes it. */
  set(name: string, value: string, seconds: number): string;
}

export function createCookies(secure: () => boolean): Cookies {
  const full = (name: string) => `${secure() ? '__Host-' : ''}gatehouse-${name}`;
  return {
    read({ headers }, name) {
      const wanted = `${full(name)}=`;
      const found = (headers.cookie ?? '')
        .slice(0, 8192)
        .split(';')
        .map((one) => one.trim())
        .filter((one) => one.startsWith(wanted));
      return found.length === 1 ? found[0]?.slice(wanted.length) : undefined;
    },
    set: (name, value, seconds) =>
      `${full(name)}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${seconds}${secure() ? '; Secure' : ''}`,
  };
}
