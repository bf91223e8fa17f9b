/**
 * The control act of an HL7 V3 message: who did it, with which system, what came of it. Reading is tolerant, the published
 * rules are asked apart, writing is exact. Owns authors, reasons and the answer to a query; parameters of queries are
 * control-act-query.ts's, subjects the adapters'.
 */
import { childElements, type XmlElement } from '../../core/xml.ts';
import { failure, type Failure } from '../soap/failure.ts';
import {
  attribute,
  hl7,
  hl7At,
  hl7Child,
  hl7Children,
  idElement,
  idWithRoot,
} from './datatypes.ts';
import { codeSystems, roots } from './ids.ts';

/** A control act as read. */
export interface ControlAct {
  /** The user; absent in access without one. */
  readonly author: PersonAuthor | undefined;
  /** ASIDs of the systems of `author1`; one is usual. */
  readonly systems: readonly string[];
  /** In the order sent: the demographics service puts a bucket first and the detail behind it. */
  readonly issues: readonly Issue[];
  /** What the `subject` elements hold: `PdsTraceMatch`, `PDSResponse`, `PdsUpdateRequest`, … */
  readonly subjects: readonly XmlElement[];
  readonly query: XmlElement | undefined;
  /** `OK`, `ID`; undefined where no query is answered. */
  readonly queryResponse: string | undefined;
  readonly element: XmlElement;
}

/** The user behind a message; what is not there is undefined. */
export interface PersonAuthor {
  /** The role profile (URP id). */
  readonly roleProfileId?: string;
  readonly userId?: string;
  /** `S0080:G0450:R5080`. */
  readonly jobRole?: string;
}

/** A detected issue: why something was refused, or what to mind about an answer. */
export interface Issue {
  readonly code: string;
  /** Empty where none was sent. */
  readonly codeSystem: string;
  readonly displayName: string;
  /** `ER`, `WG`, or empty. */
  readonly qualifier: string;
}

/** What a control act is written from, in the order of the schema. */
export interface ControlActParts {
  readonly author?: PersonAuthor;
  /** ASID of the sending system. */
  readonly system: string;
  readonly issues?: readonly Issue[];
  /** Each becomes a `subject`. */
  readonly subjects?: readonly XmlElement[];
  /** `contextConductionInd="false"` on the subjects, as answers to updates bear it. */
  readonly subjectContext?: boolean;
  readonly query?: XmlElement;
  readonly queryResponse?: 'OK' | 'ID';
}

export function readControlAct(element: XmlElement): ControlAct {
  return {
    author: readAuthor(hl7At(element, 'author', 'AgentPersonSDS')),
    systems: hl7Children(element, 'author1').flatMap(asidOfAuthor),
    issues: hl7Children(element, 'reason').flatMap(readIssue),
    subjects: hl7Children(element, 'subject').flatMap((one) => childElements(one)),
    query: hl7Child(element, 'query'),
    queryResponse: responseOf(hl7At(element, 'queryAck', 'queryResponseCode')),
    element,
  };
}

/** Rules beyond shape that a receiver makes: whether it is a query, and which system must have sent it. */
export interface ControlActRules {
  readonly isQuery: boolean;
  /** The sender of the transmission wrapper. */
  readonly senderAsid?: string;
}

/** The published rules that a request's control act breaks. */
export function controlActFailures(
  act: ControlAct,
  { isQuery, senderAsid }: ControlActRules,
): readonly Failure[] {
  const { element, systems, query } = act;
  const found: Failure[] = [];
  const broken = (name: string, where: string, kind?: 'asid') => {
    found.push(failure(name, `ControlActEvent/${where}`, kind));
  };
  const authors = hl7Children(element, 'author');
  const agents = hl7Children(element, 'author1');
  if (authors.length > 1 || agents.length > 2)
    broken('CONTROL_ACT_AUTHOR_INVALID_CARDINALITY', authors.length > 1 ? 'author' : 'author1');
  if (authors.length === 1 && !isWhole(act.author)) broken('CONTROL_ACT_AUTHOR_INVALID', 'author');
  if (agents.length === 0) broken('CONTROL_ACT_MANDATORY_ELEMENT_MISSING', 'author1');
  else if (systems.length === 0) broken('CONTROL_ACT_AUTHOR_AGENT_INVALID', 'author1', 'asid');
  else if (senderAsid !== undefined && !systems.includes(senderAsid))
    broken('CONTROL_ACT_AUTHOR_AGENT_INVALID', 'author1', 'asid');
  if (agents.length === 2 && !agents.every(hasAgentId))
    broken('CONTROL_ACT_AUTHOR_AGENT2_INVALID', 'author1');
  if (isQuery && !isOneQuery(element, query)) broken('CONTROL_ACT_QUERY_INVALID', 'query');
  return found;
}

export function writeControlAct(parts: ControlActParts): XmlElement {
  const { author, system, issues = [], subjects = [], query, queryResponse } = parts;
  const contextConductionInd = parts.subjectContext === false ? 'false' : undefined;
  return hl7('ControlActEvent', { classCode: 'CACT', moodCode: 'EVN' }, [
    author && writeAuthor(author),
    writeSystem(system),
    ...issues.map(writeIssue),
    ...subjects.map((one) => hl7('subject', { typeCode: 'SUBJ', contextConductionInd }, [one])),
    query,
    queryResponse && writeResponse(queryResponse),
  ]);
}

function readAuthor(agent: XmlElement | undefined): PersonAuthor | undefined {
  if (!agent) return undefined;
  const roleProfileId = idWithRoot(agent, roots.sdsRoleProfile);
  const userId = idWithRoot(hl7Child(agent, 'agentPersonSDS'), roots.sdsUser);
  const jobRole = idWithRoot(hl7At(agent, 'part', 'partSDSRole'), roots.sdsJobRole);
  return {
    ...(roleProfileId === undefined ? {} : { roleProfileId }),
    ...(userId === undefined ? {} : { userId }),
    ...(jobRole === undefined ? {} : { jobRole }),
  };
}

function isWhole(author: PersonAuthor | undefined): boolean {
  return author?.roleProfileId !== undefined && author.userId !== undefined;
}

function writeAuthor({ roleProfileId, userId, jobRole }: PersonAuthor): XmlElement {
  const person = { classCode: 'PSN', determinerCode: 'INSTANCE' };
  const one = (root: string, extension: string | undefined) =>
    extension === undefined ? undefined : idElement(root, extension);
  const part =
    jobRole === undefined
      ? undefined
      : hl7('part', { typeCode: 'PART' }, [
          hl7('partSDSRole', { classCode: 'ROL' }, [one(roots.sdsJobRole, jobRole)]),
        ]);
  return hl7('author', { typeCode: 'AUT' }, [
    hl7('AgentPersonSDS', { classCode: 'AGNT' }, [
      one(roots.sdsRoleProfile, roleProfileId),
      hl7('agentPersonSDS', person, [one(roots.sdsUser, userId)]),
      part,
    ]),
  ]);
}

function asidOfAuthor(author: XmlElement): string[] {
  const asid = idWithRoot(hl7At(author, 'AgentSystemSDS', 'agentSystemSDS'), roots.asid);
  return asid === undefined ? [] : [asid];
}

/** A second agent may be any: it needs an id. */
function hasAgentId(author: XmlElement): boolean {
  const agents = childElements(author);
  const inner = agents.flatMap(childElements);
  return [...agents, ...inner].some((one) => hl7Child(one, 'id') !== undefined);
}

function writeSystem(asid: string): XmlElement {
  const device = { classCode: 'DEV', determinerCode: 'INSTANCE' };
  return hl7('author1', { typeCode: 'AUT' }, [
    hl7('AgentSystemSDS', { classCode: 'AGNT' }, [
      hl7('agentSystemSDS', device, [idElement(roots.asid, asid)]),
    ]),
  ]);
}

/** An issue may lack everything, and spells its qualifier in two ways. */
function readIssue(reason: XmlElement): Issue[] {
  const event = hl7Child(reason, 'justifyingDetectedIssueEvent');
  if (!event) return [];
  const code = hl7Child(event, 'code');
  const qualifier = hl7Child(code, 'qualifier');
  const { plain, nested } = {
    plain: attribute(qualifier, 'code'),
    nested: attribute(hl7Child(qualifier, 'value'), 'code'),
  };
  return [
    {
      code: attribute(code, 'code'),
      codeSystem: attribute(code, 'codeSystem'),
      displayName: attribute(code, 'displayName'),
      qualifier: plain === '' ? nested : plain,
    },
  ];
}

function writeIssue({ code, codeSystem, displayName, qualifier }: Issue): XmlElement {
  const some = (text: string) => (text === '' ? undefined : text);
  const inner = qualifier === '' ? undefined : hl7('qualifier', { code: qualifier });
  const attributes = {
    code,
    codeSystem: some(codeSystem) ?? codeSystems.pdsIssue,
    displayName: some(displayName),
  };
  return hl7('reason', { typeCode: 'RSON' }, [
    hl7('justifyingDetectedIssueEvent', { classCode: 'ALRT', moodCode: 'EVN' }, [
      hl7('code', attributes, [inner]),
    ]),
  ]);
}

function responseOf(element: XmlElement | undefined): string | undefined {
  return element && attribute(element, 'code');
}

function writeResponse(code: 'OK' | 'ID'): XmlElement {
  return hl7('queryAck', { type: 'QueryAck' }, [hl7('queryResponseCode', { code })]);
}

function isOneQuery(element: XmlElement, query: XmlElement | undefined): boolean {
  if (!query || hl7Children(element, 'query').length !== 1) return false;
  return childElements(query).length > 0;
}
