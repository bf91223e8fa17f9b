/**
 * In which view of the data the systems of an environment are: what is tried out never shows in production's directory,
 * which is the base. Owns that choice alone.
 */
import type { Environment } from './catalogue/environments.ts';
import { integrationWorkspace } from './pds-proxies.ts';
import { sharedWorkspace } from './workspaces.ts';

const views: Readonly<Record<Environment, string>> = {
  sandbox: sharedWorkspace,
  development: 'development',
  sit: 'sit',
  uat: integrationWorkspace,
  production: '',
};

/** The view that callers of an environment share: where its Deployments are registered, looked up and routed. */
export function directoryView(environment: Environment): string {
  return views[environment];
}
