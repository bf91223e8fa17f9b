/** Form fields in the markup of the NHS design system: label, hint, message beside the field, and what was sent kept. */
import { html, type Html } from '../../core/html.ts';
import type { Form } from './form.ts';

export interface FieldOptions {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly type?: 'text' | 'email' | 'password' | 'url' | 'search';
  /** What browsers and password managers fill in (WCAG 1.3.5). */
  readonly autocomplete?: string;
  readonly numeric?: boolean;
  /** Characters: 5, 10, 20; whole width when absent. */
  readonly width?: 5 | 10 | 20;
  /** What stands in it before anything was sent. */
  readonly value?: string;
}

/** One line of text. */
export function input(form: Form, options: FieldOptions): Html {
  const { name, label, type = 'text', autocomplete, numeric, width } = options;
  const value = type === 'password' ? '' : shownValue(form, options);
  const { fault, described, group } = around(form, options);
  const classes = `nhsuk-input${fault ? ' nhsuk-input--error' : ''}${width ? ` nhsuk-input--width-${width}` : ''}`;
  return group(
    html`<label class="nhsuk-label" for="${name}">${label}</label>`,
    html`<input class="${classes}" id="${name}" name="${name}" type="${type}" value="${value}"${attribute('autocomplete', autocomplete)}${attribute('aria-describedby', described)}${attribute('inputmode', numeric ? 'numeric' : undefined)}${plainText(type)} />`,
  );
}

/** Several lines of text. */
export function textarea(form: Form, options: FieldOptions & { readonly rows?: number }): Html {
  const { name, label, rows = 5 } = options;
  const { fault, described, group } = around(form, options);
  return group(
    html`<label class="nhsuk-label" for="${name}">${label}</label>`,
    html`<textarea class="nhsuk-textarea${fault ? ' nhsuk-textarea--error' : ''}" id="${name}" name="${name}" rows="${rows}"${attribute('aria-describedby', described)}>
${shownValue(form, options)}</textarea>`,
  );
}

/** A file; what was chosen before a message no browser keeps. */
export function fileInput(form: Form, options: FieldOptions): Html {
  const { name, label } = options;
  const { fault, described, group } = around(form, options);
  return group(
    html`<label class="nhsuk-label" for="${name}">${label}</label>`,
    html`<input class="nhsuk-file-upload${fault ? ' nhsuk-file-upload--error' : ''}" id="${name}" name="${name}" type="file"${attribute('aria-describedby', described)} />`,
  );
}

export interface Choice {
  readonly value: string;
  readonly text: string;
  readonly hint?: string;
}

/** One of a list. */
export function select(
  form: Form,
  options: FieldOptions & { readonly choices: readonly Choice[] },
): Html {
  const { name, label, choices } = options;
  const { fault, described, group } = around(form, options);
  const chosen = shownValue(form, options);
  return group(
    html`<label class="nhsuk-label" for="${name}">${label}</label>`,
    html`<select class="nhsuk-select${fault ? ' nhsuk-select--error' : ''}" id="${name}" name="${name}"${attribute('aria-describedby', described)}>${choices.map(({ value, text }) => html`<option value="${value}"${flag('selected', value === chosen)}>${text}</option>`)}</select>`,
  );
}

/** One of a few, each with its own words. */
export function radios(
  form: Form,
  options: FieldOptions & { readonly choices: readonly Choice[] },
): Html {
  const chosen = shownValue(form, options);
  return choicesOf('radio', form, options, (value) => value === chosen);
}

/** Any of a few. */
export function checkboxes(
  form: Form,
  options: FieldOptions & { readonly choices: readonly Choice[] },
): Html {
  return choicesOf('checkbox', form, options, (value) => form.all(options.name).includes(value));
}

/** Sends the form; of kind `link` it looks like a link, among links. */
export function button(text: string, kind?: 'secondary' | 'warning' | 'link', name?: string): Html {
  const classes =
    kind === 'link' ? 'hub-link' : `nhsuk-button${kind ? ` nhsuk-button--${kind}` : ''}`;
  return html`<button class="${classes}" type="submit"${name === undefined ? undefined : html` name="${name}" value="yes"`}>${text}</button>`;
}

/** A form with what proves that this page sent it. */
export function formOn(
  visit: { formToken(): string },
  content: Html,
  options: {
    readonly action?: string;
    /** Absent: one of its own, for pages whose form makes something new. */
    readonly once?: string;
    readonly hidden?: Readonly<Record<string, string | number>>;
    /** It has a field for a file: its page must say so as well. */
    readonly files?: boolean;
  } = {},
): Html {
  const { action, once, hidden = {}, files } = options;
  const fields = {
    form_token: visit.formToken(),
    ...(once === undefined ? {} : { form_once: once }),
    ...hidden,
  };
  return html`<form method="post"${attribute('action', action)}${attribute('enctype', files ? 'multipart/form-data' : undefined)} novalidate>
${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
${content}
</form>`;
}

function choicesOf(
  type: 'radio' | 'checkbox',
  form: Form,
  options: FieldOptions & { readonly choices: readonly Choice[] },
  isChosen: (value: string) => boolean,
): Html {
  const { name, label, hint, choices } = options;
  const { described, message, open, close } = around(form, options);
  const block = type === 'radio' ? 'radios' : 'checkboxes';
  const items = choices.map(({ value, text, hint: more }, index) => {
    // the summary leads to the first
    const id = index === 0 ? name : `${name}-${index + 1}`;
    const told = more === undefined ? undefined : `${id}-more`;
    return html`<div class="nhsuk-${block}__item"><input class="nhsuk-${block}__input" id="${id}" name="${name}" type="${type}" value="${value}"${flag('checked', isChosen(value))}${attribute('aria-describedby', told)} /><label class="nhsuk-label nhsuk-${block}__label" for="${id}">${text}</label>${more === undefined ? undefined : html`<div class="nhsuk-hint nhsuk-${block}__hint" id="${told}">${more}</div>`}</div>`;
  });
  return html`${open}<fieldset class="nhsuk-fieldset"${attribute('aria-describedby', described)}>
<legend class="nhsuk-fieldset__legend">${label}</legend>
${hint === undefined ? undefined : html`<div class="nhsuk-hint" id="${name}-hint">${hint}</div>`}${message}
<div class="nhsuk-${block}">${items}</div></fieldset>${close}`;
}

/** Hint, message and the group around a field. */
function around(form: Form, { name, hint }: FieldOptions) {
  const fault = form.faults.find(({ field }) => field === name)?.text;
  const described = [hint && `${name}-hint`, fault && `${name}-error`].filter(Boolean).join(' ');
  const open = html`<div class="nhsuk-form-group${fault ? ' nhsuk-form-group--error' : ''}">`;
  const close = html`</div>`;
  const message =
    fault === undefined
      ? undefined
      : html`<span class="nhsuk-error-message" id="${name}-error"><span class="nhsuk-u-visually-hidden">Error:</span> ${fault}</span>`;
  const group = (label: Html, control: Html) =>
    html`${open}${label}${hint === undefined ? undefined : html`<div class="nhsuk-hint" id="${name}-hint">${hint}</div>`}${message}${control}${close}`;
  return {
    fault,
    described: described === '' ? undefined : described,
    open,
    close,
    message,
    group,
  };
}

function shownValue(form: Form, { name, value = '' }: FieldOptions): string {
  return form.sent || form.names.includes(name) ? form.raw(name) : value;
}

function attribute(name: string, value: string | undefined): Html | undefined {
  return value === undefined ? undefined : html` ${name}="${value}"`;
}

function flag(name: string, on: boolean): Html | undefined {
  return on ? html` ${name}` : undefined;
}

/** No capital letters and no corrections where exactly what is typed counts. */
function plainText(type: string): Html | undefined {
  return type === 'text' ? undefined : html` autocapitalize="none" spellcheck="false"`;
}
