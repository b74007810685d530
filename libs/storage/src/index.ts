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
  GroupLog,
  GroupSummary,
  LogEntry,
  LogEntryKind,
  LogQuery,
  MessageKind,
  NewCommit,
  NewGroup,
  NewMessage,
  OutboxEntry,
  OutboxKey,
  StoredGroupInfo,
  WelcomeSlice,
} from './group-log.ts';
export type { DeliverOutcome, Mailbox, MailboxEntry, MailboxQuery, NewMailboxEntry } from './mailbox.ts';
export { CLAIM_REPEAT_WINDOW_MS } from './single-use-stock.ts';
export type {
  ClaimRequest,
  DeviceClaim,
  NewStock,
  PutOutcome,
  SingleUseStock,
  StockCount,
} from './single-use-stock.ts';
export type {
  AuditRecord,
  ChallengeUse,
  ConsumeOutcome,
  EnrolledDevice,
  Enrolment,
  EnrolmentCode,
  EnrolmentOutcome,
  NewChallenge,
  NewEnrolmentCode,
  Registry,
  Revocation,
  RevocationOutcome,
  SigningKey,
} from './registry.ts';
export { auditHash } from './audit-chain.ts';
export { isAway, StorageError } from './errors.ts';
export type { StorageErrorCode } from './errors.ts';
export { openSqlite, openSqliteIn } from './sqlite/store.ts';
export type { SqliteOptions, SqliteStore } from './sqlite/store.ts';
export { openRedis, openRedisCluster } from './redis/store.ts';
export type { RedisOptions, RedisStore } from './redis/store.ts';
