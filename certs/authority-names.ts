/** Which names an authority may give: those within its domains. */

/** Whether a name lies in one of the domains (RFC 5280 4.2.1.10). */
export function isWithin(name: string, domains: readonly string[]): boolean {
  const lower = name.toLowerCase();
  return domains.some((domain) => {
    const end = domain.toLowerCase();
    return lower === end || lower.endsWith(`.${end}`);
  });
}
