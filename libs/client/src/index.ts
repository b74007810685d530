/**
 * A user's device: the way into Canopy for applications.
 *
 * @module
 */
export type { TokenFor } from './access-tokens.ts';
export { Client } from './client.ts';
export type { DeviceIdentity } from './client.ts';
export type { ClientOptions } from './client-options.ts';
export type { ClientEvent, MembershipChange } from './client-event.ts';
export type { Unavailable } from './claim-key-packages.ts';
export type { ServiceAddresses, ServiceTls } from './connections.ts';
export type { Conversation, Invitation, SecretRequest } from './conversation.ts';
export { ClientError } from './errors.ts';
export type { ClientErrorCode } from './errors.ts';
export type { ConversationMember } from './members.ts';
export type { Sent } from './outbox.ts';
export { systemClock } from './ports.ts';
export type { BeforeStep, Clock, Log, LogLine, Random, Step, Wait } from './ports.ts';
export type { Evidence } from './store/receipt-store.ts';
export type { CredentialKind, EnrolmentWish } from './credentials.ts';
