/**
 * The words of access tokens that those who make and those who check them share.
 *
 * @module
 */
import { TokenAudience } from './gen/canopy/authentication/v1/authentication.ts';

/** The `typ` header of an access token (RFC 9068 section 2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt';

/** The `aud` claim of an access token: the service that it is for. */
export type Audience = 'canopy-authentication' | 'canopy-directory' | 'canopy-delivery';

const AUDIENCES: ReadonlyMap<TokenAudience, Audience> = new Map([
  [TokenAudience.AUTHENTICATION, 'canopy-authentication'],
  [TokenAudience.DIRECTORY, 'canopy-directory'],
  [TokenAudience.DELIVERY, 'canopy-delivery'],
]);

/** Gives the `aud` claim for an audience of the API; undefined for one that does not exist. */
export function audienceOf(audience: TokenAudience): Audience | undefined {
  return AUDIENCES.get(audience);
}
