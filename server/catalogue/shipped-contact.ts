/**
 * Who answers for the APIs that come with the platform: the installation itself, by its own help page. A path, so that it is
 * right under whatever address the installation is reached; in documents a URL may be relative to the server (OpenAPI 3.0, 4.6).
 */
export const shippedContact = '/help';
