/** The states that issue European Health Insurance Cards, by ISO 3166-1 alpha-3 code. */
const issuers: ReadonlyMap<string, string> = new Map([
  ['AUT', 'Austria'],
  ['BEL', 'Belgium'],
  ['BGR', 'Bulgaria'],
  ['CHE', 'Switzerland'],
  ['CYP', 'Cyprus'],
  ['CZE', 'Czechia'],
  ['DEU', 'Germany'],
  ['DNK', 'Denmark'],
  ['ESP', 'Spain'],
  ['EST', 'Estonia'],
  ['FIN', 'Finland'],
  ['FRA', 'France'],
  ['GBR', 'United Kingdom'],
  ['GRC', 'Greece'],
  ['HRV', 'Croatia'],
  ['HUN', 'Hungary'],
  ['IRL', 'Ireland'],
  ['ISL', 'Iceland'],
  ['ITA', 'Italy'],
  ['LIE', 'Liechtenstein'],
  ['LTU', 'Lithuania'],
  ['LUX', 'Luxembourg'],
  ['LVA', 'Latvia'],
  ['MLT', 'Malta'],
  ['NLD', 'Netherlands'],
  ['NOR', 'Norway'],
  ['POL', 'Poland'],
  ['PRT', 'Portugal'],
  ['ROU', 'Romania'],
  ['SVK', 'Slovakia'],
  ['SVN', 'Slovenia'],
  ['SWE', 'Sweden'],
]);

/** What a country is called on a card; a code that issues none is shown as it is. */
export function countryName(code: string): string {
  return issuers.get(code) ?? code;
}
