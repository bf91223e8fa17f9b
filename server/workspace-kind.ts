/**
 * The policies that put a call into its view of the data: the one it asks for, the app's own, or one that all share.
 * Owns that choice; workspaces.ts keeps them.
 */
import type { Exchange } from '../core/exchange.ts';
import { plainKind } from './gateway/plain-kind.ts';
import type { PolicyKind } from './gateway/policy.ts';
import { appWorkspace, namedWorkspace, sharedWorkspace, type Workspaces } from './workspaces.ts';

/** The view that a call chooses. @param openApp the app id of callers that nobody knows. */
export function workspaceKind(workspaces: Workspaces, openApp: string): PolicyKind {
  return plainKind(
    'authorise',
    'Puts a call into its view of the sandbox data: the workspace named by X-Gatehouse-Workspace, else the own one of the app whose key or token was sent, else the one all anonymous callers share. 404 for a workspace that is not there.',
    (next) => (exchange) => {
      const workspace = asked(workspaces, openApp, exchange);
      exchange.facts.workspace = workspace;
      return next(exchange.with({ workspace }));
    },
  );
}

/** One view for all calls, known to the audit also where nobody is let in. */
export const commonViewKind: PolicyKind<{ readonly name: string }> = {
  phase: 'respond',
  summary: 'Shows all callers the same view of the data, in which they see what others change.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: {
      name: {
        type: 'string',
        pattern: '^[a-z0-9-]{1,64}$',
        description: 'The name of the view.',
      },
    },
  },
  create:
    ({ name: workspace }) =>
    (next) =>
    (exchange) => {
      exchange.facts.workspace = workspace;
      return next(exchange.with({ workspace }));
    },
};

/** @throws Problem `not-found` for a workspace that is not there. */
function asked(workspaces: Workspaces, openApp: string, { headers, caller }: Exchange): string {
  const named = headers['x-gatehouse-workspace'];
  if (named !== undefined) return workspaces.get(namedWorkspace(named)).id;
  return caller === undefined || caller.appId === openApp
    ? sharedWorkspace
    : appWorkspace(caller.appId);
}
