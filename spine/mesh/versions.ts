/** Which version of the MESH API a caller asks for. Both have the same paths and fields; answers differ. */

/** Undefined: the field has a form that nobody serves. */
export function versionAsked(accept: string | undefined): 1 | 2 | undefined {
  for (const part of (accept ?? '').split(/[;,]/)) {
    const type = part.trim().toLowerCase();
    if (!type.startsWith('application/vnd.mesh.')) continue;
    const version = /^application\/vnd\.mesh\.v(\d{1,4})\+json$/.exec(type)?.[1];
    return version === '1' ? 1 : version === '2' ? 2 : undefined;
  }
  return 1;
}
