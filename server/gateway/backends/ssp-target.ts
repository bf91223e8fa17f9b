/** The address that a caller of the Spine Secure Proxy names, beside the one that is registered. Owns the comparison. */
import type { Exchange } from '../../../core/exchange.ts';

/** What of an address lies below the registered one. */
export interface Below {
  /** The registered address without a slash at its end. */
  readonly address: string;
  /** Empty, or from a slash on; as sent. */
  readonly rest: string;
}

/** The address in the path, as sent: `https://provider.example/base/Patient/1`. */
export function targetIn({ path }: Exchange): string {
  return path.slice(1);
}

/**
 * Whether an address is the registered one or lies below it: scheme and host in any case and with or without the usual
 * port, the path character by character (RFC 3986 6.2.2.1).
 */
export function belowRegistered(registered: string, target: string): Below | undefined {
  if (target.length > 4000 || !URL.canParse(registered)) return undefined;
  const [start = '', scheme = '', authority = ''] =
    /^(https?):\/\/([^/?#@\\]+)/i.exec(target) ?? [];
  const origin = `${scheme}://${authority}`;
  const own = new URL(registered);
  if (start === '' || !URL.canParse(origin) || new URL(origin).origin !== own.origin)
    return undefined;
  const base = own.pathname.replace(/\/+$/, '');
  const path = target.slice(start.length);
  if (!path.startsWith(base)) return undefined;
  const rest = path.slice(base.length);
  return rest === '' || rest.startsWith('/') ? { address: own.origin + base, rest } : undefined;
}
