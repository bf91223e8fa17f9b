/**
 * Code lists and tables that PDS checks values against (pds-fhir 3.4, 4.3). Data only; the rules are in field-rules-*.ts.
 */

/** ISO 639-1, the base of UKCore-HumanLanguage. English is in that list, yet PDS takes it from nobody. */
const isoLanguages =
  'aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ' +
  'ee el eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ' +
  'ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my ' +
  'na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so ' +
  'sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu';

/** What the national list adds to ISO 639-1. Local codes beginning `qa` are not among them. */
const signLanguages: readonly (readonly [string, string])[] = [
  ['q1', 'Braille'],
  ['q2', 'American Sign Language'],
  ['q3', 'Australian Sign Language'],
  ['q4', 'British Sign Language'],
  ['q5', 'Makaton'],
];

const languageNames = new Intl.DisplayNames(['en'], { type: 'language' });

/** Language code to its name. */
export const languages: ReadonlyMap<string, string> = new Map([
  ...isoLanguages.split(' ').map((code) => [code, languageNames.of(code) ?? code] as const),
  ...signLanguages,
]);

export const contactMethods: ReadonlyMap<string, string> = new Map([
  ['1', 'Letter'],
  ['2', 'Visit'],
  ['3', 'Telephone'],
  ['4', 'E-mail'],
  ['5', 'Minicom (Textphone)'],
  ['6', 'Telephone contact via proxy'],
  ['7', 'Sign language'],
  ['8', 'No telephone contact'],
]);

export const writtenFormats: ReadonlyMap<string, string> = new Map([
  ['11', 'Large print'],
  ['12', 'Braille'],
  ['13', 'Audio tape'],
]);

/** Status `U` (removed) can be read and never set. */
export const deathStatuses: ReadonlyMap<string, string> = new Map([
  [
    '1',
    'Informal - death notice received via an update from a local NHS Organisation such as GP or Trust',
  ],
  ['2', 'Formal - death notice received from Registrar of Deaths'],
  ['U', 'Removed'],
]);

/** ISO 3166-1 alpha-3. */
const isoCountries =
  'ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR BHR BHS BIH BLM ' +
  'BLR BLZ BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CUB CUW CXR ' +
  'CYM CYP CZE DEU DJI DMA DNK DOM DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR GEO GGY GHA GIB ' +
  'GIN GLP GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY HKG HMD HND HRV HTI HUN IDN IMN IND IOT IRL IRN IRQ ISL ISR ITA ' +
  'JAM JEY JOR JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA MAC MAF MAR MCO MDA ' +
  'MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS MWI MYS MYT NAM NCL NER NFK NGA NIC NIU NLD NOR ' +
  'NPL NRU NZL OMN PAK PAN PCN PER PHL PLW PNG POL PRI PRK PRT PRY PSE PYF QAT REU ROU RUS RWA SAU SDN SEN SGP SGS ' +
  'SHN SJM SLB SLE SLV SMR SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA TCD TGO THA TJK TKM TKL TLS TON ' +
  'TTO TUN TUR TUV TWN TZA UGA UKR UMI URY USA UZB VAT VCT VEN VGB VIR VNM VUT WLF WSM YEM ZAF ZMB ZWE';

/** England, Scotland, Wales, Northern Ireland, Sark, Alderney, Channel Islands: no ISO entries of their own. */
const ukCountries = ['1', '2', '3', '4', '7', '9', '10'];

export const countries: ReadonlySet<string> = new Set([...isoCountries.split(' '), ...ukCountries]);

/** What a temporary address may be called. */
export const temporaryAddressTexts: ReadonlySet<string> = new Set([
  'Second Home',
  'Student Accommodation',
  'Respite Care Address',
  'Temporary Residence Address',
  'Convalescence Home',
  'Mobile Home',
  'Holiday Home',
]);

/** Titles that have one spelling; any other title is kept as it is given. */
export const titles: ReadonlyMap<string, string> = new Map(
  ['Mr', 'Mrs', 'Ms', 'Dr', 'Rev', 'Sir', 'Lady', 'Lord'].map((title) => [
    title.toLowerCase(),
    title,
  ]),
);

/** An address of the Postcode Address File: its key, and how it is written. */
interface RecognisedAddress {
  readonly key: string;
  /** Five lines, blank ones empty. */
  readonly lines: readonly [string, string, string, string, string];
  readonly postalCode: string;
}

/** The addresses that are recognised. The file itself is licensed; this is the one whose key is public. */
export const recognisedAddresses: readonly RecognisedAddress[] = [
  { key: '04401466', lines: ['', '12 Haddon Place', '', 'LEEDS', ''], postalCode: 'LS4 2JU' },
];
