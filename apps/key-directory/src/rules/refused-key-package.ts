/**
 * A KeyPackage that is not taken.
 *
 * @module
 */
import { directory } from '@canopy/contract';

/** Why a KeyPackage is refused, by the names of the API. */
export type RefusalReason = Exclude<keyof typeof directory.KeyPackageRejectionReason, 'UNSPECIFIED'>;

/** Leaves the rules and becomes the result of one upload, never a status. */
export class RefusedKeyPackage extends Error {
  override readonly name = 'RefusedKeyPackage';
  readonly reason: RefusalReason;
  /** A stable code that says more, empty where there is nothing more to say. */
  readonly detail: string;

  constructor(reason: RefusalReason, detail = '', options?: ErrorOptions) {
    super(`${reason} ${detail}`, options);
    this.reason = reason;
    this.detail = detail;
  }

  /** Makes the result. */
  toRejected(): { readonly $case: 'rejected'; readonly value: directory.KeyPackageRejected } {
    const reason = directory.KeyPackageRejectionReason[this.reason];
    return { $case: 'rejected', value: { reason, detail: this.detail } };
  }
}
