/** What pages show beside forms, in the markup of the NHS design system. */
import { html, type Html, type Part } from '../../core/html.ts';

/** Name and value in rows, each with what can be done about it. */
export function summaryList(
  rows: readonly {
    readonly key: string;
    readonly value: Part;
    readonly action?: { readonly href: string; readonly text: string };
  }[],
): Html {
  const items = rows.map(
    ({ key, value, action }) => html`<div class="nhsuk-summary-list__row">
<dt class="nhsuk-summary-list__key">${key}</dt>
<dd class="nhsuk-summary-list__value">${value}</dd>
${
  action === undefined
    ? undefined
    : html`<dd class="nhsuk-summary-list__actions"><a href="${action.href}">${action.text}<span class="nhsuk-u-visually-hidden"> ${key.toLowerCase()}</span></a></dd>`
}
</div>`,
  );
  return html`<dl class="nhsuk-summary-list">${items}</dl>`;
}

/** A table whose cells stand below each other on narrow screens, each after its heading; the first heads its row. */
export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly Part[])[],
): Html {
  return html`<table class="nhsuk-table hub-stack">
<caption class="nhsuk-table__caption">${caption}</caption>
<thead class="nhsuk-table__head"><tr>${head.map((text) => html`<th scope="col" class="nhsuk-table__header">${text}</th>`)}</tr></thead>
<tbody class="nhsuk-table__body">${rows.map(
    ([first, ...cells]) =>
      html`<tr class="nhsuk-table__row"><th scope="row" class="nhsuk-table__header">${first}</th>${cells.map((cell, i) => html`<td class="nhsuk-table__cell" data-head="${head[i + 1]}">${cell}</td>`)}</tr>`,
  )}</tbody></table>`;
}

export type TagColour = 'green' | 'red' | 'yellow' | 'grey' | 'blue';

/** A state in a word; the colour is only beside it. */
export function tag(text: string, colour: TagColour): Html {
  return html`<strong class="nhsuk-tag nhsuk-tag--${colour}">${text}</strong>`;
}

/** Something to notice. */
export function inset(content: Part): Html {
  return html`<div class="nhsuk-inset-text"><span class="nhsuk-u-visually-hidden">Information: </span><p>${content}</p></div>`;
}

/** Something to be careful about. */
export function warning(heading: string, content: Part): Html {
  return html`<div class="nhsuk-warning-callout"><h2 class="nhsuk-warning-callout__label"><span role="text"><span class="nhsuk-u-visually-hidden">Important: </span>${heading}</span></h2><p>${content}</p></div>`;
}

/** A link that looks like a button, because it begins something. */
export function startLink(href: string, text: string, kind?: 'secondary'): Html {
  return html`<a class="nhsuk-button${kind ? ` nhsuk-button--${kind}` : ''}" href="${href}">${text}</a>`;
}

export function code(text: string): Html {
  return html`<code class="hub-code">${text}</code>`;
}

export function list(items: readonly Part[]): Html {
  return html`<ul class="nhsuk-list nhsuk-list--bullet hub-list">${items.map((item) => html`<li>${item}</li>`)}</ul>`;
}

/** A time as people read it, in the United Kingdom; the exact one beside it for programs. */
export function time(at: number): Html {
  const text = formatter.format(at);
  return html`<time datetime="${new Date(at).toISOString()}">${text}</time>`;
}
const formatter = new Intl.DateTimeFormat('en-GB', {
  ...{ dateStyle: 'long', timeStyle: 'short', timeZone: 'Europe/London' },
});
