/**
 * The contract of a page of the hub: a function from a visit to what is shown, and for a form a second one for what is sent.
 * Owns these types; runner.ts runs them.
 */
import type { Exchange } from '../../core/exchange.ts';
import type { Html } from '../../core/html.ts';
import type { Administrator } from '../catalogue/people.ts';
import type { Actor } from '../catalogue/roles.ts';
import type { Stored } from '../../core/store.ts';
import type { Account } from './accounts.ts';
import type { Form } from './form.ts';
import type { Session } from './sessions.ts';

/** Somebody who is signed in. */
export interface Me {
  readonly account: Stored<Account>;
  readonly person: Administrator;
  readonly session: Stored<Session>;
  /** As the catalogue's administration knows them: the role and organisation of the person. */
  readonly actor: Actor;
}

/** One request for a page. */
export interface Visit {
  readonly exchange: Exchange;
  /** The path that was asked for, without the query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly now: number;
  readonly me: Me | undefined;
  /** What the audit says of the call, for actors. */
  readonly call: NonNullable<Actor['call']>;
  /** Whether the caller sits at this very machine, and named it so. */
  readonly local: boolean;
  /** Stands in each form of this visit; asking for it sets a cookie for who is not signed in. */
  formToken(): string;
  /** The value of one of the hub's cookies. */
  cookie(name: CookieName): string | undefined;
  /** Sets or removes (0 seconds) a cookie with the answer. */
  setCookie(name: CookieName, value: string, seconds: number): void;
  /** The fields of all cookies that were set. */
  setCookies(): readonly string[];
}

/** A request by somebody who is signed in. */
export interface SignedIn extends Visit {
  readonly me: Me;
}

/**
 * `session`: who is signed in; `visit`: a browser before that; `second`: a sign-in that waits for its code; `told`: a message;
 * `kept`: a form that could not be taken, sealed; `known`: whose account a browser has been signed in to, sealed.
 */
export type CookieName = 'session' | 'visit' | 'second' | 'told' | 'kept' | 'known';

/** What is shown. */
export interface Page {
  /** The one heading, and the title of the window. */
  readonly title: string;
  /** What it is a page of, for the title of the window; where it is absent, what the way back leads to. */
  readonly of?: string;
  readonly content: Html;
  /** 200 when absent. */
  readonly status?: number;
  /** The way back, above the heading. */
  readonly back?: { readonly href: string; readonly text: string };
  /** The form on it, whose faults are told in the summary and the title. */
  readonly form?: Form;
  /** Which entry of the navigation it belongs to. */
  readonly here?: Here;
  /** Kept by nobody when absent; a page that shows nothing personal may say `revalidate`. */
  readonly keep?: 'revalidate';
  /** A script of ours that makes the page nicer; without it the page works as well. */
  readonly script?: 'try.js';
}

export type Here =
  | 'home'
  | 'catalogue'
  | 'apps'
  | 'products'
  | 'requests'
  | 'teams'
  | 'account'
  | 'outbox'
  | 'try'
  | 'explain'
  | 'start'
  | 'guides'
  | 'status'
  | 'operations';

/** Leads on to another page (303), with a message there. */
export interface Move {
  readonly to: string;
  /** What has been done, in a sentence. */
  readonly told?: string;
}

/** A file to be saved. */
export interface Download {
  /** Letters, digits, dots and hyphens. */
  readonly file: string;
  readonly type: string;
  readonly content: string;
  /** It is to be looked at rather than saved. */
  readonly inline?: boolean;
}

/** A page as the table of the hub has it. */
export interface PageRoute<V extends Visit = Visit> {
  /** Whether it is for anybody or only for who is signed in. */
  readonly for: 'anybody' | 'account';
  show(visit: V, form: Form): Page | Move | Download | Promise<Page | Move | Download>;
  /** What the form of the page leads to. @throws FormRefused to show it again, Problems of the catalogue likewise */
  act?(visit: V, form: Form): Promise<Page | Move>;
  /** The form makes something new: sent twice, it is done once. */
  readonly once?: boolean;
  /** The form has a field for a file. */
  readonly files?: boolean;
}

/** Path (`/teams/:team`) to page. */
export type Pages = Readonly<Record<string, PageRoute>>;

/** A page for everybody. */
export function openPage(page: Omit<PageRoute, 'for'>): PageRoute {
  return { for: 'anybody', ...page };
}

/** A page for who is signed in; others are led to the sign-in and come back. */
export function accountPage(page: Omit<PageRoute<SignedIn>, 'for'>): PageRoute {
  const signedIn = (visit: Visit): SignedIn => {
    if (!visit.me) throw new Error('a page for accounts was run without one'); // the runner sees to it
    return { ...visit, me: visit.me };
  };
  const { act } = page;
  return {
    for: 'account',
    show: (visit, form) => page.show(signedIn(visit), form),
    ...(act ? { act: (visit: Visit, form: Form) => act(signedIn(visit), form) } : {}),
    ...(page.once ? { once: true } : {}),
    ...(page.files ? { files: true } : {}),
  };
}
