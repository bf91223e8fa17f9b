/** Writes LDAP answers (RFC 4511 4.1.9, 4.5.2, 4.4.1). Owns their bytes; when they are sent is the connection's. */
import { BerWriter } from './ber-write.ts';
import { tags } from './ber.ts';
import { codes, type CodeName, type Outcome } from './ldap-codes.ts';
import type { RequestKind } from './ldap-message.ts';

/** What an answer has beyond its result. */
export interface Extra {
  /** Controls as their type and value. */
  readonly controls?: readonly { readonly type: string; readonly value: Uint8Array }[];
  /** The name and value of an extended answer. */
  readonly name?: string;
  readonly value?: string;
}

/** Requests that are answered with a result, and the tag of that. */
const results: Readonly<Record<Exclude<RequestKind, 'unbind' | 'abandon'>, number>> = {
  bind: 0x61,
  search: 0x65,
  modify: 0x67,
  add: 0x69,
  delete: 0x6b,
  modifyDn: 0x6d,
  compare: 0x6f,
  extended: 0x78,
};

/** What a request is answered with at its end. */
export function resultOf(
  id: number,
  kind: keyof typeof results,
  outcome: Outcome,
  extra: Extra = {},
): Buffer {
  const writer = new BerWriter(128);
  writer.within(tags.sequence, () => {
    writer.integer(id);
    writer.within(results[kind], () => {
      writer.integer(codes[outcome.code], tags.enumerated);
      writer.text(outcome.matchedDn ?? '').text(outcome.message);
      if (extra.name !== undefined) writer.text(extra.name, 0x8a);
      if (extra.value !== undefined) writer.text(extra.value, 0x8b);
    });
    if (extra.controls) writeControls(writer, extra.controls);
  });
  return writer.bytes();
}

function writeControls(writer: BerWriter, controls: NonNullable<Extra['controls']>): void {
  writer.within(0xa0, () => {
    for (const { type, value } of controls)
      writer.within(tags.sequence, () => {
        writer.text(type).octets(value);
      });
  });
}

/** An entry as it is shown: names as the client spells them; no values where only names were asked for. */
export interface Shown {
  readonly dn: string;
  readonly attributes: readonly (readonly [name: string, values: readonly string[]])[];
}

/** Adds an entry to what is being written. */
export function writeEntry(writer: BerWriter, id: number, { dn, attributes }: Shown): void {
  writer.within(tags.sequence, () => {
    writer.integer(id);
    writer.within(0x64, () => {
      writer.text(dn);
      writer.within(tags.sequence, () => {
        for (const [name, values] of attributes) writeAttribute(writer, name, values);
      });
    });
  });
}

function writeAttribute(writer: BerWriter, name: string, values: readonly string[]): void {
  writer.within(tags.sequence, () => {
    writer.text(name);
    writer.within(tags.set, () => {
      for (const value of values) writer.text(value);
    });
  });
}

const noticeOfDisconnection = '1.3.6.1.4.1.1466.20036';

/** The last thing that is said on a connection: why the server ends it. */
export function noticeOf(code: CodeName, message: string): Buffer {
  return resultOf(0, 'extended', { code, message }, { name: noticeOfDisconnection });
}
