/** Whether a caller would rather read XML than JSON. Owns no other negotiation: refusals are never refused for their form. */
import type { Exchange } from '../../../core/exchange.ts';

/** By `_format` (FHIR R4 3.1.0.1.11), which wins, or by Accept (RFC 9110 12.5.1). In doubt JSON. */
export function prefersXml({ headers, query }: Exchange): boolean {
  const format = query.get('_format')?.slice(0, 100).toLowerCase();
  if (format?.includes('xml') === true) return true;
  if (format?.includes('json') === true) return false;
  return acceptsXml(headers.accept);
}

function acceptsXml(accept: string | undefined): boolean {
  if (!accept?.includes('xml')) return false;
  let xml = 0;
  let json = 0;
  for (const range of accept.slice(0, 1000).toLowerCase().split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim());
    const weight = parameters.find((part) => part.startsWith('q='))?.slice(2);
    const quality = weight === undefined ? 1 : Number(weight) || 0;
    // A browser names XML too, and means pages.
    if (name === 'text/html') return false;
    if (name.endsWith('/xml') || name.endsWith('+xml')) xml = Math.max(xml, quality);
    if (name.endsWith('/json') || name.endsWith('+json')) json = Math.max(json, quality);
  }
  return xml > json;
}
