/** What the pages of the hub are given: ports, and the parts made of them. Owns no behaviour. */
import type { Log } from '../../core/log.ts';
import type { Administration } from '../catalogue/administration.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Ground } from '../catalogue/records.ts';
import type { SystemsAdministration } from '../catalogue/systems/systems-administration.ts';
import type { Accounts } from './accounts.ts';
import type { MessageDocumentation } from './api-messages.ts';
import type { Assets } from './assets.ts';
import type { ExplainPorts } from './explain-ports.ts';
import type { Documentation } from './documentation.ts';
import type { Content } from './content.ts';
import type { Links } from './links.ts';
import type { MailboxPort } from './mailbox-port.ts';
import type { Reach } from './operation-call.ts';
import type { Passwords } from './passwords.ts';
import type { Sessions } from './sessions.ts';
import type { OperationsPort, StatusPort } from './status-port.ts';
import type { Teams } from './teams.ts';
import type { TryPorts } from './try-ports.ts';

/** Days after which each is let go; 0: never. */
export interface Retention {
  readonly helpDays: number;
  readonly feedbackDays: number;
  readonly incidentDays: number;
}

/** A limit on attempts: so many in so many minutes. */
export interface AttemptLimit {
  /** Without anything personal in clear. */
  readonly key: string;
  /** Counted apart for each address, as far as one caller has only one; absent: for all together. */
  readonly from?: string;
  readonly limit: number;
  readonly minutes: number;
}

/** A message as it goes out. */
export interface HubMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** For figures. */
  readonly template: string;
}

/** A message as the local outbox shows it. */
export interface OutboxMail extends HubMail {
  /** Milliseconds since the epoch. */
  readonly created: number;
}

/** What the platform hands to the hub. */
export interface HubPorts extends Ground {
  readonly log: Log;
  readonly assets: Assets;
  /** Cookies as this platform sets them: `__Host-` and Secure over https. */
  readonly cookies: {
    read(
      exchange: { readonly headers: Readonly<Record<string, string | undefined>> },
      name: string,
    ): string | undefined;
    set(name: string, value: string, seconds: number): string;
  };
  readonly sealer: {
    seal(text: string, about: string): string;
    open(sealed: string, about: string): string | undefined;
  };
  /** Takes one from each; gives the seconds to wait, 0 when all gave. */
  attempt(limits: readonly AttemptLimit[]): Promise<number>;
  /** Takes a message; resolves when it is on disk. */
  send(id: string, mail: HubMail): Promise<void>;
  /** The newest messages, newest first, where there is no mail server and the caller's machine is this one. */
  readonly outbox?: () => Promise<readonly OutboxMail[]>;
  readonly publicUrl: () => string;
  /** The name of an active organisation in the directory. */
  organisation(odsCode: string): Promise<string | undefined>;
  readonly administration: Administration;
  /** Deployments of apps and their certificates. */
  readonly systems: SystemsAdministration;
  readonly catalogue: Catalogue;
  /** The pages that explain. */
  readonly content: Content;
  /** How the Apis are. */
  readonly status: StatusPort;
  /** What operators look at. */
  readonly operations: OperationsPort;
  /** Where requests for help are sent; empty: to the accounts of those who answer. */
  readonly helpAddress: string;
  /** How long what people wrote is kept. */
  readonly retention: Retention;
  /** What the text of these pages may be used under. */
  readonly contentLicence: string;
  /** Calls made for who tries an operation. */
  readonly tryIt: TryPorts;
  /** What tells why something was refused, and what became of a call. */
  readonly explain: ExplainPorts;
  /** Mailboxes of MESH, and what is pushed from them. */
  readonly mailboxes: MailboxPort;
  /** Where each environment is reached. */
  readonly reach: Reach;
  /** What is told of an Api whose interfaces no OpenAPI document describes. */
  messages(api: string): MessageDocumentation | undefined;
  /** What runs here, in words, with paths. */
  readonly services: readonly { readonly name: string; readonly path: string }[];
  /** Accounts to try, on a laptop. */
  readonly tryOut?: () => TryOut | undefined;
}

/** Accounts that are there from the start, and the password of all of them. */
export interface TryOut {
  readonly password: string;
  readonly accounts: readonly { readonly email: string; readonly what: string }[];
}

/** What pages are made of. */
export interface Hub extends HubPorts {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly links: Links;
  readonly teams: Teams;
  readonly passwords: Passwords;
  readonly documentation: Documentation;
}
