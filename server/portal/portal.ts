/**
 * The developer hub: every page in one table. Owns the table and which paths are the hub's; a new page is a line here and a
 * function in a file of its own (page.ts says of what form).
 */
import type { Handler } from '../../core/exchange.ts';
import { routes } from '../../core/routes.ts';
import type { Store } from '../../core/store.ts';
import { accountEndPages } from './account-end-pages.ts';
import { accountPages } from './account-pages.ts';
import { appEndPages } from './app-end-pages.ts';
import { appPages } from './app-pages.ts';
import { registrationPages } from './app-registration-pages.ts';
import { appSecretPages } from './app-secret-pages.ts';
import { openAccounts } from './accounts.ts';
import { apiLifePages } from './api-life-pages.ts';
import { apiPages } from './api-pages.ts';
import { messagePages } from './api-message-pages.ts';
import { versionPages } from './api-version-pages.ts';
import { assetsBase } from './assets.ts';
import { backlogDeskPages } from './backlog-desk-pages.ts';
import { backlogPages } from './backlog-pages.ts';
import { catalogueFiles } from './catalogue-files.ts';
import { cataloguePages } from './catalogue-pages.ts';
import { certificatePages } from './deployment-certificate-pages.ts';
import { csrPages } from './deployment-csr-pages.ts';
import { endpointPages } from './deployment-endpoint-pages.ts';
import { deploymentPages } from './deployment-pages.ts';
import { searchable } from './content.ts';
import { contentPages } from './content-pages.ts';
import { removeEnded } from './ended.ts';
import { explainPages } from './explain-pages.ts';
import { feedbackPages } from './feedback-pages.ts';
import { helpDeskPages } from './help-desk-pages.ts';
import { helpPages } from './help-pages.ts';
import { homePages } from './home-pages.ts';
import type { Hub, HubPorts } from './hub-parts.ts';
import { incidentPages } from './incident-pages.ts';
import { invitationPages } from './invitation-pages.ts';
import { handedCollection, handoverPages } from './key-handover.ts';
import { keyCarePages } from './key-care-pages.ts';
import { keyPages } from './key-pages.ts';
import { openDocumentation } from './documentation.ts';
import { linkCollection, openLinks } from './links.ts';
import { operationPages } from './operation-pages.ts';
import { operationsPages } from './operations-pages.ts';
import { outboxPage } from './outbox-page.ts';
import { mailboxMessagePages } from './mailbox-message-pages.ts';
import { mailboxPages } from './mailbox-pages.ts';
import { operationsMailboxesPage } from './operations-mailboxes-page.ts';
import type { Pages } from './page.ts';
import { createPasswords } from './passwords.ts';
import { postCollection } from './posts.ts';
import { productChangePages } from './product-change-pages.ts';
import { productPages } from './product-pages.ts';
import { letterPages } from './push-letter-pages.ts';
import { pushPages } from './push-pages.ts';
import { publishingCredentialPages } from './publishing-credential-pages.ts';
import { publishingDeskPages } from './publishing-desk-pages.ts';
import { publishingPages } from './publishing-pages.ts';
import { resetPages } from './reset-pages.ts';
import { revalidating } from './revalidate.ts';
import { runPages } from './runner.ts';
import { secondFactorPages } from './second-factor-pages.ts';
import { openSessions, sessionCollection } from './sessions.ts';
import { signInPages } from './sign-in-pages.ts';
import { signUpPages } from './sign-up-pages.ts';
import { statusPages } from './status-pages.ts';
import { decisionPages } from './subscription-decision-pages.ts';
import { subscriptionKeyPages } from './subscription-key-pages.ts';
import { subscriptionPages } from './subscription-pages.ts';
import { requestsPage } from './subscription-requests-page.ts';
import { teamPages } from './team-pages.ts';
import { openTeams } from './teams.ts';
import { tryPages } from './try-pages.ts';
import { tryAwayCollection, tryTokenCollection } from './try-tokens.ts';
import { welcomePage } from './welcome-page.ts';

export interface Portal {
  readonly handler: Handler;
  /** Whether a path is a page or a file of the hub. */
  claims(path: string): boolean;
  /** The first segments of its paths: no API may have one of them. */
  readonly bases: readonly string[];
}

export function createPortal(ports: HubPorts): Portal {
  const now = () => ports.clock.now();
  const hub: Hub = {
    ...ports,
    accounts: openAccounts(ports),
    sessions: openSessions(ports.store, now),
    links: openLinks(ports.store, now),
    teams: openTeams(ports),
    passwords: createPasswords(),
    documentation: openDocumentation(ports),
  };
  void hub.documentation.putGuides(searchable(hub.content));
  const pages: Pages = {
    ...homePages(hub),
    ...welcomePage(hub),
    ...contentPages(hub),
    ...helpPages(hub),
    ...helpDeskPages(hub),
    ...feedbackPages(hub, (path) => Object.hasOwn(pages, path)),
    ...backlogPages(hub),
    ...backlogDeskPages(hub),
    ...statusPages(hub),
    ...incidentPages(hub),
    ...operationsPages(hub),
    ...cataloguePages(hub),
    ...apiPages(hub),
    ...apiLifePages(hub),
    ...versionPages(hub),
    ...messagePages(hub),
    ...operationPages(hub),
    ...signUpPages(hub),
    ...signInPages(hub),
    ...resetPages(hub),
    ...accountPages(hub),
    ...accountEndPages(hub),
    ...secondFactorPages(hub),
    ...teamPages(hub),
    ...invitationPages(hub),
    ...publishingCredentialPages(hub),
    ...publishingPages(hub),
    ...publishingDeskPages(hub),
    ...appPages(hub),
    ...appEndPages(hub),
    ...registrationPages(hub),
    ...keyPages(hub),
    ...keyCarePages(hub),
    ...appSecretPages(hub),
    ...handoverPages(hub),
    ...productPages(hub),
    ...productChangePages(hub),
    ...subscriptionPages(hub),
    ...subscriptionKeyPages(hub),
    ...decisionPages(hub),
    ...requestsPage(hub),
    ...deploymentPages(hub),
    ...endpointPages(hub),
    ...csrPages(hub),
    ...certificatePages(hub),
    ...mailboxPages(hub),
    ...mailboxMessagePages(hub),
    ...pushPages(hub),
    ...letterPages(hub),
    ...operationsMailboxesPage(hub),
    ...outboxPage(hub),
    ...tryPages(hub),
    ...explainPages(hub),
  };
  const shown = runPages(hub, pages);
  const firsts = new Set([assetsBase, ...Object.keys(pages).map(firstOf)]);
  return {
    handler: revalidating(routes(catalogueFiles(hub), { notFound: shown, notAllowed: shown })),
    claims: (path) => firsts.has(firstOf(path)),
    bases: [...firsts].filter((base) => base !== '/'),
  };
}

/** `/teams` of `/teams/new`; `/` of itself. */
function firstOf(path: string): string {
  const end = path.indexOf('/', 1);
  return end < 0 ? path : path.slice(0, end);
}

/** Removes sessions, links and marks that have ended; says how many. */
export async function sweepPortal(store: Store, now: number): Promise<number> {
  return (
    (await removeEnded(store, sessionCollection, now)) +
    (await removeEnded(store, linkCollection, now)) +
    (await removeEnded(store, handedCollection, now)) +
    (await removeEnded(store, postCollection, now)) +
    (await removeEnded(store, tryTokenCollection, now)) +
    (await removeEnded(store, tryAwayCollection, now))
  );
}
