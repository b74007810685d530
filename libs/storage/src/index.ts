/**
 * Ports for keeping things, and their stores.
 *
 * @module
 */
export type { Unsubscribe, WakeUp } from './wake-up.ts';
export type {
  AppendOutcome,
  CreateGroupOutcome,
  EpochAccess,
  EpochEnd,
  GroupLog,
  GroupSummary,
  LogEntry,
  LogEntryKind,
  LogMark,
  LogQuery,
  LostMessage,
  MessageKind,
  NewCommit,
  NewGroup,
  NewMessage,
  NewTicket,
  OutboxEntry,
  OutboxKey,
  ReceiptFacts,
  Restoration,
  RestoreOutcome,
  Retention,
  StoredGroupInfo,
  TicketOutcome,
  TreeChunk,
  TreeChunkQuery,
  TreeReference,
  WelcomeSlice,
} from './group-log.ts';
export type {
  DeliverOutcome,
  DeliveryLimits,
  Mailbox,
  MailboxEntry,
  MailboxQuery,
  MailboxRetention,
  NewMailboxEntry,
} from './mailbox.ts';
export { MAX_CLOCK_SKEW_MS } from './rate-limits.ts';
export type { RateLimits, TakeOutcome, TakeTokens } from './rate-limits.ts';
export type { ReceiptKey, ReceiptKeys } from './receipt-keys.ts';
export { CLAIM_REPEAT_WINDOW_MS, MAX_CAPABILITY_SETS, WITHDRAWAL_STEP } from './single-use-stock.ts';
export type {
  ClaimRequest,
  Consumption,
  ConsumptionBounds,
  ConsumptionQuery,
  DeviceClaim,
  NewStock,
  NothingReason,
  PutOutcome,
  SingleUseStock,
  StockCapabilities,
  StockCount,
  Withdrawal,
  WithdrawnStock,
} from './single-use-stock.ts';
export { EXPIRED_EVIDENCE_KEPT_MS } from './registry.ts';
export type {
  AuditRecord,
  ChallengeUse,
  ConsumeOutcome,
  DeviceQuery,
  EnrolledDevice,
  Enrolment,
  EnrolmentOutcome,
  Evidence,
  EvidenceOutcome,
  Issuance,
  IssuanceOutcome,
  NewChallenge,
  NewEvidence,
  PublishedList,
  Registry,
  Revocation,
  RevocationOutcome,
  RevocationState,
  RevokedName,
  RevokedQuery,
  Rotation,
  RotationOutcome,
  SigningKey,
} from './registry.ts';
export { auditHash } from './audit-chain.ts';
export { isAway, StorageError } from './errors.ts';
export type { StorageErrorCode } from './errors.ts';
export { openSqlite, openSqliteIn } from './sqlite/store.ts';
export type { SqliteOptions, SqliteStore } from './sqlite/store.ts';
export { openRedis } from './redis/store.ts';
export type { RedisAccess, RedisTarget } from './redis/access.ts';
export { openStore } from './open-store.ts';
export type { Store, StoreOptions } from './store.ts';
