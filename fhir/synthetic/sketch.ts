/**
 * A person in short: the one notation in which generated, published and hand-made people are written.
 * Only types: to-record.ts makes records of them.
 */
import type { Confidentiality } from '../pds/record.ts';
import type { LanguageSketch, PreferenceSketch } from './communication.ts';
import type { RelatedSketch } from './related.ts';

export interface Period {
  readonly start?: string;
  readonly end?: string;
}

export interface NameSketch {
  readonly id?: string;
  readonly use: 'usual' | 'temp' | 'nickname' | 'old' | 'maiden';
  readonly period?: Period;
  readonly given?: readonly string[];
  readonly family: string;
  readonly prefix?: readonly string[];
  readonly suffix?: readonly string[];
}

export interface AddressSketch {
  readonly id?: string;
  readonly period?: Period;
  readonly use: 'home' | 'temp' | 'billing';
  readonly text?: string;
  readonly line: readonly string[];
  readonly postalCode?: string;
  /** Keys of the postcode address file and of the property, as digits. */
  readonly paf?: string;
  readonly uprn?: string;
}

export interface TelecomSketch {
  readonly id?: string;
  readonly period?: Period;
  readonly system: 'phone' | 'email' | 'other';
  readonly value: string;
  readonly use: 'home' | 'work' | 'temp' | 'mobile';
}

/** Someone to call in an emergency: a number without a name, as PDS keeps it. */
export interface ContactSketch {
  readonly id?: string;
  readonly period?: Period;
  readonly value: string;
}

export interface OrganisationSketch {
  readonly id?: string;
  readonly code: string;
  readonly period?: Period;
}

/** Values that once were current. */
export interface FormerSketch {
  readonly names?: readonly NameSketch[];
  readonly addresses?: readonly AddressSketch[];
  readonly telecoms?: readonly TelecomSketch[];
  readonly genders?: readonly string[];
}

/** What is known of one person. Whatever is absent is absent in the record. */
export interface Sketch {
  readonly nhsNumber: string;
  /** The version of the record; 1 when absent. */
  readonly version?: number;
  readonly label?: Confidentiality;
  readonly names?: readonly NameSketch[];
  readonly gender?: 'male' | 'female' | 'other' | 'unknown';
  /** Full or partial. */
  readonly birthDate?: string;
  readonly multipleBirth?: number;
  /** Death: when, on whose word, and when the notice took effect. Status U, a death taken back, has no date. */
  readonly death?: {
    readonly at?: string;
    readonly status: '1' | '2' | 'U';
    readonly noted: string;
  };
  readonly addresses?: readonly AddressSketch[];
  readonly telecoms?: readonly TelecomSketch[];
  readonly contacts?: readonly ContactSketch[];
  readonly practice?: OrganisationSketch;
  readonly managing?: OrganisationSketch;
  readonly pharmacy?: string;
  readonly dispenser?: string;
  readonly appliances?: string;
  readonly language?: LanguageSketch;
  readonly preference?: PreferenceSketch;
  readonly birthPlace?: {
    readonly city?: string;
    readonly district?: string;
    readonly country?: string;
  };
  readonly removal?: { readonly code: RemovalCode; readonly start: string; readonly end?: string };
  readonly supersededBy?: string;
  readonly former?: FormerSketch;
  /** Kept, never shown, never matched. */
  readonly hidden?: FormerSketch;
  readonly related?: readonly RelatedSketch[];
  /** The European Health Insurance Card. */
  readonly card?: {
    readonly number: string;
    readonly country: string;
    readonly countryName: string;
    readonly institution: string;
    readonly personalId: string;
    readonly end: string;
  };
  readonly consent?: '1' | '2';
  readonly tags?: readonly string[];
}

/** AFN and SDN are confidential: shown as ORR, with the true reason kept behind. */
export type RemovalCode = 'DEA' | 'EMB' | 'SCT' | 'NIT' | 'TRA' | 'ORR' | 'AFN' | 'SDN';
