/** A form that asks and changes nothing: what was asked stands in the address, to be kept and sent on. */
import { html, type Html } from '../../core/html.ts';
import { button } from './fields.ts';

export function lookUpForm(content: Html, text: string): Html {
  return html`<form method="get" novalidate>${content}${button(text)}</form>`;
}
