/** What the pages of mailboxes stand on: the administration of MESH in this process. Owns that list alone. */
import type { Environment } from '../catalogue/environments.ts';
import type { MeshAdministration } from '../mesh-mailboxes.ts';
import type { MeshViews } from '../mesh-views.ts';
import type { LetterAdministration } from '../postman-letters.ts';
import type { PushAdministration } from '../postman-subscriptions.ts';

export interface MailboxPort {
  readonly mesh: MeshAdministration;
  readonly views: MeshViews;
  readonly pushes: PushAdministration;
  readonly letters: LetterAdministration;
  /** The Api, and its path in each environment that has it. */
  readonly api: string;
  readonly base: string;
  /** Whether an environment still has the shared key that public clients use in their tests. */
  hasPublicKey(environment: Environment): Promise<boolean>;
}
