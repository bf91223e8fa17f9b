/** What a token is, now; `facts` go to the API's table. */
export type JudgedToken<F> =
  | {
      readonly state: 'live';
      readonly facts: F;
      /** The thumbprint of the certificate it is bound to (RFC 8705); absent: it is bound to none. */
      readonly certificate?: string | undefined;
    }
  | { readonly state: 'unknown' | 'expired' | 'revoked' };
