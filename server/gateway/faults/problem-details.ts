/** Refusals as problem details (RFC 9457), in JSON or XML. `instance` is the gateway's message id. */
import { STATUS_CODES } from 'node:http';
import type { Exchange } from '../../../core/exchange.ts';
import type { Problem } from '../../../core/problem.ts';
import { xmlElement } from '../../../core/xml.ts';
import { writeXml, xmlSafe } from '../../../core/xml-write.ts';
import type { FaultForm } from './form.ts';
import { prefersXml } from './accept.ts';

export const problemFault: FaultForm = (problem, exchange, messageId) => {
  const { status, code, message } = problem;
  const { type, title } = typeOf(problem, exchange);
  const limit = exchange.facts.limit;
  const members: Members = {
    type,
    title,
    status,
    detail: message,
    instance: `urn:uuid:${messageId}`,
    ...(code === undefined ? {} : { code }),
    ...(isOfLimit(problem) && limit !== undefined ? { 'violated-policies': [limit] } : {}),
  };
  return prefersXml(exchange)
    ? { status, type: 'application/problem+xml', body: toXml(members) }
    : { status, type: 'application/problem+json', body: JSON.stringify(members) };
};

type Members = Readonly<Record<string, string | number | readonly string[]>>;

/** Types registered with IANA by the draft of the RateLimit fields; ours for all else. */
function typeOf(problem: Problem, { facts }: Exchange): { type: string; title: string } {
  const registered = 'https://iana.org/assignments/http-problem-types#';
  if (problem.kind === 'throttled')
    return {
      type: `${registered}quota-exceeded`,
      title: 'Request cannot be satisfied as assigned quota has been exceeded',
    };
  if (problem.kind === 'unavailable' && facts.limit !== undefined)
    return {
      type: `${registered}temporary-reduced-capacity`,
      title: 'Request cannot be satisfied due to temporary server capacity constraints',
    };
  return {
    type: `urn:gatehouse:problem:${problem.kind}`,
    title: STATUS_CODES[problem.status] ?? problem.kind,
  };
}

function isOfLimit({ kind }: Problem): boolean {
  return kind === 'throttled' || kind === 'unavailable';
}

/** RFC 9457 appendix B. */
function toXml(members: Members): string {
  const uri = 'urn:ietf:rfc:7807';
  const children = Object.entries(members).map(([name, value]) =>
    typeof value === 'object'
      ? xmlElement(
          name,
          value.map((item) => xmlElement('i', [xmlSafe(item)], { uri })),
          { uri },
        )
      : xmlElement(name, [xmlSafe(String(value))], { uri }),
  );
  return writeXml(xmlElement('problem', children, { uri }), { declaration: true });
}
