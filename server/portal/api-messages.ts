/**
 * What the hub is told of interfaces that no OpenAPI document describes: messages, mailboxes, a directory. Owns these types;
 * server/hub-messages.ts fills them from the tables that the services themselves run by.
 */

/** An interface of an Api, told in its own terms. */
export interface MessageDocumentation {
  /** Ids of the register of standards. */
  readonly standards: readonly string[];
  /** Markdown. */
  readonly introduction: string;
  readonly interactions: readonly MessageInteraction[];
  /** Whole envelopes and answers that belong to no one interaction. */
  readonly examples: readonly MessageExample[];
}

/** One thing that can be sent or asked. */
export interface MessageInteraction {
  /** In addresses: letters, digits, `-`, `_`, `.`. */
  readonly id: string;
  /** `QUPA_IN000008UK02`, `GET /{mailbox}/inbox`. */
  readonly name: string;
  /** What it does, in a few words; may be empty where nobody has told us. */
  readonly title: string;
  /** `urn:nhs:names:services:pdsquery`; groups the table. */
  readonly group: string;
  /** How it is exchanged, in a few words. */
  readonly pattern: string;
  readonly facts: readonly MessageFact[];
  /** Header fields, members or attributes, as rows of what it is made of. */
  readonly fields: readonly MessageField[];
  readonly examples: readonly MessageExample[];
}

export interface MessageFact {
  readonly key: string;
  readonly value: string;
}

export interface MessageField {
  readonly name: string;
  readonly required: boolean;
  readonly meaning: string;
}

export interface MessageExample {
  /** A file name, unique within the Api. */
  readonly file: string;
  readonly title: string;
  readonly type: string;
  readonly text: string;
}

/** Gives the examples in a folder below fixtures/messages; none where there is none. */
export type ExampleReader = (folder: string) => readonly MessageExample[];
