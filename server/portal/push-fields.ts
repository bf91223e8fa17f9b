/** What is asked for when a mailbox is to be pushed: the fields, and what was sent in them. */
import { html, type Html } from '../../core/html.ts';
import { mustBeRight } from './checks.ts';
import { checkboxes, input, radios } from './fields.ts';
import type { Form } from './form.ts';
import type { PushWish } from './mailbox-port.ts';

type Receipt = PushWish['receipts'][number];

export const receiptChoices: readonly { readonly value: Receipt; readonly text: string }[] = [
  { value: 'accepted', text: 'that the message is here and will be pushed' },
  { value: 'delivered', text: 'that your endpoint has taken it' },
  { value: 'failed', text: 'that your endpoint did not take it' },
];

export function pushFields(form: Form): Html {
  return html`${input(form, { name: 'url', label: 'Address of your endpoint', type: 'url', hint: 'https, and reached from the internet. It answers a POST with 2xx once it has the message on disk.' })}
${radios(form, {
  ...{ name: 'acknowledge', label: 'What does its 2xx mean?', value: 'yes' },
  choices: [
    { value: 'yes', text: 'The message is acknowledged and leaves the inbox' },
    { value: 'no', text: 'It was told: the message stays in the inbox, to be fetched' },
  ],
})}
${radios(form, {
  ...{ name: 'ordering', label: 'In which order?', value: 'none' },
  choices: [
    { value: 'none', text: 'As they come, several at a time' },
    {
      value: 'skip',
      text: 'By key, one after the other; past one that is given up',
      hint: 'The key is the field x-ordering-key of the sender, else the local id.',
    },
    { value: 'hold', text: 'By key, one after the other; behind one that is given up they wait' },
  ],
})}
${checkboxes(form, { name: 'receipts', label: 'What is the sender told? (optional)', hint: 'By a receipt in the inbox of the sender.', choices: receiptChoices })}`;
}

/** @throws FormRefused */
export function readPush(form: Form): PushWish {
  const url = form.get('url');
  mustBeRight(
    url !== '' && url.length <= 2048 && URL.canParse(url)
      ? []
      : [{ field: 'url', text: 'Enter the whole address, such as https://hooks.example.org/mesh' }],
  );
  const ordering = form.get('ordering');
  return {
    ...{ url, acknowledge: form.get('acknowledge') !== 'no' },
    ordering: ordering === 'skip' || ordering === 'hold' ? 'key' : 'none',
    onDead: ordering === 'hold' ? 'hold' : 'skip',
    receipts: receiptChoices
      .map(({ value }) => value)
      .filter((value) => form.all('receipts').includes(value)),
  };
}
