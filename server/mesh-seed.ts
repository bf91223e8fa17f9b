/** Loads the mailboxes and workflows of the default data into test environments, once. Owns which environments have them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  mailboxCollection,
  mailboxKey,
  workflowCollection,
  type Mailbox,
  type Workflow,
} from '../spine/mesh/mailboxes.ts';
import { loadOrganisations } from '../fhir/synthetic/organisations.ts';
import { gpWorkflows } from '../spine/mesh/gp-routing.ts';
import type { MeshKeys } from './mesh-keys.ts';
import type { ServedStore } from './store/served.ts';

const mark = 'default-mailboxes';
const environments = ['sandbox', 'development', 'sit', 'uat'] as const;

interface Fixture {
  readonly password: string;
  readonly mailboxes: readonly Pick<Mailbox, 'id' | 'name' | 'odsCode' | 'active'>[];
  readonly workflows: readonly Omit<Workflow, 'environment'>[];
}

/** @param fixtures the folder `fixtures` of the package. @returns how many mailboxes were loaded; 0 when that was done before */
export async function seedMailboxes(
  store: ServedStore,
  fixtures: string,
  keys: Pick<MeshKeys, 'seal'>,
): Promise<number> {
  if ((await store.mark(mark)) !== undefined) return 0;
  return store.alone('start', async () => {
    const { password, ...given } = fixture(join(fixtures, 'mesh', 'mailboxes.json'));
    const practices = practiceMailboxes(fixtures);
    const mailboxes = [...given.mailboxes, ...practices];
    const toPractices = { senders: ['*'], receivers: practices.map(({ id }) => id) };
    const workflows = [...given.workflows, ...gpWorkflows.map((id) => ({ id, ...toPractices }))];
    const boxes = environments.flatMap((environment) =>
      mailboxes.map((one) => {
        const key = mailboxKey(environment, one.id);
        const { odsCode } = one;
        const organisation = { orgCode: odsCode, orgName: '' };
        const sealed = keys.seal(password, key);
        return { id: key, value: { environment, ...one, ...organisation, sealed } };
      }),
    );
    const flows = environments.flatMap((environment) =>
      workflows.map((one) => ({
        id: mailboxKey(environment, one.id),
        value: { environment, ...one },
      })),
    );
    await store.bulk(workflowCollection, flows);
    const count = await store.bulk(mailboxCollection, boxes);
    await store.setMark(mark, 'finished');
    return count;
  });
}

/** One for each open practice of the synthetic patients, so that messages to "this patient's GP" arrive. */
function practiceMailboxes(fixtures: string): Fixture['mailboxes'] {
  return loadOrganisations(fixtures)
    .filter(({ role, status }) => role === 'practice' && status === 'active')
    .map(({ code, name }) => ({ id: `${code}GP001`, name, odsCode: code, active: true }));
}

function fixture(file: string): Fixture {
  return JSON.parse(readFileSync(file, 'utf8')) as Fixture; // ours, and its tests read it
}
