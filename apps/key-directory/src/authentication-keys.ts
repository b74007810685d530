/**
 * The keys of the authentication service, kept for its absences.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { authentication, connect } from '@canopy/contract';
import { remoteKeySource, type KeySource, type Logger } from '@canopy/service';
import type { DirectoryConfig } from './config.ts';

/** Connects to the authentication service; its keys are fetched when the first token comes. */
export function connectKeys(
  config: Pick<DirectoryConfig, 'domain' | 'authenticationService' | 'authenticationCa'>,
  log: Logger,
): KeySource {
  const { domain, authenticationService: address, authenticationCa } = config;
  const tls = authenticationCa === undefined ? {} : { tls: { ca: readFileSync(authenticationCa) } };
  const client = connect(authentication.AuthenticationServiceClient, { address, ...tls });
  const onFailure = (error: unknown): void => log.warn({ event: 'keys-not-fetched', err: error });
  return remoteKeySource(client, { domain, onFailure });
}
