/**
 * The administrator: makes an enrolment code for each new device.
 *
 * @module
 */

import { Metadata } from '@grpc/grpc-js';
import { authentication, callUnary, connect } from '@canopy/contract';

/** Makes one-time enrolment codes. */
export class Administrator {
  readonly #service: authentication.AuthenticationAdminServiceClient;
  readonly #metadata = new Metadata();

  constructor(address: string, secret: string) {
    this.#service = connect(authentication.AuthenticationAdminServiceClient, { address });
    this.#metadata.set('authorization', `Bearer ${secret}`);
  }

  /** Makes a code for a device of a user. */
  async createCode(userName: string): Promise<string> {
    const options = { metadata: this.#metadata };
    const answer = await callUnary(this.#service, 'createEnrolmentCode', { userName }, options);
    return answer.enrolmentCode;
  }

  /** Closes the connection. */
  close(): void {
    this.#service.close();
  }
}
