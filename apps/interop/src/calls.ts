/**
 * The calls of the interface as functions.
 *
 * @module
 */

import type { mlsClient } from '@canopy/contract';

type Service = typeof mlsClient.MLSClientService;

/** All calls of `mls_client.MLSClient`. */
export type Calls = {
  readonly [Name in keyof Service]: Service[Name] extends {
    requestDeserialize: (bytes: Buffer) => infer Request;
    responseSerialize: (value: infer Response) => Buffer;
  }
    ? (request: Request) => Response | Promise<Response>
    : never;
};

/** Some of the calls. */
export type CallsNamed<Name extends keyof Calls> = Pick<Calls, Name>;
