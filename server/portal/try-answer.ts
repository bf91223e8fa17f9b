/**
 * The answer to a call of Try it, for people: status, time, fields, and the body formatted where it is text. Nothing in it is
 * trusted: it is escaped, cut, and a body that is no text is told by its size. Owns how it is shown.
 */
import { isUtf8 } from 'node:buffer';
import { html, type Html } from '../../core/html.ts';
import { summaryList, tag, type TagColour } from './parts.ts';
import type { RelayAnswer } from './relay.ts';

/** Characters of a body that are shown. */
const mostShown = 100_000;
const mostFieldsShown = 60;

/** A part of the page that scrolls by itself and can be copied. */
export function block(label: string, text: string, id?: string): Html {
  return html`<pre class="hub-block" role="region" aria-label="${label}" tabindex="0" data-copy${id === undefined ? undefined : html` id="${id}"`}>${text}</pre>`;
}

/** The answer whole. @param look where the call can be looked up */
export function answerView(answer: RelayAnswer, look: string | undefined): Html {
  const { status, reason, milliseconds, body, cut } = answer;
  const told = `${status}${reason === '' ? '' : ` ${reason}`}`;
  const size = `${body.length.toLocaleString('en-GB')}${cut ? ' or more' : ''} bytes`;
  return html`<h2 tabindex="-1" id="answer-heading">Response: ${told}</h2>
${summaryList([
  { key: 'Status', value: tag(told, colourOf(status)) },
  { key: 'Time', value: `${milliseconds} ms` },
  { key: 'Size', value: size },
  ...(look === undefined
    ? []
    : [{ key: 'What happened', value: html`<a href="${look}">Look this call up</a>` }]),
])}
<h3>Headers</h3>
${block('Headers of the response', fieldsText(answer))}
<h3>Body</h3>
${bodyView(answer)}`;
}

function colourOf(status: number): TagColour {
  return status < 300 ? 'green' : status < 400 ? 'blue' : status < 500 ? 'yellow' : 'red';
}

/** Cookies of an API are nobody's here: what they hold is not shown. */
function fieldsText({ headers }: RelayAnswer): string {
  const lines = headers
    .slice(0, mostFieldsShown)
    .map(
      ([name, value]) =>
        `${name}: ${/^set-cookie$/i.test(name) ? '(not shown)' : value.slice(0, 2000)}`,
    );
  return [...lines, ...(headers.length > mostFieldsShown ? ['…'] : [])].join('\n');
}

function bodyView({ headers, body, cut }: RelayAnswer): Html {
  if (body.length === 0) return html`<p>The response has no body.</p>`;
  const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  const encoding = headers.find(([name]) => name.toLowerCase() === 'content-encoding')?.[1];
  if (!isText(body, cut) || encoding !== undefined)
    return html`<p>The body is no text that can be shown: ${body.length.toLocaleString('en-GB')} bytes of ${type === '' ? 'an unnamed type' : type.slice(0, 100)}.</p>`;
  const text = formatted(type, body.toString('utf8'), cut);
  const shown = text.slice(0, mostShown);
  return html`${block('Body of the response', shown)}
${cut || shown.length < text.length ? html`<p>The body is longer: this is its beginning.</p>` : undefined}`;
}

/** The last bytes of a body that was cut may be half a letter. */
function isText(body: Buffer, cut: boolean): boolean {
  if (body.subarray(0, 4096).includes(0)) return false;
  if (!cut) return isUtf8(body);
  return [0, 1, 2, 3].some((less) => isUtf8(body.subarray(0, body.length - less)));
}

function formatted(type: string, text: string, cut: boolean): string {
  if (cut || !/json/i.test(type)) return text;
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}
