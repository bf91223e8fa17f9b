/**
 * The demographics service over HL7 V3: the payload of a request in, what answers it out, over the port Patients; so both faces
 * work on the same records. Envelopes, wrappers and who may send what are decided around it. An interaction is an entry in the
 * table at the end.
 */
import { Problem } from '../../core/problem.ts';
import type { XmlElement } from '../../core/xml.ts';
import { acknowledgementInteraction } from '../hl7v3/acknowledgement.ts';
import type { Issue } from '../hl7v3/control-act.ts';
import { interactionsNamed, type Interaction } from '../interactions.ts';
import type { PdsOperation } from '../interactions-pds.ts';
import { at } from './elements.ts';
import { issuesOf } from './issues.ts';
import type { Outcome, PdsService, Served, Work } from './operation-work.ts';
import {
  advancedTrace,
  confirm,
  crossCheckTrace,
  retrieve,
  simpleTrace,
} from './query-operations.ts';
import { allocate, registerBirth, update } from './change-operations.ts';

/** What a control act and its wrapper are made of, in answer to a request. */
export interface PdsAnswer {
  /** The message type: `QUPA_IN000009UK03`, or that of a refusal. */
  readonly action: string;
  /** `AE` refuses. */
  readonly typeCode: 'AA' | 'AE';
  /** The reasons, in order: a general one, then the detail. */
  readonly issues: readonly Issue[];
  /** Payloads, each of a `subject`. */
  readonly subjects: readonly XmlElement[];
  /** Of queries. */
  readonly queryResponse?: 'OK' | 'ID';
  /** False where the subjects bear `contextConductionInd="false"`. */
  readonly subjectContext?: boolean;
}

/**
 * Answers a request. `payload` is the `query` or the payload under `subject`; the ControlActEvent around it will do.
 * @throws Problem 101 for an interaction that is not served; what is no answer of the application (5xx, 429, 401) as it came
 */
export async function handlePdsInteraction(
  action: string,
  payload: XmlElement,
  service: PdsService,
): Promise<PdsAnswer> {
  const interaction = servedInteraction(action);
  const { operation } = interaction;
  const isQuery = interaction.service.endsWith('query');
  try {
    const answer = await operations[operation]({
      payload: innermost(payload),
      service,
      interaction,
    });
    return {
      action: answer.action ?? interaction.answers[0] ?? acknowledgementInteraction,
      typeCode: 'AA',
      issues: answer.issues ?? [],
      subjects: answer.subjects,
      ...(isQuery ? { queryResponse: 'OK' } : { subjectContext: false }),
    };
  } catch (error) {
    const issues = issuesOf(Problem.from(error), operation);
    const refused = interaction.refusals[0] ?? acknowledgementInteraction;
    return {
      ...{ action: refused, typeCode: 'AE', issues, subjects: [] },
      ...(isQuery ? { queryResponse: 'ID' } : {}),
    };
  }
}

/** @throws Problem 101, the fault of a service that is not there */
function servedInteraction(action: string): Served {
  const found = interactionsNamed(action).find(isServed);
  if (found) return found;
  throw new Problem('unsupported', 'The interaction is not one that is served', { code: '101' });
}

function isServed(interaction: Interaction): interaction is Served {
  const { operation, release } = interaction;
  return operation !== undefined && release !== undefined && release !== 'older';
}

/** The query, or the payload, when a control act or its subject was handed in. */
function innermost(payload: XmlElement): XmlElement {
  const inside =
    payload.name === 'ControlActEvent' ? (at(payload, 'query') ?? at(payload, 'subject')) : payload;
  const [first] = (inside?.children ?? []).filter((child) => typeof child !== 'string');
  return (inside?.name === 'subject' ? first : inside) ?? payload;
}

const operations: Readonly<Record<PdsOperation, (work: Work) => Promise<Outcome>>> = {
  'simple-trace': simpleTrace,
  'advanced-trace': advancedTrace,
  retrieval: retrieve,
  'cross-check-trace': crossCheckTrace,
  'confirm-nhs-number': confirm,
  'general-update': update,
  'number-allocation': allocate,
  'birth-notification': registerBirth,
  notification: () => Promise.resolve({ subjects: [] }),
};
