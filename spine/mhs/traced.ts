/**
 * What messaging tells of a message on its way, beside the work itself. Owns the words that several steps share, and that
 * traces of work behind calls are found by the message's ids; where they are kept is handed in.
 */
import type { OpenTrace, Trace, Traces } from '../../core/trace.ts';
import { Problem } from '../../core/problem.ts';
import type { EbxmlHeader } from '../ebxml/envelope.ts';
import { colonId } from '../interactions.ts';
import type { MessageHandler } from '../sds/directory.ts';
import type { KeptMessage } from './kept-message.ts';

/** Begins the trace of work on a kept message; undefined where none are kept. */
export function traceWork(
  traces: Traces | undefined,
  what: string,
  message: KeptMessage,
): OpenTrace | undefined {
  const { environment, app } = message;
  const about = { what, environment, ...(app === undefined ? {} : { app: app.id }) };
  const trace = traces?.open(about);
  trace?.named(...idsOf(message));
  return trace;
}

/** The ids by which a message belongs to others. */
export function idsOf({
  messageId,
  conversationId,
  refToMessageId,
}: Pick<EbxmlHeader, 'messageId' | 'conversationId' | 'refToMessageId'>): readonly string[] {
  return [messageId, conversationId, ...(refToMessageId === undefined ? [] : [refToMessageId])];
}

/** What support asks for first. */
export function headerFacts(header: EbxmlHeader): Readonly<Record<string, string>> {
  const { fromParty, toParty, cpaId, conversationId, messageId, refToMessageId } = header;
  return {
    ...{ interaction: colonId(header), fromParty, toParty, cpaId, conversationId, messageId },
    ...(refToMessageId === undefined ? {} : { refToMessageId }),
  };
}

/** Of an endpoint its host alone: paths may bear more than an address. */
export function endpointFacts(handler: MessageHandler): Readonly<Record<string, string>> {
  const [url = ''] = handler.endpoints;
  const host = URL.canParse(url) ? new URL(url).host : '';
  return { host, fqdn: handler.fqdn, cpaId: handler.cpaId, partyKey: handler.partyKey };
}

/** Tells that work failed, by its rule. */
export function tellFailure(trace: Trace | undefined, what: string, error: unknown): void {
  const { code, kind } = Problem.from(error);
  trace?.add('refused', what, { facts: { rule: code ?? kind } });
}

/** Characters of a text that traces keep: more would only be held in memory for them. */
const longest = 64 * 1024;

/** The beginnings of parts as text, to be read later. A long one is copied, so that the rest is let go. */
export function headOf(...contents: readonly (Buffer | undefined)[]): () => string {
  const heads = contents.flatMap((content) => {
    if (!content) return [];
    return content.length > longest ? Buffer.from(content.subarray(0, longest)) : content;
  });
  return () => heads.map(String).join('\n');
}
