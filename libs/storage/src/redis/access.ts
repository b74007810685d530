/**
 * Where Redis is and how it is reached.
 *
 * @module
 */

/** How Redis is reached, whatever kind it is. */
export interface RedisAccess {
  /** The name of the process, by which Redis lists its connections. */
  readonly name: string;
  readonly username?: string;
  /** Password of that user, or of the default user; the Sentinels are asked with the password alone. */
  readonly password?: string;
  /** Certificates to trust at `rediss://` addresses, in PEM. */
  readonly ca?: Buffer;
  /** How many replicas must have a write before it counts as accepted. */
  readonly replicas: number;
  /** How long a step may take before it counts as failed. */
  readonly timeoutMs: number;
}

/** One Redis, one that Sentinels watch over, or a cluster; 7.0 or newer, or Valkey. */
export type RedisTarget = RedisAccess &
  (
    | { readonly store: 'redis'; readonly url: string }
    | { readonly store: 'redis-sentinel'; readonly urls: readonly string[]; readonly sentinelName: string }
    | { readonly store: 'redis-cluster'; readonly urls: readonly string[] }
  );

/** The address of one server. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

const DEFAULT_PORT = 6379;

/** Reads `redis://host:port` or, for TLS, `rediss://host:port`. @throws TypeError when it is not a URL */
export function toAddress(url: string): Address {
  const { protocol, hostname, port } = new URL(url);
  return {
    // A URL has brackets around an IPv6 address, a socket wants it without.
    host: hostname.replaceAll(/^\[|\]$/gu, ''),
    port: port === '' ? DEFAULT_PORT : Number(port),
    tls: protocol === 'rediss:',
  };
}
