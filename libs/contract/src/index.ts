/**
 * The contracts of the three services and of the interop server: generated code and what a caller and a service need around it.
 *
 * @module
 */
export * as authentication from './gen/canopy/authentication/v1/authentication.ts';
export * as directory from './gen/canopy/directory/v1/directory.ts';
export * as delivery from './gen/canopy/delivery/v1/delivery.ts';
export * as mlsClient from './gen/mls_client/mls_client.ts';

export { FieldError, requireCase, requireField, requireLength, requireSize, requireText } from './convert.ts';
export { decodeProto, decodeRequest, MAX_FIELDS } from './decode.ts';
export type { ProtoDecoder } from './decode.ts';
export {
  decodeStatusDetails,
  encodeStatusDetails,
  ERROR_DOMAIN,
  STATUS_DETAILS_KEY,
  type FieldViolation,
  type StatusDetails,
} from './status-details.ts';
export { CallError, readServiceError, type StatusName } from './call-error.ts';
export {
  callUnary,
  type RequestOf,
  type ResponseOf,
  type UnaryCallOptions,
  type UnaryMethod,
} from './call.ts';
export {
  openStream,
  type BidiMethod,
  type Stream,
  type StreamOptions,
  type StreamRequestOf,
  type StreamResponseOf,
} from './stream.ts';
export { writeTogether } from './write-together.ts';
export { channelOptions, connect, type ConnectOptions } from './channel.ts';
export { ACCESS_TOKEN_TYPE, audienceOf, type Audience } from './audience.ts';
