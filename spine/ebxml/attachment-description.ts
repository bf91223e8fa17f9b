/**
 * The parameter string by which record transfer describes an attachment: `Filename="a b.tif" ContentType=image/tiff
 * Compressed=Yes …`, its tokens parted by white space of any kind. Owns reading and writing it.
 */

export interface AttachmentDescription {
  readonly filename: string | undefined;
  readonly contentType: string | undefined;
  readonly compressed: boolean;
  readonly largeAttachment: boolean;
  readonly originalBase64: boolean;
  /** Bytes, where they were told. */
  readonly length: number | undefined;
  /** `X-GP2GP-Skeleton: Yes`. */
  readonly domainData: string | undefined;
}

/** The parameters of a description; undefined for one that is free text. */
export function readAttachmentDescription(text: string): AttachmentDescription | undefined {
  const found = tokensOf(text.slice(0, longest));
  if (!found.has('filename') && !found.has('contenttype')) return undefined;
  const isYes = (name: string) => found.get(name)?.toLowerCase() === 'yes';
  const length = found.get('length') ?? '';
  return {
    filename: found.get('filename'),
    contentType: found.get('contenttype'),
    compressed: isYes('compressed'),
    largeAttachment: isYes('largeattachment'),
    originalBase64: isYes('originalbase64'),
    length: /^\d{1,15}$/.test(length) ? Number(length) : undefined,
    domainData: found.get('domaindata'),
  };
}

export function writeAttachmentDescription(description: AttachmentDescription): string {
  const { filename, contentType, length, domainData } = description;
  const word = (yes: boolean) => (yes ? 'Yes' : 'No');
  return [
    ...(filename === undefined ? [] : [`Filename="${filename.replaceAll('"', '')}"`]),
    ...(contentType === undefined ? [] : [`ContentType=${contentType.replaceAll(/\s/g, '')}`]),
    `Compressed=${word(description.compressed)}`,
    `LargeAttachment=${word(description.largeAttachment)}`,
    `OriginalBase64=${word(description.originalBase64)}`,
    ...(length === undefined ? [] : [`Length=${length}`]),
    ...(domainData === undefined ? [] : [`DomainData="${domainData.replaceAll('"', '')}"`]),
  ].join(' ');
}

const longest = 4096;

function tokensOf(text: string): ReadonlyMap<string, string> {
  const tokens = new Map<string, string>();
  for (const [, name = '', quoted, bare] of text.matchAll(
    /([A-Za-z0-9]{1,40})=(?:"([^"]*)"|(\S*))/g,
  )) {
    const key = name.toLowerCase();
    if (!tokens.has(key)) tokens.set(key, quoted ?? bare ?? '');
  }
  return tokens;
}
