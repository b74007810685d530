/**
 * The kit that each gRPC service is built with.
 *
 * @module
 */
export {
  aborted,
  invalidArgument,
  permissionDenied,
  resourceExhausted,
  ServiceError,
  unauthenticated,
  unavailable,
  type ServiceErrorCode,
} from './errors.ts';
export {
  bearer,
  createTokenVerifier,
  type Caller,
  type TokenVerifier,
  type TokenVerifierOptions,
} from './auth.ts';
export {
  fixedKeySource,
  remoteKeySource,
  type KeySource,
  type RemoteKeySourceOptions,
} from './key-source.ts';
export {
  anonymous,
  type Authenticate,
  type CallContext,
  type CallOptions,
  type Incident,
} from './call-context.ts';
export { unary, type UnaryHandler } from './unary.ts';
export { bidi, type BidiHandler } from './bidi.ts';
export { bindService, type BoundService, type HandlersOf } from './bind-service.ts';
export { serve, type RunningService, type ServeOptions } from './server.ts';
export { runMain, runService } from './run.ts';
export { Bell } from './bell.ts';
export { manualClock, systemClock, type Clock, type ManualClock } from './clock.ts';
export { createLogger, type Logger, type LoggerOptions } from './logger.ts';
export { Secret } from './secret.ts';
export {
  ConfigError,
  describeConfig,
  readConfig,
  type ConfigCheck,
  type ConfigOf,
  type ConfigSchema,
} from './config.ts';
export {
  choice,
  duration,
  flag,
  integer,
  list,
  only,
  optional,
  path,
  port,
  secret,
  SettingFault,
  text,
  webAddress,
  type Setting,
  type SettingOptions,
} from './settings.ts';
export {
  authenticationPeerSettings,
  connectKeys,
  connectRevocationLists,
  connectTrustAnchors,
  type AuthenticationPeerConfig,
} from './authentication-peer.ts';
export { serverSettings, type ServerConfig } from './server-settings.ts';
export {
  checkStore,
  storeChoice,
  storeSettings,
  type RedisAccess,
  type StoreChoice,
  type StoreConfig,
} from './store-settings.ts';
export {
  revocationSettings,
  startRevocationFeed,
  type OfferedRevocationList,
  type RevocationFeed,
  type RevocationFeedOptions,
  type RevocationListAcceptance,
} from './revocation-feed.ts';
export {
  startTrustAnchorFeed,
  type OfferedTrustAnchors,
  type TrustAnchorFeed,
  type TrustAnchorFeedOptions,
} from './trust-anchor-feed.ts';
export { followTrustAnchors } from './follow-trust-anchors.ts';
export {
  processMetrics,
  Metrics,
  SECONDS,
  type Counter,
  type Gauge,
  type Histogram,
  type LabelsOf,
  type LabelWords,
  type MetricOptions,
} from './metrics.ts';
export { observeStore } from './observe-store.ts';
